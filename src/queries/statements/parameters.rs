//! Where the values of a statement's parameters come from, as a query file's header says it.

use serde_json::Value;
use tokio_postgres::types::{Kind, Type};

use super::conditions::{Compared, Values, comparisons, numbers};
use crate::postgres::TableName;
use crate::postgres::explain::Plan;
use crate::postgres::name::quoted;
use crate::script::lexer::{Token, tokens};

/// How many values an array of them gets.
const SEVERAL: usize = 3;

/// Where each parameter stands in a statement, from its text and its generic plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ParameterPlaces {
    places: Vec<Place>,
}

/// Where a parameter stands.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    /// `LIMIT $1`
    Limit,
    /// `OFFSET $1`
    Offset,
    /// It is compared with a column.
    Column {
        /// The table's alias in the plan, the table and the column.
        of: (String, TableName, String),
        values: Values,
    },
    /// It is a part of a condition, and compared with no column.
    Condition,
    /// It decides no row: `SELECT $1`.
    Output,
}

impl ParameterPlaces {
    /// Of the parameters of a statement, in the order of their numbers.
    pub(super) fn of(sql: &str, plan: &Plan) -> ParameterPlaces {
        let count = numbers(sql).into_iter().max().unwrap_or(0);
        let conditions = conditions(plan.statement());
        let compared: Vec<Compared> = conditions.iter().flat_map(|it| comparisons(it)).collect();
        let place = |number: usize| {
            limit(sql, number).unwrap_or_else(|| {
                let of_number = compared.iter().filter(|it| it.parameter == number);
                let mut columns = of_number.filter_map(|it| column(plan, it));
                let in_condition = conditions.iter().any(|it| numbers(it).contains(&number));
                match (columns.next(), in_condition) {
                    (Some(column), _) => column,
                    (None, true) => Place::Condition,
                    (None, false) => Place::Output,
                }
            })
        };
        ParameterPlaces {
            places: (1..=count).map(place).collect(),
        }
    }
}

/// The statement as a query file: `$1` becomes `:p1`, and the header says where its values come from; or why one has none.
pub(super) fn header(
    sql: &str,
    places: &ParameterPlaces,
    types: &[Type],
) -> Result<String, String> {
    let mut header = String::new();
    let mut written = Vec::with_capacity(places.places.len());
    let mut earlier: Vec<(&(String, TableName, String), String)> = Vec::new();
    for (at, place) in places.places.iter().enumerate() {
        let name = format!("p{}", at + 1);
        let ty = types.get(at).ok_or("its parameters can't be told apart")?;
        let names = match place {
            Place::Column {
                values: Values::Several,
                ..
            } => (0..SEVERAL).map(|it| format!("{name}_{it}")).collect(),
            _ => vec![name.clone()],
        };
        for name in &names {
            let source = source(place, at + 1, ty)?;
            header.push_str(&format!("-- param {name}: {source}"));
            if let Place::Column { of, .. } = place {
                if let Some((_, before)) = earlier.iter().rev().find(|it| it.0 == of) {
                    header.push_str(&format!(", next of {before}"));
                }
                earlier.push((of, name.clone()));
            }
            header.push('\n');
        }
        written.push(match names.as_slice() {
            [name] => format!(":{name}"),
            names => format!("ARRAY[:{}]", names.join(", :")),
        });
    }
    let statement: String = tokens(sql)
        .into_iter()
        .map(|token| text(token, &written))
        .collect();
    Ok(header + statement.trim().trim_end_matches(';') + "\n")
}

/// A token of the statement, without comments: a header's are of another kind.
fn text(token: Token<'_>, written: &[String]) -> String {
    match token {
        Token::Numbered(number) => {
            let at = number.trim_start_matches('$').parse::<usize>();
            let written = at.ok().and_then(|at| written.get(at.checked_sub(1)?));
            written.cloned().unwrap_or_else(|| number.to_owned())
        }
        Token::Blank(blank) if blank.starts_with("--") || blank.starts_with("/*") => " ".to_owned(),
        Token::Parameter(name) => format!(":{name}"),
        other => other.text().to_owned(),
    }
}

fn source(place: &Place, number: usize, ty: &Type) -> Result<String, String> {
    match place {
        Place::Limit => Ok("bigint = 10".to_owned()),
        Place::Offset => Ok("bigint = 0".to_owned()),
        Place::Column {
            of: (_, table, column),
            ..
        } => Ok(format!("{table}.{}", quoted(column))),
        Place::Output if *ty == Type::INT4 => Ok("int = 1".to_owned()),
        Place::Output if *ty == Type::INT8 => Ok("bigint = 1".to_owned()),
        Place::Output if *ty == Type::TEXT => Ok("text = x".to_owned()),
        Place::Output if *ty == Type::BOOL => Ok("boolean = true".to_owned()),
        Place::Output | Place::Condition => {
            let array = match ty.kind() {
                Kind::Array(_) => "an array, ",
                _ => "",
            };
            Err(format!(
                "${number} ({array}{ty}) is compared with no column whose values it could take"
            ))
        }
    }
}

/// Whether the parameter says how many rows there are, or where they begin.
fn limit(sql: &str, number: usize) -> Option<Place> {
    let tokens: Vec<&str> = tokens(sql)
        .iter()
        .filter(|token| !matches!(token, Token::Blank(_)))
        .map(|token| token.text())
        .collect();
    let place = format!("${number}");
    let at = tokens.iter().position(|it| *it == place)?;
    let before = tokens.get(at.checked_sub(1)?)?.to_lowercase();
    match before.as_str() {
        "limit" | "first" | "next" => Some(Place::Limit),
        "offset" => Some(Place::Offset),
        _ => None,
    }
}

fn column(plan: &Plan, compared: &Compared) -> Option<Place> {
    let nodes = plan.nodes().into_iter();
    let mut scans = nodes.filter(|it| it.alias.as_deref() == Some(compared.alias.as_str()));
    let table = scans.find_map(|it| {
        Some(TableName::new(
            it.schema.as_deref()?,
            it.relation.as_deref()?,
        ))
    })?;
    Some(Place::Column {
        of: (compared.alias.clone(), table, compared.column.clone()),
        values: compared.values,
    })
}

/// The conditions of all nodes, and what a plan computes before it runs.
fn conditions(plan: &Value) -> Vec<&str> {
    match plan {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if name.ends_with("Cond") || name.ends_with("Filter") => {
                    vec![text.as_str()]
                }
                value => conditions(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(conditions).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(sql: &str, filter: &str, types: &[Type]) -> Result<String, String> {
        let plan = json!([{"Plan": {"Node Type": "Seq Scan", "Schema": "shop", "Relation Name": "orders", "Alias": "o",
            "Filter": filter}}]);
        let plan = Plan::parse(&plan.to_string()).unwrap();
        header(sql, &ParameterPlaces::of(sql, &plan), types)
    }

    #[test]
    fn parameters_take_values_of_the_columns_that_they_are_compared_with() {
        let sql = "-- name: find\nSELECT $4 FROM orders o WHERE at BETWEEN $1 AND $2 AND id = ANY ($3) LIMIT $5;";
        let filter = "((o.at >= $1) AND (o.at <= $2) AND (o.id = ANY ($3)))";
        let types = [
            Type::DATE,
            Type::DATE,
            Type::INT4_ARRAY,
            Type::TEXT,
            Type::INT8,
        ];
        assert_eq!(
            written(sql, filter, &types).unwrap(),
            "-- param p1: shop.orders.at\n-- param p2: shop.orders.at, next of p1\n-- param p3_0: shop.orders.id\n\
             -- param p3_1: shop.orders.id, next of p3_0\n-- param p3_2: shop.orders.id, next of p3_1\n\
             -- param p4: text = x\n-- param p5: bigint = 10\n\
             SELECT :p4 FROM orders o WHERE at BETWEEN :p1 AND :p2 AND id = ANY (ARRAY[:p3_0, :p3_1, :p3_2]) LIMIT :p5\n"
        );
    }

    #[test]
    fn what_is_compared_with_no_column_has_no_values() {
        let reason = written(
            "SELECT FROM orders o WHERE price * $1 > 5",
            "((o.price * $1) > 5)",
            &[Type::NUMERIC],
        );
        assert_eq!(
            reason.unwrap_err(),
            "$1 (numeric) is compared with no column whose values it could take"
        );
    }
}
