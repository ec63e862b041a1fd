//! Amounts that add up: a line's total is its quantity times its price, a total its subtotal with tax and fees.

use crate::infer::domain::{Bound, MakerToml};
use crate::infer::names::fit;
use crate::infer::names::rule::{Made, MatchedSibling, Scene};
use crate::infer::names::tokens;
use crate::infer::names::types::{FRACTION, INT, NUMBER};

const SUBTOTAL: &[&str] = &["subtotal", "sub total", "net", "net amount", "net total"];
const TOTAL: &[&str] = &[
    "total",
    "grand total",
    "total amount",
    "total price",
    "total cost",
    "order total",
    "invoice total",
    "amount total",
    "amount due",
    "gross",
    "gross amount",
    "gross total",
];
const LINE: &[&str] = &[
    "line total",
    "item total",
    "extended price",
    "amount",
    "total",
    "total amount",
    "total price",
    "total cost",
];
const PRICE: &[&str] = &[
    "unit price",
    "price",
    "price each",
    "price per unit",
    "unit cost",
];
const TAX: &[&str] = &[
    "tax",
    "tax amount",
    "vat",
    "vat amount",
    "total tax",
    "sales tax",
    "tax total",
];
const FEE: &[&str] = &[
    "shipping",
    "shipping cost",
    "shipping fee",
    "shipping amount",
    "delivery fee",
    "tip",
];
const DISCOUNT: &[&str] = &[
    "discount",
    "discount amount",
    "discount total",
    "total discount",
];

/// The most that such sums come to.
const MOST: f64 = 50_000.0;

/// What siblings add up to, where they do; else a number by itself.
pub fn amount(scene: &Scene) -> Option<Made> {
    let (_, words) = own_words(scene);
    let is = |any: &[&str]| any.contains(&words.as_str());
    let base = match (product(scene), subtotal(scene)) {
        (Some(product), _) if is(SUBTOTAL) => Some(product),
        (_, Some(subtotal)) if is(TOTAL) => Some(subtotal + &additions(scene)),
        (Some(product), None) if is(LINE) => Some(product + &additions(scene)),
        (Some(product), Some(_)) if is(&LINE[..3]) => Some(product),
        _ => None,
    };
    let made = match base.and_then(|it| formula(scene, &it)) {
        Some(formula) => Made::new(formula),
        None => Made::new(scene.number(1.0, 80.0, 10_000.0)),
    };
    // Others are made from it.
    Some(if is(SUBTOTAL) { made.null(0.0) } else { made })
}

/// A share of the subtotal.
pub fn tax(scene: &Scene) -> Option<Made> {
    let of = subtotal(scene).and_then(|it| formula(scene, &format!("{it} * 0.08")));
    Some(Made::new(
        of.unwrap_or_else(|| scene.number(0.0, 6.0, 200.0)),
    ))
}

/// Never as much as the subtotal.
pub fn discount(scene: &Scene) -> Option<Made> {
    let of = sibling(scene, SUBTOTAL, NUMBER).filter(|_| is_unbounded(scene));
    if let (Some(of), Some(_)) = (of, product(scene)) {
        let tenth = formula(scene, &format!("{} * 0.1", named(of)));
        return tenth.map(Made::new);
    }
    Some(Made::new(match of {
        Some(of) => MakerToml::new("below")
            .with("of", of.column.name)
            .with("to", 0.2),
        None => scene.number(0.0, 0.0, 20.0),
    }))
}

/// The column's words in two: those before what the amount is, each with a blank behind it, and these.
fn own_words(scene: &Scene) -> (String, String) {
    let words = tokens::of_column(scene.column.name).join(" ");
    let known = [SUBTOTAL, TOTAL, LINE, TAX, DISCOUNT].concat();
    let longest = known
        .into_iter()
        .filter(|it| ends_with(&words, it))
        .max_by_key(|it| it.len());
    let length = longest.map_or(0, str::len);
    let (prefix, amount) = words.split_at(words.len() - length);
    (prefix.to_owned(), amount.to_owned())
}

/// Whether the last words are these.
fn ends_with(words: &str, last: &str) -> bool {
    words
        .strip_suffix(last)
        .is_some_and(|it| it.is_empty() || it.ends_with(' '))
}

/// The sibling whose words are these, behind the column's own prefix.
fn named_so<'a>(scene: &Scene<'a>, words: &[&str]) -> Option<&'a MatchedSibling<'a>> {
    let (prefix, _) = own_words(scene);
    let is = |it: &&MatchedSibling| {
        let name = tokens::of_column(it.column.name).join(" ");
        name.strip_prefix(&prefix)
            .is_some_and(|rest| words.contains(&rest))
    };
    scene.siblings.iter().copied().find(is)
}

fn product(scene: &Scene) -> Option<String> {
    let quantity = sibling(scene, &["quantity"], INT)?;
    let price = sibling(scene, PRICE, NUMBER)?;
    Some(format!("{} * {}", named(quantity), named(price)))
}

fn subtotal(scene: &Scene) -> Option<String> {
    sibling(scene, SUBTOTAL, NUMBER).map(named)
}

/// ` + tax + shipping - discount`, of what there is.
fn additions(scene: &Scene) -> String {
    let any = |words: &[&str]| {
        let found = named_so(scene, words);
        found.filter(|it| NUMBER.has(it.types)).map(named)
    };
    let plus = [TAX, FEE].into_iter().filter_map(any);
    let mut text: String = plus.map(|it| format!(" + {it}")).collect();
    if let Some(discount) = any(DISCOUNT).filter(|_| subtotal(scene).is_some()) {
        text += &format!(" - {discount}");
    }
    text
}

/// A sibling that is never NULL.
fn sibling<'a>(
    scene: &Scene<'a>,
    words: &[&str],
    types: crate::infer::names::types::Types,
) -> Option<&'a MatchedSibling<'a>> {
    let found = named_so(scene, words)?;
    (types.has(found.types) && found.column.not_null).then_some(found)
}

/// A column as formulas name it.
fn named(sibling: &MatchedSibling) -> String {
    let name = sibling.column.name;
    let is_plain = name.chars().all(|it| it.is_alphanumeric() || it == '_');
    let is_number = name.starts_with(|it: char| it.is_ascii_digit());
    match is_plain && !is_number {
        true => name.to_owned(),
        false => format!("\"{name}\""),
    }
}

fn formula(scene: &Scene, of: &str) -> Option<MakerToml> {
    let maker = MakerToml::new("formula").with("of", of);
    let decimals = fit::decimals(scene);
    if !is_unbounded(scene) || fit::greatest(scene) < MOST {
        return None;
    }
    Some(match decimals {
        2 => maker,
        other => maker.with("scale", i64::from(other)),
    })
}

/// Whether nothing but zero bounds the column.
fn is_unbounded(scene: &Scene) -> bool {
    let limits = scene.column.limits;
    let is_zero = |it: &Bound| it.value.parse::<f64>().is_ok_and(|it| it <= 0.0);
    limits.max.is_none()
        && limits.min.as_ref().is_none_or(is_zero)
        && FRACTION.has(scene.types) | INT.has(scene.types)
}
