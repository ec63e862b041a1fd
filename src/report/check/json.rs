//! What programs read; `data/check.schema.json` describes it.

use serde_json::{Map, Value, json};

use crate::check::{
    Check, CheckReport, FailingCheck, Finding, IndexProof, KeyCoverage, Latency, Measurements,
    SampleRun, Subject, Verdict,
};
use crate::compare::FORMAT;

/// A report with the plan of each read's median execution.
pub fn json(report: &CheckReport) -> Value {
    write(report, Plans::OfTheMedian)
}

/// A report with the plan of every execution: what `seedrow compare` takes.
pub fn saved(report: &CheckReport) -> Value {
    write(report, Plans::OfEverySample)
}

/// Which plans are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plans {
    OfTheMedian,
    OfEverySample,
}

fn write(report: &CheckReport, plans: Plans) -> Value {
    let settings = report.settings.iter();
    let settings: Map<String, Value> = settings
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    json!({
        "format": FORMAT,
        "verdict": report.verdict().name(),
        "seedrow": env!("CARGO_PKG_VERSION"),
        "target": report.target,
        "server_version": report.server_version,
        "dataset": report.dataset,
        "settings": settings,
        "checks": report.checks.iter().map(|it| check(it, plans)).collect::<Vec<Value>>(),
        "skipped": report
            .skipped
            .iter()
            .map(|skipped| json!({"name": skipped.name, "reason": skipped.reason}))
            .collect::<Vec<Value>>(),
    })
}

fn check(check: &Check, plans: Plans) -> Value {
    let mut object = Map::new();
    let mut set = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
    set("name", check.name.as_str().into());
    set("kind", check.subject.kind().into());
    set("verdict", check.verdict().name().into());
    set(
        "findings",
        check.findings.iter().map(|it| finding(it, check)).collect(),
    );
    if !check.waived.is_empty() {
        let waived = check.waived.iter().map(|waived| {
            let mut finding = finding(&waived.finding, check);
            finding["reason"] = waived.reason.as_str().into();
            finding
        });
        set("waived", waived.collect());
    }
    match &check.subject {
        Subject::ForeignKeys {
            covered,
            total,
            keys,
        } => {
            set("covered", (*covered).into());
            set("total", (*total).into());
            set("keys", keys.iter().map(key).collect());
        }
        Subject::Schema { against, tables } => {
            set("against", json!(against));
            set("tables", (*tables).into());
        }
        Subject::Lookup(None) | Subject::Query(None) => {}
        Subject::Lookup(Some(it)) | Subject::Query(Some(it)) => object.extend(measured(it, plans)),
    }
    object.into()
}

fn key(key: &KeyCoverage) -> Value {
    json!({
        "key": key.key,
        "verdict": key.verdict,
        "reason": key.reason,
        "planner": key.planner,
    })
}

fn measured(measured: &Measurements, plans: Plans) -> Map<String, Value> {
    let Measurements {
        figures,
        samples,
        budget_ms,
        shape,
        latency,
        proofs,
        bound,
        stopped,
        plan,
        generic_plan,
    } = measured;
    let object = json!({
        "budget_ms": budget_ms,
        "p50_ms": figures.p50_ms,
        "p95_ms": figures.p95_ms,
        "max_ms": figures.max_ms,
        "latency": latency.as_ref().map(at_client),
        "buffers": figures.buffers,
        "buffers_bound": bound,
        "rows": figures.rows,
        "indexes": figures.indexes,
        "shape": {
            "capability": shape.capability.name(),
            "choice": shape.choice.name(),
            "generic": shape.generic.name(),
        },
        "proofs": proofs.iter().map(proof).collect::<Vec<Value>>(),
        "stopped": stopped,
        "samples": samples.iter().map(|it| sample(it, plans)).collect::<Vec<Value>>(),
        "plan": statement(plan),
        "generic_plan": statement(generic_plan),
    });
    match object {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn at_client(latency: &Latency) -> Value {
    json!({
        "executions": latency.executions,
        "p50_ms": latency.p50_ms,
        "p95_ms": latency.p95_ms,
        "p99_ms": latency.p99_ms,
        "max_ms": latency.max_ms,
    })
}

fn proof(proof: &IndexProof) -> Value {
    let figures = |(ms, buffers): (f64, u64)| json!({"p50_ms": ms, "buffers": buffers});
    json!({
        "index": proof.name,
        "on": proof.index,
        "with": figures(proof.with),
        "without": proof.without.map(figures),
        "fails": proof.fails.map(FailingCheck::name),
    })
}

fn finding(finding: &Finding, check: &Check) -> Value {
    json!({
        "rule": finding.rule,
        "severity": Verdict::from(finding.severity).name(),
        "on": finding.on.as_ref().unwrap_or(&check.name),
        "message": finding.message,
        "help": finding.help,
    })
}

/// What EXPLAIN says of the statement, out of its list of one.
fn statement(plan: &Value) -> Value {
    plan.get(0).unwrap_or(plan).clone()
}

fn sample(sample: &SampleRun, plans: Plans) -> Value {
    let parameters: Map<String, Value> = sample.parameters.iter().cloned().collect();
    let mut object = json!({
        "parameters": parameters,
        "execution_ms": sample.execution_ms,
        "planning_ms": sample.planning_ms,
        "buffers": sample.buffers,
        "rows": sample.rows,
        "indexes": sample.indexes,
    });
    if plans == Plans::OfEverySample {
        object["plan"] = statement(&sample.plan);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::sample::report;

    #[test]
    fn json_has_verdicts_findings_samples_and_plans() {
        let json = json(&report());
        assert_eq!(json["verdict"], "fail");
        assert_eq!(json["checks"][0]["verdict"], "pass");
        assert_eq!(json["checks"][0]["waived"][0]["on"], "audit(user_id)");
        assert_eq!(json["checks"][2]["proofs"][0]["without"]["buffers"], 73_529);
        let styles = &json["checks"][3];
        assert_eq!(styles["findings"][0]["rule"], "seq-scan");
        assert_eq!(styles["findings"][0]["on"], "styles");
        assert_eq!(styles["samples"][0]["parameters"]["product_id"], 900_001);
        assert_eq!(styles["plan"]["Plan"]["Node Type"], "Result");
        assert_eq!(json["checks"][4]["samples"], Value::Null);
        assert_eq!(json["skipped"][0]["name"], "related");
    }

    /// What is published is what is written.
    #[test]
    fn json_is_as_its_schema_says() {
        let schema = include_str!("../../../data/check.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(
            validator.is_valid(&saved(&report())),
            "{:#}",
            saved(&report())
        );
        let json = json(&report());
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [] as [String; 0]);
        for key in ["verdict", "checks"] {
            let mut lacking = json.clone();
            lacking.as_object_mut().unwrap().remove(key);
            assert!(!validator.is_valid(&lacking), "{key}");
        }
        let mut wrong = json.clone();
        wrong["checks"][3]["findings"][0]["rule"] = "no-such-rule".into();
        assert!(!validator.is_valid(&wrong));
        wrong = json;
        wrong["checks"][3]["unknown"] = 1.into();
        assert!(!validator.is_valid(&wrong));
    }

    #[test]
    fn the_schema_knows_every_rule() {
        let schema = include_str!("../../../data/check.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let known = schema["$defs"]["finding"]["properties"]["rule"]["enum"]
            .as_array()
            .unwrap();
        let mut known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
        let mut rules: Vec<&str> = crate::check::all_rules().collect();
        known.sort_unstable();
        rules.sort_unstable();
        assert_eq!(known, rules);
    }
}
