//! The options for the spellings of values in foreign CSV files; a column of a dataset has the same as keys.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::dataset::date_format::DateFormat;
use crate::dataset::spellings::{self, DECIMAL_MARKS, DecimalMark, EPOCHS, Epoch, Spellings};

/// How values are spelled in foreign files: in all columns that can hold such values, in place of what the dataset says.
#[derive(clap::Args, Debug)]
pub struct SpellingArgs {
    /// How dates are written: M/D/YYYY, DD.MM.YYYY, YYYYMMDD, 'Mon D, YYYY'; a time may follow, also with AM and PM
    #[arg(long, value_parser = DateFormat::parse, value_name = "FORMAT")]
    date_format: Option<DateFormat>,

    /// What bare numbers count from 1970 in columns of dates and times
    #[arg(long, value_parser = named(EPOCHS), value_name = "UNIT")]
    epoch: Option<Epoch>,

    /// The sign that amounts carry, such as '$'; marks between thousands are then ignored
    #[arg(long, value_parser = spellings::currency, value_name = "SIGN")]
    currency: Option<String>,

    /// What stands before a number's fraction; `,` reads 1.234,56
    #[arg(long, value_parser = named(DECIMAL_MARKS), value_name = "MARK")]
    decimal: Option<DecimalMark>,

    /// Bare texts that mean NULL, beside those of the dataset: NA, -, N/A
    #[arg(
        long,
        value_delimiter = ',',
        allow_hyphen_values = true,
        value_name = "A,B"
    )]
    nulls: Option<Vec<String>>,

    /// Quoted fields mean NULL, too, where bare ones do (FORCE_NULL of COPY)
    #[arg(long)]
    force_null: bool,

    /// In NOT NULL columns of texts no field means NULL: an empty one is an empty text (FORCE_NOT_NULL of COPY)
    #[arg(long)]
    force_not_null: bool,
}

impl SpellingArgs {
    /// The options as they were typed, for commands that read the same values again.
    pub fn typed(&self) -> Vec<String> {
        let named = |option: &str, value: Option<String>| {
            let words = value.map(|value| format!("{option}={value}"));
            words.into_iter()
        };
        let flag = |option: &str, typed: bool| typed.then(|| option.to_owned()).into_iter();
        let format = self.date_format.as_ref().map(ToString::to_string);
        named("--date-format", format)
            .chain(named("--epoch", name_of(EPOCHS, self.epoch)))
            .chain(named("--currency", self.currency.clone()))
            .chain(named("--decimal", name_of(DECIMAL_MARKS, self.decimal)))
            .chain(named(
                "--nulls",
                self.nulls.as_ref().map(|nulls| nulls.join(",")),
            ))
            .chain(flag("--force-null", self.force_null))
            .chain(flag("--force-not-null", self.force_not_null))
            .collect()
    }

    /// What was typed.
    pub fn spellings(&self) -> Spellings {
        Spellings {
            epoch: self.epoch,
            date_format: self.date_format.clone(),
            currency: self.currency.clone(),
            decimal: self.decimal,
            nulls: self.nulls.clone(),
            force_null: self.force_null,
            force_not_null: self.force_not_null,
        }
    }
}

/// The name of a value that was typed.
fn name_of<T: Copy + PartialEq>(known: &[(&str, T)], value: Option<T>) -> Option<String> {
    let found = known.iter().find(|(_, known)| Some(*known) == value);
    found.map(|(name, _)| (*name).to_owned())
}

/// Reads one of some names.
fn named<T: Copy + Send + Sync + 'static>(
    known: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    let names = known.iter().map(|(name, _)| *name);
    PossibleValuesParser::new(names).map(|typed| {
        let found = known.iter().find(|(name, _)| *name == typed);
        found.unwrap_or(&known[0]).1
    })
}
