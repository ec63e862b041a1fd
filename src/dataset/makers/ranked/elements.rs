//! Ranked values with several elements: arrays, the words of a tsvector, documents.

use anyhow::Result;

use crate::dataset::document::Section;

/// As many common elements as a set of bits has.
const MOST_COMMON: usize = 32;

/// What values are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Elements {
    /// How they are written.
    pub form: Form,
    /// The share of the values that each of the common elements is in, the most common first.
    pub common: Vec<f64>,
    /// How many elements a value has, in the mean.
    pub count: f64,
}

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An array of texts.
    Texts,
    /// An array of whole numbers.
    Numbers,
    /// A tsvector.
    Words,
    /// A JSON object with one text.
    Json,
}

impl Elements {
    /// Reads `of`, `elements` and `count`.
    pub fn read(section: &Section, form: Form) -> Result<Elements> {
        const OF: &[(&str, Form)] = &[("text", Form::Texts), ("integer", Form::Numbers)];
        if form == Form::Json {
            return Ok(Elements {
                form,
                common: Vec::new(),
                count: 1.0,
            });
        }
        let form = match section.get("of") {
            Some(of) if form == Form::Texts => of.one_of("type of elements", OF)?,
            _ => form,
        };
        let mut common = Vec::new();
        if let Some(list) = section.get("elements") {
            let shares = list.list()?;
            common = shares
                .iter()
                .take(MOST_COMMON)
                .map(|it| it.probability())
                .collect::<Result<_>>()?;
        }
        let count = match section.get("count") {
            Some(value) => value.number()?.clamp(1.0, 1000.0),
            None => common.iter().sum::<f64>().max(1.0),
        };
        Ok(Elements {
            form,
            common,
            count,
        })
    }

    /// The bytes of an element's text in a value of so many, header left out.
    pub fn bytes_each(&self, bytes: f64) -> f64 {
        match self.form {
            // Dimensions and bounds; a length for each, and what fills it up to a multiple of 4.
            Form::Texts => (bytes - 20.0) / self.count - 5.5,
            Form::Numbers => 4.0,
            // Entries, and a position for each.
            Form::Words => (bytes - 4.0) / self.count - 8.5,
            Form::Json => bytes - 17.0,
        }
        .max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_share_the_bytes_of_a_value() {
        let elements = |form, count| Elements {
            form,
            common: Vec::new(),
            count,
        };
        assert_eq!(elements(Form::Texts, 2.0).bytes_each(59.0), 14.0);
        assert_eq!(elements(Form::Words, 10.0).bytes_each(174.0), 8.5);
        assert_eq!(elements(Form::Json, 1.0).bytes_each(5.0), 1.0);
    }
}
