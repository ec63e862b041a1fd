//! Colours, where they are wanted.

use std::io::IsTerminal;
use std::sync::OnceLock;

use crate::terminal;

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// With ANSI escapes.
    On,
    /// Plain.
    Off,
}

/// When text is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColourChoice {
    /// As the environment and the terminal want it.
    #[default]
    Auto,
    /// Always, in pipes and files, too.
    Always,
    /// Never.
    Never,
}

/// What `--color` says; it holds for the whole process.
static CHOICE: OnceLock<ColourChoice> = OnceLock::new();

/// Chooses for the whole process; the first choice counts.
pub fn choose(choice: ColourChoice) {
    let _ = CHOICE.set(choice);
}

impl Colour {
    /// As was chosen for the process. Else off with a (non-empty) `NO_COLOR` (<https://no-color.org>) or `CLICOLOR=0`, on with
    /// `CLICOLOR_FORCE` (<https://bixense.com/clicolors>), and on where stdout is a terminal that isn't dumb.
    pub fn of_stdout() -> Colour {
        Colour::of(&std::io::stdout())
    }

    /// The same for text on stderr.
    pub fn of_stderr() -> Colour {
        Colour::of(&std::io::stderr())
    }

    fn of(stream: &impl IsTerminal) -> Colour {
        let choice = CHOICE.get().copied().unwrap_or_default();
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        decide(choice, variable, terminal::obeys(stream))
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

/// `variable` is a variable of the environment, `None` where it is empty.
fn decide(
    choice: ColourChoice,
    variable: impl Fn(&str) -> Option<String>,
    terminal: bool,
) -> Colour {
    let forced = variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let refused = variable("CLICOLOR").is_some_and(|value| value == "0");
    match choice {
        ColourChoice::Always => Colour::On,
        ColourChoice::Never => Colour::Off,
        ColourChoice::Auto if variable("NO_COLOR").is_some() => Colour::Off,
        ColourChoice::Auto if forced || (terminal && !refused) => Colour::On,
        ColourChoice::Auto => Colour::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_comes_before_the_environment_and_that_before_the_terminal() {
        use ColourChoice::{Always, Auto, Never};
        type Variables = [(&'static str, &'static str)];
        let cases: [(ColourChoice, &Variables, bool, Colour); 9] = [
            (Auto, &[], true, Colour::On),
            (Auto, &[], false, Colour::Off),
            (Auto, &[("NO_COLOR", "1")], true, Colour::Off),
            (Auto, &[("CLICOLOR", "0")], true, Colour::Off),
            (Auto, &[("CLICOLOR_FORCE", "1")], false, Colour::On),
            (Auto, &[("CLICOLOR_FORCE", "0")], false, Colour::Off),
            (
                Auto,
                &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
                true,
                Colour::Off,
            ),
            (Always, &[("NO_COLOR", "1")], false, Colour::On),
            (Never, &[("CLICOLOR_FORCE", "1")], true, Colour::Off),
        ];
        for (choice, variables, terminal, expected) in cases {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(
                decide(choice, variable, terminal),
                expected,
                "{choice:?} {variables:?}"
            );
        }
    }
}
