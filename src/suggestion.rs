//! Commands that messages suggest, written without the options that lead to the target.
//!
//! What knows which command helps, such as a rule over plans, doesn't know what was typed to get to the database. It
//! writes a placeholder, and the place that prints fills in the options, so that the command works when it is typed.

/// In a suggested command, the options that lead to the same target: `seedrow index{TARGET} --build`.
///
/// A noncharacter: Unicode reserves it for use within one program, so that no text from outside is expected to hold it.
pub const TARGET: &str = "\u{fdd0}";

/// The same for `seedrow db`, which takes no other target than the embedded server: `seedrow db stop{HOME}`.
pub const HOME: &str = "\u{fdd1}";

/// What the placeholders stand for: the options of the command that is running.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestions {
    target: String,
    home: String,
}

impl Suggestions {
    /// From words as they are typed, an option before its value; passwords must have been left out.
    pub fn new<W: AsRef<str>>(target: &[W], home: &[W]) -> Suggestions {
        let behind_command = |words: &[W]| {
            words
                .iter()
                .map(|word| format!(" {}", shell_word(word.as_ref())))
                .collect()
        };
        Suggestions {
            target: behind_command(target),
            home: behind_command(home),
        }
    }

    /// The text with its suggested commands as they can be typed.
    pub fn complete(&self, text: &str) -> String {
        text.replace(TARGET, &self.target).replace(HOME, &self.home)
    }
}

/// A command line of these words, each quoted where a shell wants it.
pub fn command_line<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> String {
    let words = words.into_iter().map(|word| shell_word(word.as_ref()));
    words.collect::<Vec<_>>().join(" ")
}

/// `a b` → `'a b'`.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_wants_them() {
        let words = [
            "seedrow",
            "load",
            "my files",
            "it's",
            "postgres:///db?host=/x&port=1",
            "",
        ];
        let quoted = "seedrow load 'my files' 'it'\\''s' 'postgres:///db?host=/x&port=1' ''";
        assert_eq!(command_line(words), quoted);
    }

    #[test]
    fn placeholders_become_options() {
        let suggestions = Suggestions::new(
            &["--home", "/x y", "--dataset", "shop.toml"],
            &["--home", "/x y"],
        );
        assert_eq!(
            suggestions.complete(&format!(
                "`seedrow index{TARGET} --build`, `seedrow db stop{HOME}`"
            )),
            "`seedrow index --home '/x y' --dataset shop.toml --build`, `seedrow db stop --home '/x y'`"
        );
        assert_eq!(
            Suggestions::default().complete(&format!("`seedrow check{TARGET} --settle`")),
            "`seedrow check --settle`"
        );
    }
}
