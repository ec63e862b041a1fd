//! `-- route`: where an HTTP server answers a query, and the path and query string of one set of values.
//!
//! ```sql
//! -- route: GET /products/:product_id/styles
//! -- route: GET /reviews?sort=newest, default
//! ```
//!
//! A `:name` in the path is a declared parameter; all others come from the query string under their own names. Queries
//! may share a path: a condition such as `?sort=newest` chooses between them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::parameter::Parameter;
use super::value::ParameterValue;
use crate::dataset::document::did_you_mean;

/// What a route looks like.
const EXPECTED: &str = "expected `-- route: GET /path/:parameter`";

/// What is escaped in a path or a query string: all but the characters that RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Paths that a server answers itself.
const RESERVED: &[&str] = &["/openapi.json", "/live", "/ready", "/metrics"];

/// Where a query is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The parts of the path between its slashes.
    pub segments: Vec<Segment>,
    /// Which of the queries with this path it is.
    pub condition: Option<Condition>,
    /// The parameters that come from the query string: places among those declared, and names.
    pub query: Vec<(usize, String)>,
    /// The line of its declaration, from 1.
    pub line: usize,
}

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// As it is.
    Literal(String),
    /// A parameter's value.
    Parameter {
        /// Its place among those declared.
        place: usize,
        /// Its name.
        name: String,
    },
}

/// A key of the query string with a value of its own for each query of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The key.
    pub key: String,
    /// The value that chooses this query.
    pub value: String,
    /// Whether this query is chosen when the key is missing.
    pub without_key: WithoutKey,
}

/// What a missing key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutKey {
    /// This query.
    Chosen,
    /// Not this query.
    NotChosen,
}

impl Route {
    /// Reads `GET /reviews/:id?sort=newest, default`, whose parameters are those declared.
    pub fn parse(text: &str, parameters: &[Parameter], line: usize) -> Result<Route, String> {
        let (method, target) = text.split_once(char::is_whitespace).ok_or(EXPECTED)?;
        if method != "GET" {
            return Err(format!(
                "`{method}`: queries only read; write `-- route: GET {}`",
                target.trim()
            ));
        }
        let (target, options) = match target.split_once(',') {
            Some((target, options)) => (target.trim(), Some(options.trim())),
            None => (target.trim(), None),
        };
        let (path, condition) = match target.split_once('?') {
            Some((path, condition)) => (path, Some(condition)),
            None => (target, None),
        };
        let segments = read_path(path, parameters)?;
        let condition = read_condition(condition, options, parameters)?;
        let in_path = |at: usize| {
            let places = segments.iter().filter_map(Segment::place);
            places.into_iter().any(|place| place == at)
        };
        let query = parameters.iter().enumerate();
        let query = query.filter(|(at, _)| !in_path(*at));
        Ok(Route {
            query: query.map(|(at, it)| (at, it.name.clone())).collect(),
            segments,
            condition,
            line,
        })
    }

    /// The path and the query string for values in the declared order: percent-encoded, each value spelled in one way,
    /// and so the key of what is answered.
    pub fn fill(&self, values: &[ParameterValue]) -> String {
        self.fill_renamed(values, None)
    }

    /// The same with another name, in the query string, for the parameter at a place.
    pub fn fill_renamed(
        &self,
        values: &[ParameterValue],
        renamed: Option<(usize, &str)>,
    ) -> String {
        let mut target = String::with_capacity(64);
        for segment in &self.segments {
            target.push('/');
            match segment {
                Segment::Literal(text) => target.push_str(text),
                Segment::Parameter { place, .. } => push_value(&mut target, values.get(*place)),
            }
        }
        let mut separator = '?';
        if let Some(Condition { key, value, .. }) = &self.condition {
            target.push_str(&format!("?{key}={value}"));
            separator = '&';
        }
        for (place, name) in &self.query {
            target.push(std::mem::replace(&mut separator, '&'));
            target.push_str(match renamed {
                Some((it, other)) if it == *place => other,
                _ => name,
            });
            target.push('=');
            push_value(&mut target, values.get(*place));
        }
        target
    }

    /// The path with braces around parameters, as OpenAPI writes it.
    pub fn template(&self) -> String {
        let segment = |segment: &Segment| match segment {
            Segment::Literal(text) => format!("/{text}"),
            Segment::Parameter { name, .. } => format!("/{{{name}}}"),
        };
        self.segments.iter().map(segment).collect()
    }
}

impl std::fmt::Display for Route {
    /// As the header writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GET ")?;
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Parameter { name, .. } => write!(f, "/:{name}")?,
            }
        }
        match &self.condition {
            Some(Condition { key, value, .. }) => write!(f, "?{key}={value}"),
            None => Ok(()),
        }
    }
}

impl Segment {
    fn place(&self) -> Option<usize> {
        match self {
            Segment::Literal(_) => None,
            Segment::Parameter { place, .. } => Some(*place),
        }
    }
}

/// Adds a value, percent-encoded.
pub fn push_value(target: &mut String, value: Option<&ParameterValue>) {
    if let Some(value) = value {
        target.extend(utf8_percent_encode(&value.to_text(), ESCAPED));
    }
}

fn read_path(path: &str, parameters: &[Parameter]) -> Result<Vec<Segment>, String> {
    let Some(inner) = path.strip_prefix('/') else {
        return Err(format!("`{path}`: a path begins with `/`; {EXPECTED}"));
    };
    if inner.is_empty() {
        return Err(format!("`/` lists the routes; {EXPECTED}"));
    }
    if RESERVED.contains(&path) {
        return Err(format!(
            "`{path}` is answered by the server itself; choose another path"
        ));
    }
    let mut segments: Vec<Segment> = Vec::new();
    for text in inner.split('/') {
        let segment = match text.strip_prefix(':') {
            Some(name) => path_parameter(name, parameters)?,
            None if is_plain(text) => Segment::Literal(text.to_owned()),
            None if text.is_empty() => {
                return Err(format!(
                    "`{path}`: nothing between two slashes, or behind the last one"
                ));
            }
            None => {
                return Err(format!(
                    "`{text}`: a path is made of letters, digits, `-`, `.`, `_` and `~`, and of `:parameter`"
                ));
            }
        };
        if matches!(segment, Segment::Parameter { .. }) && segments.contains(&segment) {
            return Err(format!("`{text}` is twice in the path"));
        }
        segments.push(segment);
    }
    Ok(segments)
}

fn path_parameter(name: &str, parameters: &[Parameter]) -> Result<Segment, String> {
    let place = parameters.iter().position(|it| it.name == name);
    let place = place.ok_or_else(|| {
        let advice = match parameters.is_empty() {
            true => String::new(),
            false => {
                let names = parameters.iter().map(|it| it.name.as_str());
                format!("{}, or ", did_you_mean(name, names))
            }
        };
        format!("`:{name}` isn't declared; {advice}write `-- param {name}: table.column`")
    })?;
    Ok(Segment::Parameter {
        place,
        name: name.to_owned(),
    })
}

fn read_condition(
    condition: Option<&str>,
    options: Option<&str>,
    parameters: &[Parameter],
) -> Result<Option<Condition>, String> {
    const FORM: &str = "write `-- route: GET /path?key=value`, with `, default` behind it where the key may be missing";
    let without_key = match options {
        None => WithoutKey::NotChosen,
        Some("default") if condition.is_some() => WithoutKey::Chosen,
        Some(other) => return Err(format!("`, {other}`: {FORM}")),
    };
    let Some(condition) = condition else {
        return Ok(None);
    };
    let (key, value) = condition.split_once('=').unwrap_or((condition, ""));
    if !(is_plain(key) && is_plain(value)) {
        return Err(format!("`?{condition}`: {FORM}"));
    }
    if parameters.iter().any(|it| it.name == key) {
        return Err(format!(
            "`{key}` is a parameter, which is read from the query string without being named here; \
             leave `?{condition}` out, or call one of them otherwise"
        ));
    }
    Ok(Some(Condition {
        key: key.to_owned(),
        value: value.to_owned(),
        without_key,
    }))
}

/// Whether it needs no escaping and isn't taken for a parent's path.
fn is_plain(text: &str) -> bool {
    let is_unreserved = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    !matches!(text, "" | "." | "..") && text.chars().all(is_unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queries::Header;

    fn route(header: &str) -> Result<Route, String> {
        let header = Header::parse(header).map_err(|error| error.message)?;
        Ok(header.route.unwrap())
    }

    #[test]
    fn values_fill_the_path_and_the_query_string() {
        let header = "-- route: GET /shops/:shop/goods?sort=newest, default\n-- param count: int = 5\n\
            -- param shop: shops.name\n-- param from: goods.code";
        let route = route(header).unwrap();
        assert_eq!(route.to_string(), "GET /shops/:shop/goods?sort=newest");
        assert_eq!(route.template(), "/shops/{shop}/goods");
        let values = [
            ParameterValue::Integer(-5),
            ParameterValue::Text("a/b c".to_owned()),
            ParameterValue::Text("é&=".to_owned()),
        ];
        let filled = route.fill(&values);
        assert_eq!(
            filled,
            "/shops/a%2Fb%20c/goods?sort=newest&count=-5&from=%C3%A9%26%3D"
        );
    }

    #[test]
    fn mistakes_are_answered_with_what_to_write() {
        #[rustfmt::skip]
        let cases = [
            ("-- route: /products", "expected `-- route: GET /path/:parameter`"),
            ("-- route: POST /products", "`POST`: queries only read; write `-- route: GET /products`"),
            ("-- route: GET products", "`products`: a path begins with `/`"),
            ("-- route: GET /", "`/` lists the routes"),
            ("-- route: GET /openapi.json", "`/openapi.json` is answered by the server itself; choose another path"),
            ("-- route: GET /a//b", "`/a//b`: nothing between two slashes"),
            ("-- route: GET /a/", "`/a/`: nothing between two slashes, or behind the last one"),
            ("-- route: GET /a/{id}", "`{id}`: a path is made of letters, digits"),
            ("-- route: GET /a/..", "`..`: a path is made of letters, digits"),
            ("-- route: GET /a/:id", "`:id` isn't declared; write `-- param id: table.column`"),
            ("-- param id: a.id\n-- route: GET /a/:idd", "`:idd` isn't declared; did you mean `id`?, or write `-- param idd: table.column`"),
            ("-- param id: a.id\n-- route: GET /a/:id/:id", "`:id` is twice in the path"),
            ("-- route: GET /a?sort", "`?sort`: write `-- route: GET /path?key=value`"),
            ("-- route: GET /a, default", "`, default`: write `-- route: GET /path?key=value`"),
            ("-- param n: int = 1\n-- route: GET /a?n=1", "`n` is a parameter, which is read from the query string"),
            ("-- route: GET /a\n-- route: GET /b", "a second route; a query has one"),
        ];
        for (header, expected) in cases {
            let error = route(header).unwrap_err();
            assert!(error.contains(expected), "{header}\n{error}");
        }
    }
}
