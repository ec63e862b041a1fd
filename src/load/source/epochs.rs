//! Whether the numbers in a file's columns of times count what the dataset or the command line says.
//!
//! Milliseconds read as seconds are in the year 52547, and a date of eight digits read as seconds is in 1970: either is
//! loaded without an error. The file's first records tell, before anything is written.

use std::path::Path;

use anyhow::Result;

use crate::copy::spelled_date;
use crate::copy::time::is_bare_number;
use crate::dataset::Dataset;
use crate::dataset::date_format::DateFormat;
use crate::dataset::spellings::{EPOCHS, Epoch};
use crate::load::source::table_source::TableSource;
use crate::postgres::error::ErrorWithNotes;
use crate::suggestion::again;

/// So many records are looked at.
const RECORDS: usize = 1_000;

/// A field whose bare numbers are counted.
#[derive(Debug, Clone)]
struct Counted {
    field: usize,
    column: String,
    epoch: Epoch,
    date_format: Option<DateFormat>,
    numbers: Vec<String>,
}

/// Refuses a foreign file when most of a column's numbers are outside the years 1971 to 2099 and another unit, or reading
/// them as dates of eight digits, brings most of them inside.
pub fn ensure_epochs(dataset: &Dataset, source: &TableSource) -> Result<()> {
    let counted = counted(dataset, source);
    if counted.is_empty() {
        return Ok(());
    }
    let mut paths = source.paths();
    paths.try_for_each(|path| ensure_usual(path, source, counted.clone()))
}

fn ensure_usual(path: &Path, source: &TableSource, mut counted: Vec<Counted>) -> Result<()> {
    // A stream has a name of its own.
    let label = match source.more.is_empty() {
        true => source.label(),
        false => path.display().to_string(),
    };
    let mut records = source.format.open(path, &label)?;
    let header = usize::from(source.format.header);
    let mut read = 0;
    while let Some(record) = records.read()?.filter(|_| read < RECORDS + header) {
        read += 1;
        if read <= header {
            continue;
        }
        for counted in &mut counted {
            if counted.field < record.len() {
                counted.add(record.field(counted.field).0.trim_ascii());
            }
        }
    }
    let mut counted = counted.iter();
    counted.try_for_each(|counted| counted.ensure_usual(&source.table_name, &label))
}

/// The fields that go to columns with an epoch.
fn counted(dataset: &Dataset, source: &TableSource) -> Vec<Counted> {
    let table = &dataset.tables[source.table];
    let field = |(field, position): (usize, &Option<usize>)| {
        let column = &table.columns[(*position)?];
        let options = source.spellings.of(&column.name);
        let spellings = column.spellings.overridden(&options, &[], false);
        Some(Counted {
            field,
            column: column.name.clone(),
            epoch: spellings.epoch?,
            date_format: spellings.date_format,
            numbers: Vec::new(),
        })
    };
    let positions = source.columns.positions().iter().enumerate();
    positions.filter_map(field).collect()
}

/// Whether a number may be a day of the years 1954 to 2119, as spreadsheets count them.
fn is_spreadsheet_day(text: &[u8]) -> bool {
    let number = str::from_utf8(text)
        .ok()
        .and_then(|it| it.parse::<f64>().ok());
    number.is_some_and(|number| (20_000.0..80_000.0).contains(&number))
}

impl Counted {
    fn add(&mut self, text: &[u8]) {
        let Ok(number) = str::from_utf8(text) else {
            return;
        };
        let format = self.date_format.as_ref();
        let is_date = format.is_some_and(|format| format.read(number).is_some());
        // 0 means no time at all.
        if is_bare_number(text) && !is_date && number != "0" {
            self.numbers.push(number.to_owned());
        }
    }

    fn ensure_usual(&self, table: &str, label: &str) -> Result<()> {
        let most = |usual: &dyn Fn(&[u8]) -> bool| {
            let count = self.numbers.iter().filter(|it| usual(it.as_bytes()));
            count.count() * 2 > self.numbers.len()
        };
        let Some(example) = self.numbers.first() else {
            return Ok(());
        };
        if most(&|text| self.epoch.is_usual(text)) {
            return Ok(());
        }
        let name = |epoch: Epoch| {
            let named = EPOCHS.iter().find(|(_, known)| *known == epoch);
            named.map_or("", |(name, _)| name)
        };
        let mut option = None;
        let advice = if most(&|text| text.len() == 8 && spelled_date::digits(text).is_some()) {
            option = Some(("--date-format", "YYYYMMDD"));
            "they are dates of eight digits".to_owned()
        } else if let Some((unit, _)) = EPOCHS
            .iter()
            .find(|(_, unit)| most(&|it| unit.is_usual(it)))
        {
            option = Some(("--epoch", *unit));
            format!("in {unit} they are inside")
        } else if most(&is_spreadsheet_day) {
            "they may be days of a spreadsheet, which counts from 1899-12-30; save the file with dates".to_owned()
        } else {
            return Ok(());
        };
        let message = format!(
            "{label}: column {} counts {} from 1970, and most of its numbers, such as {example}, are then outside the \
             years 1971 to 2099; {advice}",
            self.column,
            name(self.epoch)
        );
        let note = option.map(|(option, value)| {
            let value = format!("{table}.{}={value}", self.column);
            format!("to read them so, run: {}", again(&[option, &value]))
        });
        Err(ErrorWithNotes::of(message, note.into_iter().collect()))
    }
}
