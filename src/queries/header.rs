//! A query file's header: the comment lines before the statement that declare something.
//!
//! The grammar is one table. A new directive is an entry in [`DIRECTIVES`] and a field of [`Header`].
//!
//! ```sql
//! -- The newest reviews of one product.
//! -- param product_id: products.id
//! -- param count: int = 5
//! -- budget: 5ms
//! -- uses: reviews(product_id)
//! -- max-rows: 1
//! -- tasks: all
//! -- route: GET /products/:product_id/reviews
//! -- cache: 60s
//! -- no-row: 404
//! -- response: [{"id": "integer", "rating": "integer"}]
//! ```
//!
//! A lower-case word and a colon is always read as a directive, so that a misspelt one is an error and not ignored.

use std::time::Duration;

use super::header_lines::{Declaration, PARAM, RESPONSE, declarations, prose};
use super::index_use::IndexUse;
use super::parameter::{PAGE, Parameter, ValueSource};
use super::response::JsonForm;
use super::route::Route;
use super::value::ParameterValue;
use crate::dataset::document::did_you_mean;
use crate::units::duration;

/// What the header declares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Header {
    /// In the order of their declarations: `$1`, `$2`, …
    pub parameters: Vec<Parameter>,
    /// The longest that the query's median may be.
    pub budget: Option<Duration>,
    /// The indexes that each of its plans must search.
    pub uses: Vec<IndexUse>,
    /// The most pages that an execution may touch.
    pub max_buffers: Option<u64>,
    /// The most rows that it may return.
    pub max_rows: Option<u64>,
    /// Which shards it may ask, where its tables are distributed.
    pub tasks: Option<Tasks>,
    /// The rules that don't count for it.
    pub waivers: Vec<RuleWaiver>,
    /// Where it is served.
    pub route: Option<Route>,
    /// How long what it returns may be kept.
    pub cache: Option<Duration>,
    /// The HTTP status when it returns no row.
    pub no_row: Option<u16>,
    /// What the JSON that it returns is like.
    pub response: Option<JsonForm>,
    /// What it answers: the comments that declare nothing, up to the first line without a comment.
    pub about: String,
}

/// Which shards a query may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tasks {
    /// All of them.
    All,
    /// One, as without the directive.
    One,
}

/// A rule of the checks that doesn't count for one query. Whether there is such a rule is for the checks to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleWaiver {
    /// The rule's id.
    pub rule: String,
    /// Why it doesn't count.
    pub reason: String,
    /// The line it is declared in, from 1.
    pub line: usize,
}

/// A mistake in a line of the header.
#[derive(Debug)]
pub struct HeaderError {
    /// Its line number, from 1.
    pub line: usize,
    /// What is wrong and what is expected.
    pub message: String,
}

/// A kind of header line.
struct Directive {
    name: &'static str,
    /// Adds what the line declares to the header, or says what is wrong with it.
    read: fn(&mut Header, Line<'_>) -> Result<(), String>,
}

/// A directive's line, from behind its name and, where it has one, the colon.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    number: usize,
}

/// The directives there are.
const DIRECTIVES: &[Directive] = &[
    Directive {
        name: PARAM,
        read: Header::read_parameter,
    },
    Directive {
        name: "budget",
        read: Header::read_budget,
    },
    Directive {
        name: "uses",
        read: Header::read_use,
    },
    Directive {
        name: "max-buffers",
        read: |header, line| set_bound(&mut header.max_buffers, line.text),
    },
    Directive {
        name: "max-rows",
        read: |header, line| set_bound(&mut header.max_rows, line.text),
    },
    Directive {
        name: "tasks",
        read: Header::read_tasks,
    },
    Directive {
        name: "waive",
        read: Header::read_waiver,
    },
    // Read behind the others: its parameters may be declared below it.
    Directive {
        name: ROUTE,
        read: |_, _| Ok(()),
    },
    Directive {
        name: "cache",
        read: Header::read_cache,
    },
    Directive {
        name: "no-row",
        read: Header::read_no_row,
    },
    Directive {
        name: RESPONSE,
        read: Header::read_response,
    },
];

const ROUTE: &str = "route";

/// The statuses that `no-row` may name.
const NO_ROW: &[u16] = &[204, 404, 410];

impl Header {
    /// Reads the comment lines at the top of a query file; prose is passed over.
    pub fn parse(text: &str) -> Result<Header, HeaderError> {
        let mut header = Header::default();
        let declarations = declarations(text);
        for declaration in &declarations {
            header.apply(declaration, |header, line| {
                header.read(declaration.name, line)
            })?;
        }
        header.about = prose(text, &declarations);
        header.ensure_pages_have_a_count()?;
        header.ensure_next_of_is_declared()?;
        for declaration in declarations.iter().filter(|it| it.name == ROUTE) {
            header.apply(declaration, Header::read_route)?;
        }
        Ok(header)
    }

    /// Reads a declaration; what is wrong with it is an error of its line.
    fn apply(
        &mut self,
        declaration: &Declaration<'_>,
        read: impl FnOnce(&mut Header, Line<'_>) -> Result<(), String>,
    ) -> Result<(), HeaderError> {
        let (text, number) = (declaration.text.as_str(), declaration.line);
        let line = number;
        read(self, Line { text, number }).map_err(|message| HeaderError { line, message })
    }

    fn read(&mut self, name: &str, line: Line<'_>) -> Result<(), String> {
        match DIRECTIVES.iter().find(|it| it.name == name) {
            Some(directive) => (directive.read)(self, line),
            None => {
                let advice = did_you_mean(name, DIRECTIVES.iter().map(|it| it.name));
                Err(format!("unknown header `{name}:`; {advice}"))
            }
        }
    }

    fn read_parameter(&mut self, line: Line<'_>) -> Result<(), String> {
        let parameter = Parameter::parse(line.text, line.number)?;
        let mut earlier = self.parameters.iter();
        if let Some(first) = earlier.find(|it| it.name == parameter.name) {
            let (name, line) = (&first.name, first.line);
            return Err(format!(
                "parameter `{name}` is declared in line {line} already"
            ));
        }
        self.parameters.push(parameter);
        Ok(())
    }

    fn read_budget(&mut self, line: Line<'_>) -> Result<(), String> {
        let text = line.text;
        let budget = duration(text).map_err(|reason| format!("budget `{text}`: {reason}"))?;
        match self.budget.replace(budget) {
            Some(_) => Err("a second budget; a query has one".to_owned()),
            None => Ok(()),
        }
    }

    fn read_use(&mut self, line: Line<'_>) -> Result<(), String> {
        let index = IndexUse::parse(line.text)
            .ok_or_else(|| format!("`{}`: expected `-- uses: table(column)`", line.text))?;
        self.uses.push(index);
        Ok(())
    }

    /// `next of` names a parameter above it that takes its values from the same column.
    fn ensure_next_of_is_declared(&self) -> Result<(), HeaderError> {
        for (at, parameter) in self.parameters.iter().enumerate() {
            let Some(before) = &parameter.next_of else {
                continue;
            };
            let mut earlier = self.parameters[..at].iter();
            if !earlier.any(|it| it.name == *before && it.source == parameter.source) {
                return Err(HeaderError {
                    line: parameter.line,
                    message: format!(
                        "parameter `{}`: `next of {before}`: no parameter `{before}` above takes its values from the same column",
                        parameter.name
                    ),
                });
            }
        }
        Ok(())
    }

    /// How many `next of` lead from the parameter at this place to one without it.
    pub fn steps_to_first(&self, place: usize) -> usize {
        let before = self
            .parameters
            .get(place)
            .and_then(|it| it.next_of.as_ref());
        let place = self
            .parameters
            .iter()
            .position(|it| Some(&it.name) == before);
        place.map_or(0, |place| 1 + self.steps_to_first(place))
    }

    fn ensure_pages_have_a_count(&self) -> Result<(), HeaderError> {
        let is_count = |it: &Parameter| match &it.source {
            ValueSource::Fixed { value, .. } => matches!(value, ParameterValue::Integer(_)),
            ValueSource::Column(_) => false,
        };
        let has_page = self.parameters.iter().any(|it| it.name == PAGE);
        let paged = self.parameters.iter();
        for (place, parameter) in paged.filter(|it| it.page_of.is_some()).enumerate() {
            let count = parameter.page_of.as_deref().unwrap_or_default();
            let mut counts = self.parameters.iter().filter(|it| is_count(it));
            let problem = match counts.find(|it| it.name == count) {
                Some(_) if place == 0 && !has_page => continue,
                Some(_) if place == 0 => {
                    format!("a request gives `{PAGE}`; name the parameter `{PAGE}` otherwise")
                }
                Some(_) => "a second `page of`; a query has one".to_owned(),
                None => format!(
                    "`page of {count}`: write `-- param {count}: int = 5`, the rows of a page, too"
                ),
            };
            return Err(HeaderError {
                line: parameter.line,
                message: format!("parameter `{}`: {problem}", parameter.name),
            });
        }
        Ok(())
    }

    fn read_route(&mut self, line: Line<'_>) -> Result<(), String> {
        let route = Route::parse(line.text, &self.parameters, line.number)?;
        match self.route.replace(route) {
            Some(_) => Err("a second route; a query has one".to_owned()),
            None => Ok(()),
        }
    }

    fn read_cache(&mut self, line: Line<'_>) -> Result<(), String> {
        let text = line.text;
        let kept = duration(text).map_err(|reason| format!("cache `{text}`: {reason}"))?;
        match self.cache.replace(kept) {
            Some(_) => Err("a second cache; a query has one".to_owned()),
            None => Ok(()),
        }
    }

    fn read_no_row(&mut self, line: Line<'_>) -> Result<(), String> {
        let status = line.text.parse().ok();
        let status = status.filter(|status| NO_ROW.contains(status));
        let Some(status) = status else {
            return Err(format!(
                "no-row `{}`: expected `-- no-row: 404`, or 204 or 410",
                line.text
            ));
        };
        match self.no_row.replace(status) {
            Some(_) => Err("a second no-row; a query has one".to_owned()),
            None => Ok(()),
        }
    }

    fn read_response(&mut self, line: Line<'_>) -> Result<(), String> {
        match self.response.replace(JsonForm::parse(line.text)?) {
            Some(_) => Err("a second response; a query has one".to_owned()),
            None => Ok(()),
        }
    }

    fn read_tasks(&mut self, line: Line<'_>) -> Result<(), String> {
        let tasks = match line.text {
            "all" => Tasks::All,
            "one" => Tasks::One,
            other => return Err(format!("tasks `{other}`: expected `-- tasks: all`, or one")),
        };
        match self.tasks.replace(tasks) {
            Some(_) => Err("a second tasks; a query has one".to_owned()),
            None => Ok(()),
        }
    }

    /// `seq-scan: a five-row table`
    fn read_waiver(&mut self, line: Line<'_>) -> Result<(), String> {
        let (rule, reason) = line.text.split_once(':').unwrap_or((line.text, ""));
        let (rule, reason) = (rule.trim(), reason.trim());
        if reason.is_empty() {
            return Err(format!("say why: `-- waive: {rule}: the reason`"));
        }
        self.waivers.push(RuleWaiver {
            rule: rule.to_owned(),
            reason: reason.to_owned(),
            line: line.number,
        });
        Ok(())
    }
}

fn set_bound(bound: &mut Option<u64>, text: &str) -> Result<(), String> {
    if bound.is_some() {
        return Err("a second bound of this kind; a query has one".to_owned());
    }
    let number = text.replace('_', "").parse();
    *bound = Some(number.map_err(|_| format!("`{text}` is no whole number"))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::header_lines::split_directive;
    use super::*;

    #[test]
    fn directives_have_names_of_their_own_that_a_header_can_hold() {
        for (at, &Directive { name, .. }) in DIRECTIVES.iter().enumerate() {
            assert!(DIRECTIVES[..at].iter().all(|it| it.name != name), "{name}");
            let comment = match name {
                PARAM => format!("{name} y: x"),
                _ => format!("{name}: x"),
            };
            let split = split_directive(&comment).map(|(name, _)| name);
            assert_eq!(split, Some(name));
        }
    }
}
