//! Texts put together from pieces, and those that are one of a few.

use anyhow::Result;

use crate::dataset::distribution::Weights;
use crate::dataset::document::{Section, TomlValue};
use crate::dataset::draw::Chance;
use crate::dataset::makers::numbers::{Boolean, Number, read_weights};
use crate::dataset::makers::{Maker, MakerScope, MakerSpec, Needed};
use crate::dataset::tables::Siblings;
use crate::dataset::templates;

pub use crate::dataset::templates::{Phrase, Piece, Template};

/// Reads `make = "phrase"`.
pub fn phrase(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let value = section.need("of")?;
    let templates = if value.is_list() {
        value.list()?
    } else {
        vec![value]
    };
    let weights = read_weights(section, templates.len())?;
    Ok(Maker::Phrase(templates::read(
        &templates,
        weights,
        &scope.placeholders,
    )?))
}

/// Reads `make = "one-of"`: numbers, or texts as they are.
pub fn one_of(section: &Section, _: &MakerScope) -> Result<Maker> {
    let values = section.need("values")?.list()?;
    let weights = read_weights(section, values.len())?;
    if values.iter().all(TomlValue::is_integer) {
        let values = values
            .iter()
            .map(TomlValue::integer)
            .collect::<Result<Vec<_>>>()?;
        let weights = weights.unwrap_or_else(|| Weights::new(&vec![1.0; values.len()]));
        return Ok(Maker::Number(Number { values, weights }));
    }
    let texts = values
        .iter()
        .map(TomlValue::text)
        .collect::<Result<Vec<_>>>()?;
    Ok(Maker::Phrase(templates::literal(&texts, weights)))
}

/// Reads `make = "value"`: the same number or text in every row.
pub fn value(section: &Section, _: &MakerScope) -> Result<Maker> {
    let of = section.need("of")?;
    if of.is_integer() {
        let values = vec![of.integer()?];
        let weights = Weights::new(&[1.0]);
        return Ok(Maker::Number(Number { values, weights }));
    }
    if let Ok(value) = of.boolean() {
        let always = Chance::new(f64::from(u8::from(value)));
        return Ok(Maker::Boolean(Boolean(always)));
    }
    let text = match of.number() {
        Ok(_) => of.as_written(),
        Err(_) => of.text()?.to_owned(),
    };
    Ok(Maker::Phrase(templates::literal(&[&text], None)))
}

/// What a template that a row's number is part of has around it: the texts on the side that tells the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The number comes last, but for the text behind it.
    End,
    /// The number comes first, but for the text before it.
    Start,
}

impl Phrase {
    /// Where each text tells the number of its row: at the end, or at the start.
    pub fn row_number(&self, siblings: &Siblings) -> Option<Side> {
        let is_number = |piece: &Piece| match piece {
            Piece::Column(column) => siblings.maker(*column).spec().is_row_number(),
            _ => false,
        };
        let holds = |side: Side| {
            let tails: Option<Vec<&str>> = self
                .templates
                .iter()
                .map(|it| tail(it, side, &is_number))
                .collect();
            // Behind texts that differ, a number could be part of the text.
            tails.is_some_and(|tails| tails.windows(2).all(|two| two[0] == two[1]))
        };
        [Side::End, Side::Start]
            .into_iter()
            .find(|side| holds(*side))
    }
}

/// The text on the outer side of a row's number, where what is on its inner side ends it: a text that is no digit.
fn tail<'t>(
    template: &'t Template,
    side: Side,
    is_number: &dyn Fn(&Piece) -> bool,
) -> Option<&'t str> {
    let ordered: Vec<&Piece> = match side {
        Side::End => template.iter().rev().collect(),
        Side::Start => template.iter().collect(),
    };
    let (text, rest) = match ordered.as_slice() {
        [Piece::Text(text), rest @ ..] => (text.as_str(), rest),
        rest => ("", rest),
    };
    let ends_number = match rest {
        [_, Piece::Text(inner), ..] => {
            let nearest = match side {
                Side::End => inner.chars().next_back(),
                Side::Start => inner.chars().next(),
            };
            nearest.is_some_and(|it| !it.is_ascii_digit())
        }
        [_] => true,
        _ => false,
    };
    (rest.first().is_some_and(|it| is_number(it)) && ends_number).then_some(text)
}

impl MakerSpec for Phrase {
    fn is_shaped(&self) -> bool {
        self.weights.as_ref().is_some_and(|it| !it.are_even())
    }

    fn texts(&self) -> Option<Vec<&str>> {
        fn text(template: &Template) -> Option<&str> {
            match template.as_slice() {
                [Piece::Text(text)] => Some(text),
                _ => None,
            }
        }
        self.templates.iter().map(text).collect()
    }

    fn is_distinct(&self, siblings: &Siblings) -> bool {
        self.row_number(siblings).is_some()
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        for column in self.columns() {
            each(Needed::Sibling(*column));
        }
    }
}
