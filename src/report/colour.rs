//! Colours, where they are wanted.

use std::io::IsTerminal;

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// With ANSI escapes.
    On,
    /// Plain.
    Off,
}

impl Colour {
    /// On when stdout is a terminal and the environment has no (non-empty) `NO_COLOR`: <https://no-color.org>.
    pub fn of_stdout() -> Colour {
        Colour::of(&std::io::stdout())
    }

    /// The same for text on stderr.
    pub fn of_stderr() -> Colour {
        Colour::of(&std::io::stderr())
    }

    fn of(stream: &impl IsTerminal) -> Colour {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if stream.is_terminal() && !refused {
            Colour::On
        } else {
            Colour::Off
        }
    }

    /// For what holds.
    pub fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// For what holds, but not by much, or couldn't be judged.
    pub fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// For what doesn't hold.
    pub fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Colour::On => format!("\x1b[{code}m{text}\x1b[0m"),
            Colour::Off => text.to_owned(),
        }
    }
}
