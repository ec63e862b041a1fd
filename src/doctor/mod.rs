//! What seedrow finds around it: programs, machine, target and terminal, each with a verdict and what helps. Nothing is
//! changed, and the embedded server isn't started.

mod machine;
mod target;

use serde::Serialize;

pub use machine::{disk, memory, programs, terminal};
pub use target::{embedded, external, resolve};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, and could work better.
    Warn,
    /// It doesn't work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// `programs`, `disk`, `target`, …
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What helps.
    pub hints: Vec<String>,
}

impl Diagnosis {
    /// As it should be.
    pub fn ok(name: &'static str, found: impl Into<String>) -> Diagnosis {
        Diagnosis {
            name,
            health: Health::Ok,
            found: found.into(),
            hints: Vec::new(),
        }
    }

    /// With another health, and what helps.
    pub fn but(self, health: Health, hints: Vec<String>) -> Diagnosis {
        Diagnosis {
            health,
            hints,
            ..self
        }
    }
}
