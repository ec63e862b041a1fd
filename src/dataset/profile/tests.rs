use anyhow::Result;

use super::*;
use crate::dataset::document::Document;

fn read(text: &str) -> Result<TableProfile> {
    let (document, root) = Document::parse("x.toml", text)?;
    table(&document.root(&root), "t", &["a", "b", "c d"])
}

#[test]
fn what_is_written_is_read() {
    let text = "\
[profile]
a = { null = 0.02, distinct = 5, shares = [0.61, 0.2, 0.1], ranks = [0.3, 0.7, 0.1], correlation = 0.31 }
b = { distinct = -0.98 }
\"c d\" = { null = 1 }
";
    let profile = read(text).unwrap();
    assert_eq!(format!("[profile]\n{profile}"), text);
    assert_eq!(profile.columns[1].1.distinct, Some(Distinct::PerRow(0.98)));
}

#[test]
fn impossible_keys_are_refused_with_their_line_and_what_to_write() {
    let cases = [
        (
            "a = { distnct = 3 }",
            "unknown key `distnct`; did you mean `distinct`?",
        ),
        (
            "x = { distinct = 3 }",
            "no column of this table is called `x`; there is a, b, c d",
        ),
        (
            "a = { null = 1.2 }",
            "1.2 is not a probability; it lies between 0 and 1",
        ),
        (
            "a = { distinct = 0 }",
            "write a whole number above 0, or below 0 (to -1)",
        ),
        (
            "a = { distinct = 2.5 }",
            "2.5 is no number of distinct values",
        ),
        (
            "a = { distinct = -1.5 }",
            "-1.5 is no number of distinct values",
        ),
        (
            "a = { shares = [0.1, 0.2] }",
            "the shares must fall; write the largest first",
        ),
        ("a = { shares = [0.1, 0] }", "a share is 0; leave it out"),
        (
            "a = { shares = [0.6, 0.3], null = 0.2 }",
            "together 1.100; lower them to 1 at most",
        ),
        (
            "a = { shares = [0.6, 0.3], distinct = 1 }",
            "`shares` has 2 values, and `distinct` says that there are 1",
        ),
        (
            "a = { shares = [0.6, 0.3], ranks = [0.1] }",
            "there are 1 `ranks` for 2 `shares`",
        ),
        (
            "a = { ranks = [0.1] }",
            "there are 1 `ranks` for 0 `shares`",
        ),
        (
            "a = { shares = [0.6], ranks = [1.1] }",
            "1.1 is impossible; write 0 to 1",
        ),
        (
            "a = { correlation = -1.1 }",
            "-1.1 is impossible; write -1 to 1",
        ),
        (
            "a = { bounds = [1] }",
            "1 bounds make no buckets; write 2 to 10001",
        ),
        (
            "a = { bounds = [1, 2024-01-01] }",
            "write a date or time in quotes: \"2024-01-01\"",
        ),
        ("a = { width = 0 }", "0 is impossible; write 1 to 100000"),
        (
            "a = { counts = [[1, 0.5], [0, 0.5]] }",
            "the numbers of children must rise, each once",
        ),
        (
            "a = { counts = [[1]] }",
            "write a number of children, and the share of parents",
        ),
        (
            "a = { counts = [[1, 0.7], [2, 0.7]] }",
            "together 1.400; write shares up to 1",
        ),
        ("a = { degree = 0.5 }", "`degree` needs `given = …`"),
        (
            "a = { given = \"x\" }",
            "no column of this table is called `x`",
        ),
        (
            "joint = [{ columns = [\"a\"], values = [[0]], shares = [0.1] }]",
            "those of two columns at least",
        ),
        (
            "joint = [{ columns = [\"a\", \"b\"], values = [[0]], shares = [0.1] }]",
            "there are 1 values for 2 columns",
        ),
        (
            "joint = [{ columns = [\"a\", \"b\"], values = [[0, -1]], shares = [0.1] }]",
            "NULL is \"null\"",
        ),
    ];
    for (line, says) in cases {
        let error = read(&format!("[profile]\n{line}")).unwrap_err().to_string();
        assert!(
            error.starts_with("x.toml, line 2: table `t`"),
            "{line}: {error}"
        );
        assert!(error.contains(says), "{line}: {error}");
    }
}

#[test]
fn own_keys_win_over_the_tables() {
    let own = ColumnProfile {
        shares: vec![0.5],
        null: Some(0.1),
        ..ColumnProfile::default()
    };
    let other = ColumnProfile {
        shares: vec![0.4, 0.3],
        ranks: vec![0.1, 0.2],
        null: Some(0.2),
        correlation: Some(0.9),
        ..ColumnProfile::default()
    };
    let both = own.clone().or(other);
    assert_eq!(
        (both.null, both.shares, both.ranks),
        (Some(0.1), own.shares, vec![])
    );
    assert_eq!(both.correlation, Some(0.9));
}
