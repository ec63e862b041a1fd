//! Suggested commands in messages, whose target options are filled in when they are printed.
//!
//! The code that suggests a command, such as a rule over plans, doesn't know the command line's target. It writes a
//! placeholder, and the code that prints replaces it, so that the command works when it is copied.

/// The placeholder for the target's options in a suggested command: `seedrow index{TARGET} --build`.
///
/// A noncharacter: Unicode reserves it for use within one program, so that no text from outside is expected to hold it.
pub const TARGET: &str = "\u{fdd0}";

/// The same for `seedrow db`, which takes no other target than the embedded server: `seedrow db stop{HOME}`.
pub const HOME: &str = "\u{fdd1}";

/// Delimits the name of a table, for the options of a load that a file it writes of the table's rejects needs, too.
const FORMAT: char = '\u{fdd4}';

/// psql on the target, in its schema: `{PSQL} -f schema.sql`.
pub const PSQL: &str = "\u{fdd5}";

/// Delimits a suggestion to repeat the running command with other options, and separates their words; noncharacters,
/// too.
pub const AGAIN: char = '\u{fdd2}';
const NEXT_WORD: char = '\u{fdd3}';

/// Options that begin a load anew, or that agree to it: the command that goes on with one lacks them.
const ONCE: [&str; 3] = ["--replace", "--recreate", "--yes"];

/// Options that may be given several times, each time for another table.
const FOR_A_TABLE: &[&str] = &[
    "--columns",
    "--date-format",
    "--delimiter",
    "--encoding",
    "--epoch",
    "--file",
    "--nulls",
    "--quote",
];

/// The options of the running load that a file of a table's rejects needs, too: `seedrow load{}{TARGET}`.
pub fn format_of(table: &str) -> String {
    format!("{FORMAT}{table}{FORMAT}")
}

/// The command that is running, with these options: each replaces the same option, and one that begins with `!` is
/// removed.
pub fn again<W: AsRef<str>>(words: &[W]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    format!("{AGAIN}{}{AGAIN}", words.join(&NEXT_WORD.to_string()))
}

/// The options for a table, by its name.
type FormatOptions = Box<dyn Fn(&str) -> Vec<String> + Send + Sync>;

/// The options of the running command that replace the placeholders.
#[derive(Default)]
pub struct Suggestions {
    target: String,
    home: String,
    /// The options for files of a table's rejects.
    format: Option<FormatOptions>,
    psql: String,
    /// What was typed behind the program's name.
    typed: Vec<String>,
}

impl Suggestions {
    /// From arguments, an option before its value, without passwords.
    pub fn new<W: AsRef<str>>(target: &[W], home: &[W]) -> Suggestions {
        Suggestions {
            target: behind_command(target),
            home: behind_command(home),
            format: None,
            psql: "psql".to_owned(),
            typed: Vec::new(),
        }
    }

    /// With the options for the format of a table's files.
    pub fn format(
        self,
        words: impl Fn(&str) -> Vec<String> + Send + Sync + 'static,
    ) -> Suggestions {
        let format = Some(Box::new(words) as Box<_>);
        Suggestions { format, ..self }
    }

    /// With the command line of psql.
    pub fn psql(self, psql: String) -> Suggestions {
        Suggestions { psql, ..self }
    }

    /// With the words that were typed behind the program's name; passwords must have been left out.
    pub fn typed(self, words: impl IntoIterator<Item = String>) -> Suggestions {
        let typed = words.into_iter().collect();
        Suggestions { typed, ..self }
    }

    /// The text with its suggested commands as they can be typed.
    pub fn complete(&self, text: &str) -> String {
        let text = text.replace(TARGET, &self.target).replace(HOME, &self.home);
        let text = text.replace(PSQL, &self.psql);
        let parts = text.split(FORMAT).enumerate();
        let part = |(index, part): (usize, &str)| match (index % 2, &self.format) {
            (0, _) => part.to_owned(),
            (_, Some(words)) => behind_command(&words(part)),
            (_, None) => String::new(),
        };
        let text: String = parts.map(part).collect();
        let parts = text.split(AGAIN).enumerate();
        let part = |(index, part): (usize, &str)| match index % 2 {
            0 => part.to_owned(),
            _ => self.again(part.split(NEXT_WORD).collect()),
        };
        parts.map(part).collect()
    }

    /// The typed command with these words.
    fn again(&self, words: Vec<&str>) -> String {
        let mut typed = self.typed.clone();
        let mut added = Vec::new();
        for (index, word) in words.iter().enumerate() {
            if let Some(flag) = word.strip_prefix('!') {
                typed.retain(|word| word != flag);
                continue;
            }
            added.push((*word).to_owned());
            if word.starts_with("--") {
                let value = words
                    .get(index + 1)
                    .filter(|next| !next.starts_with(['-', '!']));
                remove_option(&mut typed, word, value.copied());
            }
        }
        command_line(
            std::iter::once("seedrow".to_owned())
                .chain(typed)
                .chain(added),
        )
    }
}

/// Takes out an option that is given again, with a value or without; of one for a table, that of the same table.
fn remove_option(typed: &mut Vec<String>, option: &str, value: Option<&str>) {
    let table_of = |value: &str| value.split_once('=').map(|(table, _)| table.to_owned());
    let same = |old: &str| match FOR_A_TABLE.contains(&option) {
        true => option != "--file" && table_of(old) == value.and_then(table_of),
        false => true,
    };
    let mut kept = Vec::new();
    let mut words = std::mem::take(typed).into_iter().peekable();
    while let Some(word) = words.next() {
        let inline = word
            .strip_prefix(option)
            .and_then(|rest| rest.strip_prefix('='));
        let behind = if word == option && value.is_some() {
            words.peek().cloned()
        } else {
            None
        };
        match (inline, behind) {
            (Some(old), _) if same(old) => {}
            (None, Some(old)) if same(&old) => {
                words.next();
            }
            (None, None) if word == option => {}
            _ => kept.push(word),
        }
    }
    *typed = kept;
}

/// Words as they are typed behind a command.
fn behind_command<W: AsRef<str>>(words: &[W]) -> String {
    let words = words.iter().map(|word| shell_word(word.as_ref()));
    words.map(|word| format!(" {word}")).collect()
}

/// A command line of these words, each quoted where a shell wants it.
pub fn command_line<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> String {
    let words = words.into_iter().map(|word| shell_word(word.as_ref()));
    words.collect::<Vec<_>>().join(" ")
}

/// A command line that began a load, as it is typed to finish it: without `--replace` and `--recreate`.
pub fn finishing(command: &str) -> String {
    let words = words_of(command).into_iter();
    words
        .filter(|word| !ONCE.contains(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The words of a [`command_line`], quoted as they are.
fn words_of(line: &str) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    line.split(|c: char| {
        let ends = c == ' ' && !is_quoted && !is_escaped;
        is_quoted ^= c == '\'' && !is_escaped;
        is_escaped = c == '\\' && !is_quoted && !is_escaped;
        ends
    })
    .collect()
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
    fn a_load_is_finished_without_what_began_it_anew() {
        for (typed, expected) in [
            ("seedrow run --replace --rows 1M", "seedrow run --rows 1M"),
            ("seedrow run --recreate --yes", "seedrow run"),
            (
                "seedrow load 'my --replace files' --replace",
                "seedrow load 'my --replace files'",
            ),
            (
                "seedrow load 'it'\\''s --yes' --yes x",
                "seedrow load 'it'\\''s --yes' x",
            ),
        ] {
            assert_eq!(finishing(typed), expected);
        }
    }

    #[test]
    fn a_command_is_suggested_again_with_other_options() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let cases = [
            (
                "load d --max-rejects 5",
                vec!["--max-rejects", "9"],
                "load d --max-rejects 9",
            ),
            (
                "load d --max-rejects=5",
                vec!["--max-rejects", "9"],
                "load d --max-rejects 9",
            ),
            (
                "load d --check-only",
                vec!["!--check-only", "--append"],
                "load d --append",
            ),
            (
                "load d --no-header",
                vec!["--no-header"],
                "load d --no-header",
            ),
            (
                "load d --columns a=x --columns b=y",
                vec!["--columns", "b=z"],
                "load d --columns a=x --columns b=z",
            ),
            (
                "load --file a=x",
                vec!["--file", "a=y"],
                "load --file a=x --file a=y",
            ),
        ];
        for (typed, more, expected) in cases {
            let suggestions = Suggestions::default().typed(words(typed));
            let text = suggestions.complete(&format!("run: {}.", again(&more)));
            assert_eq!(text, format!("run: seedrow {expected}."));
        }
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
