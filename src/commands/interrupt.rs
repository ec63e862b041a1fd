//! ^C and SIGTERM: waiting for one, stopping blocking work, and what an interrupted command left behind.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::context::{resume_command, typed_command};
use crate::load::Stage;

/// What ends a command from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndSignal {
    /// ^C, from a terminal.
    Interrupt,
    /// SIGTERM, from a service manager.
    Terminate,
}

/// ^C and SIGTERM from now on: none is lost between one and the wait for the next.
#[derive(Debug)]
pub struct EndSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl EndSignals {
    /// Listens to them in place of being ended by them.
    pub fn listen() -> Result<EndSignals> {
        Ok(EndSignals {
            interrupt: signal(SignalKind::interrupt()).context("could not listen for ^C")?,
            terminate: signal(SignalKind::terminate()).context("could not listen for SIGTERM")?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> EndSignal {
        tokio::select! {
            _ = self.interrupt.recv() => EndSignal::Interrupt,
            _ = self.terminate.recv() => EndSignal::Terminate,
        }
    }
}

/// Runs blocking work on a thread of its own. When the command is interrupted the flag is set, and the process waits for
/// the work to notice it and tidy up.
pub async fn stoppable<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> Result<T> + Send + 'static,
) -> Result<T> {
    struct SetOnDrop(Arc<AtomicBool>);
    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = SetOnDrop(Arc::new(AtomicBool::new(false)));
    let flag = Arc::clone(&stop.0);
    tokio::task::spawn_blocking(move || work(&flag))
        .await
        .context("the work ended without a result")?
}

/// What an interrupted command left behind, with the command that goes on.
pub enum Leftover<'a> {
    /// Commands that change nothing.
    Nothing,
    /// `seedrow run`
    Run(Stage),
    /// `seedrow finish`
    Finish(Stage),
    /// `seedrow load`
    Load(Stage),
    /// `seedrow generate` into this folder
    Files(&'a Path),
    /// `seedrow index`
    Indexes,
    /// `seedrow forget`
    Ledger,
    /// `seedrow compare --documents`
    Scratch,
}

impl Leftover<'_> {
    /// As the message says it.
    pub fn message(&self) -> String {
        match self {
            Leftover::Nothing => "nothing was changed".into(),
            Leftover::Scratch => {
                "the schema seedrow_documents is left; the next comparison drops it, or DROP SCHEMA seedrow_documents CASCADE"
                    .into()
            }
            Leftover::Finish(Stage::NotStarted) => {
                format!("no key was built; `{}` goes on", typed_command())
            }
            Leftover::Finish(Stage::Started) => format!(
                "the load is unfinished, and its ledger knows what is there; `{}` finishes it",
                resume_command()
            ),
            Leftover::Run(Stage::Complete) | Leftover::Finish(Stage::Complete) => format!(
                "the rows are loaded; `{}` goes on with index and check",
                resume_command()
            ),
            Leftover::Load(Stage::Complete) => "the load is complete".into(),
            Leftover::Run(Stage::NotStarted) | Leftover::Load(Stage::NotStarted) => {
                format!("no row was loaded; `{}` starts over", typed_command())
            }
            Leftover::Run(Stage::Started) | Leftover::Load(Stage::Started) => format!(
                "the load is unfinished, and its ledger knows what is there; `{}` finishes it",
                resume_command()
            ),
            Leftover::Files(folder) => format!(
                "nothing half-written is left in {}; the same command starts over",
                folder.display()
            ),
            Leftover::Indexes => format!(
                "indexes already built stay; `{}` builds the rest",
                typed_command()
            ),
            Leftover::Ledger => {
                "nothing was forgotten: it happens all at once or not at all".into()
            }
        }
    }
}
