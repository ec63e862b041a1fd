//! The options for the spellings of values in foreign CSV files; a column of a dataset has the same as keys.

use anyhow::Result;

use crate::commands::scopes::Scopes;
use crate::dataset::date_format::DateFormat;
use crate::dataset::spellings::{
    self, DECIMAL_MARKS, DecimalMark, EPOCHS, Epoch, Spellings, named,
};
use crate::load::source::scope::Scoped;

/// How values are spelled in foreign files, in place of what the dataset says: in all columns that can hold such values, or
/// in those of a table, or in one, that is named before the value.
#[derive(clap::Args, Debug)]
pub struct SpellingArgs {
    /// How dates are written: M/D/YYYY, DD.MM.YYYY, YYYYMMDD, 'Mon D, YYYY'; a time may follow, also with AM and PM.
    /// TABLE=FORMAT or TABLE.COLUMN=FORMAT, here and below: in these alone
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, DateFormat::parse), value_name = "FORMAT")]
    date_format: Vec<Scoped<DateFormat>>,

    /// What bare numbers count from 1970 in columns of dates and times: s, ms or us
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, |unit| named(EPOCHS, unit)), value_name = "UNIT")]
    epoch: Vec<Scoped<Epoch>>,

    /// The sign that amounts carry, such as '$'; marks between thousands are then ignored
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, spellings::currency), value_name = "SIGN")]
    currency: Vec<Scoped<String>>,

    /// What precedes a number's fraction; `,` reads 1.234,56
    #[arg(long, value_parser = |text: &str| Scoped::parse(text, |mark| named(DECIMAL_MARKS, mark)), value_name = "MARK")]
    decimal: Vec<Scoped<DecimalMark>>,

    /// Bare texts that mean NULL, beside those of the dataset: NA,-,N/A
    #[arg(long, value_parser = nulls, allow_hyphen_values = true, value_name = "A,B")]
    nulls: Vec<Scoped<Vec<String>>>,

    /// Quoted fields mean NULL, too, where bare ones do (FORCE_NULL of COPY)
    #[arg(long, value_parser = Scoped::parse_flag, num_args = 0..=1, require_equals = true,
        default_missing_value = "", value_name = "TABLE")]
    force_null: Vec<Scoped<()>>,

    /// In NOT NULL columns of texts no field means NULL: an empty one is an empty text (FORCE_NOT_NULL of COPY)
    #[arg(long, value_parser = Scoped::parse_flag, num_args = 0..=1, require_equals = true,
        default_missing_value = "", value_name = "TABLE")]
    force_not_null: Vec<Scoped<()>>,
}

fn nulls(text: &str) -> Result<Scoped<Vec<String>>, String> {
    Scoped::parse(text, |list| {
        Ok(list.split(',').map(str::to_owned).collect())
    })
}

impl SpellingArgs {
    /// What was typed, by what it applies to.
    pub fn spellings(&self) -> Result<Vec<Scoped<Spellings>>> {
        let mut scopes = Scopes::default();
        scopes.set("--date-format", &self.date_format, |it: &mut Spellings| {
            &mut it.date_format
        })?;
        scopes.set("--epoch", &self.epoch, |it| &mut it.epoch)?;
        scopes.set("--currency", &self.currency, |it| &mut it.currency)?;
        scopes.set("--decimal", &self.decimal, |it| &mut it.decimal)?;
        for nulls in &self.nulls {
            let known = scopes.at(&nulls.scope).nulls.get_or_insert_default();
            known.extend(nulls.value.iter().cloned());
        }
        for flag in &self.force_null {
            scopes.at(&flag.scope).force_null = true;
        }
        for flag in &self.force_not_null {
            scopes.at(&flag.scope).force_not_null = true;
        }
        Ok(scopes.found)
    }
}
