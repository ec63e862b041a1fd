//! How each maker's values are made: a dataset's maker compiled, one file a subject as in `dataset::makers`.

mod arrays;
mod documents;
mod keys;
mod lists;
mod numbers;
mod phrases;
pub mod profiled;
mod ranked;
mod references;
mod texts;
mod times;
mod values;

use anyhow::Result;

use crate::dataset::makers::{Maker, numbers as spec_numbers, times as spec_times};
use crate::generate::compiled::CompiledMaker;
use crate::generate::context::Compiler;

/// Compiles the maker of the column at a place: its table's position and its own.
pub fn compile(
    maker: &Maker,
    place: (usize, usize),
    compiler: &mut Compiler,
) -> Result<CompiledMaker> {
    let table = place.0;
    Ok(match maker {
        Maker::Serial(_) => CompiledMaker::Serial,
        Maker::Parent(parent) => keys::parent(parent, compiler),
        Maker::Each(each) => keys::each(each, compiler),
        Maker::Inherit(inherit) => keys::inherit(inherit, table, compiler)?,
        Maker::Reference(reference) => references::reference(reference, place, compiler)?,
        Maker::Copy(copy) => references::copy(copy, table, compiler),
        Maker::Integer(spec_numbers::Integer(range))
        | Maker::Cents(spec_numbers::Cents(range))
        | Maker::Date(spec_times::Date(range))
        | Maker::Timestamp(spec_times::Timestamp(range))
        | Maker::Time(spec_times::Time(range))
        | Maker::Interval(spec_times::Interval(range)) => CompiledMaker::Range(range.clone()),
        Maker::Rising(rising) => times::rising(rising, table, compiler),
        Maker::Boolean(spec_numbers::Boolean(chance)) => CompiledMaker::Chance(*chance),
        Maker::Flag(spec_numbers::Flag(chance)) => CompiledMaker::Flag(*chance),
        Maker::Placed(placed) => numbers::placed(placed, table, compiler),
        Maker::Number(number) => {
            let (values, weights) = match (compiler.is_drawn(place)?, compiler.index(place)?) {
                (true, _) => number.in_order(),
                (false, Some(_)) => (number.distinct(), number.weights.clone()),
                (false, None) => (number.values.clone(), number.weights.clone()),
            };
            CompiledMaker::Number(values, weights)
        }
        Maker::Below(below) => {
            CompiledMaker::Below(compiler.position(table, below.column), below.from, below.to)
        }
        Maker::After(after) => times::after(after, table, compiler),
        Maker::Word(word) => match lists::entries(place, compiler)? {
            Some(pool) => pool,
            None => lists::word(word, compiler),
        },
        Maker::Field(field) => lists::field(field, table, compiler)?,
        Maker::Nth(nth) => lists::nth(nth, table, compiler)?,
        Maker::Phrase(phrase) => match lists::entries(place, compiler)? {
            Some(pool) => pool,
            None => phrases::phrase(phrase, table, compiler),
        },
        Maker::Fake(fake) => texts::fake(fake, place, compiler)?,
        Maker::Hex(hex) => CompiledMaker::Hex(hex.digits),
        Maker::Decimal(decimal) => CompiledMaker::Range(decimal.units.clone()),
        Maker::Sequence(sequence) => CompiledMaker::Computed(Box::new(sequence.clone())),
        Maker::Total(total) => numbers::total(total, table, compiler),
        Maker::Computed(computed) => numbers::computed(computed, table, compiler),
        Maker::Ranked(ranked) => ranked::ranked(ranked, compiler),
        Maker::Values(values) => values::values(values, table, compiler),
        Maker::Array(array) => arrays::array(array, place, compiler)?,
        Maker::Document(document) => documents::document(document, table, compiler),
    })
}
