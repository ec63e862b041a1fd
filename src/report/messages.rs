//! What is said on stderr when a command could not be carried out or was stopped.

/// The error and its whole cause chain.
pub fn error(error: &anyhow::Error) {
    eprintln!("seedrow: {error:#}");
}

/// A signal stopped the command; `what_next` says what stays and what to type.
pub fn interrupted(what_next: &str) {
    eprintln!("\nseedrow: interrupted; {what_next}");
}
