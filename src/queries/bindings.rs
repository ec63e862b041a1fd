//! The values that a query's parameters are bound to, one set after the other.

use tokio_postgres::types::Type;

use super::parameter::{Parameter, ValueSource};
use super::value::ParameterValue;

/// A query's parameters in their order, each with its type and at least one value.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    types: Vec<Type>,
    values: Vec<Vec<ParameterValue>>,
}

impl Bindings {
    /// Adds the next parameter; `values` aren't empty.
    pub fn push(&mut self, ty: Type, values: Vec<ParameterValue>) {
        self.types.push(ty);
        self.values.push(values);
    }

    /// The parameters' types.
    pub fn types(&self) -> &[Type] {
        &self.types
    }

    /// Only so many of each parameter's values, spread over all of them.
    pub fn subset(&self, count: usize) -> Bindings {
        let spread = |values: &Vec<ParameterValue>| {
            let step = (values.len() / count.max(1)).max(1);
            values.iter().step_by(step).take(count).cloned().collect()
        };
        Bindings {
            types: self.types.clone(),
            values: self.values.iter().map(spread).collect(),
        }
    }

    /// The first `count` sets, in batches of `size`.
    pub fn batches(&self, count: usize, size: usize) -> Vec<Bindings> {
        let longest = self.values.iter().map(Vec::len).max().unwrap_or(0);
        // Without a value to vary each set is the same, and there are as many as asked for.
        let sets = if longest < 2 {
            count
        } else {
            longest.min(count)
        };
        let part = |values: &Vec<ParameterValue>, from: usize| -> Vec<ParameterValue> {
            let all = values.iter().cycle().skip(from);
            all.take(size.min(sets - from)).cloned().collect()
        };
        let batch = |from: usize| Bindings {
            types: self.types.clone(),
            values: self
                .values
                .iter()
                .map(|values| part(values, from))
                .collect(),
        };
        (0..sets).step_by(size.max(1)).map(batch).collect()
    }

    /// As many sets as the parameter with the most values has, the others' values starting over; `count` equal sets when
    /// no parameter takes its values from a column.
    pub fn sets(&self, parameters: &[Parameter], count: u32) -> Vec<Vec<ParameterValue>> {
        let sampled = parameters.iter().zip(&self.values);
        let count = sampled
            .filter(|(parameter, _)| matches!(parameter.source, ValueSource::Column(_)))
            .map(|(_, values)| values.len())
            .max()
            .unwrap_or(count as usize);
        let set = |at: usize| {
            let values = self.values.iter();
            values.map(|v| v[at % v.len()].clone()).collect()
        };
        (0..count).map(set).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queries::{Query, QueryFile};

    fn query(text: &str) -> Query {
        Query::parse(&QueryFile {
            name: "q".into(),
            path: "q.sql".into(),
            text: text.into(),
        })
        .unwrap()
    }

    fn integers(numbers: impl IntoIterator<Item = i64>) -> Vec<ParameterValue> {
        numbers.into_iter().map(ParameterValue::Integer).collect()
    }

    #[test]
    fn shorter_lists_of_values_start_over() {
        let query =
            query("-- param a: t.a\n-- param b: t.b\n-- param c: int = 5\nSELECT :a, :b, :c");
        let mut bindings = Bindings::default();
        bindings.push(Type::INT4, integers([1, 2, 3]));
        bindings.push(Type::INT4, integers([7, 8]));
        bindings.push(Type::INT4, integers([5]));
        let sets = bindings.sets(&query.header.parameters, 20);
        assert_eq!(sets.len(), 3);
        assert_eq!(sets[2], integers([3, 7, 5]));
    }

    #[test]
    fn batches_make_up_all_sets() {
        let mut bindings = Bindings::default();
        bindings.push(Type::INT4, integers(1..=10));
        bindings.push(Type::INT4, integers([7]));
        let batches = bindings.batches(20, 4);
        let firsts: Vec<Vec<ParameterValue>> = batches
            .iter()
            .map(|batch| batch.values[0].clone())
            .collect();
        assert_eq!(firsts.concat(), bindings.values[0]);
        let lengths: Vec<usize> = batches.iter().map(|batch| batch.values[1].len()).collect();
        assert_eq!(lengths, [4, 4, 2]);
        assert_eq!(bindings.batches(5, 4).len(), 2);
        assert_eq!(Bindings::default().batches(20, 4).len(), 5);
    }

    #[test]
    fn a_query_without_ids_runs_as_often_as_asked() {
        let query = query("SELECT 1");
        let sets = Bindings::default().sets(&query.header.parameters, 20);
        assert_eq!(sets.len(), 20);
    }
}
