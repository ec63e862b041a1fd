//! What programs read; `data/check.schema.json` describes it.

use anyhow::Result;

use crate::check::{CheckReport, SavedReport};
use crate::postgres::statistics::TableStatistics;
use crate::report::pretty;

/// A report with the plan of each read's median execution.
pub fn json(report: &CheckReport) -> Result<String> {
    pretty(&SavedReport::of(report).without_sample_plans())
}

/// A report with the plan of every execution and the tables' statistics: what `seedrow compare` takes.
pub fn saved(report: &CheckReport, statistics: Vec<TableStatistics>) -> Result<String> {
    pretty(&SavedReport::of(report).with_statistics(statistics))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::check::sample::report;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn json_has_verdicts_findings_samples_and_plans() {
        let json = value(&json(&report()).unwrap());
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
        let saved = value(&saved(&report(), Vec::new()).unwrap());
        assert!(validator.is_valid(&saved), "{saved:#}");
        let json = value(&json(&report()).unwrap());
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
    fn what_is_written_is_read_back() {
        let text = saved(&report(), Vec::new()).unwrap();
        let read = SavedReport::parse(&text).unwrap();
        assert_eq!(read, SavedReport::of(&report()));
        let text = json(&report()).unwrap();
        assert!(!text.contains("\"plan\": null"), "{text}");
        let read = SavedReport::parse(&text).unwrap();
        assert_eq!(read.measured().count(), 2);
        assert_eq!(read.checks[3].samples()[0].plan, None);
    }

    #[test]
    fn the_schema_knows_every_rule() {
        let schema = include_str!("../../../data/check.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let known = schema["$defs"]["SavedFinding"]["properties"]["rule"]["enum"]
            .as_array()
            .unwrap();
        let mut known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
        let mut rules: Vec<&str> = crate::check::all_rules().collect();
        known.sort_unstable();
        rules.sort_unstable();
        assert_eq!(known, rules);
    }
}
