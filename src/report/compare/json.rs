//! What programs read of a comparison.

use serde_json::{Value, json};

use crate::check::SavedReport;
use crate::compare::{Comparison, Figure, ReadComparison};

/// All of it: each read with its figures, and what changed.
pub fn json(comparison: &Comparison) -> Value {
    let side = |saved: &SavedReport| {
        json!({
            "target": saved.target,
            "seedrow": saved.seedrow,
            "server_version": saved.server_version,
            "dataset": saved.dataset,
        })
    };
    let settings = comparison.settings.iter();
    json!({
        "verdict": comparison.direction().name(),
        "before": side(comparison.before),
        "after": side(comparison.after),
        "settings": settings
            .map(|(name, before, after)| json!({"name": name, "before": before, "after": after}))
            .collect::<Vec<Value>>(),
        "reads": comparison.reads.iter().map(read).collect::<Vec<Value>>(),
    })
}

fn read(read: &ReadComparison) -> Value {
    let differences = read.differences.iter();
    json!({
        "name": read.name,
        "verdict": read.direction().name(),
        "differences": differences
            .map(|it| json!({"direction": it.direction.name(), "message": it.message}))
            .collect::<Vec<Value>>(),
        "ms": figure(&read.ms),
        "buffers": figure(&read.buffers),
        "rows": figure(&read.rows),
    })
}

fn figure(figure: &Figure) -> Value {
    json!({
        "before": figure.shift.before,
        "after": figure.shift.after,
        "chance": figure.shift.chance,
        "counts": figure.counts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::report::compare::sample::{after, before};

    #[test]
    fn json_has_each_read_s_figures() {
        let json = json(&compare(&before(), &after()));
        assert_eq!(json["verdict"], "better");
        let styles = &json["reads"][0];
        assert_eq!(
            (&styles["name"], &styles["verdict"]),
            (&"styles".into(), &"better".into())
        );
        assert_eq!(styles["buffers"]["before"], 6155.0);
        assert_eq!(styles["buffers"]["counts"], true);
        assert_eq!(json["reads"][1]["ms"]["counts"], false);
        assert_eq!(json["settings"][0]["after"], "64MB");
    }
}
