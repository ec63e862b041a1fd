//! How a report is written as text: colours, how much of it, and how wide.

use crate::report::colour::Colour;
use crate::terminal;

/// How much a text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What doesn't hold; what does, summed up.
    Brief,
    /// Everything, and the SQL that ran.
    All,
}

/// How a report is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// Whether it has colours.
    pub colour: Colour,
    /// How much it tells.
    pub detail: Detail,
    /// The columns of the terminal that it goes to.
    pub width: Option<usize>,
}

impl TextStyle {
    /// For a file.
    pub fn plain() -> TextStyle {
        TextStyle {
            colour: Colour::Off,
            detail: Detail::Brief,
            width: None,
        }
    }

    /// For stdout, whatever that is.
    pub fn of_stdout(detail: Detail) -> TextStyle {
        TextStyle {
            colour: Colour::of_stdout(),
            detail,
            width: terminal::width(&std::io::stdout()).map(usize::from),
        }
    }

    /// Whether everything is wanted.
    pub fn is_verbose(self) -> bool {
        self.detail == Detail::All
    }

    /// A line broken between words where the terminal is narrower; what follows is indented.
    pub fn wrapped(self, line: &str) -> String {
        const INDENT: &str = "      ";
        let Some(width) = self.width.filter(|width| *width > 2 * INDENT.len()) else {
            return line.to_owned();
        };
        let mut text = terminal::wrapped(line.trim_end_matches('\n'), width, INDENT);
        if line.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        let style = TextStyle {
            width: Some(20),
            ..TextStyle::plain()
        };
        let text = style.wrapped("fail  styles: a sequential scan of skus(style_id)\n");
        assert_eq!(
            text,
            "fail  styles: a\n      sequential\n      scan of\n      skus(style_id)\n"
        );
        assert_eq!(
            style
                .wrapped("\x1b[31mfail\x1b[0m  123456789012 34\n")
                .lines()
                .count(),
            2
        );
        assert_eq!(TextStyle::plain().wrapped("a b\n"), "a b\n");
    }
}
