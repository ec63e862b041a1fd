//! A request's path and query string → the query to run and its values.

use std::borrow::Cow;

use super::build::{Api, Path};
use super::endpoint::{Endpoint, Page};
use super::refusal::{Refusal, missing, one_of, wrong};
use crate::printable;
use crate::queries::{PAGE, ParameterValue, Segment, WithoutKey};

/// A query to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its place in [`Api::endpoints`].
    pub endpoint: usize,
    /// The values of its parameters in their declared order.
    pub values: Vec<ParameterValue>,
    /// The path and query string in the one way that all requests for the same answer have in common.
    pub key: String,
    /// The page asked for, whose first row follows a value that has to be looked up.
    pub page: Option<PageStart>,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageStart {
    /// The place of the parameter that takes the last value of the page before.
    pub place: usize,
    /// How many rows come before the page.
    pub offset: i64,
}

impl Api {
    /// The query for a path, percent-encoded as it came, and what followed the `?`.
    pub fn find(&self, path: &str, query_string: Option<&str>) -> Result<Call, Refusal> {
        let segments = split(path);
        let found = self.paths.iter().find(|path| path.takes(&segments));
        let found = found.ok_or_else(|| no_such_path(path))?;
        let pairs = Pairs::parse(query_string.unwrap_or(""));
        let at = self.choose(found, &pairs)?;
        let endpoint = &self.endpoints[at];
        let mut values = endpoint.read(&segments, &pairs)?;
        let page = endpoint.read_page(&mut values, &pairs)?;
        let renamed = page.map(|page| (page.place, PAGE));
        let key = endpoint.route.fill_renamed(&values, renamed);
        Ok(Call {
            endpoint: at,
            values,
            key,
            page,
        })
    }

    /// The one of the path's queries whose condition the query string fulfils.
    fn choose(&self, path: &Path, pairs: &Pairs<'_>) -> Result<usize, Refusal> {
        let conditions = path.endpoints.iter().filter_map(|&at| {
            let condition = self.endpoints[at].route.condition.as_ref();
            condition.map(|condition| (at, condition))
        });
        let conditions: Vec<_> = conditions.collect();
        let Some((_, first)) = conditions.first() else {
            return Ok(path.endpoints[0]);
        };
        let expected = || {
            let values = conditions.iter().map(|(_, it)| it.value.as_str());
            one_of(&values.collect::<Vec<_>>())
        };
        match pairs.get(&first.key)? {
            Some(value) => {
                let chosen = conditions.iter().find(|(_, it)| it.value == value);
                let chosen = chosen.map(|(at, _)| *at);
                chosen.ok_or_else(|| wrong(&first.key, value.as_bytes(), &expected(), None))
            }
            None => {
                let mut defaults = conditions.iter();
                let chosen = defaults.find(|(_, it)| it.without_key == WithoutKey::Chosen);
                let chosen = chosen.map(|(at, _)| *at);
                chosen.ok_or_else(|| missing(&first.key, &expected()))
            }
        }
    }
}

impl Endpoint {
    /// The values of the parameters in their declared order.
    fn read(&self, segments: &[&str], pairs: &Pairs<'_>) -> Result<Vec<ParameterValue>, Refusal> {
        let mut values = Vec::with_capacity(self.readers.len());
        for (place, reader) in self.readers.iter().enumerate() {
            let in_path = self.route.segments.iter().zip(segments);
            let in_path = in_path
                .filter(|(segment, _)| matches!(segment, Segment::Parameter { place: it, .. } if *it == place))
                .map(|(_, text)| *text)
                .next();
            let text = match in_path {
                Some(encoded) => Some(decode(&reader.name, encoded, Plus::Itself)?),
                None => pairs.get(&reader.name)?,
            };
            values.push(match (text, &reader.default) {
                (Some(text), _) => reader.read(&text)?,
                (None, Some(default)) => default.clone(),
                // The number of a page may be given instead.
                (None, None) if self.page.is_some_and(|page| page.place == place) => {
                    ParameterValue::Integer(1)
                }
                (None, None) => return Err(missing(&reader.name, &reader.expected())),
            });
        }
        Ok(values)
    }
}

impl Endpoint {
    /// The page asked for, the first one when nothing is; its number becomes the value of the page's parameter.
    fn read_page(
        &self,
        values: &mut [ParameterValue],
        pairs: &Pairs<'_>,
    ) -> Result<Option<PageStart>, Refusal> {
        let Some(Page { place, count }) = self.page else {
            return Ok(None);
        };
        let own = &self.readers[place].name;
        let number = match (pairs.get(PAGE)?, pairs.get(own)?) {
            (Some(page), Some(_)) => {
                let expected = format!("`{PAGE}` or `{own}`, not both");
                return Err(wrong(PAGE, page.as_bytes(), &expected, None));
            }
            (None, Some(_)) => return Ok(None),
            (None, None) => 1,
            (Some(page), None) => read_page_number(&page)?,
        };
        values[place] = ParameterValue::Integer(number);
        let rows = match values[count] {
            ParameterValue::Integer(rows) => rows.max(0),
            _ => 0,
        };
        Ok(Some(PageStart {
            place,
            offset: (number - 1).saturating_mul(rows),
        }))
    }
}

fn read_page_number(text: &str) -> Result<i64, Refusal> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|&number| is_number && number >= 1);
    let expected = format!("a whole number from 1 to {}", i64::MAX);
    number.ok_or_else(|| wrong(PAGE, text.as_bytes(), &expected, None))
}

impl Path {
    fn takes(&self, segments: &[&str]) -> bool {
        self.segments.len() == segments.len()
            && self.segments.iter().zip(segments).all(|pair| match pair {
                (Segment::Literal(literal), text) => literal == text,
                (Segment::Parameter { .. }, text) => !text.is_empty(),
            })
    }
}

/// The parts between a path's slashes; one slash at the end counts for nothing.
fn split(path: &str) -> Vec<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path).split('/').collect()
}

/// A query string's keys and values, percent-encoded.
struct Pairs<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Pairs<'a> {
    fn parse(query_string: &'a str) -> Pairs<'a> {
        let pairs = query_string.split('&').filter(|pair| !pair.is_empty());
        Pairs(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .collect(),
        )
    }

    /// The value of a key that may occur once.
    fn get(&self, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
        let is_name = |key: &str| {
            let decoded = decode(name, key, Plus::Blank);
            decoded.is_ok_and(|key| key == name)
        };
        let mut found = self.0.iter().filter(|(key, _)| is_name(key));
        let Some((_, value)) = found.next() else {
            return Ok(None);
        };
        if let Some((_, second)) = found.next() {
            let (first, second) = (
                printable::value(value.as_bytes()),
                printable::value(second.as_bytes()),
            );
            let message =
                format!("parameter `{name}` is given more than once: `{first}` and `{second}`");
            let members = [("parameter", name), ("expected", "one value")];
            return Err(Refusal::with(400, "repeated-parameter", &message, &members));
        }
        decode(name, value, Plus::Blank).map(Some)
    }
}

/// What a `+` means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    /// Itself, in a path.
    Itself,
    /// A blank, in a query string, as forms write it.
    Blank,
}

/// A parameter's value without its percent-encoding.
fn decode<'a>(name: &str, encoded: &'a str, plus: Plus) -> Result<Cow<'a, str>, Refusal> {
    if !encoded.contains(['%', '+']) {
        return Ok(encoded.into());
    }
    let refused = |expected: &str| wrong(name, encoded.as_bytes(), expected, None);
    let broken = encoded.match_indices('%').any(|(at, _)| {
        let digits = encoded.as_bytes().get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if broken {
        return Err(refused("two hexadecimal digits behind each `%`"));
    }
    let spaced = match plus {
        Plus::Blank => encoded.replace('+', " "),
        Plus::Itself => encoded.to_owned(),
    };
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(&spaced).collect();
    let text = String::from_utf8(decoded);
    text.map(Cow::from)
        .map_err(|_| refused("UTF-8, percent-encoded"))
}

fn no_such_path(path: &str) -> Refusal {
    let shown = printable::value(path.as_bytes());
    let message = format!("there is no route for {shown}; GET / lists the routes");
    Refusal::new(404, "no-such-path", &message)
}
