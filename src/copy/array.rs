//! The text of an array, taken apart into its elements' texts.

use crate::copy::parsed::Unread;

/// Calls `each` with every element of an array of one dimension, `None` for NULL, quotes and escapes removed.
///
/// Arrays of several dimensions, with explicit bounds, and those whose text may be wrong are left to the server.
pub fn each_element(
    text: &[u8],
    delimiter: u8,
    mut each: impl FnMut(Option<&[u8]>) -> Result<(), Unread>,
) -> Result<(), Unread> {
    let inner = text.trim_ascii().strip_prefix(b"{");
    let inner = inner.and_then(|inner| inner.strip_suffix(b"}"));
    let mut rest = inner.ok_or(Unread::Undecided)?.trim_ascii_start();
    if rest.is_empty() {
        return Ok(());
    }
    let mut unquoted = Vec::new();
    loop {
        rest = match rest.trim_ascii_start().strip_prefix(b"\"") {
            Some(quoted) => {
                unquoted.clear();
                let behind = read_quoted(quoted, &mut unquoted).ok_or(Unread::Undecided)?;
                each(Some(&unquoted))?;
                behind.trim_ascii_start()
            }
            None => {
                let end = rest.iter().position(|&byte| byte == delimiter);
                let (element, behind) = rest.split_at(end.unwrap_or(rest.len()));
                each(bare(element.trim_ascii())?)?;
                behind
            }
        };
        match rest.split_first() {
            None => return Ok(()),
            Some((&byte, behind)) if byte == delimiter => rest = behind,
            Some(_) => return Err(Unread::Undecided),
        }
    }
}

/// An element without quotes; NULL in any case is no text.
fn bare(element: &[u8]) -> Result<Option<&[u8]>, Unread> {
    let special = |&byte: &u8| matches!(byte, b'{' | b'}' | b'"' | b'\\' | 0x0b);
    if element.is_empty() || element.iter().any(special) {
        return Err(Unread::Undecided);
    }
    Ok((!element.eq_ignore_ascii_case(b"null")).then_some(element))
}

/// Appends what is there up to the closing quote and returns what comes behind it.
fn read_quoted<'t>(text: &'t [u8], unquoted: &mut Vec<u8>) -> Option<&'t [u8]> {
    let mut rest = text;
    loop {
        match rest {
            [b'"', behind @ ..] => return Some(behind),
            [b'\\', byte, behind @ ..] | [byte, behind @ ..] => {
                unquoted.push(*byte);
                rest = behind;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str) -> Result<Vec<Option<String>>, Unread> {
        let mut all = Vec::new();
        each_element(text.as_bytes(), b',', |element| {
            all.push(element.map(|it| String::from_utf8_lossy(it).into_owned()));
            Ok(())
        })?;
        Ok(all)
    }

    #[test]
    fn elements_are_bare_quoted_or_null() {
        assert_eq!(elements("{}"), Ok(vec![]));
        assert_eq!(
            elements(" { a b , \"c,\\\"d\\\\\" ,NULL,\"null\",\"\"} "),
            Ok(vec![
                Some("a b".into()),
                Some("c,\"d\\".into()),
                None,
                Some("null".into()),
                Some(String::new())
            ])
        );
    }

    #[test]
    fn other_arrays_are_left_to_the_server() {
        for text in [
            "",
            "1",
            "{1",
            "{{1},{2}}",
            "[0:1]={1,2}",
            "{1,}",
            "{,1}",
            "{a\"b\"}",
            "{\"a\"b}",
            "{\"a}",
            "{a\\b}",
        ] {
            assert_eq!(elements(text), Err(Unread::Undecided), "{text}");
        }
    }
}
