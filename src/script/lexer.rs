//! Where SQL text holds parameters `:name`, and where a colon is something else: as psql sees it.
//!
//! Left unchanged are quoted text of every kind, comments, casts (`::`), `:=` and array slices (`[1:b]`). SQL is split
//! only as far as that needs.

/// A piece of SQL text. The tokens' texts (with `:` before a parameter's name) make up the whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// White space or a comment.
    Blank(&'a str),
    /// Anything else, which is left unchanged.
    Other(&'a str),
    /// `:name`, the colon left out.
    Parameter(&'a str),
    /// `$1`: a parameter by number.
    Numbered(&'a str),
    /// `;`
    Semicolon(&'a str),
}

impl<'a> Token<'a> {
    /// Its text, for a parameter without the colon.
    pub fn text(self) -> &'a str {
        match self {
            Token::Blank(text)
            | Token::Other(text)
            | Token::Parameter(text)
            | Token::Numbered(text)
            | Token::Semicolon(text) => text,
        }
    }
}

/// Splits the text; never fails: what isn't closed runs to the end.
pub fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer::new(sql);
    std::iter::from_fn(|| lexer.token()).collect()
}

/// Takes a text apart, token by token.
pub struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    /// How many `[` are open.
    brackets: usize,
}

impl<'a> Lexer<'a> {
    /// At the text's beginning.
    pub fn new(sql: &'a str) -> Lexer<'a> {
        Lexer {
            sql,
            at: 0,
            brackets: 0,
        }
    }

    /// The bytes that are behind.
    pub fn position(&self) -> usize {
        self.at
    }

    /// What is left.
    pub fn rest(&self) -> &'a str {
        &self.sql[self.at..]
    }

    /// The next `length` bytes, and past them.
    pub fn take(&mut self, length: usize) -> &'a str {
        let text = &self.rest()[..length];
        self.at += length;
        text
    }

    /// The next token.
    pub fn token(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        Some(match first {
            c if c.is_whitespace() => {
                let end = rest.find(|c: char| !c.is_whitespace());
                Token::Blank(self.take(end.unwrap_or(rest.len())))
            }
            '-' if rest.starts_with("--") => {
                Token::Blank(self.take(rest.find('\n').unwrap_or(rest.len())))
            }
            '/' if rest.starts_with("/*") => Token::Blank(self.take(block_comment(rest))),
            '\'' => Token::Other(self.take(until_quote(rest, 1, '\''))),
            '"' => Token::Other(self.take(until_quote(rest, 1, '"'))),
            '$' => self.dollar(),
            ':' => self.colon(),
            ';' => Token::Semicolon(self.take(1)),
            c if is_word(c) => Token::Other(self.word()),
            c => {
                self.count_bracket(c);
                Token::Other(self.take(c.len_utf8()))
            }
        })
    }

    fn count_bracket(&mut self, c: char) {
        match c {
            '[' => self.brackets += 1,
            ']' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
    }

    /// A name, keyword or number; with its text, for `E'…'`, where a backslash escapes.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !is_word(c) && c != '$').unwrap_or(rest.len());
        let escapes = matches!(&rest[..end], "e" | "E") && rest[end..].starts_with('\'');
        let end = if escapes {
            escaped_text(rest, end + 1)
        } else {
            end
        };
        self.take(end)
    }

    /// `$1`, `$tag$ … $tag$` or a lone `$`.
    fn dollar(&mut self) -> Token<'a> {
        let rest = self.rest();
        let inner = &rest[1..];
        let digits = inner
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(inner.len());
        if digits > 0 {
            return Token::Numbered(self.take(1 + digits));
        }
        let name = inner.find(|c| !is_word(c)).unwrap_or(inner.len());
        if !inner[name..].starts_with('$') {
            return Token::Other(self.take(1));
        }
        let tag = &rest[..name + 2];
        let body = &rest[tag.len()..];
        let end = body
            .find(tag)
            .map_or(rest.len(), |close| tag.len() + close + tag.len());
        Token::Other(self.take(end))
    }

    /// `::`, `:=`, a slice's colon, `:name` or a lone colon.
    fn colon(&mut self) -> Token<'a> {
        let rest = self.rest();
        let inner = &rest[1..];
        if inner.starts_with([':', '=']) {
            return Token::Other(self.take(2));
        }
        let named = inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !named || self.in_slice() {
            return Token::Other(self.take(1));
        }
        self.at += 1;
        let end = inner
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(inner.len());
        Token::Parameter(self.take(end))
    }

    /// Whether a colon here is between an array slice's bounds: in brackets, right behind a bound.
    fn in_slice(&self) -> bool {
        let before = self.sql[..self.at].chars().next_back();
        self.brackets > 0
            && before.is_some_and(|c| is_word(c) || matches!(c, ')' | ']' | '\'' | '"'))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where quoted text ends, its closing quote included. A doubled quote ends it too: the next one opens again.
fn until_quote(text: &str, from: usize, quote: char) -> usize {
    text[from..]
        .find(quote)
        .map_or(text.len(), |at| from + at + 1)
}

/// Where text with backslash escapes ends, its closing quote included; a doubled quote means one.
fn escaped_text(text: &str, from: usize) -> usize {
    let mut characters = text[from..].char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => {
                characters.next();
            }
            '\'' if characters.next_if(|(_, next)| *next == '\'').is_none() => {
                return from + at + 1;
            }
            _ => {}
        }
    }
    text.len()
}

/// Where a block comment ends; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while let Some(step) = text[at..].find(['/', '*']) {
        at += step;
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parameters(sql: &str) -> Vec<&str> {
        let named = tokens(sql).into_iter().filter_map(|token| match token {
            Token::Parameter(name) => Some(name),
            _ => None,
        });
        named.collect()
    }

    fn joined(tokens: &[Token<'_>]) -> String {
        let text = |token: &Token<'_>| match token {
            Token::Parameter(name) => format!(":{name}"),
            other => other.text().to_owned(),
        };
        tokens.iter().map(text).collect()
    }

    #[test]
    fn finds_parameters() {
        assert_eq!(parameters("SELECT :a"), ["a"]);
        assert_eq!(parameters("WHERE id=:id AND x<:x_2;"), ["id", "x_2"]);
        assert_eq!(parameters("(:a,:b)"), ["a", "b"]);
        assert_eq!(parameters(":a::bigint"), ["a"]);
        assert_eq!(parameters("ARRAY[:a, :b]"), ["a", "b"]);
        assert_eq!(parameters("x[:a]"), ["a"]);
        assert_eq!(parameters("größe=:a"), ["a"]);
        assert_eq!(parameters("/* a */ :b -- :c\n:d"), ["b", "d"]);
        assert_eq!(parameters("'it''s' || :a"), ["a"]);
        assert_eq!(parameters("'\\' || :a || '"), ["a"]);
        assert_eq!(parameters("CASE WHEN x[1] THEN :a END"), ["a"]);
    }

    #[test]
    fn leaves_other_colons_alone() {
        for sql in [
            "a::int",
            "a :: int",
            "x := 5",
            "f(x:=y)",
            "x[1:2]",
            "x[1:b]",
            "x[a:b]",
            "x[(a):b]",
            "':a'",
            "'it''s :a'",
            "E'\\':a'",
            "e'\\\\\\':a'",
            "E'it''s \\':a'",
            "\":a\"",
            "\"a\"\":b\"",
            "$$ :a $$",
            "$tag$ :a $$ :b $tag$",
            "U&':a'",
            "-- :a",
            "/* :a */",
            "/* /* :a */ :b */",
            "/* :a",
            "': a",
            ":",
            "::",
            ":1",
            ": a",
            ":'a'",
            ":\"a\"",
        ] {
            assert_eq!(parameters(sql), [""; 0], "{sql}");
        }
    }

    #[test]
    fn a_dollar_in_a_name_opens_no_quote() {
        assert_eq!(parameters("a$b$ = :c AND d$b$"), ["c"]);
        assert!(tokens("$1").contains(&Token::Numbered("$1")));
    }

    proptest! {
        #[test]
        fn tokens_make_up_the_text_again(sql in any::<String>()) {
            prop_assert_eq!(joined(&tokens(&sql)), sql);
        }

        #[test]
        fn tokens_of_sql_like_text_make_it_up_again(
            words in proptest::collection::vec(
                prop::sample::select(vec![
                    "'", "\"", "$$", "$t$", "$", ":", ":a", "::", ":=", "[", "]", "--", "\n", "/*", "*/", "E'", "\\",
                    "a", "1", ";", " ", "ü", "$1",
                ]),
                0..40,
            )
        ) {
            let sql = words.concat();
            prop_assert_eq!(joined(&tokens(&sql)), sql);
        }
    }
}
