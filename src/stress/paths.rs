//! `/products/{products.id}/styles`: paths with the values that stand for their placeholders (pure).

use super::bound::BoundPath;
use crate::queries::{Parameter, ParameterValue, Query, push_value};

/// A path and query string whose placeholders are columns.
#[derive(Debug, Clone, PartialEq)]
pub struct PathTemplate {
    pieces: Vec<Piece>,
    /// The columns as a query declares them.
    parameters: Vec<Parameter>,
    /// As it was typed.
    text: String,
}

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// The value of the parameter at this place.
    Value(usize),
}

impl PathTemplate {
    /// Reads `/products/{products.id}/styles`.
    pub fn parse(text: &str) -> Result<PathTemplate, String> {
        const EXPECTED: &str = "expected a path such as /products/{products.id}/styles";
        if !text.starts_with('/') || text.contains(|c: char| c.is_control() || c == ' ') {
            return Err(EXPECTED.to_owned());
        }
        let mut template = PathTemplate {
            pieces: Vec::new(),
            parameters: Vec::new(),
            text: text.to_owned(),
        };
        let mut rest = text;
        while let Some((literal, behind)) = rest.split_once('{') {
            let (column, next) = behind.split_once('}').ok_or(EXPECTED)?;
            let place = template.parameters.len();
            let declared = Parameter::parse(&format!("p{place}: {column}"), 1);
            let mut declared =
                declared.map_err(|_| format!("`{{{column}}}` is no column; {EXPECTED}"))?;
            // What messages call it.
            declared.name = column.to_owned();
            template.parameters.push(declared);
            template.pieces.push(Piece::Literal(literal.to_owned()));
            template.pieces.push(Piece::Value(place));
            rest = next;
        }
        if rest.contains('}') {
            return Err(EXPECTED.to_owned());
        }
        template.pieces.push(Piece::Literal(rest.to_owned()));
        Ok(template)
    }

    /// A query with the placeholders as its parameters, for their values.
    pub fn query(&self) -> Query {
        let mut query = Query {
            name: self.text.clone(),
            path: format!("--path {}", self.text),
            ..Query::default()
        };
        query.header.parameters.clone_from(&self.parameters);
        query
    }

    /// The path for values in the placeholders' order, percent-encoded.
    fn fill(&self, values: &[ParameterValue]) -> String {
        let mut path = String::with_capacity(self.text.len());
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => path.push_str(text),
                Piece::Value(place) => push_value(&mut path, values.get(*place)),
            }
        }
        path
    }

    /// The paths for several sets of values.
    pub fn bind(&self, sets: &[Vec<ParameterValue>]) -> BoundPath {
        BoundPath {
            name: self.text.clone(),
            paths: sets.iter().map(|set| self.fill(set)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_order() {
        let template =
            PathTemplate::parse("/products/{products.id}/x?name={shop.users.name}").unwrap();
        let set = vec![
            ParameterValue::Integer(900_001),
            ParameterValue::Text("a b/c".into()),
        ];
        let bound = template.bind(&[set]);
        assert_eq!(bound.paths, ["/products/900001/x?name=a%20b%2Fc"]);
        assert_eq!(
            PathTemplate::parse("/x").unwrap().bind(&[vec![]]).paths,
            ["/x"]
        );
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "",
            "x",
            "/{",
            "/}",
            "/{id",
            "/{}",
            "/{a.b.c.d}",
            "/a b",
            "/a\n",
        ] {
            assert!(PathTemplate::parse(text).is_err(), "{text}");
        }
    }
}
