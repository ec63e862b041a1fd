//! What things are called: products, companies' brands, works, articles and whatever has a name.

use crate::infer::names::made::{phrase, word};
use crate::infer::names::rule::Make::{By, Entry};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::rules::subjects::{ARTICLE, CATEGORY, JOB, PRODUCT, TASK, WORK};
use crate::infer::names::types::TEXT;

/// Rules about names and titles.
pub const RULES: &[Rule] = rules! {
    "name|title|label|display name|product name|product title|short name|full name" PRODUCT TEXT, 12 => By(product), "a product", "products.name";
    "product name|item name|product|product title|item|item title|article name" [] TEXT, 12 => By(product), "a product", "order_items.product";
    "name|title|label|display name" ["currency"] TEXT, 6 => Entry("currencies", 2), "a currency", "currencies.name";
    "code|iso code|iso|iso 4217|abbreviation|alpha code|id" ["currency"] TEXT, 3 => Entry("currencies", 1), "a currency's code", "currencies.code";
    "symbol|sign" ["currency", "money"] TEXT, 1 => Entry("currencies", 3), "a currency's sign", "currencies.symbol";
    "numeric code|iso number|number" ["currency"] TEXT, 3 => Entry("currencies", 4), "a currency's number", "currencies.numeric_code";
    "native name|autonym|native|local name" ["language"] TEXT, 6 => Entry("languages", 6), "a language's own name", "languages.native_name";
    "name|title|label|english name|display name" ["language", "lang"] TEXT, 6 => Entry("languages", 1), "a language", "languages.name";
    "code|iso code|iso 639 1|iso|abbreviation|short code" ["language", "locale"] TEXT, 2 => Entry("languages", 2), "a language's code", "languages.code";
    "name|title|label|category name|display name" CATEGORY TEXT, 4 => Entry("categories", 1), "a category", "categories.name";
    "category|category name|subcategory|sub category|product category|product type|product line|collection|class|item category|classification|main category"
        [] TEXT, 4 => By(category), "a category", "products.category";
    "name|title|label|tag name|value" ["tag", "label", "keyword", "topic", "hashtag", "skill", "flair", "badge"] TEXT, 4 => Entry("tags", 1), "a tag", "tags.name";
    "tag|keyword|topic|label name|hashtag" [] TEXT, 4 => Entry("tags", 1), "a tag", "photos.tag";
    "name|title|label|role name" ["role", "permission", "access", "authority"] TEXT, 4 => Entry("roles", 1), "a role", "roles.name";
    "name|title|label" ["department", "division", "unit_org", "faculty", "sector", "ward"] TEXT, 4 => Entry("departments", 1), "a department", "departments.name";
    "name|title|label" ["plan", "tier", "package", "subscription", "edition", "membership"] TEXT, 4 => Entry("plans", 1), "a plan", "plans.name";
    "plan|plan name|subscription plan|tier|edition|package" [] TEXT, 4 => Entry("plans", 1), "a plan", "accounts.plan";
    "name|title|label" ["service", "treatment", "procedure", "offering", "fee"] TEXT, 7 => Entry("services", 1), "a service", "services.name";
    "service|service name|procedure|procedure name|treatment|service type" [] TEXT, 7 => Entry("services", 1), "a service", "appointments.service";
    "name|title|generic name|trade name|brand name|drug name" ["medication", "drug", "medicine", "prescription", "substance"] TEXT, 7
        => Entry("medications", 1), "a medication", "medications.name";
    "medication|medication name|drug|drug name|medicine|medicine name" [] TEXT, 7 => Entry("medications", 1), "a medication", "visits.medication";
    "dosage|dose|strength|dosage amount" [] TEXT, 4 => Entry("medications", 2), "a dose", "prescriptions.dosage";
    "form|dosage form|dose form" ["medication", "drug", "medicine", "prescription", "dosage"] TEXT, 5 => Entry("medications", 3), "a form of medicine",
        "medications.form";
    "name|title|description|label|short description" ["diagnosis", "condition", "disease", "illness", "disorder"] TEXT, 5 => Entry("diagnoses", 1), "a diagnosis", "diagnoses.name";
    "diagnosis|condition|disease|diagnosis name|chief complaint|illness|diagnosis description|reason for visit" [] TEXT, 5 => Entry("diagnoses", 1), "a diagnosis", "visits.diagnosis";
    "code|short code|abbreviation" ["diagnosis", "condition", "disease"] TEXT, 5 => Entry("diagnoses", 2), "an ICD-10 code", "diagnoses.code";
    "icd 10 code|icd code|icd 10|diagnosis code|icd" [] TEXT, 5 => Entry("diagnoses", 2), "an ICD-10 code", "visits.icd_code";
    "name|title|label" ["specialty", "speciality", "specialization", "discipline"] TEXT, 8 => Entry("specialties", 1), "a specialty", "specialties.name";
    "specialty|speciality|specialization|specialisation|medical specialty|field of study|expertise" [] TEXT, 8 => Entry("specialties", 1), "a specialty", "doctors.specialty";
    "name|title|label" ["unit", "uom", "measure"] TEXT, 4 => Entry("units", 1), "a unit", "units.name";
    "code|abbreviation|symbol|short name" ["unit", "uom", "measure"] TEXT, 2 => Entry("units", 2), "a unit", "units.abbreviation";
    "unit|uom|unit of measure|measure unit|unit name|units of measure|measurement unit" [] TEXT, 2 => Entry("units", 2), "a unit", "items.unit";
    "name|title|label" ["color"] TEXT, 4 => Entry("colors", 1), "a color", "colors.name";
    "hex|hex color|color hex|hex code|color code|hex value|rgb" [] TEXT, 7 => Entry("colors", 2), "a color in hexadecimal", "colors.hex";
    "color|background color|text color|background|foreground color|accent color|primary color|theme color|border color|color value|bg color|fill color"
        ["label", "tag", "category", "status", "theme", "setting", "team", "calendar", "event", "group", "badge", "project", "board", "column", "role", "flair", "background", "text", "accent", "primary", "border", "organization", "style"]
        TEXT, 7 => Entry("colors", 2), "a color in hexadecimal", "labels.color";
    "color|color name|eye color|hair color|paint" [] TEXT, 4 => Entry("colors", 1), "a color", "variants.color";
    "material|fabric|composition|material name" [] TEXT, 4 => Entry("materials", 1), "a material", "products.material";
    "name|title|label" ["material", "fabric", "ingredient"] TEXT, 4 => Entry("materials", 1), "a material", "materials.name";
    "genre|style|music genre|genre name" [] TEXT, 4 => Entry("genres", 1), "a genre", "books.genre";
    "name|title|label" ["genre", "style"] TEXT, 4 => Entry("genres", 1), "a genre", "genres.name";
    "brand|brand name|make" [] TEXT, 7 => Entry("company-roots", 1), "a made-up brand", "products.brand";
    "title|job title|name|position" JOB TEXT, 8 => Entry("jobs", 1), "a job", "jobs.title";
    "industry|sector|business type|line of business" [] TEXT, 5 => By(industry), "an industry", "companies.industry";
    "title|headline|summary|subject" ["review", "feedback", "testimonial", "rating"] TEXT, 8 => Entry("review-titles", 1), "a title of a review",
        "reviews.title";
    "cuisine|food type|dish type" [] TEXT, 5 => By(cuisine), "a cuisine", "restaurants.cuisine";
    "title|name|subject|headline|summary" TASK TEXT, 12 => Entry("tasks", 1), "a task", "tasks.title";
    "name|title|original title|english title|book title" WORK TEXT, 9 => Entry("works", 1), "a made-up work", "books.title";
    "album|song|movie|film|book|track|book title|movie title|song title|album title|book name|series name" [] TEXT, 9 => Entry("works", 1), "a made-up work",
        "loans.book";
    "name|title|subject|heading|headline" ARTICLE TEXT, 20 => By(article), "a title", "posts.title";
    "title|headline|heading|page title|meta title|seo title|post title|subject line|caption title|og title" [] TEXT, 20 => By(article), "a title", "things.title";
    "subject|topic title|issue title|task name|task" [] TEXT, 12 => Entry("tasks", 1), "a subject", "threads.subject";
    "subtitle|tagline|slogan|motto|caption|alt text|alt|headline text|strapline|short description|teaser|alternative text" [] TEXT, 15 => Entry("headlines", 1),
        "a short text", "photos.caption";
    "name|title|label" ["team", "squad", "crew", "group", "club", "guild", "band"] TEXT, 8 => Entry("teams", 1), "a team", "teams.name";
    "name|title|label" ["project", "campaign", "program", "initiative", "board", "workspace", "repository", "case", "portfolio"] TEXT, 9 => Entry("projects", 1), "a project",
        "projects.name";
    "campaign|project|campaign name|project name|utm campaign|program" [] TEXT, 9 => Entry("projects", 1), "a project", "leads.campaign";
    "name|number|label" ["room", "seat", "desk", "bed", "locker", "apartment", "unit", "slot", "table", "office"] TEXT, 3 => By(numbered), "a number of a room", "rooms.name";
    "room|room number|room name|room no|suite number|office number" [] TEXT, 3 => By(numbered), "a number of a room", "appointments.room";
    "name|title" ["event", "conference", "meetup", "webinar"] TEXT, 20 => By(article), "a title", "events.name";
    "event|event name|event type|action|activity|action type|action name|event key|trigger|operation" [] TEXT, 8 => Entry("events", 1), "an event", "logs.action";
    "name|key|setting key|option name|config key|param name|setting name|attribute name|attribute key|meta key|property name|variable name"
        ["setting", "option", "preference", "config", "configuration", "parameter", "attribute", "property", "param", "flag", "meta", "metadata", "variable", "key", "name"]
        TEXT, 6 => Entry("keys", 1), "a setting", "settings.key";
    "name" ["branch", "location", "warehouse", "depot", "office", "site", "venue", "facility", "plant", "station", "region_office"] TEXT, 8 => By(branch), "a place of business",
        "warehouses.name";
    "name|title|label|display name|short title|long name|code name|alias|short name|full name|template name|=value name" [] TEXT, 6 => By(anything), "a name",
        "widgets.name";
};

/// Siblings about the same product share it.
fn product(scene: &Scene) -> Option<Made> {
    let drawn = scene.entry("products", 1);
    let is_shared = scene
        .siblings
        .iter()
        .any(|it| it.rule.is_some_and(|rule| rule.reason == "a category"));
    let made = match (is_shared && scene.prefix.is_empty(), drawn.hidden.first()) {
        (false, _) => Made::new(phrase(&["{qualities} {products}"])),
        (true, _) => {
            let name = scene.prefixed("product");
            Made::new(phrase(&[&format!("{{qualities}} {{{name}}}")]))
                .with_hidden(&name, word("products"))
        }
    };
    Some(made.null(0.0))
}

/// That of the product, where the table has one.
fn category(scene: &Scene) -> Option<Made> {
    let is_of_product = scene
        .siblings
        .iter()
        .any(|it| it.rule.is_some_and(|rule| rule.reason == "a product"));
    match is_of_product && scene.prefix.is_empty() && !scene.column.unique {
        true => {
            let name = scene.prefixed("product");
            let made = Made::new(crate::infer::names::made::field(&name, 2));
            Some(made.with_hidden(&name, word("products")))
        }
        false => Some(Made::new(word("categories"))),
    }
}

/// Never NULL: a slug may need it.
fn article(_: &Scene) -> Option<Made> {
    Some(Made::new(phrase(&["{titles}"])).null(0.0))
}

fn industry(_: &Scene) -> Option<Made> {
    Some(Made::new(
        crate::infer::domain::MakerToml::new("fake").with("faker", "industry"),
    ))
}

fn cuisine(_: &Scene) -> Option<Made> {
    let all = [
        "Italian", "Thai", "Indian", "French", "Mexican", "Japanese", "Greek", "Lebanese",
        "Korean", "Vegan",
    ];
    Some(Made::new(crate::infer::names::made::one_of(&all, &[])))
}

fn numbered(_: &Scene) -> Option<Made> {
    Some(Made::new(crate::infer::names::made::pattern(
        "[1-4][0-9]{2}",
    )))
}

fn branch(scene: &Scene) -> Option<Made> {
    let (place, city) = (scene.prefixed("place"), scene.prefixed("place_city"));
    let has_city = scene
        .sibling_in_words(&["city", "town", "postcode"])
        .is_some();
    if !has_city {
        let name = format!("{{places}} {}", capital(scene.subject));
        return Some(Made::new(phrase(&[&name])));
    }
    let list = match scene.entry("places", 1).hidden.first() {
        Some((_, maker)) => maker.clone(),
        None => word("places"),
    };
    let name = format!("{{{city}}} {}", capital(scene.subject));
    let made = Made::new(phrase(&[&name])).with_hidden(&place, list);
    Some(made.with_hidden(&city, crate::infer::names::made::field(&place, 1)))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn anything(_: &Scene) -> Option<Made> {
    Some(Made::new(word("labels")).null(0.0).guess())
}
