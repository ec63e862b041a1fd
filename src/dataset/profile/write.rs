//! Profiles as a dataset writes them: each column's on one line.

use std::fmt;

use crate::dataset::profile::{ColumnProfile, CountShare, Distinct, Joint, TableProfile};

impl fmt::Display for TableProfile {
    /// The lines behind `[tables.T.profile]`: a line for each column, then one for all joint values.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (name, profile) in &self.columns {
            writeln!(f, "{} = {profile}", key(name))?;
        }
        if !self.joint.is_empty() {
            writeln!(f, "joint = {}", list(&self.joint))?;
        }
        Ok(())
    }
}

impl fmt::Display for ColumnProfile {
    /// A TOML inline table.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut keys: Vec<String> = Vec::new();
        let mut add = |name: &str, value: String| keys.push(format!("{name} = {value}"));
        if let Some(null) = self.null {
            add("null", null.to_string());
        }
        if let Some(distinct) = self.distinct {
            add("distinct", distinct.to_string());
        }
        for (name, numbers) in [("shares", &self.shares), ("ranks", &self.ranks)] {
            if !numbers.is_empty() {
                add(name, list(numbers));
            }
        }
        if !self.bounds.is_empty() {
            let bounds: Vec<String> = self.bounds.iter().map(|it| bound(it)).collect();
            add("bounds", list(&bounds));
        }
        if let Some(correlation) = self.correlation {
            add("correlation", correlation.to_string());
        }
        if let Some(width) = self.width {
            add("width", width.to_string());
        }
        if !self.counts.is_empty() {
            add("counts", list(&self.counts));
        }
        if !self.quantiles.is_empty() {
            add("quantiles", list(&self.quantiles));
        }
        if let Some(given) = &self.given {
            add("given", string(&given.column));
            add("degree", given.degree.to_string());
        }
        match keys.is_empty() {
            true => write!(f, "{{}}"),
            false => write!(f, "{{ {} }}", keys.join(", ")),
        }
    }
}

impl fmt::Display for Distinct {
    /// As `pg_stats.n_distinct`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Distinct::Count(count) => write!(f, "{count}"),
            Distinct::PerRow(share) => write!(f, "{:?}", -share),
        }
    }
}

impl fmt::Display for CountShare {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "[{}, {}]", self.children, self.share)
    }
}

impl fmt::Display for Joint {
    /// A TOML inline table.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let columns: Vec<String> = self.columns.iter().map(|it| string(it)).collect();
        let value =
            |it: &Option<usize>| it.map_or_else(|| string(super::read::NULL), |it| it.to_string());
        let values = self.values.iter();
        let values: Vec<String> = values
            .map(|it| list(&it.iter().map(value).collect::<Vec<_>>()))
            .collect();
        write!(
            f,
            "{{ columns = {}, values = {}, shares = {} }}",
            list(&columns),
            list(&values),
            list(&self.shares)
        )
    }
}

fn list(items: &[impl ToString]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    format!("[{}]", items.join(", "))
}

fn string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A name as a key: in quotes where it needs them.
fn key(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match !name.is_empty() && name.bytes().all(is_plain) {
        true => name.to_owned(),
        false => string(name),
    }
}

/// A number as it is, dates and times in quotes.
fn bound(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(_) => text.to_owned(),
        Err(_) => string(text),
    }
}
