//! Texts and small elements of a page.

use crate::check::Verdict;

/// Text as it may stand in a page, in quotes or between tags.
pub fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A word in a coloured box.
pub fn badge(class: &str, word: &str) -> String {
    format!("<span class=\"badge {class}\">{}</span>", text(word))
}

/// A verdict in its colour.
pub fn verdict(verdict: Verdict) -> String {
    let class = match verdict {
        Verdict::Pass => "good",
        Verdict::Warn | Verdict::Unchecked => "odd",
        Verdict::Unstable | Verdict::Fail => "bad",
    };
    badge(class, verdict.name())
}

/// An id made of a name: letters, digits and hyphens, with its place, so that no two are alike.
pub fn id(place: usize, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("r{place}-{plain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_a_tag() {
        assert_eq!(text("<b a=\"x\">'&"), "&lt;b a=&quot;x&quot;&gt;&#39;&amp;");
        assert_eq!(id(3, "skus(\"Größe\")"), "r3-skus--Gr--e--");
    }
}
