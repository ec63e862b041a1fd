//! `seedrow index`

use anyhow::{Result, bail};

use crate::commands::Outcome;

/// Not yet.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Not yet.
pub async fn run(_args: &Args) -> Result<Outcome> {
    bail!("not yet")
}

/// What an interrupted build left and what to type next.
pub const AFTER_INTERRUPT: &str = "indexes already built stay; `seedrow index` builds the rest";
