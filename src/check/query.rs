//! A query file: one read, and a header that says where its parameters' values come from.
//!
//! ```sql
//! -- The styles of one product.
//! -- param product_id: products.id
//! -- param count: int = 5
//! -- budget: 10ms
//! SELECT … WHERE product_id = :product_id LIMIT :count
//! ```

use std::time::Duration;

use super::header::{EXPECTED, Source, Uses, header, header_lines};
use super::lexer::{Piece, pieces};
use super::rules::query_rules;
use crate::cli;
use crate::dataset::document::did_you_mean;
use anyhow::{Result, bail};

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

/// A query file as understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// The file's stem.
    pub name: String,
    /// The file as messages show it.
    pub path: String,
    /// The statement with `$1` … for the parameters in their declared order; its lines are the file's.
    pub sql: String,
    /// As declared.
    pub parameters: Vec<Parameter>,
    /// The longest its median may be, when the header says.
    pub budget: Option<Duration>,
    /// The indexes that each of its plans must search.
    pub uses: Vec<Uses>,
    /// The most pages that an execution may touch.
    pub max_buffers: Option<u64>,
    /// The most rows that it may give.
    pub max_rows: Option<u64>,
    /// The rules that don't count for it, each with the reason.
    pub waivers: Vec<(String, String)>,
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name, without the colon.
    pub name: String,
    /// Where its values come from.
    pub source: Source,
    /// The line of its declaration.
    pub line: usize,
}

/// The words a header line may begin with.
const HEADERS: &[&str] = &[
    "param",
    "budget",
    "uses",
    "max-buffers",
    "max-rows",
    "waive",
];

impl Query {
    /// Reads the header and finds the parameters in the statement; an error names file and line.
    pub fn parse(file: &QueryFile) -> Result<Query> {
        let mut query = Query {
            name: file.name.clone(),
            path: file.path.clone(),
            ..Query::default()
        };
        for (line, comment) in header_lines(&file.text) {
            query.read_header(line, comment)?;
        }
        query.read_statement(&file.text)?;
        Ok(query)
    }

    fn read_header(&mut self, line: usize, comment: &str) -> Result<()> {
        match header(comment) {
            Some(("param", rest)) => self.read_parameter(line, rest),
            Some(("budget", rest)) => {
                let budget = cli::duration(rest)
                    .map_err(|reason| self.error(line, format!("budget `{rest}`: {reason}")))?;
                if self.budget.replace(budget).is_some() {
                    return Err(self.error(line, "a second budget; a query has one"));
                }
                Ok(())
            }
            Some(("uses", rest)) => {
                let uses = Uses::parse(rest).ok_or_else(|| {
                    self.error(line, format!("`{rest}`: expected `-- uses: table(column)`"))
                })?;
                self.uses.push(uses);
                Ok(())
            }
            Some(("max-buffers", rest)) => {
                self.max_buffers = Some(self.read_bound(line, self.max_buffers, rest)?);
                Ok(())
            }
            Some(("max-rows", rest)) => {
                self.max_rows = Some(self.read_bound(line, self.max_rows, rest)?);
                Ok(())
            }
            Some(("waive", rest)) => self.read_waiver(line, rest),
            Some((word, _)) => {
                let advice = did_you_mean(word, HEADERS.iter().copied());
                Err(self.error(line, format!("unknown header `{word}:`; {advice}")))
            }
            None => Ok(()),
        }
    }

    fn read_bound(&self, line: usize, earlier: Option<u64>, text: &str) -> Result<u64> {
        if earlier.is_some() {
            return Err(self.error(line, "a second bound of this kind; a query has one"));
        }
        let plain = text.replace('_', "");
        plain
            .parse()
            .map_err(|_| self.error(line, format!("`{text}` is no whole number")))
    }

    /// `seq-scan: a five-row table`
    fn read_waiver(&mut self, line: usize, text: &str) -> Result<()> {
        let (rule, reason) = text.split_once(':').unwrap_or((text, ""));
        let (rule, reason) = (rule.trim(), reason.trim());
        if !query_rules().any(|known| known == rule) {
            let advice = did_you_mean(rule, query_rules());
            return Err(self.error(line, format!("unknown rule `{rule}`; {advice}")));
        }
        if reason.is_empty() {
            return Err(self.error(line, format!("say why: `-- waive: {rule}: the reason`")));
        }
        self.waivers.push((rule.to_owned(), reason.to_owned()));
        Ok(())
    }

    /// `product_id: products.id` or `count: int = 5`
    fn read_parameter(&mut self, line: usize, text: &str) -> Result<()> {
        let Some((name, source)) = text.split_once(':') else {
            return Err(self.error(line, EXPECTED));
        };
        let (name, source) = (name.trim(), source.trim());
        if !matches!(pieces(&format!(":{name}"))[..], [Piece::Parameter(_)]) {
            return Err(self.error(line, format!("`{name}` is no parameter's name; {EXPECTED}")));
        }
        if let Some(first) = self.parameters.iter().find(|p| p.name == name) {
            let message = format!("parameter `{name}` stands in line {} already", first.line);
            return Err(self.error(line, message));
        }
        self.parameters.push(Parameter {
            name: name.to_owned(),
            source: Source::parse(source)
                .map_err(|reason| self.error(line, format!("parameter `{name}`: {reason}")))?,
            line,
        });
        Ok(())
    }

    fn read_statement(&mut self, text: &str) -> Result<()> {
        let mut line = 1;
        let mut used = vec![false; self.parameters.len()];
        let mut statements = 0;
        let mut inside = false;
        for piece in pieces(text) {
            match piece {
                Piece::Parameter(name) => {
                    let at = self.position(name, line)?;
                    used[at] = true;
                    self.sql.push_str(&format!("${}", at + 1));
                }
                Piece::Numbered(number) => {
                    let message =
                        format!("`{number}`: write `:name`, and `-- param name: …` above");
                    return Err(self.error(line, message));
                }
                other => self.sql.push_str(other.text()),
            }
            match piece {
                Piece::Semicolon(_) => inside = false,
                Piece::Blank(_) => {}
                _ if inside => {}
                _ if statements == 1 => {
                    return Err(self.error(line, "a second statement; a query file holds one"));
                }
                _ => (statements, inside) = (1, true),
            }
            line += piece.text().matches('\n').count();
        }
        if statements == 0 {
            bail!("{}: no statement in it", self.path);
        }
        match used.iter().position(|used| !used) {
            Some(unused) => {
                let Parameter { name, line, .. } = &self.parameters[unused];
                let message = format!("parameter `{name}` is declared, but `:{name}` isn't used");
                Err(self.error(*line, message))
            }
            None => Ok(()),
        }
    }

    fn position(&self, name: &str, line: usize) -> Result<usize> {
        let position = self.parameters.iter().position(|p| p.name == name);
        position.ok_or_else(|| {
            let declared = self.parameters.iter().map(|p| p.name.as_str());
            let advice = match self.parameters.is_empty() {
                true => String::new(),
                false => format!("{}, or ", did_you_mean(name, declared)),
            };
            self.error(
                line,
                format!("`:{name}` isn't declared; {advice}write `-- param {name}: table.column` above the statement"),
            )
        })
    }

    /// An error at a line of the file.
    pub fn error(&self, line: usize, message: impl std::fmt::Display) -> anyhow::Error {
        anyhow::anyhow!("{}, line {line}: {message}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::Type;

    use super::*;
    use crate::check::value::Value;

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
        assert_eq!(query.budget, Some(Duration::from_millis(2)));
        assert!(
            query
                .sql
                .ends_with("SELECT ':id' FROM t WHERE a = $1 AND b = $1 LIMIT $2;\n")
        );
        assert_eq!(query.sql.lines().count(), 7, "the lines are the file's");
        let fixed = Source::Fixed {
            ty: Type::INT4,
            value: Value::Integer(5),
        };
        assert_eq!(query.parameters[1].source, fixed);
    }

    #[test]
    fn reads_assertions_and_waivers() {
        let query = parse(
            "-- uses: styles(product_id)\n-- uses: shop.\"Order Items\"(a, \"B\")\n-- max-buffers: 1_000\n\
             -- max-rows: 5\n-- waive: seq-scan: a five-row table: really\nSELECT 1",
        )
        .unwrap();
        let uses: Vec<String> = query.uses.iter().map(ToString::to_string).collect();
        assert_eq!(
            uses,
            ["styles(product_id)", "shop.\"Order Items\"(a, \"B\")"]
        );
        assert_eq!((query.max_buffers, query.max_rows), (Some(1_000), Some(5)));
        let waiver = ("seq-scan".to_owned(), "a five-row table: really".to_owned());
        assert_eq!(query.waivers, [waiver]);
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
            ("-- param id: a.b\n-- param id: c.d\nSELECT :id", "line 2: parameter `id` stands in line 1 already"),
            ("-- param n: intger = 5\nSELECT :n", "line 1: parameter `n`: unknown type `intger`; did you mean `int"),
            ("-- param n: int = five\nSELECT :n", "line 1: parameter `n`: `five` is no int4"),
            ("-- param id: a.b\nSELECT 1\n, :idd", "line 3: `:idd` isn't declared; did you mean `id`?"),
            ("SELECT\n:id", "line 2: `:id` isn't declared; write `-- param id: table.column`"),
            ("-- param id: a.b\nSELECT 1", "line 1: parameter `id` is declared, but `:id` isn't used"),
            ("-- uses: styles\nSELECT 1", "line 1: `styles`: expected `-- uses: table(column)`"),
            ("-- max-rows: many\nSELECT 1", "line 1: `many` is no whole number"),
            ("-- max-rows: 1\n-- max-rows: 2\nSELECT 1", "line 2: a second bound"),
            ("-- waive: seq-scn: small\nSELECT 1", "line 1: unknown rule `seq-scn`; did you mean `seq-scan`?"),
            ("-- waive: seq-scan\nSELECT 1", "line 1: say why: `-- waive: seq-scan: the reason`"),
            ("SELECT\n$1", "line 2: `$1`: write `:name`"),
            ("SELECT 1;\nSELECT 2", "line 2: a second statement"),
            ("-- only a comment\n;", "queries/q.sql: no statement in it"),
        ];
        for (text, expected) in cases {
            let error = error(text);
            assert!(error.contains(expected), "{text}\n{error}");
        }
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
