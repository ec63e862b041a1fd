//! A query file: one read, and a header that says where its parameters' values come from.
//!
//! ```sql
//! -- The styles of one product.
//! -- param product_id: products.id
//! -- param count: int = 5
//! -- budget: 10ms
//! SELECT … WHERE product_id = :product_id LIMIT :count
//! ```

use anyhow::{Result, anyhow, ensure};
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Statement};

use super::header::Header;
use super::parameter::Parameter;
use crate::dataset::document::did_you_mean;
use crate::dataset::spec::TextFile;
use crate::postgres::error::statement_line;
use crate::script::lexer::{Token, tokens};

/// A query file as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFile {
    /// The file's stem: the query's name in reports.
    pub name: String,
    /// The file as messages show it.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl From<&TextFile> for QueryFile {
    fn from(file: &TextFile) -> QueryFile {
        let stem = file.path.file_stem();
        QueryFile {
            name: stem.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
            path: file.path.display().to_string(),
            text: file.text.clone(),
        }
    }
}

/// Where a query comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum QueryOrigin {
    /// A file: an error of the server is one of the file.
    #[default]
    File,
    /// A statement that a database ran, with values that were found for it: that it fails with them is no error.
    Statement,
}

/// A query file as understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// The file's stem.
    pub name: String,
    /// The file as messages show it.
    pub path: String,
    /// Where it comes from.
    pub origin: QueryOrigin,
    /// What the header declares.
    pub header: Header,
    /// The statement with `$1` … for the parameters in their declared order; its lines are the file's.
    pub sql: String,
}

impl Query {
    /// Reads the header and finds the parameters in the statement; an error names file and line.
    pub fn parse(file: &QueryFile) -> Result<Query> {
        let mut query = Query {
            name: file.name.clone(),
            path: file.path.clone(),
            ..Query::default()
        };
        query.header = Header::parse(&file.text).map_err(|it| query.error(it.line, it.message))?;
        query.sql = query.number_parameters(&file.text)?;
        query.ensure_one_statement(&file.text)?;
        query.ensure_parameters_are_used(&file.text)?;
        Ok(query)
    }

    /// The file's text with `$1` … for the parameters.
    fn number_parameters(&self, text: &str) -> Result<String> {
        let mut sql = String::with_capacity(text.len());
        for (line, token) in tokens_with_lines(text) {
            match token {
                Token::Parameter(name) => {
                    let number = 1 + self.position(name, line)?;
                    sql.push_str(&format!("${number}"));
                }
                Token::Numbered(number) => {
                    let message =
                        format!("`{number}`: write `:name`, and `-- param name: …` above");
                    return Err(self.error(line, message));
                }
                other => sql.push_str(other.text()),
            }
        }
        Ok(sql)
    }

    /// The parameter's place among those declared.
    fn position(&self, name: &str, line: usize) -> Result<usize> {
        let declared = &self.header.parameters;
        let position = declared.iter().position(|it| it.name == name);
        position.ok_or_else(|| {
            let names = declared.iter().map(|it| it.name.as_str());
            let advice = match declared.is_empty() {
                true => String::new(),
                false => format!("{}, or ", did_you_mean(name, names)),
            };
            self.error(
                line,
                format!("`:{name}` isn't declared; {advice}write `-- param {name}: table.column` above the statement"),
            )
        })
    }

    fn ensure_one_statement(&self, text: &str) -> Result<()> {
        let mut statements = 0;
        let mut inside = false;
        for (line, token) in tokens_with_lines(text) {
            match token {
                Token::Semicolon(_) => inside = false,
                Token::Blank(_) => {}
                _ if inside => {}
                _ if statements == 1 => {
                    return Err(self.error(line, "a second statement; a query file holds one"));
                }
                _ => (statements, inside) = (1, true),
            }
        }
        ensure!(statements == 1, "{}: no statement in it", self.path);
        Ok(())
    }

    /// The statement without a semicolon and what follows it, as part of another one.
    pub fn as_subquery(&self) -> String {
        self.as_subquery_of(|place| format!("${}", place + 1))
    }

    /// The same with other expressions for the parameters, by their places.
    pub fn as_subquery_of(&self, expression: impl Fn(usize) -> String) -> String {
        let tokens = tokens(&self.sql).into_iter();
        let statement = tokens.take_while(|token| !matches!(token, Token::Semicolon(_)));
        let text: String = statement
            .map(|token| match token {
                Token::Numbered(number) => {
                    let number = number.trim_start_matches('$').parse::<usize>();
                    expression(number.map_or(0, |number| number - 1))
                }
                other => other.text().to_owned(),
            })
            .collect();
        format!("(\n{}\n)", text.trim_end())
    }

    fn ensure_parameters_are_used(&self, text: &str) -> Result<()> {
        let tokens = tokens(text);
        let is_used = |it: &&Parameter| tokens.contains(&Token::Parameter(&it.name));
        match self.header.parameters.iter().find(|it| !is_used(it)) {
            Some(Parameter { name, line, .. }) => {
                let message = format!("parameter `{name}` is declared, but `:{name}` isn't used");
                Err(self.error(*line, message))
            }
            None => Ok(()),
        }
    }

    /// Prepares the statement with its parameters' types: an untyped `$1` fails in functions that take any type.
    pub async fn prepare(&self, client: &impl GenericClient, types: &[Type]) -> Result<Statement> {
        let prepared = client.prepare_typed(&self.sql, types).await;
        prepared.map_err(|error| self.rejected(error, 0))
    }

    /// The server's error for this query, with the line where it says; `prefix` characters were sent before the statement.
    pub fn rejected(&self, error: tokio_postgres::Error, prefix: usize) -> anyhow::Error {
        let place = match statement_line(&error, &self.sql, prefix) {
            Some(line) => format!("{}, line {line}", self.path),
            None => self.path.clone(),
        };
        anyhow::Error::new(error).context(format!("{place}: the server rejects the query"))
    }

    /// An error at a line of the file.
    pub fn error(&self, line: usize, message: impl std::fmt::Display) -> anyhow::Error {
        anyhow!("{}, line {line}: {message}", self.path)
    }
}

/// The tokens, each with the line it begins in, from 1.
fn tokens_with_lines(text: &str) -> impl Iterator<Item = (usize, Token<'_>)> {
    let mut line = 1;
    tokens(text).into_iter().map(move |token| {
        let begins = line;
        line += token.text().matches('\n').count();
        (begins, token)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::queries::{Existence, ParameterValue, ValueSource};

    fn parse(text: &str) -> Result<Query> {
        Query::parse(&QueryFile {
            name: "q".into(),
            path: "queries/q.sql".into(),
            text: text.into(),
        })
    }

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn reads_header_and_statement() {
        let query = parse(
            "-- Styles: one product's.\n-- param id: products.id\n-- param n: int = 5\n-- budget: 2ms\n\n-- Prose.\n\
             SELECT ':id' FROM t WHERE a = :id AND b = :id LIMIT :n;\n",
        )
        .unwrap();
        assert_eq!(query.header.budget, Some(Duration::from_millis(2)));
        assert!(
            query
                .sql
                .ends_with("SELECT ':id' FROM t WHERE a = $1 AND b = $1 LIMIT $2;\n")
        );
        assert_eq!(query.sql.lines().count(), 7, "the lines are the file's");
        let fixed = ValueSource::Fixed {
            ty: Type::INT4,
            value: ParameterValue::Integer(5),
        };
        assert_eq!(query.header.parameters[1].source, fixed);
    }

    #[test]
    fn reads_assertions_and_waivers() {
        let query = parse(
            "-- uses: styles(product_id)\n-- uses: shop.\"Order Items\"(a, \"B\")\n-- max-buffers: 1_000\n\
             -- max-rows: 5\n-- waive: seq-scan: a five-row table: really\nSELECT 1",
        )
        .unwrap();
        let uses: Vec<String> = query.header.uses.iter().map(ToString::to_string).collect();
        assert_eq!(
            uses,
            ["styles(product_id)", "shop.\"Order Items\"(a, \"B\")"]
        );
        assert_eq!(
            (query.header.max_buffers, query.header.max_rows),
            (Some(1_000), Some(5))
        );
        let waiver = &query.header.waivers[0];
        assert_eq!(
            (&*waiver.rule, &*waiver.reason, waiver.line),
            ("seq-scan", "a five-row table: really", 5)
        );
    }

    #[test]
    fn errors_name_file_and_line() {
        #[rustfmt::skip]
        let cases = [
            ("-- Q\n-- parm id: a.id\nSELECT :id", "queries/q.sql, line 2: unknown header `parm:`; did you mean `param`?"),
            ("-- Q\n-- bugdet: 1s\nSELECT 1", "line 2: unknown header `bugdet:`; did you mean `budget`?"),
            ("-- Q\n-- budget: fast\nSELECT 1", "line 2: budget `fast`: expected a time"),
            ("-- budget: 1s\n-- budget: 2s\nSELECT 1", "line 2: a second budget"),
            ("-- Q\n-- param: id: a.b\nSELECT :id", "line 2: `` is no parameter's name; expected"),
            ("-- Q\n-- param id\nSELECT :id", "line 2: expected `-- param name: table.column`"),
            ("-- param id: products\nSELECT :id", "line 1: parameter `id`: `products`: expected"),
            ("-- param i-d: a.b\nSELECT 1", "line 1: `i-d` is no parameter's name"),
            ("-- param id: a.b\n-- param id: c.d\nSELECT :id", "line 2: parameter `id` is declared in line 1 already"),
            ("-- param n: intger = 5\nSELECT :n", "line 1: parameter `n`: unknown type `intger`; did you mean `int"),
            ("-- param n: int = five\nSELECT :n", "line 1: parameter `n`: `five` is no int4"),
            ("-- param id: a.b\nSELECT 1\n, :idd", "line 3: `:idd` isn't declared; did you mean `id`?"),
            ("SELECT\n:id", "line 2: `:id` isn't declared; write `-- param id: table.column`"),
            ("-- param id: a.b\nSELECT 1", "line 1: parameter `id` is declared, but `:id` isn't used"),
            ("-- uses: styles\nSELECT 1", "line 1: `styles`: expected `-- uses: table(column)`"),
            ("-- max-rows: many\nSELECT 1", "line 1: `many` is no whole number"),
            ("-- max-rows: 1\n-- max-rows: 2\nSELECT 1", "line 2: a second bound"),
            ("-- waive: seq-scan\nSELECT 1", "line 1: say why: `-- waive: seq-scan: the reason`"),
            ("SELECT\n$1", "line 2: `$1`: write `:name`"),
            ("SELECT 1;\nSELECT 2", "line 2: a second statement"),
            ("-- only a comment\n;", "queries/q.sql: no statement in it"),
            ("-- param n: int = 5, max\nSELECT :n", "line 1: parameter `n`: `max`: expected `min N`, `max N`, `exists`"),
            ("-- param n: int = 5, most 9\nSELECT :n", "line 1: parameter `n`: `most 9`: expected `min N`"),
            ("-- param n: int = 5, max 4\nSELECT :n", "line 1: parameter `n`: `5` is outside its own bounds"),
            ("-- param n: int = 5, min 9, max 1\nSELECT :n", "line 1: parameter `n`: min 9 is above max 1"),
            ("-- param b: boolean = true, max 1\nSELECT :b", "line 1: parameter `b`: `max 1`: only numbers have bounds"),
            ("-- param n: int = 5, exists\nSELECT :n", "line 1: parameter `n`: `exists` is for values of a column"),
            ("-- param id: a.b, page of n\nSELECT :id", "line 1: parameter `id`: `page of n`: write `-- param n: int = 5`"),
            ("-- Q\n-- route: GET /a/:id\nSELECT 1", "line 2: `:id` isn't declared; write `-- param id: table.column`"),
            ("-- cache: long\nSELECT 1", "line 1: cache `long`: expected a time"),
            ("-- no-row: 200\nSELECT 1", "line 1: no-row `200`: expected `-- no-row: 404`, or 204 or 410"),
            ("-- rout: GET /a\nSELECT 1", "line 1: unknown header `rout:`; did you mean `route`?"),
        ];
        for (text, expected) in cases {
            let error = error(text);
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }

    #[test]
    fn parameters_have_bounds_and_texts_may_hold_commas() {
        let query = parse(
            "-- One page.\n-- param n: int = 5, min 1, max 1_000\n-- param t: text = 'a, max 5'\n\
             -- param id: \"a,b\".id, exists\n-- route: GET /pages\n-- cache: 1m\n-- no-row: 410\n\n-- More.\nSELECT :n, :t, :id",
        )
        .unwrap();
        let header = &query.header;
        let bounds = header.parameters[0].bounds;
        assert_eq!((bounds.min, bounds.max), (Some(1), Some(1000)));
        let text = ValueSource::Fixed {
            ty: Type::TEXT,
            value: ParameterValue::Text("a, max 5".into()),
        };
        assert_eq!(header.parameters[1].source, text);
        assert_eq!(header.parameters[2].existence, Existence::Required);
        assert_eq!(
            (header.cache, header.no_row),
            (Some(Duration::from_secs(60)), Some(410))
        );
        assert_eq!(header.about, "One page.");
    }

    #[test]
    fn prose_is_no_header() {
        for prose in [
            "-- One product with its features: all of them.",
            "-- see https://example.com: there",
            "-- https://example.com",
            "-- Note: this is prose",
            "-- the rest: later",
            "--",
            "",
        ] {
            assert!(parse(&format!("{prose}\nSELECT 1")).is_ok(), "{prose}");
        }
    }

    #[test]
    fn a_semicolon_and_comments_may_end_it() {
        assert!(parse("SELECT 1; -- done\n/* yes */\n;").is_ok());
    }
}
