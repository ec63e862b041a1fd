//! The output of `seedrow index`: the foreign keys without an index, the DDL, the indexes built.

use std::io::Write;

use indicatif::HumanBytes;
use serde_json::{Value, json};

use super::table::{Align, table};
use crate::index::{BuildMode, Built, Proposal, Survey};
use crate::suggestion::{Suggestions, TARGET};

/// The keys that no index covers, with reasons, then the statements that create indexes.
pub fn missing(survey: &Survey, mode: BuildMode) -> String {
    let missing: Vec<_> = survey.missing().collect();
    if missing.is_empty() {
        return nothing_to_do(survey);
    }
    let rows = missing
        .iter()
        .map(|key| vec![key.shown(&survey.home), key.verdict.reason()]);
    let columns = [("foreign key", Align::Left), ("why", Align::Left)];
    let unservable = survey.unservable().map(|key| {
        format!(
            "no index can serve {}: Postgres casts the column, and an index can't hold that cast; give it the type of the \
             referenced column\n",
            key.shown(&survey.home)
        )
    });
    let has = if missing.len() == 1 { "has" } else { "have" };
    format!(
        "{} of {} foreign keys {has} no index that serves them\n\n{}\n{}{}",
        missing.len(),
        survey.keys.len(),
        table(&columns, rows.collect()),
        unservable.collect::<String>(),
        statements(&survey.proposals, mode)
    )
}

/// The message when every key is covered.
pub fn nothing_to_do(survey: &Survey) -> String {
    match survey.keys.len() {
        0 => "no foreign keys; nothing to do\n".to_owned(),
        1 => "the only foreign key has an index; nothing to do\n".to_owned(),
        keys => format!("all {keys} foreign keys have an index; nothing to do\n"),
    }
}

/// The indexes not built and the commands that build them, on stderr; a closed stderr is no error.
pub fn withheld(suggestions: &Suggestions) {
    let message = format!(
        "hint: not built, because seedrow didn't fill these tables; `seedrow index{TARGET} --build` builds them \
         (writes to a table wait during its build), `seedrow index{TARGET} --concurrently` builds them without blocking writes"
    );
    let _ = writeln!(std::io::stderr(), "{}", suggestions.complete(&message));
}

/// One statement a line, each with its semicolon: what psql reads.
pub fn statements(proposals: &[Proposal], mode: BuildMode) -> String {
    let line = |proposal: &Proposal| format!("{};\n", proposal.ddl(mode));
    proposals.iter().map(line).collect()
}

/// Each index with its size and seconds; nothing when none was built.
pub fn built(built: &[Built], home: &str) -> String {
    if built.is_empty() {
        return String::new();
    }
    let columns = [
        ("index built", Align::Left),
        ("on", Align::Left),
        ("size", Align::Right),
        ("seconds", Align::Right),
    ];
    let row = |built: &Built| {
        let proposal = &built.proposal;
        vec![
            proposal.name.clone(),
            proposal.shown(home),
            HumanBytes(built.bytes).to_string(),
            format!("{:.1}", built.seconds),
        ]
    };
    table(&columns, built.iter().map(row).collect())
}

/// The result as JSON: `{"target","foreign_keys","missing":[…],"indexes":[…]}`.
pub fn json(target: &str, survey: &Survey, built: &[Built], mode: BuildMode) -> Value {
    let missing: Vec<Value> = survey
        .missing()
        .map(|key| {
            json!({
                "schema": key.foreign_key.table.schema,
                "table": key.foreign_key.table.name,
                "constraint": key.foreign_key.name,
                "columns": key.foreign_key.column_names(),
                "reason": key.verdict.reason(),
            })
        })
        .collect();
    let index = |proposal: &Proposal| {
        let done = built.iter().find(|built| built.proposal == *proposal);
        json!({
            "schema": proposal.table.schema,
            "table": proposal.table.name,
            "name": proposal.name,
            "columns": proposal.column_names(),
            "ddl": proposal.ddl(mode),
            "built": done.is_some(),
            "bytes": done.map(|built| built.bytes),
            "seconds": done.map(|built| built.seconds),
        })
    };
    json!({
        "target": target,
        "foreign_keys": survey.keys.len(),
        "missing": missing,
        "indexes": survey.proposals.iter().map(index).collect::<Vec<Value>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{CoverageVerdict, IndexCoverage, propose, samples};

    fn survey(columns: &[&[i16]]) -> Survey {
        let keys: Vec<IndexCoverage> = columns
            .iter()
            .map(|columns| IndexCoverage {
                foreign_key: samples::foreign_key(columns),
                verdict: CoverageVerdict::Uncovered,
                index_bytes: None,
            })
            .collect();
        let missing: Vec<_> = keys.iter().map(|key| &key.foreign_key).collect();
        Survey {
            useless: Vec::new(),
            proposals: propose(&missing, &[], &[], &mut Default::default()),
            keys,
            home: "public".into(),
        }
    }

    #[test]
    fn lists_keys_and_statements() {
        let text = missing(&survey(&[&[1], &[2]]), BuildMode::Plain);
        assert!(
            text.starts_with("2 of 2 foreign keys have no index"),
            "{text}"
        );
        assert!(text.contains("child(c1) → parent(c1)"), "{text}");
        assert!(
            text.ends_with("CREATE INDEX child_c2_idx ON public.child (c2);\n"),
            "{text}"
        );
    }

    #[test]
    fn one_key_has_and_several_have() {
        let mut survey = survey(&[&[1], &[2]]);
        survey.keys[0].verdict = CoverageVerdict::Covered { index: "x".into() };
        let text = missing(&survey, BuildMode::Plain);
        assert!(
            text.starts_with("1 of 2 foreign keys has no index"),
            "{text}"
        );
    }

    #[test]
    fn says_when_nothing_is_missing() {
        let mut survey = survey(&[&[1], &[2]]);
        for key in &mut survey.keys {
            key.verdict = CoverageVerdict::Covered { index: "x".into() };
        }
        assert_eq!(
            missing(&survey, BuildMode::Plain),
            "all 2 foreign keys have an index; nothing to do\n"
        );
    }

    #[test]
    fn json_tells_built_from_proposed() {
        let survey = survey(&[&[1], &[2]]);
        let built = [Built {
            proposal: survey.proposals[0].clone(),
            bytes: 8192,
            started: std::time::Instant::now(),
            seconds: 0.5,
        }];
        let json = json("shop on h:5432 as app", &survey, &built, BuildMode::Plain);
        assert_eq!(json["indexes"][0]["built"], true);
        assert_eq!(json["indexes"][0]["bytes"], 8192);
        assert_eq!(json["indexes"][1]["built"], false);
        assert_eq!(json["missing"][1]["table"], "child");
    }
}
