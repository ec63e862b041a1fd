//! `seedrow doctor`

use anyhow::{Result, bail};

use crate::cli::TargetArgs;
use crate::commands::Outcome;
use crate::commands::context::{self, DEFAULT_DATASET, target_options};
use crate::doctor::{self, Diagnosis, Health};
use crate::postgres::embedded::Home;
use crate::postgres::target::Target;
use crate::progress::Progress;
use crate::report::colour::Colour;
use crate::report::{self, OutputFormat};
use crate::suggestion::Suggestions;

/// Look at what seedrow needs: Postgres' programs, disk, memory, the target and its rights, settings that cost time
///
/// Nothing is changed, and the embedded Postgres isn't started. Exits with 2 when something doesn't work.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  seedrow doctor
  seedrow doctor --url postgresql://app@db.example.com/shop --format json")]
pub struct Args {
    #[command(flatten)]
    target: TargetArgs,

    /// How results are printed
    #[arg(long, value_parser = report::text_or_json(), default_value = "text", help_heading = "Output")]
    format: OutputFormat,
}

impl Args {
    pub(super) fn suggestions(&self) -> Suggestions {
        context::suggestions(&self.target, DEFAULT_DATASET)
    }
}

/// Looks, and prints what it sees.
pub async fn run(args: &Args) -> Result<Outcome> {
    let options = target_options(&args.target);
    let home = Home::resolve(options.home.as_deref())?;
    let target = doctor::resolve(&options);
    let is_embedded = matches!(target, Ok(Target::Embedded));
    let mut diagnoses = vec![
        doctor::programs(is_embedded),
        doctor::disk(home.folder()),
        doctor::memory(),
    ];
    diagnoses.extend(match &target {
        Ok(Target::Embedded) => doctor::embedded(&home),
        Ok(target) => doctor::external(target, &options, &Progress::new(true)).await,
        Err(error) => {
            let wrong = Diagnosis::ok("target", format!("{error:#}"));
            vec![wrong.but(Health::Fail, Vec::new())]
        }
    });
    diagnoses.push(doctor::terminal(Colour::of_stdout() == Colour::On));
    report::doctor::diagnosed(&diagnoses, &args.suggestions(), args.format)?;
    let failed = diagnoses.iter().filter(|it| it.health == Health::Fail);
    let failed: Vec<&str> = failed.map(|it| it.name).collect();
    if !failed.is_empty() {
        bail!("doctor: {} doesn't work", failed.join(", "));
    }
    Ok(Outcome::Held)
}
