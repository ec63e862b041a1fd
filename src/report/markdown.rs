//! Texts within Markdown.

/// Text with what Markdown would take for its own marked as text.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '|' | '<' | '>' | '[' | ']' | '#' | '~'
        ) {
            plain.push('\\');
        }
        plain.push(if c == '\n' { ' ' } else { c });
    }
    plain
}

/// Between as many backticks as it takes.
pub fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    format!("{ticks}{text}{ticks}")
}

/// A block of its own, within a list's item.
pub fn block(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text).max(2) + 1);
    let lines: String = text.lines().map(|line| format!("  {line}\n")).collect();
    format!("  {ticks}\n{lines}  {ticks}\n")
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(plain("a|b_c*<x>"), "a\\|b\\_c\\*\\<x\\>");
        assert_eq!(code("a`b"), "``a`b``");
    }
}
