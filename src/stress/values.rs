//! The values that queries are executed with: existing ids of a database, or the numbers of a range.

use std::ops::RangeInclusive;

use anyhow::{Result, bail, ensure};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::bound::BoundQuery;
use super::ids::Ids;
use crate::queries::{
    Bindings, Parameter, ParameterValue, Query, SampledValues, Sampling, Spread, ValueSource,
    no_table, parameter_types, sample_parameter,
};
use crate::suggestion::TARGET;

/// The most integers that are sampled: a probe of an index each.
const MOST_INTEGERS: u32 = 100_000;

/// The most values of other types that are sampled: a statement each.
const MOST_OTHERS: u32 = 2_000;

/// Where values are sampled.
pub struct ValueSampler<'a> {
    /// A connection to the database that holds them.
    pub client: &'a Client,
    /// The schema asked for.
    pub schema: Option<&'a str>,
    /// Which of them.
    pub ids: &'a Ids,
    /// The part that counts as the tail.
    pub tail: f64,
    /// How many requests they are for.
    pub requests: u64,
    /// What draws depend on.
    pub seed: u64,
}

impl ValueSampler<'_> {
    /// The query with the values of its parameters.
    pub async fn bind(&self, query: Query) -> Result<BoundQuery> {
        let mut bindings = Bindings::default();
        let types = parameter_types(self.client, &query, self.schema).await?;
        for (parameter, ty) in query.header.parameters.iter().zip(types) {
            let ty = ty.declared();
            let values = self.values(&query, parameter, &ty).await?;
            bindings.push(ty, values);
        }
        Ok(BoundQuery {
            types: bindings.types().to_vec(),
            sets: bindings.sets(&query.header.parameters, 1),
            query,
        })
    }

    async fn values(
        &self,
        query: &Query,
        parameter: &Parameter,
        ty: &Type,
    ) -> Result<Vec<ParameterValue>> {
        let is_integer = [Type::INT2, Type::INT4, Type::INT8].contains(ty);
        match (&parameter.source, self.ids) {
            (ValueSource::Column(_), Ids::Range(range)) => {
                ensure!(
                    is_integer,
                    "--ids: parameter `{}` of {} is of type {ty}, and a range is of whole numbers; take --ids tail",
                    parameter.name,
                    query.name
                );
                Ok(numbers(range))
            }
            _ => {
                let most = if is_integer {
                    MOST_INTEGERS
                } else {
                    MOST_OTHERS
                };
                let count = self.requests.clamp(1, most.into());
                self.sample(query, parameter, u32::try_from(count).unwrap_or(most))
                    .await
            }
        }
    }

    async fn sample(
        &self,
        query: &Query,
        parameter: &Parameter,
        count: u32,
    ) -> Result<Vec<ParameterValue>> {
        let share = match self.ids {
            Ids::Tail => self.tail,
            Ids::Uniform | Ids::Zipf | Ids::Range(_) => 1.0,
        };
        let sampling = Sampling {
            count,
            spread: Spread::Tail { share },
            seed: self.seed,
        };
        let sampled = sample_parameter(self.client, query, parameter, &sampling, self.schema);
        match sampled.await? {
            SampledValues::Values { values, .. } => Ok(values),
            SampledValues::NoRows { table, column } => bail!(
                "{table} holds no {column} to run {} with; fill it: `seedrow run{TARGET}`, or `seedrow load DIR{TARGET}`",
                query.name
            ),
            SampledValues::NoHeap {
                table,
                column,
                type_name,
            } => bail!(
                "{table}.{column} is of type {type_name}, and {table} has no pages of its own to take the last of; \
                 name an integer column, or a table's column"
            ),
            SampledValues::NoTable => {
                Err(no_table(self.client, query, parameter, self.schema).await?)
            }
        }
    }
}

/// The query with the numbers of a range as the values of all columns: no database is asked.
pub fn bind_numbers(query: Query, range: &RangeInclusive<i64>) -> BoundQuery {
    let mut bindings = Bindings::default();
    for parameter in &query.header.parameters {
        match &parameter.source {
            ValueSource::Column(_) => bindings.push(Type::INT8, numbers(range)),
            ValueSource::Fixed { ty, value } => bindings.push(ty.clone(), vec![value.clone()]),
        }
    }
    BoundQuery {
        types: Vec::new(),
        sets: bindings.sets(&query.header.parameters, 1),
        query,
    }
}

/// The numbers of a range, or so many of them at equal distances.
fn numbers(range: &RangeInclusive<i64>) -> Vec<ParameterValue> {
    let (first, last) = (i128::from(*range.start()), i128::from(*range.end()));
    let length = last - first + 1;
    let count = length.min(i128::from(MOST_INTEGERS));
    let number = |at: i128| i64::try_from(first + length * at / count).ok();
    (0..count)
        .filter_map(number)
        .map(ParameterValue::Integer)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_all_its_numbers_or_as_many_as_fit() {
        let integers = |range| {
            let numbers = numbers(&range).into_iter().map(|it| match it {
                ParameterValue::Integer(number) => number,
                other => panic!("{other:?}"),
            });
            numbers.collect::<Vec<i64>>()
        };
        assert_eq!(integers(1..=3), [1, 2, 3]);
        let wide = integers(i64::MIN..=i64::MAX);
        assert_eq!(wide.len(), 100_000);
        assert_eq!(wide[0], i64::MIN);
    }
}
