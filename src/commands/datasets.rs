//! `seedrow datasets`

use anyhow::{Result, bail};

use crate::commands::Outcome;

/// Not yet.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Not yet.
pub fn run(_args: &Args) -> Result<Outcome> {
    bail!("not yet")
}
