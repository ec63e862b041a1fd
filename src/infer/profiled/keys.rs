//! Foreign keys that a profile doesn't count the children of, since partitions alone have them: what the referring column's
//! statistics say.

use crate::infer::source::SourceTable;
use crate::profile::{ForeignKeyProfile, Profile, TableProfile};

/// The profile of a table with these keys.
pub(super) fn with_partitions_keys(
    profile: &TableProfile,
    source: &SourceTable,
    all: &Profile,
) -> TableProfile {
    let mut profile = profile.clone();
    for key in &source.foreign_keys {
        let ([column], Some(parent)) = (key.columns.as_slice(), &key.table) else {
            continue;
        };
        let is_known = profile
            .foreign_keys
            .iter()
            .any(|it| it.columns == key.columns);
        let parents = all.table(parent).map_or(0.0, |it| it.rows);
        if is_known || parents < 1.0 {
            continue;
        }
        if let Some(counts) = counts(&profile, column, parents) {
            profile.foreign_keys.push(ForeignKeyProfile {
                name: key.name.clone(),
                columns: key.columns.clone(),
                parent: parent.clone(),
                counts,
                sampled: 0.0,
                ranks: Vec::new(),
                others: Vec::new(),
                quantiles: Vec::new(),
            });
        }
    }
    profile
}

/// As many children for each distinct value, and those of the most common ones.
fn counts(profile: &TableProfile, column: &str, parents: f64) -> Option<Vec<(f64, f64)>> {
    let statistics = profile.statistics(column)?;
    let rows = profile.rows;
    let distinct = match statistics.distinct {
        per_row if per_row < 0.0 => -per_row * rows,
        count => count,
    };
    let distinct = distinct.min(parents);
    let common = statistics.shares.len().min(whole(distinct));
    let shares = &statistics.shares[..common];
    let others = distinct - common as f64;
    let left = rows * (1.0 - statistics.null - shares.iter().sum::<f64>()).max(0.0);
    let mut counts = vec![(0.0, (1.0 - distinct / parents).max(0.0))];
    if others >= 0.5 {
        counts.push((left / others, others / parents));
    }
    counts.extend(
        shares
            .iter()
            .rev()
            .map(|share| (share * rows, 1.0 / parents)),
    );
    counts.retain(|(_, share)| *share > 0.0);
    counts.sort_by(|one, other| one.0.total_cmp(&other.0));
    (rows >= 1.0 && distinct >= 1.0).then_some(counts)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of values, saturating"
)]
fn whole(number: f64) -> usize {
    number.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_parents_have_their_rows_and_the_others_what_is_left() {
        let table = serde_json::json!({
            "name": "payment", "rows": 1000.0, "pages": 1, "readable": true, "dead": 0.0,
            "columns": [{ "name": "customer_id", "type": "integer", "not_null": true, "unique": false,
                "statistics": { "null": 0.1, "distinct": 81.0, "width": 4.0, "shares": [0.1] } }],
            "indexes": [], "foreign_keys": [], "extended": [],
        });
        let table: TableProfile = serde_json::from_value(table).unwrap();
        let counts = counts(&table, "customer_id", 100.0).unwrap();
        let shown: Vec<String> = counts
            .iter()
            .map(|(children, share)| format!("{children:.1} {share:.2}"))
            .collect();
        assert_eq!(shown, ["0.0 0.19", "10.0 0.80", "100.0 0.01"]);
    }
}
