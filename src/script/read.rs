//! Text → [`Script`]: split as psql splits it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::lexer::{Lexer, Token};
use super::step::{Script, Step, StepKind};
use crate::suggestion::{PSQL, shell_word};

/// The words of a statement that are looked at; a COPY's may come after many columns.
const WORDS: usize = 2_000;
/// Files within files within files.
const DEEPEST: usize = 16;

impl Script {
    /// Reads a script and the files that it includes: `\i` relative to the file that says so, else to the current folder.
    pub fn read(
        path: &Path,
        text: String,
        read: &dyn Fn(&Path) -> Result<String>,
    ) -> Result<Script> {
        let mut reader = Reader {
            read,
            variables: BTreeMap::new(),
            included: Vec::new(),
            steps: Vec::new(),
        };
        reader.file(path, &text, 0)?;
        Ok(Script {
            path: path.to_owned(),
            text,
            included: reader.included,
            steps: reader.steps,
        })
    }
}

struct Reader<'r> {
    read: &'r dyn Fn(&Path) -> Result<String>,
    variables: BTreeMap<String, String>,
    included: Vec<(PathBuf, String)>,
    steps: Vec<Step>,
}

/// A statement as it is put together.
#[derive(Default)]
struct Statement {
    sql: String,
    words: Vec<String>,
    line: usize,
    parentheses: usize,
    /// `BEGIN ATOMIC` and `CASE` that are open in a function's body.
    blocks: usize,
    /// A variable that has no value.
    unset: Option<String>,
}

impl Statement {
    fn add(&mut self, text: &str, line: usize) {
        if self.sql.is_empty() {
            self.line = line;
        }
        self.sql.push_str(text);
    }

    fn add_word(&mut self, word: &str) {
        let word = word.to_ascii_uppercase();
        let makes_function = self.words.first().is_some_and(|it| it == "CREATE")
            && self
                .words
                .iter()
                .take(4)
                .any(|it| it == "FUNCTION" || it == "PROCEDURE");
        match &*word {
            "BEGIN" if makes_function => self.blocks += 1,
            "CASE" if self.blocks > 0 => self.blocks += 1,
            "END" => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
        if self.words.len() < WORDS {
            self.words.push(word);
        }
    }

    fn is_copy_from_stdin(&self) -> bool {
        self.words.first().is_some_and(|it| it == "COPY")
            && self.words.windows(2).any(|it| it == ["FROM", "STDIN"])
    }
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, text: &str, depth: usize) -> Result<()> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lexer = Lexer::new(text);
        let mut lines = Lines {
            text,
            at: 0,
            line: 1,
        };
        let mut statement = Statement::default();
        loop {
            let line = lines.of(lexer.position());
            let before = lexer.rest();
            let Some(token) = lexer.token() else { break };
            match token {
                Token::Blank(_) if statement.sql.is_empty() => {}
                Token::Semicolon(_) if statement.parentheses == 0 && statement.blocks == 0 => {
                    self.end(path, &mut statement, &mut lexer);
                }
                Token::Other("\\") => {
                    let rest = lexer.rest();
                    let length = rest.find('\n').unwrap_or(rest.len());
                    let command = lexer.take(length).trim();
                    if command == "q" {
                        break;
                    }
                    if command == "g" {
                        self.end(path, &mut statement, &mut lexer);
                        continue;
                    }
                    self.command(path, line, command, depth)?;
                }
                Token::Parameter(name) => self.variable(&mut statement, name, line),
                Token::Other(":") => match self.quoted_variable(lexer.rest()) {
                    Some((value, length)) => {
                        statement.add(&value, line);
                        lexer.take(length);
                    }
                    None => statement.add(":", line),
                },
                Token::Other(text) => {
                    match text {
                        "(" => statement.parentheses += 1,
                        ")" => statement.parentheses = statement.parentheses.saturating_sub(1),
                        word if before.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                            statement.add_word(word);
                        }
                        _ => {}
                    }
                    statement.add(text, line);
                }
                other => statement.add(other.text(), line),
            }
        }
        self.end(path, &mut statement, &mut lexer);
        Ok(())
    }

    /// The statement is complete.
    fn end(&mut self, path: &Path, statement: &mut Statement, lexer: &mut Lexer) {
        let statement = std::mem::take(statement);
        let sql = statement.sql.trim_end().to_owned();
        if sql.is_empty() {
            return;
        }
        let kind = if let Some(name) = &statement.unset {
            StepKind::Unsupported(format!(
                "`:{name}` is a variable of psql's without a value; write its value, or `\\set {name} VALUE` above"
            ))
        } else if statement.is_copy_from_stdin() {
            let data = copy_data(lexer);
            StepKind::Copy { sql, data }
        } else {
            let words = statement.words;
            StepKind::Statement { sql, words }
        };
        self.push(path, statement.line, kind);
    }

    fn push(&mut self, path: &Path, line: usize, kind: StepKind) {
        self.steps.push(Step {
            path: path.to_owned(),
            line,
            kind,
        });
    }

    fn variable(&mut self, statement: &mut Statement, name: &str, line: usize) {
        match self.variables.get(name) {
            Some(value) => {
                for token in super::lexer::tokens(value) {
                    if let Token::Other(word) = token
                        && word.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    {
                        statement.add_word(word);
                    }
                }
                statement.add(value, line);
            }
            None => {
                statement.add(&format!(":{name}"), line);
                statement.unset.get_or_insert_with(|| name.to_owned());
            }
        }
    }

    /// `:'name'` and `:"name"`, behind the colon: the value, quoted, and the length of its placeholder.
    fn quoted_variable(&self, rest: &str) -> Option<(String, usize)> {
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let name = rest[1..].split(quote).next()?;
        let value = self.variables.get(name)?;
        let doubled = value.replace(quote, &format!("{quote}{quote}"));
        Some((format!("{quote}{doubled}{quote}"), name.len() + 2))
    }

    /// A command of psql's own.
    fn command(&mut self, path: &Path, line: usize, command: &str, depth: usize) -> Result<()> {
        let (name, arguments) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        let arguments = arguments.trim().trim_end_matches(';').trim_end();
        match name.trim_end_matches(';') {
            "i" | "include" | "ir" | "include_relative" => {
                return self.include(path, line, arguments, depth);
            }
            "c" | "connect" => self.push(path, line, StepKind::Connect(arguments.to_owned())),
            "set" => {
                let (name, value) = arguments
                    .split_once(char::is_whitespace)
                    .unwrap_or((arguments, ""));
                self.variables.insert(name.to_owned(), unquoted(value));
            }
            "unset" => drop(self.variables.remove(arguments)),
            "encoding" if !arguments.is_empty() && !is_utf8(arguments) => {
                let why = format!(
                    "the file is read as UTF-8, not as {arguments}; save it as UTF-8 and take `\\encoding` out"
                );
                self.push(path, line, StepKind::Unsupported(why));
            }
            // What they print or how isn't asked for.
            "restrict" | "unrestrict" | "echo" | "qecho" | "warn" | "timing" | "pset" | "x"
            | "t" | "a" | "f" | "H" | "C" | "conninfo" | "encoding" | "o" | "out" | "l" | "z"
            | "errverbose" | "?" | "h" | "p" | "." => {}
            name if name.starts_with('d') => {}
            name => {
                let why = format!(
                    "`\\{name}` is a command of psql's that is not run here; take it out, or apply the file yourself with \
                     `{PSQL} -f {}`: tables that exist are used as they are",
                    shell_word(&path.display().to_string())
                );
                self.push(path, line, StepKind::Unsupported(why));
            }
        }
        Ok(())
    }

    fn include(&mut self, path: &Path, line: usize, name: &str, depth: usize) -> Result<()> {
        let place = || format!("{}, line {line}", path.display());
        ensure!(
            depth < DEEPEST,
            "{}: files include one another more than {DEEPEST} deep",
            place()
        );
        let name = PathBuf::from(unquoted(name));
        let beside = path.parent().unwrap_or(Path::new("")).join(&name);
        let read = (self.read)(&beside).map(|text| (beside, text));
        // As psql does it.
        let read = read.or_else(|error| match (self.read)(&name) {
            Ok(text) => Ok((name, text)),
            Err(_) => Err(error),
        });
        let (path, text) = read.with_context(place)?;
        self.included.push((path.clone(), text.clone()));
        self.file(&path, &text, depth + 1)
    }
}

/// The lines behind `COPY … FROM stdin;`, up to `\.`.
fn copy_data(lexer: &mut Lexer) -> String {
    let rest = lexer.rest();
    let first = rest.find('\n').map_or(rest.len(), |at| at + 1);
    lexer.take(first);
    let rest = lexer.rest();
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "\\." {
            let data = rest[..length].to_owned();
            lexer.take(length + line.len());
            return data;
        }
        length += line.len();
    }
    lexer.take(length).to_owned()
}

/// An argument without its quotes; several are put together, as psql's `\set` does.
fn unquoted(arguments: &str) -> String {
    let mut value = String::new();
    let mut characters = arguments.trim().chars().peekable();
    let mut quoted = false;
    while let Some(c) = characters.next() {
        match c {
            '\'' if quoted && characters.next_if_eq(&'\'').is_some() => value.push('\''),
            '\'' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {}
            c => value.push(c),
        }
    }
    value
}

fn is_utf8(encoding: &str) -> bool {
    let plain = unquoted(encoding).replace(['-', '"'], "");
    matches!(
        &*plain.to_ascii_uppercase(),
        "UTF8" | "UNICODE" | "SQL_ASCII"
    )
}

/// Counts lines in a text that is passed once.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, position: usize) -> usize {
        let passed = self.text.as_bytes()[self.at..position].iter();
        self.line += passed.filter(|&&byte| byte == b'\n').count();
        self.at = position;
        self.line
    }
}

#[cfg(test)]
mod tests;
