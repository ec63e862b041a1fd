//! What helps against a finding, in parts that can be copied: the command, and the SQL.

/// The parts of a finding's help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy<'h> {
    /// What is said beside command and SQL; empty where these say it all.
    pub note: &'h str,
    /// The command to type in a shell.
    pub command: Option<&'h str>,
    /// Statements, with comments, to paste into psql.
    pub sql: Option<&'h str>,
}

/// What statements in help begin with.
const STATEMENTS: [&str; 8] = [
    "ALTER ", "ANALYZE ", "CREATE ", "DROP ", "GRANT ", "REINDEX ", "SELECT ", "VACUUM ",
];

/// Takes help apart.
pub fn remedy(help: &str) -> Remedy<'_> {
    let (before, sql) = match statement_start(help) {
        Some(at) => (help[..at].trim_end(), Some(&help[at..])),
        None => (help, None),
    };
    let command = command(before);
    let note = match (command, sql) {
        // `seedrow index`, or: CREATE INDEX …
        (Some(command), Some(_)) if before.len() <= command.len() + "``, or:".len() => "",
        _ if is_quoted(before, command) => "",
        _ => before,
    };
    Remedy { note, command, sql }
}

/// Where the SQL begins that the help ends with: at the start, or behind a colon, and never a mere mention.
fn statement_start(help: &str) -> Option<usize> {
    let starts = STATEMENTS.iter().flat_map(|word| help.match_indices(word));
    let starts = starts
        .map(|(at, _)| at)
        .filter(|&at| at == 0 || help[..at].ends_with(": "));
    starts.min().filter(|&at| is_statement(&help[at..]))
}

/// `ANALYZE public.skus;`, and not `ANALYZE the table; if that doesn't help, …`
fn is_statement(text: &str) -> bool {
    let Some((first, _)) = text.split_once(';') else {
        return false;
    };
    let are_names = |names: &str| names.split(", ").all(|name| !name.contains(' '));
    first.strip_prefix("ANALYZE ").is_none_or(are_names)
}

/// The first command between backticks.
fn command(text: &str) -> Option<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.into_iter().find(|it| it.starts_with("seedrow "))
}

/// Whether the text is the command between its backticks, and nothing else.
fn is_quoted(text: &str, command: Option<&str>) -> bool {
    command.is_some_and(|command| text.len() == command.len() + "``".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_command_sql_or_advice() {
        let cases = [
            (
                "`seedrow index --url x`, or: CREATE INDEX a ON public.b (c);",
                (
                    "",
                    Some("seedrow index --url x"),
                    Some("CREATE INDEX a ON public.b (c);"),
                ),
            ),
            (
                "CREATE INDEX a ON public.b (c);",
                ("", None, Some("CREATE INDEX a ON public.b (c);")),
            ),
            (
                "VACUUM a;   -- dead rows; else: REINDEX TABLE CONCURRENTLY a;",
                (
                    "",
                    None,
                    Some("VACUUM a;   -- dead rows; else: REINDEX TABLE CONCURRENTLY a;"),
                ),
            ),
            (
                "no index can; give it the type of the referenced column: ALTER TABLE a ALTER COLUMN b TYPE int;",
                (
                    "no index can; give it the type of the referenced column:",
                    None,
                    Some("ALTER TABLE a ALTER COLUMN b TYPE int;"),
                ),
            ),
            (
                "ANALYZE the table; if that doesn't help, ALTER TABLE … ALTER COLUMN … SET STATISTICS 1000",
                (
                    "ANALYZE the table; if that doesn't help, ALTER TABLE … ALTER COLUMN … SET STATISTICS 1000",
                    None,
                    None,
                ),
            ),
            (
                "ANALYZE public.a, public.b;   -- else: CREATE STATISTICS",
                (
                    "",
                    None,
                    Some("ANALYZE public.a, public.b;   -- else: CREATE STATISTICS"),
                ),
            ),
            (
                "fill it: `seedrow run`, or `seedrow load DIR`",
                (
                    "fill it: `seedrow run`, or `seedrow load DIR`",
                    Some("seedrow run"),
                    None,
                ),
            ),
            ("`seedrow index`", ("", Some("seedrow index"), None)),
            ("how", ("how", None, None)),
        ];
        for (help, (note, command, sql)) in cases {
            assert_eq!(remedy(help), Remedy { note, command, sql }, "{help}");
        }
    }
}
