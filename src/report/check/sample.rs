//! A report for the tests of this folder: a bit of everything.

use serde_json::json;

use crate::check::{
    AccessPath, AccessPaths, Check, CheckConditions, CheckReport, FailingCheck, Finding,
    IndexProof, KeyCoverage, Latency, Measurements, SampleCost, SampleFigures, SampleRun, Severity,
    SkippedCheck, Subject, WaivedFinding,
};

fn measured(execution_ms: f64, buffers: u64, rows: f64, index: &str) -> Measurements {
    let samples = vec![SampleRun {
        parameters: serde_json::Map::from_iter([("product_id".into(), 900_001.into())]),
        execution_ms,
        planning_ms: 0.1,
        buffers,
        rows,
        indexes: vec![index.into()],
        plan: Some(json!({"Plan": {"Node Type": "Result"}})),
    }];
    Measurements {
        figures: SampleFigures::of(&samples),
        samples,
        sql: String::new(),
        budget_ms: Some(10.0),
        bound: Some(12),
        shape: AccessPaths {
            capability: AccessPath::Index,
            choice: AccessPath::Index,
            generic: AccessPath::Index,
        },
        latency: None,
        proofs: Vec::new(),
        stopped: None,
        plan: json!({"Plan": {"Node Type": "Result"}}),
        generic_plan: json!({"Plan": {"Node Type": "Result"}}),
    }
}

const KEYS: [&str; 6] = [
    "audit(user_id) → users(id)",
    "photos(style_id) → styles(id)",
    "related(product_id) → products(id)",
    "reviews(product_id) → products(id)",
    "skus(style_id) → styles(id)",
    "styles(product_id) → products(id)",
];

fn key(key: &str) -> KeyCoverage {
    let (verdict, reason) = match key.starts_with("audit") {
        true => ("WAIVED", "waived: never joined"),
        false => ("COVERED", "covered"),
    };
    KeyCoverage {
        key: key.into(),
        verdict: verdict.into(),
        reason: reason.into(),
        index: (verdict == "COVERED").then(|| "skus_style_id_idx".to_owned()),
        index_bytes: (verdict == "COVERED").then_some(1 << 20),
        planner: None,
    }
}

/// A lookup that passes and is proven, a query that fails, one that couldn't be judged, one that was skipped.
pub fn report() -> CheckReport {
    let finding = |rule, severity| Finding {
        rule,
        severity,
        on: None,
        message: "what".into(),
        help: "how".into(),
    };
    let check = |name: &str, subject, findings| Check {
        name: name.into(),
        subject,
        findings,
        waived: Vec::new(),
    };
    let keys = Check {
        waived: vec![WaivedFinding {
            finding: Finding {
                on: Some("audit(user_id)".into()),
                ..finding("fk-not-indexed", Severity::Fail)
            },
            reason: "never joined".into(),
        }],
        ..check(
            "foreign-keys",
            Subject::ForeignKeys {
                covered: 5,
                total: 6,
                keys: KEYS.map(key).to_vec(),
            },
            vec![],
        )
    };
    let lookup = Measurements {
        sql: "SELECT * FROM skus\nWHERE style_id = $1".into(),
        budget_ms: None,
        latency: Some(Latency {
            executions: 200,
            p50_ms: 0.2,
            p95_ms: 0.3,
            p99_ms: 0.4,
            max_ms: 0.5,
        }),
        proofs: vec![IndexProof {
            index: "skus(style_id)".into(),
            name: "skus_style_id_idx".into(),
            with: SampleCost {
                p50_ms: 0.1,
                buffers: 6,
            },
            without: Some(SampleCost {
                p50_ms: 812.0,
                buffers: 73_529,
            }),
            fails: Some(FailingCheck::Plan),
        }],
        ..measured(0.1, 6, 6.0, "skus_style_id_idx")
    };
    let styles = Measurements {
        stopped: Some("its time was used up after 1 of 20 samples".into()),
        ..measured(812.34, 73_529, 1.0, "products_pkey")
    };
    CheckReport {
        target: "db.example.com".into(),
        server_version: "15.18".into(),
        home: "public".into(),
        dataset: Some("catalog".into()),
        conditions: CheckConditions {
            started: "2026-05-01 09:30:00 UTC".into(),
            seconds: 1.5,
            seed: 42,
            samples: 20,
            tail: 0.1,
            budget_ms: 10.0,
        },
        settings: vec![("work_mem".into(), "4MB".into())],
        checks: vec![
            keys,
            check(
                "schema",
                Subject::Schema {
                    against: Some("catalog".into()),
                    tables: 6,
                },
                vec![],
            ),
            check("skus(style_id)", Subject::Lookup(Some(lookup)), vec![]),
            check(
                "styles",
                Subject::Query(Some(styles)),
                vec![finding("seq-scan", Severity::Fail)],
            ),
            check(
                "empty",
                Subject::Query(None),
                vec![finding("no-rows", Severity::Unchecked)],
            ),
        ],
        skipped: vec![SkippedCheck {
            name: "related".into(),
            reason: "left out".into(),
        }],
    }
}
