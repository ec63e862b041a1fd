//! A script, read: what is to be done in its order, each with its place.

use std::path::PathBuf;

/// An SQL script with all the files that it includes.
#[derive(Debug, Clone)]
pub struct Script {
    /// As messages show it.
    pub path: PathBuf,
    /// All of its own text.
    pub text: String,
    /// The files that it includes, with their texts.
    pub included: Vec<(PathBuf, String)>,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

impl Script {
    /// A script that does nothing.
    pub fn empty(path: impl Into<PathBuf>) -> Script {
        Script {
            path: path.into(),
            text: String::new(),
            included: Vec::new(),
            steps: Vec::new(),
        }
    }
}

/// One statement, or one command of psql's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The file.
    pub path: PathBuf,
    /// Its line, from 1.
    pub line: usize,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// A statement, with its words in upper case, quoted names and punctuation left out.
    Statement {
        /// As the server gets it, variables filled in.
        sql: String,
        /// The first of its words.
        words: Vec<String>,
    },
    /// `COPY … FROM stdin` with its lines.
    Copy {
        /// The statement.
        sql: String,
        /// The lines, without the `\.` that ends them.
        data: String,
    },
    /// `\connect`, with its arguments.
    Connect(String),
    /// What can't be done here, and what to do about it.
    Unsupported(String),
}

/// What kind of thing a statement does, as far as scripts are treated differently for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// BEGIN, COMMIT: the script is applied as a whole.
    Transaction,
    /// ROLLBACK.
    Rollback,
    /// A whole database's: CREATE DATABASE and the like.
    Database,
    /// The server's roles, tablespaces and settings.
    Server,
    /// CREATE SCHEMA of a schema alone.
    Schema,
    /// `SET client_encoding`: files are UTF-8.
    Encoding,
    /// SET, and `SELECT set_config(…)`.
    Setting,
    /// Owners, privileges, comments, policies: no part of tables' definitions.
    Privilege,
    /// Anything else.
    Other,
}

impl Step {
    /// `schema.sql, line 7`
    pub fn place(&self) -> String {
        format!("{}, line {}", self.path.display(), self.line)
    }
}

impl StepKind {
    /// The kind of a statement.
    pub fn statement(&self) -> StatementKind {
        match self {
            StepKind::Statement { words, .. } => {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                statement_kind(&words)
            }
            _ => StatementKind::Other,
        }
    }
}

fn statement_kind(words: &[&str]) -> StatementKind {
    match words {
        ["BEGIN" | "COMMIT" | "END", ..] | ["START", "TRANSACTION", ..] => {
            StatementKind::Transaction
        }
        ["ROLLBACK" | "ABORT", rest @ ..] if !rest.contains(&"TO") => StatementKind::Rollback,
        ["CREATE" | "DROP" | "ALTER", "DATABASE", ..] => StatementKind::Database,
        [
            "CREATE" | "DROP" | "ALTER",
            "ROLE" | "USER" | "GROUP" | "TABLESPACE",
            rest @ ..,
        ] if rest.first() != Some(&"MAPPING") => StatementKind::Server,
        ["ALTER", "SYSTEM", ..] => StatementKind::Server,
        ["CREATE", "SCHEMA", rest @ ..]
            if !rest.contains(&"CREATE") && !rest.contains(&"GRANT") =>
        {
            StatementKind::Schema
        }
        ["SET", "CLIENT_ENCODING", ..] | ["SET", "NAMES", ..] => StatementKind::Encoding,
        ["SET", ..] | ["SELECT", "SET_CONFIG", ..] | ["SELECT", "PG_CATALOG", "SET_CONFIG", ..] => {
            StatementKind::Setting
        }
        ["GRANT" | "REVOKE" | "COMMENT" | "SECURITY", ..]
        | ["ALTER", "DEFAULT", "PRIVILEGES", ..]
        | [
            "CREATE" | "ALTER" | "DROP",
            "POLICY" | "PUBLICATION" | "SUBSCRIPTION",
            ..,
        ] => StatementKind::Privilege,
        ["ALTER", ..] if words.windows(2).any(|it| it == ["OWNER", "TO"]) => {
            StatementKind::Privilege
        }
        _ => StatementKind::Other,
    }
}
