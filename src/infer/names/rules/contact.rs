//! How people are reached: never an address or a number that could be somebody's.

use crate::infer::domain::MakerToml;
use crate::infer::names::made::{one_of, pattern, phrase};
use crate::infer::names::rule::Make::{By, Maker};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::rules::people::Parts;
use crate::infer::names::rules::subjects::{COMPANY, PERSON};
use crate::infer::names::types::{INT, TEXT};

/// Rules about email, telephones and user names.
pub const RULES: &[Rule] = rules! {
    "email type|phone type|address type|contact type" [] TEXT, 4 => Maker(kind), "home or work", "phones.phone_type";
    "email|email address|mail|mail address|login email|reply to|mail from|mail to|cc|bcc" [] TEXT, 18
        => By(email), "an email at example.com", "users.email";
    "phone|phone number|phone phone|phone no|contact number|home phone|work phone|whatsapp|sms number|phone 1"
        [] TEXT, 7 => By(phone), "a number that is kept for fiction", "users.phone";
    "phone|phone number" [] INT, 0 => By(phone_digits), "a number that is kept for fiction", "customers.phone";
    "fax|fax number|fax no" [] TEXT, 7 => By(fax), "a number that is kept for fiction", "companies.fax";
    "username|login|login name|handle|nick name|nick|screen name|user login|account name|twitter|github|github username|skype|telegram|instagram|user handle|gh login"
        [] TEXT, 6 => By(username), "a user name", "users.username";
    "=name" ["login", "username", "handle"] TEXT, 6 => By(username), "a user name", "logins.name";
};

fn kind() -> MakerToml {
    one_of(&["home", "work", "other"], &[5, 4, 1])
}

/// Of the name and the row's number.
fn email(scene: &Scene) -> Option<Made> {
    let (row, hidden) = scene.row();
    let of_company = COMPANY.contains(&scene.subject) && !PERSON.contains(&scene.subject);
    let made = match (scene.longest < 45, of_company) {
        (true, _) => Made::new(phrase(&[&format!("u{{{row}}}@example.com")])),
        (false, true) => Made::new(phrase(&[&format!("info.{{{row}}}@example.com")])),
        (false, false) if scene.locale.is_plain() => {
            let mut made =
                Parts::of(scene).phrase(&format!("{{given}}.{{family}}.{{{row}}}@example.com"));
            made.maker = made.maker.with("case", "lower");
            made
        }
        (false, false) => {
            Parts::plain(scene).phrase(&format!("{{given}}.{{family}}.{{{row}}}@example.com"))
        }
    };
    Some(with(made, hidden))
}

fn with(made: Made, hidden: Option<(String, MakerToml)>) -> Made {
    match hidden {
        Some((name, maker)) => made.with_hidden(&name, maker),
        None => made,
    }
}

fn username(scene: &Scene) -> Option<Made> {
    let (row, hidden) = scene.row();
    let template = format!("{{given}}_{{family}}_{{{row}}}");
    let made = match (scene.longest < 12, scene.locale.is_plain()) {
        (true, _) => Made::new(phrase(&[&format!("u{{{row}}}")])),
        (false, true) => {
            let mut made = Parts::of(scene).phrase(&template);
            made.maker = made.maker.with("case", "lower");
            made
        }
        (false, false) => Parts::plain(scene).phrase(&template),
    };
    Some(with(made, hidden))
}

fn phone(scene: &Scene) -> Option<Made> {
    if scene.column.unique {
        // No country has the code 999, and all others together too few numbers that nobody has.
        let (row, hidden) = scene.row();
        return Some(with(
            Made::new(phrase(&[&format!("+999 {{{row}}}")])),
            hidden,
        ));
    }
    Some(Made::new(match scene.longest {
        20.. => pattern(scene.locale.phone),
        10.. => pattern("20255501[0-9]{2}"),
        _ => pattern("55501[0-9]{2}"),
    }))
}

fn phone_digits(scene: &Scene) -> Option<Made> {
    let takes_ten = scene.column.data_type.scalar() == Some(crate::copy::types::Scalar::Int8);
    let (min, max) = if takes_ten {
        (2_025_550_100, 2_025_550_199)
    } else {
        (5_550_100, 5_550_199)
    };
    Some(Made::new(
        MakerToml::new("integer").with("min", min).with("max", max),
    ))
}

fn fax(scene: &Scene) -> Option<Made> {
    phone(scene).map(|made| made.null(0.7))
}
