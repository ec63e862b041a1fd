//! The evidence of a read's verdict, kept for later proofs: its values, and the shape of its plans.

use super::rules::Facts;
use crate::postgres::TableName;
use crate::postgres::catalog::Index;
use crate::postgres::explain::{Node, Plan};
use crate::queries::Bindings;

/// The evidence of a read's verdict.
#[derive(Debug)]
pub struct Evidence {
    /// Its values.
    pub bindings: Bindings,
    /// The shape of each sample's plan.
    pub shapes: Vec<String>,
    /// The indexes that its plans use.
    pub indexes: Vec<Index>,
    /// The tables that its plans read.
    pub tables: Vec<TableName>,
}

/// What of a plan mustn't change: how it joins, and by which index it reaches which table. An index is the same whether
/// rows are fetched one by one, by a bitmap, or not at all.
pub fn shape(plan: &Plan) -> String {
    let mut shape = String::new();
    write(&plan.root, &mut shape);
    shape
}

fn write(node: &Node, shape: &mut String) {
    let table = node.alias.as_deref().or(node.relation.as_deref());
    let indexes = node.searched_indexes();
    let words = match table {
        Some(table) if !indexes.is_empty() => Some(format!("{table} by {}", indexes.join(" and "))),
        Some(table) if node.is_opaque() => Some(format!("{table} by {}", node.label())),
        Some(table) if node.reads_whole_relation() => Some(format!("all of {table}")),
        Some(table) => Some(table.to_owned()),
        None if node.is_opaque() => Some(node.label()),
        None if node.is_join() => Some(node.kind.name().to_lowercase()),
        None => None,
    };
    if let Some(words) = words {
        if !shape.is_empty() {
            shape.push_str(", ");
        }
        shape.push_str(&words);
    }
    for below in &node.plans {
        write(below, shape);
    }
}

/// The indexes that a plan searches.
pub fn used_indexes<'a>(plan: &Plan, facts: Facts<'a>) -> impl Iterator<Item = &'a Index> {
    let tables: Vec<&TableName> = plan
        .nodes()
        .into_iter()
        .filter_map(|node| Some(&facts.table(node)?.name))
        .collect();
    let names: Vec<String> = plan.indexes().into_iter().map(str::to_owned).collect();
    facts
        .indexes
        .iter()
        .filter(move |index| names.contains(&index.name) && tables.contains(&&index.table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_joins_and_indexes() {
        let indexed = Plan::parse(include_str!(
            "../../tests/fixtures/plans/styles-indexed.json"
        ));
        let shape = shape(&indexed.unwrap());
        assert!(shape.contains("style by styles_product_id_idx"), "{shape}");
        assert!(shape.contains("sku by skus_style_id_idx"), "{shape}");
    }

    #[test]
    fn an_index_is_the_same_by_a_bitmap() {
        let plan = |node: &str| shape(&Plan::parse(&format!(r#"[{{"Plan": {node}}}]"#)).unwrap());
        let plain =
            r#"{"Node Type": "Index Scan", "Relation Name": "t", "Alias": "a", "Index Name": "x"}"#;
        let bitmap = r#"{"Node Type": "Bitmap Heap Scan", "Relation Name": "t", "Alias": "a",
            "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "x"}]}"#;
        assert_eq!(plan(plain), "a by x");
        assert_eq!(plan(bitmap), "a by x");
        let scan = r#"{"Node Type": "Seq Scan", "Relation Name": "t", "Alias": "a"}"#;
        assert_eq!(plan(scan), "all of a");
    }
}
