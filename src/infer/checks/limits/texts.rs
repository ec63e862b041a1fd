//! Comparisons of parts of a text, as patterns of the whole.

use crate::infer::checks::comparison::Comparison;
use crate::infer::checks::patterns;
use crate::infer::checks::subject::Step;

/// The pattern of a text of which a part is compared; `None`: any text.
pub(super) fn pattern_of(step: &Step, comparison: &Comparison) -> Result<Option<String>, String> {
    match step {
        Step::Prefix(length) => part(comparison, *length, |it| format!("^{it}")).map(Some),
        Step::Suffix(length) => part(comparison, *length, |it| format!("{it}$")).map(Some),
        Step::Position(text) => position(text, comparison),
        _ => Err("a comparison of a function".into()),
    }
}

/// A pattern of the first or last characters of a text.
fn part(
    comparison: &Comparison,
    length: u32,
    pattern: impl Fn(&str) -> String,
) -> Result<String, String> {
    let fits = |it: &String| u32::try_from(it.chars().count()) == Ok(length);
    match comparison {
        Comparison::In(texts) if texts.iter().all(fits) => {
            let texts: Vec<String> = texts.iter().map(|it| patterns::escaped(it)).collect();
            Ok(match texts.as_slice() {
                [single] => pattern(single),
                _ => pattern(&format!("({})", texts.join("|"))),
            })
        }
        Comparison::NotIn(texts) if length == 1 && texts.len() == 1 => {
            Ok(pattern(&format!("[^{}]", patterns::escaped(&texts[0]))))
        }
        Comparison::Matches(of) if of.starts_with('^') && of.ends_with('$') => {
            let inner = of.trim_start_matches('^').trim_end_matches('$');
            Ok(pattern(&format!("({inner})")))
        }
        _ => Err("a part".into()),
    }
}

/// The pattern of `strpos(x, '@') > 1`; `None`: of any text.
fn position(text: &str, comparison: &Comparison) -> Result<Option<String>, String> {
    let accepts = |at: i64| comparison.accepts(at);
    let found = patterns::escaped(text);
    let pattern = match (accepts(0), accepts(1), accepts(2)) {
        (true, true, _) => return Ok(None),
        (true, false, false) => patterns::complement(&found).ok_or("what isn't in a text")?,
        (false, true, _) if accepts(2) => found,
        (false, true, _) => format!("^{found}"),
        (false, false, _) => {
            let least = (2..100).find(|it| accepts(*it)).ok_or("a position")?;
            let other = patterns::complement(&found).ok_or("what isn't in a text")?;
            let other = other.trim_start_matches('^').trim_end_matches("*$");
            format!("^{other}{{{}}}{found}", least - 1)
        }
        _ => return Err("a position".into()),
    };
    Ok(Some(pattern))
}
