//! The frame of a page: head, styles, the little script.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// A whole page.
pub fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE) "\n"
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "seedrow " (env!("CARGO_PKG_VERSION")) };
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            "\n"
            body id="top" {
                main { (body) }
                a class="to-top" href="#top" { "Back to top" }
                script { (PreEscaped(SCRIPT)) }
            }
        }
        "\n"
    };
    page.into_string()
}

/// The settings of two servers that differ: name, and both values.
pub fn settings(settings: &[(String, String, String)]) -> Markup {
    html! {
        @if !settings.is_empty() {
            section {
                h2 { "Settings that differ" }
                ul class="plain" {
                    @for (name, one, other) in settings {
                        li { code { (name) } ": " (one) " → " (other) }
                    }
                }
            }
        }
    }
}

/// Search and order of a page's cards: by the script alone, so hidden without it. Each key is the name of a card's figure.
pub fn tools(orders: &[(&str, &str)]) -> Markup {
    html! {
        form class="tools" role="search" hidden {
            label { "Search " input type="search" name="search" placeholder="name, index, rule, SQL …" autocomplete="off"; }
            label {
                "Sort by "
                select name="order" {
                    @for (key, title) in orders { option value=(key) { (title) } }
                }
            }
            output name="found" {}
        }
    }
}

/// Colours by name, so that dark is another list of them.
const STYLE: &str = include_str!("page.css");

/// Copies, searches, sorts; a page is complete without it.
const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_fetched() {
        let page = page("a < b", &html! { p { "x" } });
        assert!(page.contains("<title>a &lt; b</title>"));
        for fetched in ["http:", "https:", "src=", "url(", "@import", "<link"] {
            assert!(!page.contains(fetched), "{fetched}");
        }
    }
}
