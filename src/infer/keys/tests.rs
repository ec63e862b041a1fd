use std::collections::BTreeSet;

use super::*;
use crate::infer::sample::{source, table};
use crate::infer::source::SourceTable;

fn tenants() -> SourceTable {
    table("tenants").with("id", "serial").primary(&["id"])
}

fn of_tenant(name: &str) -> SourceTable {
    table(name)
        .with("tenant_id", "integer")
        .with("id", "integer")
        .primary(&["tenant_id", "id"])
        .key(&["tenant_id"], "tenants", &["id"])
}

fn planned(tables: Vec<SourceTable>) -> KeyPlan {
    plan(&source(tables), &BTreeSet::new(), &NullColumns::new())
}

/// A role in a few words.
fn shown(plan: &KeyPlan, table: &str, column: &str) -> String {
    match plan.role(table, column) {
        None => "own".into(),
        Some(KeyRole::Null { .. }) => "null".into(),
        Some(KeyRole::Copy { by, column, .. }) => format!("copy {by}.{column}"),
        Some(KeyRole::Reference(it)) => {
            let same: Vec<&str> = it.same.iter().map(|(own, _)| own.as_str()).collect();
            let spread = if it.spread { " spread" } else { "" };
            format!("{}.{}{spread} {}", it.table, it.column, same.join(","))
                .trim_end()
                .into()
        }
    }
}

#[test]
fn a_composite_key_is_a_reference_and_copies() {
    let plan = planned(vec![
        tenants(),
        of_tenant("users"),
        table("posts")
            .with("tenant_id", "integer")
            .with("user_id", "integer")
            .key(&["tenant_id", "user_id"], "users", &["tenant_id", "id"])
            .key(&["tenant_id"], "tenants", &["id"]),
    ]);
    assert_eq!(shown(&plan, "posts", "user_id"), "users.id");
    assert_eq!(shown(&plan, "posts", "tenant_id"), "copy user_id.tenant_id");
    assert_eq!(shown(&plan, "users", "tenant_id"), "tenants.id");
}

#[test]
fn keys_that_share_a_column_agree_in_it() {
    let plan = planned(vec![
        tenants(),
        of_tenant("users"),
        of_tenant("projects"),
        table("tasks")
            .with("tenant_id", "integer")
            .with("user_id", "integer")
            .with("project_id", "integer")
            .key(&["tenant_id"], "tenants", &["id"])
            .key(&["tenant_id", "user_id"], "users", &["tenant_id", "id"])
            .key(
                &["tenant_id", "project_id"],
                "projects",
                &["tenant_id", "id"],
            ),
    ]);
    assert_eq!(shown(&plan, "tasks", "tenant_id"), "tenants.id");
    assert_eq!(shown(&plan, "tasks", "user_id"), "users.id tenant_id");
    assert_eq!(shown(&plan, "tasks", "project_id"), "projects.id tenant_id");
    assert_eq!(shown(&plan, "users", "tenant_id"), "tenants.id spread");
    assert_eq!(shown(&plan, "projects", "tenant_id"), "tenants.id spread");
}

#[test]
fn the_tenant_comes_with_the_first_key_where_it_has_none_of_its_own() {
    let plan = planned(vec![
        tenants(),
        of_tenant("users"),
        of_tenant("projects"),
        table("tasks")
            .with("tenant_id", "integer")
            .with("user_id", "integer")
            .with("project_id", "integer")
            .key(&["tenant_id", "user_id"], "users", &["tenant_id", "id"])
            .key(
                &["tenant_id", "project_id"],
                "projects",
                &["tenant_id", "id"],
            ),
    ]);
    assert_eq!(shown(&plan, "tasks", "project_id"), "projects.id");
    assert_eq!(
        shown(&plan, "tasks", "tenant_id"),
        "copy project_id.tenant_id"
    );
    assert_eq!(shown(&plan, "tasks", "user_id"), "users.id tenant_id");
    assert!(plan.refused.is_empty());
}

#[test]
fn keys_to_refused_tables_are_null_or_refuse_theirs() {
    let refused: BTreeSet<String> = ["shapes".to_owned()].into();
    let source = source(vec![
        table("shapes").with("id", "integer").primary(&["id"]),
        table("areas")
            .with("id", "serial")
            .with("shape_id", "integer")
            .key(&["shape_id"], "shapes", &["id"]),
        table("notes")
            .with("area_id", "integer?")
            .key(&["area_id"], "areas", &["id"]),
    ]);
    let plan = plan(&source, &refused, &NullColumns::new());
    assert_eq!(plan.refused.keys().collect::<Vec<_>>(), ["areas"]);
    assert_eq!(
        plan.refused["areas"][0].reason,
        "it refers to shapes, which can't be filled"
    );
    assert_eq!(shown(&plan, "notes", "area_id"), "null");
}

#[test]
fn a_circle_of_tables_needs_nothing_but_a_circle_of_ids_is_refused() {
    let plan = planned(vec![
        table("concepts")
            .with("id", "integer")
            .with("domain_id", "text")
            .primary(&["id"])
            .key(&["domain_id"], "domains", &["id"]),
        table("domains")
            .with("id", "text")
            .with("concept_id", "integer")
            .primary(&["id"])
            .key(&["concept_id"], "concepts", &["id"]),
    ]);
    assert_eq!(shown(&plan, "concepts", "domain_id"), "domains.id");
    assert_eq!(shown(&plan, "domains", "concept_id"), "concepts.id");
    let plan = planned(vec![
        table("a")
            .with("id", "integer")
            .primary(&["id"])
            .key(&["id"], "b", &["id"]),
        table("b")
            .with("id", "integer")
            .primary(&["id"])
            .key(&["id"], "a", &["id"]),
    ]);
    assert_eq!(plan.refused.len(), 2, "{:?}", plan.refused);
}

#[test]
fn a_key_through_two_levels_is_implied_by_the_longest() {
    let plan = planned(vec![
        tenants(),
        of_tenant("projects"),
        table("tasks")
            .with("tenant_id", "integer")
            .with("project_id", "integer")
            .with("id", "integer")
            .primary(&["tenant_id", "project_id", "id"])
            .key(
                &["tenant_id", "project_id"],
                "projects",
                &["tenant_id", "id"],
            ),
        table("steps")
            .with("tenant_id", "integer")
            .with("project_id", "integer")
            .with("task_id", "integer")
            .key(&["tenant_id"], "tenants", &["id"])
            .key(
                &["tenant_id", "project_id"],
                "projects",
                &["tenant_id", "id"],
            )
            .key(
                &["tenant_id", "project_id", "task_id"],
                "tasks",
                &["tenant_id", "project_id", "id"],
            ),
    ]);
    assert_eq!(shown(&plan, "steps", "task_id"), "tasks.id");
    assert_eq!(
        shown(&plan, "steps", "project_id"),
        "copy task_id.project_id"
    );
    assert_eq!(shown(&plan, "steps", "tenant_id"), "copy task_id.tenant_id");
}

#[test]
fn a_composite_key_to_the_own_table_agrees_with_the_tenant() {
    let plan = planned(vec![
        tenants(),
        of_tenant("users").with("boss_id", "integer?").key(
            &["tenant_id", "boss_id"],
            "users",
            &["tenant_id", "id"],
        ),
    ]);
    assert_eq!(shown(&plan, "users", "tenant_id"), "tenants.id spread");
    assert_eq!(shown(&plan, "users", "boss_id"), "users.id tenant_id");
}
