//! Texts of a most length, or of one case: the spec's limits compiled.

use anyhow::{Result, bail};

use crate::dataset::Kind;
use crate::dataset::column_rules::TextLimits;
use crate::dataset::makers::Maker;
use crate::dataset::makers::phrases::{Phrase, Piece, Side, Template};
use crate::dataset::tables::Siblings;
use crate::generate::compiled::{CompiledMaker, LimitedText};
use crate::generate::context::Compiler;

/// The maker, with the limits of its column where it doesn't keep to them by itself.
pub fn limited(
    make: CompiledMaker,
    place: (usize, usize),
    compiler: &mut Compiler,
) -> Result<CompiledMaker> {
    let column = &compiler.dataset.tables[place.0].columns[place.1];
    let keeps = match &make {
        CompiledMaker::Indexed(indexed) => matches!(indexed.make, CompiledMaker::Words(..)),
        make => matches!(make, CompiledMaker::Words(..)),
    };
    if column.kind != Kind::Text || column.text == TextLimits::default() || keeps {
        return Ok(make);
    }
    let ending = match &column.maker {
        Maker::Phrase(phrase) => ending(phrase, place, compiler)?,
        _ => None,
    };
    Ok(CompiledMaker::Limited(Box::new(LimitedText {
        make,
        escaping: compiler.escaping,
        limits: column.text,
        ending,
    })))
}

/// The column with the row's number that a phrase's texts end in, and how many characters are around it.
fn ending(
    phrase: &Phrase,
    place: (usize, usize),
    compiler: &mut Compiler,
) -> Result<Option<(usize, usize)>> {
    let (table, column) = place;
    let spec = &compiler.dataset.tables[table];
    let siblings = Siblings::new(&compiler.dataset.tables, table);
    let (Some(side), Some(most)) = (
        phrase.row_number(&siblings),
        spec.columns[column].text.max_length,
    ) else {
        return Ok(None);
    };
    let Some((number, text)) = phrase.templates.first().and_then(|it| number(it, side)) else {
        return Ok(None);
    };
    // One of the characters on its inner side tells where the number ends.
    let around = text + 1;
    let last = compiler.plan.rows(table).max(1);
    let last = match &spec.columns[number].maker {
        Maker::Sequence(sequence) => sequence.of_row(last).unsigned_abs(),
        _ => last,
    };
    let digits = last.checked_ilog10().unwrap_or(0) as usize + 1;
    let is_unique = spec.unique.iter().any(|set| set.columns.contains(&column));
    if is_unique && around + digits > most as usize {
        bail!(
            "{}: its texts never repeat by the row's number, which takes {} characters with what is around it, and \
             `max-length` is {most}; shorten the template, or give fewer --rows",
            compiler.name(place),
            around + digits
        );
    }
    Ok((side == Side::End).then(|| (compiler.position(table, number), around)))
}

/// The column with the row's number in a template, and the length of the text on its outer side.
fn number(template: &Template, side: Side) -> Option<(usize, usize)> {
    let pieces: Vec<&Piece> = match side {
        Side::End => template.iter().rev().collect(),
        Side::Start => template.iter().collect(),
    };
    match pieces.as_slice() {
        [Piece::Column(column), ..] => Some((*column, 0)),
        [Piece::Text(text), Piece::Column(column), ..] => Some((*column, text.chars().count())),
        _ => None,
    }
}
