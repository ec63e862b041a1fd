//! Which constraints and indexes are dropped for the load, and which are kept because they could not be restored exactly.

use std::collections::{HashMap, HashSet};

use crate::load::constraints::catalog::DropCandidate;
use crate::load::ledger::DroppedConstraint;
use crate::load::policy::Orphans;
use crate::postgres::TableName;
use crate::units::grouped;

/// Dropping a key of a table with more partitions would take more locks than a server has room for by default.
const MOST_PARTS: usize = 500;

/// Which constraints are dropped and which are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DropPlan {
    /// Foreign keys first, so that no key has a dependent left.
    pub drop: Vec<DropCandidate>,
    /// With the reason.
    pub keep: Vec<(DropCandidate, String)>,
}

impl DropPlan {
    /// Drops what has no obstacle; `filled` are tables outside the load that hold rows, whose foreign keys are kept.
    pub fn new(
        constraints: Vec<DropCandidate>,
        filled: &HashSet<u32>,
        orphans: Orphans,
    ) -> DropPlan {
        let mut plan = DropPlan::default();
        let (foreign, own): (Vec<DropCandidate>, Vec<DropCandidate>) = constraints
            .into_iter()
            .partition(|it| it.definition.is_foreign());
        for mut key in foreign {
            let reason = match key.obstacle.take() {
                None if filled.contains(&key.table_oid) => {
                    Some("its table holds rows and is not part of this load".to_owned())
                }
                None if key.definition.is_partitioned() && orphans == Orphans::Keep => Some(
                    "with a partitioned table it cannot be left NOT VALID, as --orphans keep would"
                        .to_owned(),
                ),
                reason => reason,
            };
            plan.add(key, reason);
        }
        let reasons = plan.reasons(&own);
        for key in own {
            match reasons.get(&key.root_index_oid) {
                None => plan.drop.push(key),
                Some(_) if key.is_part() => {}
                Some(reason) => plan.keep.push((key, reason.clone())),
            }
        }
        plan
    }

    /// Why the keys and indexes with these roots are kept: with all their parts, or not at all.
    fn reasons(&self, own: &[DropCandidate]) -> HashMap<u32, String> {
        let mut parts: HashMap<u32, usize> = HashMap::new();
        let mut reasons = HashMap::new();
        for key in own {
            *parts.entry(key.root_index_oid).or_default() += 1;
            let obstacle = key.obstacle.as_ref().map(|obstacle| match key.is_part() {
                true => format!("of its part on {}, {obstacle}", key.definition.table),
                false => obstacle.clone(),
            });
            let reason = obstacle.or_else(|| self.kept_reference(key.index_oid));
            if let Some(reason) = reason {
                reasons.entry(key.root_index_oid).or_insert(reason);
            }
        }
        for (root, count) in parts {
            if count > MOST_PARTS {
                let reason = format!("it has {} parts", grouped(count as u64));
                reasons.entry(root).or_insert(reason);
            }
        }
        reasons
    }

    /// Drops nothing: rows are added to tables that keep their constraints.
    pub fn keep_all(constraints: Vec<DropCandidate>) -> DropPlan {
        let reason = |key| (key, "rows are added to existing ones".to_owned());
        DropPlan {
            drop: Vec::new(),
            keep: constraints.into_iter().map(reason).collect(),
        }
    }

    /// The reason to keep an index that a kept foreign key references.
    fn kept_reference(&self, index_oid: u32) -> Option<String> {
        let mut kept = self.keep.iter();
        let (foreign, _) = kept.find(|(foreign, _)| foreign.index_oid == index_oid)?;
        Some(format!(
            "{} references it and is kept",
            foreign.definition.name
        ))
    }

    fn add(&mut self, key: DropCandidate, reason: Option<String>) {
        match reason {
            Some(reason) => self.keep.push((key, reason)),
            None => self.drop.push(key),
        }
    }

    /// What is dropped, as the ledger records it; `not_validated` are foreign keys that an earlier load left NOT VALID,
    /// which are validated again.
    pub fn dropped(&self, not_validated: &[(TableName, String)]) -> Vec<DroppedConstraint> {
        let recorded = |key: &DropCandidate| {
            let mut constraint = key.definition.clone();
            constraint.validated |= not_validated
                .iter()
                .any(|(table, name)| *table == constraint.table && *name == constraint.name);
            constraint
        };
        self.drop.iter().map(recorded).collect()
    }

    /// The tables outside the load whose foreign keys are kept.
    pub fn outside_tables(&self, inside: &[u32]) -> Vec<&TableName> {
        self.kept_foreign_keys()
            .filter(|key| !inside.contains(&key.table_oid))
            .map(|key| &key.definition.table)
            .collect()
    }

    /// Whether a kept foreign key references this table from another one, so that it cannot be truncated alone.
    pub fn is_referenced(&self, table: u32) -> bool {
        self.kept_foreign_keys()
            .any(|key| key.referenced_oid == table && key.table_oid != table)
    }

    /// Whether a foreign key is kept, so that parents must be loaded before their children.
    pub fn needs_load_order(&self) -> bool {
        self.kept_foreign_keys().next().is_some()
    }

    fn kept_foreign_keys(&self) -> impl Iterator<Item = &DropCandidate> {
        let kept = self.keep.iter().map(|(key, _)| key);
        kept.filter(|key| key.definition.is_foreign())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ledger::DroppedKind;

    fn key(code: &str, table: u32, referenced: u32, index: u32) -> DropCandidate {
        DropCandidate {
            table_oid: table,
            referenced_oid: referenced,
            index_oid: index,
            root_index_oid: if code == "f" || code == "F" { 0 } else { index },
            definition: DroppedConstraint {
                table: TableName::new("public", format!("t{table}")),
                name: format!("{code}{table}"),
                kind: DroppedKind::from_code(code).unwrap(),
                definition: "…".into(),
                validated: true,
            },
            obstacle: None,
        }
    }

    fn names<'a>(keys: impl IntoIterator<Item = &'a DropCandidate>) -> Vec<&'a str> {
        let names = keys.into_iter().map(|key| key.definition.name.as_str());
        names.collect()
    }

    #[test]
    fn everything_plain_is_dropped_foreign_keys_first() {
        let plan = DropPlan::new(
            vec![key("p", 1, 0, 7), key("f", 2, 1, 7)],
            &HashSet::new(),
            Orphans::Fail,
        );
        assert_eq!(names(&plan.drop), ["f2", "p1"]);
        assert!(!plan.is_referenced(1));
    }

    #[test]
    fn a_key_is_kept_while_a_kept_foreign_key_references_it() {
        let plan = DropPlan::new(
            vec![key("p", 1, 0, 7), key("f", 2, 1, 7), key("p", 2, 0, 8)],
            &HashSet::from([2]),
            Orphans::Fail,
        );
        assert_eq!(names(plan.keep.iter().map(|(key, _)| key)), ["f2", "p1"]);
        assert!(plan.is_referenced(1) && !plan.is_referenced(2));
    }

    #[test]
    fn an_obstacle_keeps_its_key() {
        let commented = DropCandidate {
            obstacle: Some("it has a comment".into()),
            ..key("p", 1, 0, 7)
        };
        let plan = DropPlan::new(vec![commented], &HashSet::new(), Orphans::Fail);
        assert_eq!(plan.keep[0].1, "it has a comment");
    }

    #[test]
    fn a_partitioned_key_is_dropped_with_all_its_parts_or_not_at_all() {
        let part = |table, obstacle: Option<&str>| DropCandidate {
            root_index_oid: 7,
            obstacle: obstacle.map(str::to_owned),
            ..key("p", table, 0, table + 10)
        };
        let whole = key("p", 1, 0, 7);
        let plan = |parts: Vec<DropCandidate>| {
            let all = std::iter::once(whole.clone()).chain(parts);
            DropPlan::new(all.collect(), &HashSet::new(), Orphans::Fail)
        };
        let dropped = plan(vec![part(2, None), part(3, None)]);
        assert_eq!(names(&dropped.drop), ["p1", "p2", "p3"]);
        let kept = plan(vec![part(2, None), part(3, Some("it has a comment"))]);
        assert_eq!(names(&kept.drop), [""; 0]);
        assert_eq!(kept.keep.len(), 1);
        assert_eq!(kept.keep[0].1, "of its part on public.t3, it has a comment");
        let many = plan(vec![part(2, None); MOST_PARTS]);
        assert_eq!(many.keep[0].1, "it has 501 parts");
    }

    #[test]
    fn a_partitioned_foreign_key_is_kept_where_it_could_not_be_left_not_valid() {
        for (orphans, dropped) in [(Orphans::Fail, 1), (Orphans::Reject, 1), (Orphans::Keep, 0)] {
            let plan = DropPlan::new(vec![key("F", 2, 1, 7)], &HashSet::new(), orphans);
            assert_eq!(plan.drop.len(), dropped, "{orphans:?}");
        }
    }
}
