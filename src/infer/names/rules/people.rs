//! People: their names, dates and jobs.

use crate::infer::domain::MakerToml;
use crate::infer::names::made::{field, one_of, pattern, phrase, word};
use crate::infer::names::rule::Make::{By, Entry, Maker, Number};
use crate::infer::names::rule::{Made, MatchedSibling, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::rules::subjects::{COMPANY, PERSON};
use crate::infer::names::types::{DATE, INT, NUMBER, STAMP, TEXT};

/// The reason of rules for a person's whole name.
const FULL_NAME: &str = "a person's name";

/// Rules about people.
pub const RULES: &[Rule] = rules! {
    "first name|=first" [] TEXT, 3 => By(first_name), "a first name", "users.first_name";
    "last name|=last" [] TEXT, 3 => By(last_name), "a last name", "users.last_name";
    "middle name|second name" [] TEXT, 3 => Maker(|| word("first-names")), "a middle name", "people.middle_name";
    "middle initial|initial" [] TEXT, 1 => Maker(|| pattern("[A-Z]")), "an initial", "people.middle_initial";
    "initials" [] TEXT, 2 => Maker(|| pattern("[A-Z]{2}")), "initials", "people.initials";
    "maiden name|birth name" [] TEXT, 3 => Maker(|| word("last-names")), "a last name", "people.maiden_name";
    "salutation|honorific|courtesy title|title of courtesy|name prefix" [] TEXT, 2 => Maker(salutation), "a salutation",
        "customers.salutation";
    "name suffix" [] TEXT, 3 => By(suffix), "a suffix of a name", "people.name_suffix";
    "job title|occupation|profession|job name|job" [] TEXT, 10 => Entry("jobs", 1), "a job", "employees.job_title";
    "position|title|designation" PERSON TEXT, 10 => Entry("jobs", 1), "a job", "employees.title";
    "title" PERSON TEXT, 2 => Maker(salutation), "a salutation", "patients.title";
    "department|department name|division|business unit" [] TEXT, 4 => Entry("jobs", 2), "a department",
        "employees.department";
    "employer|company|company name|organization|organization name|business name|firm|legal entity|trading name|workplace"
        [] TEXT, 20 => By(company), "a company that doesn't exist", "contacts.company_name";
    "name|display name|full name|legal name|company title" COMPANY TEXT, 12 => By(company), "a company that doesn't exist",
        "suppliers.name";
    "=supplier|=vendor|=manufacturer|=publisher|=insurer|=carrier|=producer|=distributor|=merchant|=bank|insurance provider"
        [] TEXT, 12 => By(company), "a company that doesn't exist", "products.manufacturer";
    "full name|display name|real name|person name|contact person|contact name|cardholder name|name on card|holder name"
        [] TEXT, 5 => By(full_name), "a person's name", "people.full_name";
    "name" PERSON TEXT, 5 => By(full_name), "a person's name", "users.name";
    "card holder|cardholder|account holder|attention|next of kin|emergency contact|primary contact|created by|updated by|modified by|deleted by|approved by|reviewed by|changed by|assigned to|submitted by|signed by|added by|performed by|requested by|uploaded by|authored by"
        [] TEXT, 5 => By(other_name), "a person's name", "documents.approved_by";
    "author|reviewer|assignee|owner|operator|manager|supervisor|instructor|artist|composer|editor|employee|customer|patient|doctor|physician|driver|teacher|translator|contact|recipient|sender|payer|payee|buyer|passenger|guest|speaker|nurse|technician|sales rep|account manager|creator|reporter"
        [] TEXT, 8 => By(other_name), "a person's name", "books.author";
    "gender|sex" [] TEXT, 1 => By(gender), "a gender", "users.gender";
    "gender|sex" [] INT, 0 => Maker(|| MakerToml::new("one-of").with("values", vec![1, 2])), "a gender", "people.sex";
    "birth date|birthday|date of birth|date birth|born|born on|born at" [] DATE.or(STAMP), 0 => By(birth), "a birthday",
        "users.birth_date";
    "birth year|year of birth|born" [] INT, 0 => Number(1945.0, 0.0, 2006.0), "a year of birth", "users.birth_year";
    "death date|date of death|died on|died at|deceased at|deceased date" [] DATE.or(STAMP), 0 => By(death),
        "a day of death", "people.death_date";
    "age" [] NUMBER, 0 => Number(18.0, 0.0, 90.0), "an age", "patients.age";
    "marital status|civil status" [] TEXT, 1 => By(marital), "a marital status", "people.marital_status";
    "nationality|citizenship" [] TEXT, 14 => Entry("countries", 1), "a country", "people.nationality";
    "nationality|citizenship" [] TEXT, 2 => Entry("countries", 2), "a country's code", "people.nationality";
    "blood type|blood group" [] TEXT, 3 => Maker(blood), "a blood group", "patients.blood_type";
    "bio|biography|about me|about" [] TEXT, 20 => Entry("bios", 1), "what a person says of themselves", "profiles.bio";
    "height|height cm" ["person", "patient", "player", "athlete", "user", "profile", "member", "sign", "vital", "examination"] NUMBER, 0
        => Number(150.0, 0.0, 200.0), "a height in centimeters", "patients.height";
    "weight|weight kg" ["person", "patient", "player", "athlete", "user", "profile", "member", "sign", "vital", "examination"] NUMBER, 0
        => Number(45.0, 0.0, 120.0), "a weight in kilograms", "patients.weight";
};

fn salutation() -> MakerToml {
    one_of(&["Ms.", "Mr.", "Dr."], &[9, 9, 1])
}

fn blood() -> MakerToml {
    one_of(
        &["0+", "A+", "B+", "AB+", "0-", "A-", "B-", "AB-"],
        &[37, 36, 9, 3, 6, 6, 2, 1],
    )
}

fn suffix(_: &Scene) -> Option<Made> {
    Some(Made::new(one_of(&["Jr.", "Sr.", "II", "III"], &[])).null(0.9))
}

/// The columns that hold the parts of a person's name: the table's own, or hidden ones.
pub struct Parts {
    /// The first name.
    pub given: String,
    /// The last name.
    pub family: String,
    /// Those that are hidden.
    pub hidden: Vec<(String, MakerToml)>,
}

impl Parts {
    /// Those of a column with this prefix.
    pub fn of(scene: &Scene) -> Parts {
        let mut hidden = Vec::new();
        let mut part = |words: &str, name: &str, list: &str| {
            let visible = scene.sibling_in_words(&[words]);
            let visible = visible.filter(|it| it.types == TEXT && has_room(it.column.data_type));
            match visible {
                Some(sibling) => sibling.column.name.to_owned(),
                None => {
                    let name = scene.prefixed(name);
                    hidden.push((name.clone(), word(list)));
                    name
                }
            }
        };
        let given = part("first name", "given", "first-names");
        let family = match scene.sibling_in_words(&["first name"]) {
            // Beside a first name, a `name` is the last one.
            Some(_) if is_last_name(scene.sibling_in_words(&["name"])) => {
                part("name", "family", "last-names")
            }
            _ => part("last name", "family", "last-names"),
        };
        Parts {
            given,
            family,
            hidden,
        }
    }

    /// The same in plain lower-case letters.
    pub fn plain(scene: &Scene) -> Parts {
        let Parts {
            given,
            family,
            mut hidden,
        } = Parts::of(scene);
        let mut plain = |of: &str, name: &str| {
            let name = scene.prefixed(name);
            hidden.push((name.clone(), field(of, 2)));
            name
        };
        let (given, family) = (plain(&given, "given_plain"), plain(&family, "family_plain"));
        Parts {
            given,
            family,
            hidden,
        }
    }

    /// A maker of a template with `{given}` and `{family}`.
    pub fn phrase(self, template: &str) -> Made {
        let given = format!("{{{}}}", self.given);
        let family = format!("{{{}}}", self.family);
        let text = template
            .replace("{given}", &given)
            .replace("{family}", &family);
        let mut made = Made::new(phrase(&[&text]));
        made.hidden = self.hidden;
        made
    }
}

/// Whether no name of a list is left out of a column: its entry can be drawn upon.
fn has_room(data_type: &crate::copy::DataType) -> bool {
    crate::infer::names::extent::length(data_type) >= 16
}

/// Never NULL: other columns may need it.
fn first_name(_: &Scene) -> Option<Made> {
    Some(Made::new(word("first-names")).null(0.0))
}

fn last_name(_: &Scene) -> Option<Made> {
    Some(Made::new(word("last-names")).null(0.0))
}

/// Whether a sibling that is called `name` can be the last name.
fn is_last_name(sibling: Option<&MatchedSibling>) -> bool {
    sibling.is_some_and(|it| it.rule.is_some_and(|rule| rule.reason == FULL_NAME))
}

/// Of the first and the last name, where the table has them; beside a first name alone, the last.
fn full_name(scene: &Scene) -> Option<Made> {
    let words = crate::infer::names::tokens::of_column(scene.column.name);
    let has_first = scene.sibling_in_words(&["first name"]).is_some();
    let has_last = scene.sibling_in_words(&["last name"]).is_some();
    if words == ["name"] && has_first && !has_last {
        return last_name(scene);
    }
    Some(Parts::of(scene).phrase(scene.locale.full_name))
}

/// Of somebody else than the row is about.
fn other_name(scene: &Scene) -> Option<Made> {
    let who = scene.column.name;
    let (given, family) = (format!("{who}_given"), format!("{who}_family"));
    let template = scene.locale.full_name;
    let template = template.replace("{given}", &format!("{{{given}}}"));
    let template = template.replace("{family}", &format!("{{{family}}}"));
    let made = Made::new(phrase(&[&template])).with_hidden(&given, word("first-names"));
    Some(made.with_hidden(&family, word("last-names")))
}

fn company(_: &Scene) -> Option<Made> {
    Some(Made::new(phrase(&["{companies}"])))
}

/// That of the first name.
fn gender(scene: &Scene) -> Option<Made> {
    let number = if scene.longest < 8 { 3 } else { 4 };
    let parts = Parts::of(scene);
    let mut made = Made::new(field(&parts.given, number));
    let is_given = |(name, _): &(String, MakerToml)| *name == parts.given;
    made.hidden = parts.hidden.into_iter().filter(is_given).collect();
    Some(made)
}

fn marital(scene: &Scene) -> Option<Made> {
    let words = ["single", "married", "divorced", "widowed"];
    Some(crate::infer::names::fit::short_or(
        scene,
        &words,
        &[4, 5, 2, 1],
        &["S", "M", "D", "W"],
    ))
}

fn birth(scene: &Scene) -> Option<Made> {
    let make = if scene.types == DATE {
        "date"
    } else {
        "timestamp"
    };
    let maker = MakerToml::new(make)
        .with("min", "1945-01-01")
        .with("max", "2006-12-31");
    Some(Made::new(maker))
}

fn death(scene: &Scene) -> Option<Made> {
    let make = if scene.types == DATE {
        "date"
    } else {
        "timestamp"
    };
    let maker = MakerToml::new(make)
        .with("min", "2015-01-01")
        .with("max", "2024-12-31");
    Some(Made::new(maker).null(0.95))
}
