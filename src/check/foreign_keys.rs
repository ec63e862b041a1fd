//! The rules over foreign keys: each has an index, and holds for all rows.

use super::finding::{Finding, Severity};
use super::index_advice::build_help;
use super::planner::Answer;
use super::report::{Check, KeyCoverage, Subject};
use super::rules::{UNKNOWN_NODE, unknown_node_help};
use crate::index::{CoverageVerdict, IndexCoverage, NOT_INDEXED, Survey};
use crate::postgres::catalog::ForeignKey;
use crate::postgres::name::quoted;

/// The check's name in reports.
pub const FOREIGN_KEYS: &str = "foreign-keys";

/// Each foreign key has an index (`fk-not-indexed`), which the planner uses (`fk-index-unused`), and holds for all rows
/// (`fk-not-valid`). `answers` are the planner's, in the survey's order.
pub fn check(survey: &Survey, answers: &[Option<Answer>]) -> Check {
    let keys = || survey.keys.iter();
    let uncovered = keys()
        .filter(|key| !key.verdict.is_covered())
        .map(|key| fk_not_indexed(survey, key));
    let unused = keys()
        .zip(answers)
        .filter_map(|(key, answer)| Some((key, answer.as_ref()?)))
        .filter_map(|(key, answer)| match answer {
            Answer::Disagrees(plan) => Some(fk_index_unused(survey, key, plan)),
            Answer::Unknown(node) => Some(unknown_node(survey, key, node)),
            Answer::Agrees | Answer::Prefers(_) | Answer::NotAllowed => None,
        });
    let unvalidated = keys()
        .filter(|key| !key.foreign_key.validated && key.foreign_key.enforced)
        .map(|key| fk_not_valid(survey, &key.foreign_key));
    let verdicts = keys().enumerate().map(|(at, key)| KeyCoverage {
        key: key.shown(&survey.home),
        verdict: key.verdict.name().to_owned(),
        reason: key.verdict.reason(),
        index: key.verdict.index().map(str::to_owned),
        index_bytes: key.index_bytes,
        planner: match answers.get(at) {
            Some(Some(Answer::Agrees)) => Some(true),
            Some(Some(Answer::Disagrees(_))) => Some(false),
            _ => None,
        },
    });
    Check {
        name: FOREIGN_KEYS.to_owned(),
        subject: Subject::ForeignKeys {
            covered: keys().filter(|key| key.verdict.is_covered()).count(),
            total: survey.keys.len(),
            keys: verdicts.collect(),
        },
        findings: uncovered.chain(unused).chain(unvalidated).collect(),
        waived: Vec::new(),
    }
}

/// The planner's answer can't be understood (`unknown-node`).
fn unknown_node(survey: &Survey, key: &IndexCoverage, node: &str) -> Finding {
    let on = key.foreign_key.shown(&survey.home);
    Finding {
        rule: UNKNOWN_NODE,
        severity: Severity::Unchecked,
        message: format!(
            "the foreign key {on} is {}, but the plan of Postgres' own lookup has a {node}, and what that reads isn't known",
            key.verdict.reason()
        ),
        help: unknown_node_help(),
        on: Some(on),
    }
}

fn fk_index_unused(survey: &Survey, key: &IndexCoverage, plan: &str) -> Finding {
    let on = key.foreign_key.shown(&survey.home);
    Finding {
        rule: "fk-index-unused",
        severity: Severity::Fail,
        message: format!(
            "the foreign key {on} is {}, but the planner doesn't use it for Postgres' own lookup: {plan}",
            key.verdict.reason()
        ),
        help: format!(
            "compare the index with what the lookup asks for: \\d {}   -- in psql; please report the two, since seedrow's \
             own rule says that the index serves",
            key.foreign_key.table
        ),
        on: Some(on),
    }
}

fn fk_not_indexed(survey: &Survey, key: &IndexCoverage) -> Finding {
    let shown = key.shown(&survey.home);
    Finding {
        rule: NOT_INDEXED,
        // Postgres itself never looks a key up that it doesn't enforce; joins do.
        severity: match key.foreign_key.enforced {
            true => Severity::Fail,
            false => Severity::Warn,
        },
        on: Some(key.foreign_key.shown(&survey.home)),
        message: match &key.verdict {
            CoverageVerdict::Uncovered | CoverageVerdict::Waived { .. } => {
                format!("no index serves the foreign key {shown}")
            }
            near => format!("no index serves the foreign key {shown}: {}", near.reason()),
        },
        help: build_help(survey, &key.foreign_key),
    }
}

fn fk_not_valid(survey: &Survey, key: &ForeignKey) -> Finding {
    let (table, name) = (&key.table, quoted(&key.name));
    Finding {
        rule: "fk-not-valid",
        severity: Severity::Fail,
        on: Some(key.shown(&survey.home)),
        message: format!(
            "the foreign key {name} of {} is not validated: rows may refer to nothing",
            table.within(&survey.home)
        ),
        help: format!(
            "{};   -- finds the rows; once they are fixed: ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
            orphans(key)
        ),
    }
}

/// The query that finds rows which break a foreign key.
fn orphans(key: &ForeignKey) -> String {
    let names = || key.columns.iter().map(|column| quoted(&column.name));
    let columns = names().zip(&key.referenced_columns).zip(&key.comparisons);
    let equal: Vec<String> = columns
        .map(|((name, referenced), comparison)| {
            let parent = format!("parent.{}", quoted(&referenced.name));
            match comparison.plain {
                true => format!("{parent} = child.{name}"),
                false => comparison.condition(&parent, &format!("child.{name}")),
            }
        })
        .collect();
    let filled: Vec<String> = names()
        .map(|name| format!("child.{name} IS NOT NULL"))
        .collect();
    format!(
        "SELECT * FROM {} AS child WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS parent WHERE {}) LIMIT 10",
        key.table,
        filled.join(" AND "),
        key.referenced,
        equal.join(" AND ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{propose, samples};
    use crate::suggestion::TARGET;

    fn survey(keys: Vec<(ForeignKey, CoverageVerdict)>) -> Survey {
        let keys: Vec<IndexCoverage> = keys
            .into_iter()
            .map(|(foreign_key, verdict)| IndexCoverage {
                index_bytes: verdict.index().map(|_| 8192),
                foreign_key,
                verdict,
            })
            .collect();
        let missing: Vec<&ForeignKey> = keys
            .iter()
            .filter(|key| key.verdict.is_missing())
            .map(|key| &key.foreign_key)
            .collect();
        Survey {
            useless: Vec::new(),
            proposals: propose(&missing, &[], &[], &mut Default::default()),
            home: "public".into(),
            keys,
        }
    }

    #[test]
    fn an_uncovered_key_fails_and_names_the_index() {
        let partial = CoverageVerdict::Partial { index: "x".into() };
        let survey = survey(vec![
            (samples::foreign_key(&[1]), CoverageVerdict::Uncovered),
            (samples::foreign_key(&[2]), partial),
            (
                samples::foreign_key(&[3]),
                CoverageVerdict::Covered { index: "y".into() },
            ),
        ]);
        let check = check(&survey, &[]);
        let Subject::ForeignKeys {
            covered,
            total,
            keys,
        } = &check.subject
        else {
            panic!("{check:?}");
        };
        assert_eq!((*covered, *total), (1, 3));
        let verdicts: Vec<&str> = keys.iter().map(|key| key.verdict.as_str()).collect();
        assert_eq!(verdicts, ["UNCOVERED", "PARTIAL", "COVERED"]);
        let indexes = keys
            .iter()
            .map(|key| (key.index.as_deref(), key.index_bytes));
        let expected = [
            (None, None),
            (Some("x"), Some(8192)),
            (Some("y"), Some(8192)),
        ];
        assert!(indexes.eq(expected), "{keys:?}");
        assert_eq!(check.findings.len(), 2);
        let first = &check.findings[0];
        assert_eq!(
            (first.rule, first.severity),
            ("fk-not-indexed", Severity::Fail)
        );
        assert_eq!(
            first.message,
            "no index serves the foreign key child(c1) → parent(c1)"
        );
        assert_eq!(
            first.help,
            format!("`seedrow index{TARGET}`, or: CREATE INDEX child_c1_idx ON public.child (c1);")
        );
        assert!(check.findings[1].message.ends_with(": x is partial"));
    }

    #[test]
    fn a_key_that_is_not_validated_fails_with_the_way_to_mend_it() {
        let key = ForeignKey {
            validated: false,
            ..samples::foreign_key(&[1, 2])
        };
        let covered = CoverageVerdict::Covered { index: "y".into() };
        let check = check(&survey(vec![(key, covered)]), &[]);
        let finding = &check.findings[0];
        assert_eq!(finding.rule, "fk-not-valid");
        assert_eq!(
            finding.help,
            "SELECT * FROM public.child AS child WHERE child.c1 IS NOT NULL AND child.c2 IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM public.parent AS parent WHERE parent.c1 = child.c1 AND parent.c2 = child.c2) \
             LIMIT 10;   -- finds the rows; once they are fixed: \
             ALTER TABLE public.child VALIDATE CONSTRAINT child_c1_c2_fkey;"
        );
    }

    #[test]
    fn keys_that_are_covered_and_valid_pass() {
        let covered = CoverageVerdict::Covered { index: "y".into() };
        let check = check(&survey(vec![(samples::foreign_key(&[1]), covered)]), &[]);
        assert_eq!(check.findings, []);
    }

    #[test]
    fn the_planner_is_believed_when_it_disagrees() {
        let covered = CoverageVerdict::Covered { index: "y".into() };
        let survey = survey(vec![(samples::foreign_key(&[1]), covered)]);
        let answers = [Some(Answer::Disagrees("Seq Scan on child".into()))];
        let check = check(&survey, &answers);
        assert_eq!(check.findings[0].rule, "fk-index-unused");
        assert!(
            check.findings[0]
                .message
                .ends_with("lookup: Seq Scan on child")
        );
    }

    #[test]
    fn a_lookup_by_an_unknown_node_is_unchecked() {
        let covered = CoverageVerdict::Covered { index: "y".into() };
        let survey = survey(vec![(samples::foreign_key(&[1]), covered)]);
        let answers = [Some(Answer::Unknown("Custom Scan (Citus Adaptive)".into()))];
        let finding = &check(&survey, &answers).findings[0];
        assert_eq!(
            (finding.rule, finding.severity),
            (UNKNOWN_NODE, Severity::Unchecked)
        );
        assert!(
            finding
                .message
                .contains("has a Custom Scan (Citus Adaptive)"),
            "{finding:?}"
        );
    }

    #[test]
    fn a_key_that_postgres_doesn_t_enforce_is_looked_up_by_joins_only() {
        let key = ForeignKey {
            enforced: false,
            validated: false,
            ..samples::foreign_key(&[1])
        };
        let check = check(&survey(vec![(key, CoverageVerdict::Uncovered)]), &[]);
        let found: Vec<(&str, Severity)> = check
            .findings
            .iter()
            .map(|f| (f.rule, f.severity))
            .collect();
        assert_eq!(found, [("fk-not-indexed", Severity::Warn)]);
    }
}
