//! The values that queries are executed with: existing ids of a database, or the numbers of a range.

use std::ops::RangeInclusive;

use anyhow::{Result, bail, ensure};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::ids::Ids;
use super::target::BoundQuery;
use crate::postgres::name::quoted;
use crate::queries::{
    Bindings, Parameter, ParameterValue, Query, SampledValues, Sampling, Spread, ValueSource,
    sample_parameter,
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
        for parameter in &query.header.parameters {
            let (ty, values) = self.values(&query, parameter).await?;
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
    ) -> Result<(Type, Vec<ParameterValue>)> {
        // One value shows the type, which decides how many can be sampled.
        let (ty, first) = self.sample(query, parameter, 1).await?;
        let is_integer = [Type::INT2, Type::INT4, Type::INT8].contains(&ty);
        match (&parameter.source, self.ids) {
            (ValueSource::Fixed { .. }, _) => Ok((ty, first)),
            (ValueSource::Column(_), Ids::Range(range)) => {
                ensure!(
                    is_integer,
                    "--ids: parameter `{}` of {} is of type {ty}, and a range is of whole numbers; take --ids tail",
                    parameter.name,
                    query.name
                );
                Ok((ty, numbers(range)))
            }
            (ValueSource::Column(_), _) => {
                let most = if is_integer {
                    MOST_INTEGERS
                } else {
                    MOST_OTHERS
                };
                let count = self.requests.clamp(1, most.into());
                let count = u32::try_from(count).unwrap_or(most);
                self.sample(query, parameter, count).await
            }
        }
    }

    async fn sample(
        &self,
        query: &Query,
        parameter: &Parameter,
        count: u32,
    ) -> Result<(Type, Vec<ParameterValue>)> {
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
            SampledValues::Values { ty, values } => Ok((ty, values)),
            SampledValues::NoRows { table, column } => bail!(
                "{table} holds no {column} to run {} with; fill it: `seedrow run{TARGET}`",
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
            SampledValues::NoTable => Err(self.no_table(query, parameter).await?),
        }
    }

    async fn no_table(&self, query: &Query, parameter: &Parameter) -> Result<anyhow::Error> {
        let ValueSource::Column(source) = &parameter.source else {
            return Ok(query.error(parameter.line, "no such table"));
        };
        let database = self
            .client
            .query_one("SELECT current_database()", &[])
            .await?;
        let database: String = database.try_get(0)?;
        Ok(query.error(
            parameter.line,
            format!(
                "parameter `{}` takes its values from table {}, which database {} doesn't have; `seedrow run{TARGET}` \
                 makes and fills it",
                parameter.name,
                quoted(&source.table),
                quoted(&database)
            ),
        ))
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
