//! Small elements of a page.

use maud::{Markup, html};

use crate::check::Verdict;

/// A word in a coloured box.
pub fn badge(class: &str, word: &str) -> Markup {
    html! { span class={ "badge " (class) } { (word) } }
}

/// A verdict in its colour.
pub fn verdict(verdict: Verdict) -> Markup {
    badge(verdict_class(verdict), verdict.name())
}

/// The class of a verdict's colour.
pub fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Warn | Verdict::Unchecked => "odd",
        Verdict::Unstable | Verdict::Fail => "bad",
    }
}

/// An id made of a name: letters, digits and hyphens, with its place, so that no two are alike.
pub fn id(place: usize, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("r{place}-{plain}")
}

/// Text to be copied: the script adds a button, and without it the text can be selected as any other.
pub fn copyable(title: &str, text: &str) -> Markup {
    html! {
        figure class="copyable" {
            figcaption { (title) }
            pre { code { (text) } }
        }
    }
}

/// A figure with what it is of.
pub fn tile(class: &str, figure: &str, of: &str) -> Markup {
    html! {
        li class={ "tile " (class) } { strong { (figure) } " " span { (of) } }
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    title: &'a str,
    class: &'static str,
}

/// A column of words.
pub fn words(title: &str) -> Column<'_> {
    Column {
        title,
        class: "words",
    }
}

/// A column of numbers, by which the script can sort.
pub fn numbers(title: &str) -> Column<'_> {
    Column {
        title,
        class: "number",
    }
}

/// A table; on a narrow screen each row is a block, and each cell stands beside its column's title.
pub fn table(columns: &[Column], rows: impl IntoIterator<Item = Vec<Markup>>) -> Markup {
    html! {
        table {
            thead {
                tr { @for column in columns { th scope="col" class=(column.class) { (column.title) } } }
            }
            tbody {
                @for row in rows {
                    tr {
                        @for (column, cell) in columns.iter().zip(row) {
                            td class=(column.class) data-title=(column.title) { (cell) }
                        }
                    }
                }
            }
        }
    }
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

    #[test]
    fn each_cell_has_its_column_s_title() {
        let cells = vec![html! { "a" }, html! { "1" }];
        let table = table(&[words("name"), numbers("ms")], [cells]).into_string();
        assert!(
            table.contains("<td class=\"number\" data-title=\"ms\">1</td>"),
            "{table}"
        );
    }
}
