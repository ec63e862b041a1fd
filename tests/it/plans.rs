//! Plans of PostgreSQL 14 to 18, captured from real servers by `scripts/plans`: all are read, and mean the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use seedrow::check::SavedReport;
use seedrow::compare::{Direction, Step, Structure, compare};
use seedrow::postgres::explain::{Node, NodeKind, Plan};
use seedrow::report::colour::Colour;
use seedrow::report::{self, OutputFormat};

const VERSIONS: [&str; 5] = ["14", "15", "16", "17", "18"];

/// Plans with an unknown node: its name in messages, the file's name, its text.
const OPAQUE: [(&str, &str, &str); 3] = [
    (
        "Custom Scan (Citus Adaptive)",
        "custom-scan",
        include_str!("../fixtures/plans/opaque/custom-scan.json"),
    ),
    (
        "Foreign Scan",
        "foreign-scan",
        include_str!("../fixtures/plans/opaque/foreign-scan.json"),
    ),
    (
        "Warp Scan",
        "warp-scan",
        include_str!("../fixtures/plans/opaque/warp-scan.json"),
    ),
];

/// Each version's plans by their queries' names.
fn plans() -> Vec<(&'static str, BTreeMap<String, Plan>)> {
    VERSIONS
        .into_iter()
        .map(|version| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/fixtures/plans")
                .join(version);
            let files = fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path());
            let plan = |path: std::path::PathBuf| {
                let text = fs::read_to_string(&path).unwrap();
                let plan = Plan::parse(&text)
                    .unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
                (
                    path.file_stem().unwrap().to_string_lossy().into_owned(),
                    plan,
                )
            };
            (version, files.map(plan).collect())
        })
        .collect()
}

#[test]
fn every_plan_is_read_whole() {
    for (version, plans) in plans() {
        assert!(plans.len() > 20, "{version}: {}", plans.len());
        for (name, plan) in plans {
            let raw = plan.raw.to_string();
            let nodes = plan.nodes();
            assert_eq!(
                nodes.len(),
                raw.matches("\"Node Type\"").count(),
                "{version} {name}"
            );
            assert!(
                plan.execution_ms > 0.0 && plan.root.buffers() > 0,
                "{version} {name}"
            );
            assert!(
                nodes.iter().all(|node| node.loops.is_finite()),
                "{version} {name}"
            );
            let steps = count(&Step::of(&plan.root));
            assert_eq!(steps, nodes.len(), "{version} {name}");
        }
    }
}

#[test]
fn every_node_of_every_version_is_known() {
    for (version, plans) in plans() {
        for (name, plan) in plans {
            assert_eq!(plan.opaque_nodes(), [] as [&str; 0], "{version} {name}");
        }
    }
}

#[test]
fn an_unknown_node_is_found_anywhere_in_the_plan() {
    for (label, name, text) in OPAQUE {
        assert_eq!(Plan::parse(text).unwrap().opaque_nodes(), [label], "{name}");
    }
}

#[test]
fn plans_with_unknown_nodes_are_never_said_to_be_the_same() {
    for (label, name, text) in OPAQUE {
        let statement = &Plan::parse(text).unwrap().raw[0];
        let sample = serde_json::json!({"execution_ms": 1.0, "buffers": 9, "rows": 6});
        let check =
            serde_json::json!({"name": name, "samples": vec![sample; 20], "plan": statement});
        let saved =
            SavedReport::parse(&serde_json::json!({"checks": [check]}).to_string()).unwrap();
        let comparison = compare(&saved, &saved);
        assert_eq!(comparison.direction(), Direction::Unchecked, "{name}");
        let expected = format!("the plan has a {label}, and what that reads can't be compared");
        assert_eq!(comparison.reads[0].differences[0].message, expected);
        let render = |format| report::compare::render(format, &comparison, Colour::Off).unwrap();
        let page = render(OutputFormat::Html);
        assert!(page.contains(&expected), "{page}");
        assert_eq!(
            page.matches("unchecked: what it reads").count(),
            2,
            "{page}"
        );
        let text = render(OutputFormat::Text);
        assert!(text.ends_with("unchecked: 1 unchecked\n"), "{text}");
    }
}

fn count(step: &Step) -> usize {
    1 + step.below.iter().map(count).sum::<usize>()
}

#[test]
fn the_same_plan_is_the_same_on_every_version() {
    // Where the planner has no choice.
    for name in [
        "index-scan",
        "index-only",
        "bitmap-and",
        "seq-scan",
        "nested-loop",
        "self-join",
        "append",
        "subplan",
    ] {
        let structures: Vec<(&str, Structure)> = plans()
            .iter()
            .map(|(version, plans)| (*version, Structure::of(&plans[name])))
            .collect();
        let (_, first) = &structures[0];
        for (version, structure) in &structures {
            assert_eq!(structure.scans, first.scans, "{name} on {version}");
            assert_eq!(structure.joins, first.joins, "{name} on {version}");
        }
    }
}

#[test]
fn what_the_rules_look_at_is_there() {
    let any = |plan: &Plan, holds: fn(&Node) -> bool| plan.nodes().into_iter().any(holds);
    for (version, plans) in plans() {
        let has = |name: &str, holds: fn(&Node) -> bool| {
            assert!(any(&plans[name], holds), "{version} {name}")
        };
        has("sort-on-disk", |node| {
            node.kind == NodeKind::Sort && node.temp_written > 0
        });
        has("index-scan", |node| node.index_cond.is_some());
        has("bitmap-and", |node| {
            node.kind == NodeKind::BitmapIndexScan && node.index.is_some()
        });
        has("anti-join", |node| {
            node.join_type.as_deref() == Some("Anti")
        });
        has("self-join", |node| node.inner_unique);
        has("seq-scan", |node| {
            node.filter.is_some() && node.removed_by_filter > 0.0
        });
        has("parallel", |node| node.loops > 1.0);
        has("append", |node| node.relation.as_deref() == Some("parts_2"));
    }
}
