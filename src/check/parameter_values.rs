//! The values that a read is checked with, or the finding that there are none.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::Result;
use tokio_postgres::GenericClient;

use super::finding::{Finding, Severity};
use super::fk_lookup::Read;
use crate::postgres::catalog::ForeignKey;
use crate::queries::{
    Bindings, ColumnRef, Parameter, Query, SampledValues, Sampling, ValueSource, in_order,
    no_table, sample_parameter, sample_rows,
};
use crate::suggestion::TARGET;

/// The values of a read's parameters.
pub enum ReadValues {
    /// To run it with.
    Bound(Bindings),
    /// There is nothing to run it with.
    Unchecked(Finding),
}

/// What was sampled: many reads take their values from few columns, and to sample these takes more time than a read.
#[derive(Debug, Default)]
pub struct SampleCache {
    /// The values of referenced keys, by their table and the columns' numbers.
    keys: RefCell<HashMap<(u32, Vec<i16>), Bindings>>,
    /// The values of the columns that queries name.
    columns: RefCell<HashMap<ColumnRef, SampledValues>>,
}

impl SampleCache {
    /// The values that were sampled for another foreign key that refers to the same columns.
    pub fn find(&self, key: &ForeignKey) -> Option<Bindings> {
        self.keys.borrow().get(&referenced(key)).cloned()
    }

    /// Keeps the values that a foreign key's lookup is run with.
    pub fn keep(&self, key: &ForeignKey, values: &Bindings) {
        self.keys
            .borrow_mut()
            .insert(referenced(key), values.clone());
    }
}

fn referenced(key: &ForeignKey) -> (u32, Vec<i16>) {
    let columns = key.referenced_columns.iter();
    (
        key.referenced_oid,
        columns.map(|column| column.number).collect(),
    )
}

/// Where values are sampled, and what findings about them refer to.
#[derive(Clone, Copy)]
pub struct ValueSampler<'a> {
    /// How they are sampled.
    pub sampling: &'a Sampling,
    /// The schema asked for.
    pub schema: Option<&'a str>,
    /// The schema that messages leave out.
    pub home: &'a str,
    /// What was sampled before.
    pub cache: &'a SampleCache,
}

impl ValueSampler<'_> {
    /// Samples the values of all parameters.
    pub async fn sample(&self, client: &impl GenericClient, read: &Read) -> Result<ReadValues> {
        if let Some(key) = read.key.as_ref().filter(|key| key.columns.len() > 1) {
            return self.sample_key(client, key).await;
        }
        let query = &read.query;
        let mut bindings = Bindings::default();
        let has_order = query
            .header
            .parameters
            .iter()
            .any(|it| it.next_of.is_some());
        for (place, parameter) in query.header.parameters.iter().enumerate() {
            let finding = match self.sample_parameter(client, query, parameter).await? {
                SampledValues::Values { ty, values } => {
                    let steps = query.header.steps_to_first(place);
                    let values = match has_order {
                        true => in_order(client, &ty, values, steps).await?,
                        false => values,
                    };
                    bindings.push(ty, values);
                    continue;
                }
                SampledValues::NoRows { table, column } => no_rows(query, &table, &column),
                SampledValues::NoHeap {
                    table,
                    column,
                    type_name,
                } => no_tail(&table, &column, &type_name),
                SampledValues::NoTable => {
                    return Err(no_table(client, query, parameter, self.schema).await?);
                }
            };
            return Ok(ReadValues::Unchecked(finding));
        }
        Ok(ReadValues::Bound(bindings))
    }

    async fn sample_parameter(
        &self,
        client: &impl GenericClient,
        query: &Query,
        parameter: &Parameter,
    ) -> Result<SampledValues> {
        let ValueSource::Column(column) = &parameter.source else {
            return sample_parameter(client, query, parameter, self.sampling, self.schema).await;
        };
        let known = self.cache.columns.borrow().get(column).cloned();
        if let Some(values) = known {
            return Ok(values);
        }
        let sampled = sample_parameter(client, query, parameter, self.sampling, self.schema);
        let values = sampled.await?;
        let mut columns = self.cache.columns.borrow_mut();
        columns.insert(column.clone(), values.clone());
        Ok(values)
    }

    /// The columns of a key of several are sampled together: any other combination of their values may not exist.
    async fn sample_key(
        &self,
        client: &impl GenericClient,
        key: &ForeignKey,
    ) -> Result<ReadValues> {
        let columns: Vec<&str> = key
            .referenced_columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        let mut bindings = Bindings::default();
        let sampled = sample_rows(client, key.referenced_oid, &columns, self.sampling);
        for (ty, values) in sampled.await? {
            if values.is_empty() {
                return Ok(ReadValues::Unchecked(self.no_key(key)));
            }
            bindings.push(ty, values);
        }
        Ok(ReadValues::Bound(bindings))
    }

    fn no_key(&self, key: &ForeignKey) -> Finding {
        Finding {
            rule: "no-rows",
            severity: Severity::Unchecked,
            on: None,
            message: format!(
                "{} holds no row to look {} up with",
                key.referenced.within(self.home),
                key.shown(self.home)
            ),
            help: format!("fill it: `seedrow load DIR{TARGET}`"),
        }
    }
}

fn no_tail(table: &str, column: &str, type_name: &str) -> Finding {
    Finding {
        rule: "no-tail",
        severity: Severity::Unchecked,
        on: None,
        message: format!(
            "{table}.{column} is of type {type_name}, and {table} has no pages of its own to take the last of"
        ),
        help: "name an integer column, a table's column, or give a fixed value: `-- param name: text = value`"
            .to_owned(),
    }
}

fn no_rows(query: &Query, table: &str, column: &str) -> Finding {
    Finding {
        rule: "no-rows",
        severity: Severity::Unchecked,
        on: None,
        message: format!("{table} holds no {column} to run {} with", query.name),
        help: format!("fill it: `seedrow run{TARGET}`, or `seedrow load DIR{TARGET}`"),
    }
}
