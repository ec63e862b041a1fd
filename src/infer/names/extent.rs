//! How many characters texts have: what a column's type takes, what a maker gives. Pure.

use crate::copy::DataType;
use crate::copy::types::Scalar;
use crate::infer::domain::{MakerToml, Value};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::types::TEXT;
use crate::infer::names::words::placeholders;

/// The most characters that a type takes.
pub fn length(data_type: &DataType) -> u32 {
    let base = data_type.base();
    match base.scalar() {
        Some(Scalar::Varchar | Scalar::Bpchar) if base.modifier >= 4 => {
            u32::try_from(base.modifier - 4).unwrap_or(u32::MAX)
        }
        Some(Scalar::Name) => 63,
        Some(Scalar::Char) => 1,
        _ => u32::MAX,
    }
}

/// The fewest and most characters of what a maker gives.
pub fn extent(scene: &Scene, made: &Made, maker: &MakerToml) -> (u32, u32) {
    let text = |option: &str| match maker.option(option) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let integer = |option: &str| match maker.option(option) {
        Some(Value::Integer(number)) => Some(u32::try_from(*number).unwrap_or(0)),
        _ => None,
    };
    let number = usize::try_from(integer("field").unwrap_or(1)).unwrap_or(1);
    match maker.make.as_str() {
        "word" => of_list(scene, text("list").unwrap_or(""), number),
        "field" => match hidden(made, text("of").unwrap_or("")) {
            Some(drawn) => match drawn.option("list") {
                Some(Value::Text(list)) => of_list(scene, list, number),
                _ => UNKNOWN,
            },
            None => match list_of_sibling(scene, text("of").unwrap_or("")) {
                Some(list) => of_list(scene, list, number),
                None => UNKNOWN,
            },
        },
        "phrase" => over_templates(scene, made, maker),
        "one-of" => match maker.option("values") {
            Some(Value::List(values)) => widest(values.iter().map(|it| match it {
                Value::Text(text) => (characters(text), characters(text)),
                _ => UNKNOWN,
            })),
            _ => UNKNOWN,
        },
        "sequence" => (1, 10),
        "uuid" => (36, 36),
        "hex" => (
            integer("digits").unwrap_or(16),
            integer("digits").unwrap_or(16),
        ),
        "code" => (
            integer("length").unwrap_or(8),
            integer("length").unwrap_or(8),
        ),
        "integer" => (
            1,
            integer("max").map_or(10, |it| characters(&it.to_string())),
        ),
        // A rule's length says what a pattern needs.
        "pattern" => (1, 1),
        _ => UNKNOWN,
    }
}

const UNKNOWN: (u32, u32) = (1, 30);

fn hidden<'m>(made: &'m Made, name: &str) -> Option<&'m MakerToml> {
    made.hidden
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, maker)| maker)
}

/// The list that a visible sibling is drawn of.
fn list_of_sibling<'s>(scene: &'s Scene, name: &str) -> Option<&'s str> {
    match scene.sibling(name)?.rule?.reason {
        "a first name" => Some("first-names"),
        "a last name" | "a person's name" => Some("last-names"),
        _ => None,
    }
}

/// How many characters a text has.
pub fn characters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

fn widest(all: impl Iterator<Item = (u32, u32)>) -> (u32, u32) {
    all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
        .unwrap_or(UNKNOWN)
}

fn of_list(scene: &Scene, list: &str, field: usize) -> (u32, u32) {
    let Some(list) = scene.locale.list(list) else {
        return UNKNOWN;
    };
    widest(list.entries().map(|entry| {
        let text = entry.get(field - 1).copied().unwrap_or("");
        of_template(text, &|name| of_list(scene, name, 1))
    }))
}

fn over_templates(scene: &Scene, made: &Made, maker: &MakerToml) -> (u32, u32) {
    let of_name = |name: &str| match hidden(made, name) {
        Some(maker) => extent(scene, made, maker),
        None if list_of_sibling(scene, name).is_some() => {
            of_list(scene, list_of_sibling(scene, name).unwrap_or(""), 1)
        }
        None => match scene.sibling(name) {
            Some(sibling) if sibling.types == TEXT => (1, length(sibling.column.data_type).min(60)),
            Some(_) => (1, 10),
            None => of_list(scene, name, 1),
        },
    };
    match maker.option("of") {
        Some(Value::Text(one)) => of_template(one, &of_name),
        Some(Value::List(many)) => widest(many.iter().map(|it| match it {
            Value::Text(text) => of_template(text, &of_name),
            _ => UNKNOWN,
        })),
        _ => UNKNOWN,
    }
}

fn of_template(template: &str, of_name: &dyn Fn(&str) -> (u32, u32)) -> (u32, u32) {
    let names = placeholders(template);
    let in_braces: u32 = names.iter().map(|name| characters(name) + 2).sum();
    let plain = characters(template).saturating_sub(in_braces);
    names.iter().fold((plain, plain), |(least, most), name| {
        let (shortest, longest) = of_name(name);
        (least + shortest, most + longest)
    })
}
