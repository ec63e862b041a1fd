//! Small elements of a page.

use maud::{Markup, html};

use crate::check::Verdict;

/// A word in a coloured box.
pub fn badge(class: &str, word: &str) -> Markup {
    html! { span class={ "badge " (class) } { (word) } }
}

/// A verdict in its colour.
pub fn verdict(verdict: Verdict) -> Markup {
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
        let badge = badge("odd", "<b a=\"x\">&").into_string();
        assert_eq!(
            badge,
            "<span class=\"badge odd\">&lt;b a=&quot;x&quot;&gt;&amp;</span>"
        );
        assert_eq!(id(3, "skus(\"Größe\")"), "r3-skus--Gr--e--");
    }
}
