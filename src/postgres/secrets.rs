//! Removes passwords from command-line arguments and messages: text in, text out.
//!
//! A connection string is parsed as libpq does it, because a password can be written in many ways. One that can't be
//! parsed is hidden as a whole.

use std::borrow::Cow;
use std::env;
use std::sync::LazyLock;

use crate::postgres::conninfo::{self, Parameters, value_of};

/// The parameters that are secret.
const SECRETS: [&str; 2] = ["password", "sslpassword"];
/// The placeholder for a hidden part.
const HIDDEN: &str = "…";

/// The command-line arguments; invalid UTF-8 in them is replaced.
pub fn typed_words() -> impl Iterator<Item = String> {
    env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
}

/// One argument without its passwords, if it is a connection string, alone or after `--option=`; else unchanged.
pub fn without_password(word: &str) -> String {
    let (option, value) = option_and_value(word);
    let shown = match conninfo::parse(value) {
        Ok(parameters) if !holds_secret(&parameters) => Cow::Borrowed(value),
        Ok(parameters) => Cow::Owned(stripped(value.trim(), parameters)),
        Err(_) => misread(value),
    };
    format!("{option}{shown}")
}

/// Text for the terminal: hides the passwords of arguments, the part between `://user:` and `@`, and the value after
/// `password=`.
pub fn hide(text: &str) -> String {
    static ARGUMENTS: LazyLock<Vec<Replacement>> = LazyLock::new(|| replacements(typed_words()));
    hide_in(text, &ARGUMENTS)
}

/// How an argument that holds a secret may be printed, and what is shown in its place.
struct Replacement {
    spelled: [String; 3],
    shown: String,
}

fn replacements(words: impl Iterator<Item = String>) -> Vec<Replacement> {
    let mut found = Vec::new();
    for word in words {
        for secret in [word.as_str(), option_and_value(&word).1] {
            let shown = without_password(secret);
            if shown != secret {
                let spelled = spellings(secret);
                found.push(Replacement { spelled, shown });
            }
        }
    }
    found
}

fn hide_in(text: &str, replacements: &[Replacement]) -> String {
    let mut text = text.to_owned();
    for Replacement { spelled, shown } in replacements {
        for spelled in spelled {
            text = text.replace(spelled, shown);
        }
    }
    hide_assigned(&hide_userinfo(&text))
}

/// `--url=x` → `--url=` and `x`; a word that is no option is all value.
fn option_and_value(word: &str) -> (&str, &str) {
    match word.find('=') {
        Some(at) if word.starts_with("--") => word.split_at(at + 1),
        _ => ("", word),
    }
}

/// How messages may print an argument: as typed, as Rust's debug output, and as a path without its double slash.
fn spellings(word: &str) -> [String; 3] {
    let debug = format!("{word:?}");
    let inner = debug[1..debug.len() - 1].to_owned();
    [word.to_owned(), inner, word.replace("://", ":/")]
}

fn holds_secret(parameters: &Parameters) -> bool {
    // More likely `postgres://host?password=a@b` than a user's name.
    let user_asks = value_of(parameters, "user").is_some_and(|user| user.contains('?'));
    user_asks || SECRETS.iter().any(|name| parameters.contains_key(name))
}

/// A connection string that holds secrets, without them.
fn stripped(text: &str, mut parameters: Parameters) -> String {
    let Some((scheme, rest)) = url(text) else {
        parameters.retain(|name, _| !SECRETS.contains(name));
        return pairs(&parameters);
    };
    let cut = url_without_secrets(scheme, rest);
    match conninfo::parse(&cut) {
        Ok(left) if !holds_secret(&left) => cut,
        _ => format!("{scheme}://{HIDDEN}"),
    }
}

fn url(text: &str) -> Option<(&str, &str)> {
    text.split_once("://")
        .filter(|(scheme, _)| matches!(*scheme, "postgres" | "postgresql"))
}

/// A URL that [`conninfo::parse`] accepts, without its secrets; the rest is unchanged.
fn url_without_secrets(scheme: &str, rest: &str) -> String {
    let authority = rest.split('/').next().unwrap_or_default();
    let (user, rest) = match authority.split_once('@') {
        Some((credentials, _)) => (
            credentials.split(':').next().unwrap_or_default(),
            &rest[credentials.len() + 1..],
        ),
        None => ("", rest),
    };
    let at = if user.is_empty() { "" } else { "@" };
    let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
    let kept: Vec<&str> = query.split('&').filter(|pair| is_shown(pair)).collect();
    let mark = if kept.is_empty() { "" } else { "?" };
    format!("{scheme}://{user}{at}{location}{mark}{}", kept.join("&"))
}

/// Whether a `name=value` of a URL may be displayed.
fn is_shown(pair: &str) -> bool {
    let alone = conninfo::parse(&format!("postgres://?{pair}"));
    !pair.is_empty() && alone.is_ok_and(|parameters| !holds_secret(&parameters))
}

/// `host=h user='my user'`
fn pairs(parameters: &Parameters) -> String {
    let pair = |(name, value): (&&str, &String)| {
        let escaped = value.replace('\\', r"\\").replace('\'', r"\'");
        if value.is_empty() || value.contains(char::is_whitespace) {
            format!("{name}='{escaped}'")
        } else {
            format!("{name}={escaped}")
        }
    };
    parameters.iter().map(pair).collect::<Vec<_>>().join(" ")
}

/// An invalid connection string, which may hold a password.
fn misread(value: &str) -> Cow<'_, str> {
    match value.split_once("://") {
        Some((scheme, rest)) if rest.contains(['@', '?']) => {
            let plain = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
            Cow::Owned(match plain {
                true => format!("{scheme}://{HIDDEN}"),
                false => HIDDEN.to_owned(),
            })
        }
        _ if assigned(value).is_some() => Cow::Borrowed(HIDDEN),
        _ => Cow::Borrowed(value),
    }
}

/// `://user:secret@` → `://user:…@`. Paths that were made absolute have one slash.
fn hide_userinfo(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(":/") {
        let after = rest[at + 1..].trim_start_matches('/');
        shown.push_str(&rest[..rest.len() - after.len()]);
        rest = after;
        let word = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
        if let Some(end) = word.rfind('@')
            && let Some(colon) = word[..end].find(':')
        {
            shown.push_str(&rest[..=colon]);
            shown.push_str(HIDDEN);
            rest = &rest[end..];
        }
    }
    shown + rest
}

/// `password=secret` → `password=…`
fn hide_assigned(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = assigned(rest) {
        let end = start + value_length(&rest[start..]);
        shown.push_str(&rest[..start]);
        if end > start {
            shown.push_str(HIDDEN);
        }
        rest = &rest[end..];
    }
    shown + rest
}

/// Where the value of the first `password=` begins.
fn assigned(text: &str) -> Option<usize> {
    const BLANK: [char; 2] = [' ', '\t'];
    let lower = text.to_ascii_lowercase();
    lower.match_indices("password").find_map(|(at, name)| {
        let after = text[at + name.len()..].trim_start_matches(BLANK);
        let value = after.strip_prefix('=')?.trim_start_matches(BLANK);
        Some(text.len() - value.len())
    })
}

/// The length of a value within a message: to its closing quote, else to a blank, an `&` or the end of a colour,
/// without trailing punctuation.
fn value_length(text: &str) -> usize {
    let (body, quoted) = match text.strip_prefix('\'') {
        Some(body) => (body, true),
        None => (text, false),
    };
    let mut escaped = false;
    for (at, character) in body.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => return at + 2,
            '&' | '\x1b' if !quoted => return at,
            blank if !quoted && blank.is_whitespace() => {
                return body[..at]
                    .trim_end_matches(['\'', '"', '`', ':', ',', ';'])
                    .len();
            }
            _ => {}
        }
    }
    text.trim_end_matches(['\'', '"', '`']).len()
}

#[cfg(test)]
mod tests;
