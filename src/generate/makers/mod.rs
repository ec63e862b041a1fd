//! How each maker's values are made: a dataset's maker compiled, one file a subject as in `dataset::makers`.

mod arrays;
mod documents;
mod keys;
mod lists;
mod phrases;
mod texts;
mod values;

use anyhow::Result;

use crate::dataset::makers::{Maker, numbers, times};
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
        Maker::Parent(_) => CompiledMaker::Parent,
        Maker::Each(_) => CompiledMaker::Each,
        Maker::Inherit(inherit) => keys::inherit(inherit, table, compiler)?,
        Maker::Reference(reference) => keys::reference(reference, place, compiler)?,
        Maker::Integer(numbers::Integer(range))
        | Maker::Cents(numbers::Cents(range))
        | Maker::Date(times::Date(range))
        | Maker::Timestamp(times::Timestamp(range))
        | Maker::Time(times::Time(range))
        | Maker::Interval(times::Interval(range)) => CompiledMaker::Range(range.clone()),
        Maker::Boolean(numbers::Boolean(chance)) => CompiledMaker::Chance(*chance),
        Maker::Flag(numbers::Flag(chance)) => CompiledMaker::Flag(*chance),
        Maker::Number(number) => {
            CompiledMaker::Number(number.values.clone(), number.weights.clone())
        }
        Maker::Below(below) => {
            CompiledMaker::Below(compiler.position(table, below.column), below.from, below.to)
        }
        Maker::After(after) => {
            CompiledMaker::After(compiler.position(table, after.column), after.later.clone())
        }
        Maker::Word(word) => lists::word(word, compiler),
        Maker::Field(field) => lists::field(field, table, compiler),
        Maker::Nth(nth) => lists::nth(nth, table, compiler),
        Maker::Phrase(phrase) => phrases::phrase(phrase, table, compiler),
        Maker::Fake(fake) => texts::fake(fake, place, compiler),
        Maker::Hex(hex) => CompiledMaker::Hex(hex.digits),
        Maker::Decimal(decimal) => CompiledMaker::Range(decimal.units.clone()),
        Maker::Sequence(sequence) => CompiledMaker::Computed(Box::new(sequence.clone())),
        Maker::Values(values) => values::values(values, table, compiler),
        Maker::Array(array) => arrays::array(array, place, compiler)?,
        Maker::Document(document) => documents::document(document, table, compiler),
    })
}
