//! `seedrow db`

use anyhow::{Result, bail};

use crate::commands::Outcome;

/// Not yet.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// What must run before any thread is started; `None` for the rest.
pub fn without_runtime(_args: &Args) -> Result<Option<Outcome>> {
    Ok(None)
}

/// Not yet.
pub async fn run(_args: &Args) -> Result<Outcome> {
    bail!("not yet")
}
