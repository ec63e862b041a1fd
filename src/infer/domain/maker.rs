//! A maker as a dataset writes it, and its options' values.

/// A maker as a dataset writes it: `"serial"`, or `{ make = "integer", min = 1, max = 9 }`.
#[derive(Debug, Clone, PartialEq)]
pub struct MakerToml {
    /// The maker's name.
    pub make: String,
    /// Its options in the order they are written.
    pub options: Vec<(String, Value)>,
}

/// An option's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `[…]`
    List(Vec<Value>),
    /// `{ … }`
    Table(Vec<(String, Value)>),
}

impl MakerToml {
    /// A maker without options.
    pub fn new(make: &str) -> MakerToml {
        MakerToml {
            make: make.to_owned(),
            options: Vec::new(),
        }
    }

    /// With one more option, or another value for it.
    #[must_use]
    pub fn with(mut self, option: &str, value: impl Into<Value>) -> MakerToml {
        let value = value.into();
        match self.options.iter_mut().find(|(name, _)| name == option) {
            Some((_, old)) => *old = value,
            None => self.options.push((option.to_owned(), value)),
        }
        self
    }

    /// Another maker with some of its options.
    #[must_use]
    pub fn as_another(&self, make: &str, kept: &[&str]) -> MakerToml {
        let options = self.options.iter();
        MakerToml {
            make: make.to_owned(),
            options: options
                .filter(|(name, _)| kept.contains(&name.as_str()))
                .cloned()
                .collect(),
        }
    }

    /// Whether no two rows have the same value.
    pub fn never_repeats(&self) -> bool {
        let counts = matches!(self.make.as_str(), "serial" | "sequence" | "uuid");
        counts && self.option("within").is_none() || self.option("unique") == Some(&true.into())
    }

    /// An option's value.
    pub fn option(&self, option: &str) -> Option<&Value> {
        let found = self.options.iter().find(|(name, _)| name == option);
        found.map(|(_, value)| value)
    }
}

impl Value {
    /// Whether it is a column's name, or a template with it, or holds one.
    pub fn names(&self, column: &str) -> bool {
        match self {
            Value::Text(text) => text == column || text.contains(&format!("{{{column}}}")),
            Value::List(values) => values.iter().any(|it| it.names(column)),
            Value::Table(entries) => {
                let mut entries = entries.iter();
                entries.any(|(name, value)| name == column || value.names(column))
            }
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => false,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Float(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Value {
        Value::Boolean(yes)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Value {
        Value::List(values.into_iter().map(Into::into).collect())
    }
}
