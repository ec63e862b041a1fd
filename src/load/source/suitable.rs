//! Whether what is said of values is about columns that can hold such values: a currency in a column of texts would be
//! passed over without a word.

use anyhow::{Result, bail};

use crate::copy::Scalar;
use crate::dataset::Dataset;
use crate::dataset::spellings::Spellings;
use crate::load::source::table_source::TableSource;
use crate::postgres::catalog::Column;

/// An option, or a key of a column, and the columns that it is about.
struct Subject {
    /// The key; the option has two hyphens before it.
    name: &'static str,
    /// The columns that the option is about.
    about: &'static str,
    is_said: fn(&Spellings) -> bool,
    /// Whether the key is about a column.
    suits: fn(&Column) -> bool,
    /// Whether the option is.
    suits_option: fn(&Column) -> bool,
}

/// What can be said of some types alone.
const SUBJECTS: &[Subject] = &[
    Subject {
        name: DATE_FORMAT,
        about: "dates or times",
        is_said: |said| said.date_format.is_some(),
        suits: is_time,
        suits_option: is_time,
    },
    Subject {
        name: "epoch",
        about: "dates or times",
        is_said: |said| said.epoch.is_some(),
        suits: is_time,
        suits_option: is_time,
    },
    Subject {
        name: "currency",
        about: "numbers",
        is_said: |said| said.currency.is_some(),
        suits: is_number,
        suits_option: is_number,
    },
    Subject {
        name: "decimal",
        about: "numbers",
        is_said: |said| said.decimal.is_some(),
        suits: is_number,
        suits_option: is_number,
    },
    Subject {
        name: "force-not-null",
        about: "texts that take no NULL",
        is_said: |said| said.force_not_null,
        suits: |column| column.data_type.is_text(),
        suits_option: |column| column.not_null && column.data_type.is_text(),
    },
];

/// The option for a date's format; the key is `format`.
const DATE_FORMAT: &str = "date-format";

fn is_time(column: &Column) -> bool {
    let times = [Scalar::Date, Scalar::Timestamp, Scalar::Timestamptz];
    let scalar = column.data_type.scalar();
    scalar.is_some_and(|scalar| times.contains(&scalar))
}

fn is_number(column: &Column) -> bool {
    let numbers = [
        Scalar::Int2,
        Scalar::Int4,
        Scalar::Int8,
        Scalar::Numeric,
        Scalar::Float4,
        Scalar::Float8,
    ];
    let scalar = column.data_type.scalar();
    scalar.is_some_and(|scalar| numbers.contains(&scalar))
}

/// Refuses an option that is about no column of the files, in a load of sources with the columns of their tables. Returns
/// remarks on the dataset's keys that are about columns of other types.
pub fn ensure_suitable(
    dataset: &Dataset,
    sources: &[(&TableSource, &[Column])],
) -> Result<Vec<String>> {
    let foreign = || sources.iter().filter(|(source, _)| source.is_foreign());
    for subject in SUBJECTS {
        let mut saying =
            foreign().filter(|(source, _)| (subject.is_said)(&source.spellings.everywhere));
        let suits = |(source, columns): &(&TableSource, &[Column])| {
            let mut filled = filled(dataset, source, columns);
            filled.any(|(_, column)| (subject.suits_option)(column))
        };
        if saying.clone().next().is_some() && !saying.any(suits) {
            let names: Vec<&str> = foreign().map(|(source, _)| &*source.table_name).collect();
            bail!(
                "--{} is for columns of {}, and the files of {} have none; leave the option out",
                subject.name,
                subject.about,
                names.join(", ")
            );
        }
        for source in foreign() {
            ensure_suits_table(dataset, subject, source)?;
        }
    }
    let remarks = foreign().flat_map(|(source, columns)| remarks(dataset, source, columns));
    Ok(remarks.collect())
}

/// Refuses an option for a table that has no column of its subject, or for a column that is none.
fn ensure_suits_table(
    dataset: &Dataset,
    subject: &Subject,
    (source, columns): &(&TableSource, &[Column]),
) -> Result<()> {
    let (name, table) = (subject.name, &source.table_name);
    let suits = |column: &&Column| (subject.suits_option)(column);
    let all = || filled(dataset, source, columns).map(|(_, column)| column);
    if (subject.is_said)(&source.spellings.table) && all().find(suits).is_none() {
        bail!(
            "--{name} is for columns of {}, and {table} has none that its files fill; leave the option for it out",
            subject.about
        );
    }
    for (column, spellings) in &source.spellings.columns {
        if (subject.is_said)(spellings) && !all().filter(suits).any(|it| it.name == *column) {
            bail!(
                "--{name} is for columns of {}, and {table}.{column} is none that its files fill; leave the option for it out",
                subject.about
            );
        }
    }
    Ok(())
}

/// The columns of a file, as the dataset and as the database have them.
fn filled<'a>(
    dataset: &'a Dataset,
    source: &'a TableSource,
    columns: &'a [Column],
) -> impl Iterator<Item = (&'a Spellings, &'a Column)> {
    let table = &dataset.tables[source.table];
    let positions = source.columns.positions().iter().flatten();
    positions.filter_map(|&position| {
        let spec = &table.columns[position];
        let column = columns.iter().find(|column| column.name == spec.name)?;
        Some((&spec.spellings, column))
    })
}

fn remarks(dataset: &Dataset, source: &TableSource, columns: &[Column]) -> Vec<String> {
    let mut remarks = Vec::new();
    for (spellings, column) in filled(dataset, source, columns) {
        for subject in SUBJECTS {
            if (subject.is_said)(spellings) && !(subject.suits)(column) {
                let key = match subject.name {
                    DATE_FORMAT => "format",
                    name => name,
                };
                remarks.push(format!(
                    "{}.{} is {}, so that its `{key}` in {} means nothing",
                    source.table_name,
                    column.name,
                    column.type_name,
                    dataset.path.display()
                ));
            }
        }
    }
    remarks
}
