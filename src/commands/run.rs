//! `seedrow run`

use anyhow::{Result, bail};

use crate::commands::Outcome;

/// Not yet.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Not yet.
pub async fn run(_args: &Args) -> Result<Outcome> {
    bail!("not yet")
}

/// Not yet.
pub fn after_interrupt(_args: &Args) -> String {
    String::new()
}
