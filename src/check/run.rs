//! All checks of one database, one after the other: a table of contents of this room.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::{Client, Transaction};

use super::assertions;
use super::coverage;
use super::finding::{
    Check, CheckReport, Figures, Finding, Measured, Severity, Skipped, Subject, Waived,
};
use super::header::Source;
use super::measure::{self, Bindings, Measurement, PINNED, Stopped};
use super::query::{Parameter, Query, QueryFile};
use super::rules::{self, Facts, milliseconds};
use super::sample::{self, Sampled};
use crate::index;
use crate::load;
use crate::postgres::Server;
use crate::postgres::catalog::{self, Scope};
use crate::postgres::explain::Plan;
use crate::postgres::name::quoted;
use crate::progress::{Progress, Unit};

/// What is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suite {
    /// The queries, in the order they are reported in.
    pub queries: Vec<QueryFile>,
    /// Only queries that read none but these tables; `None` for all queries.
    pub tables: Option<Vec<String>>,
}

/// How it is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What is looked at.
    pub areas: Vec<Area>,
    /// The longest a query's median may take, unless its header says otherwise.
    pub budget: Duration,
    /// How many ids each query is run with.
    pub samples: u32,
    /// The share of the ids, from the last, that they are taken from: above 0, up to 1.
    pub tail: f64,
    /// What the ids are drawn from.
    pub seed: u64,
    /// The options that lead back to the target, each with a space before it, for what a finding says to type.
    pub target_options: String,
}

/// A part of what `seedrow check` looks at.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Every foreign key has an index, and holds for all rows
    Coverage,
    /// Every query's plan on the last ids, and its time
    Plans,
}

impl Area {
    /// All there are.
    pub const ALL: [Area; 2] = [Area::Coverage, Area::Plans];
}

/// Checks foreign keys and queries; changes nothing in the target.
///
/// What can't be judged is a finding of its own; an error is a query file that makes no sense, and a server that
/// fails.
pub async fn run(
    server: &Server,
    suite: &Suite,
    settings: &Settings,
    progress: &Progress,
) -> Result<CheckReport> {
    let queries = suite.queries.iter().map(Query::parse);
    let queries = queries.collect::<Result<Vec<Query>>>()?;
    let mut client = server.connect().await?;
    let survey = index::survey(&client, server.schema()).await?;
    load::ensure_finished(&client, server.schema()).await?;
    let tables = catalog::tables(&client, Scope::Database).await?;
    let facts = Facts {
        tables: &tables,
        survey: &survey,
        block_bytes: catalog::block_bytes(&client).await?,
        target_options: &settings.target_options,
    };
    let mut report = CheckReport {
        target: server.shown().to_string(),
        server_version: version(&client).await?,
        checks: Vec::new(),
        skipped: Vec::new(),
    };
    if settings.areas.contains(&Area::Coverage) {
        let keys = coverage::foreign_keys(&survey, &settings.target_options);
        report.checks.push(keys);
    }
    if settings.areas.contains(&Area::Plans) {
        let task = progress.task("queries", queries.len() as u64, Unit::Queries);
        for query in &queries {
            let bench = Bench {
                query,
                suite,
                settings,
                facts,
                schema: server.schema(),
            };
            match bench.check(&mut client).await? {
                Checked::Yes(check) => report.checks.push(*check),
                Checked::No(reason) => report.skipped.push(Skipped {
                    name: query.name.clone(),
                    reason,
                }),
            }
            task.add(0, 1);
        }
    }
    Ok(report)
}

async fn version(client: &Client) -> Result<String> {
    let row = client
        .query_one("SELECT current_setting('server_version')", &[])
        .await
        .context("could not read the server's version")?;
    Ok(row.try_get(0)?)
}

/// Whether a query was checked.
enum Checked {
    Yes(Box<Check>),
    /// It was left out, with the reason.
    No(String),
}

/// One query and all that its check needs.
struct Bench<'a> {
    query: &'a Query,
    suite: &'a Suite,
    settings: &'a Settings,
    facts: Facts<'a>,
    /// The schema asked for.
    schema: Option<&'a str>,
}

impl Bench<'_> {
    /// In a read-only transaction that is rolled back: nothing that a query calls can write.
    async fn check(&self, client: &mut Client) -> Result<Checked> {
        let could_not = || {
            format!(
                "{}: could not begin a read-only transaction",
                self.query.path
            )
        };
        let builder = client.build_transaction().read_only(true);
        let transaction = builder.start().await.with_context(could_not)?;
        transaction
            .batch_execute(PINNED)
            .await
            .with_context(could_not)?;
        let checked = self.check_within(&transaction).await;
        // A failed query has ended the transaction already, and its error says more.
        let rolled_back = transaction.rollback().await;
        let checked = checked?;
        rolled_back.with_context(|| format!("{}: could not roll back", self.query.path))?;
        Ok(checked)
    }

    async fn check_within(&self, transaction: &Transaction<'_>) -> Result<Checked> {
        // Tables left out need not be there, nor hold rows.
        let parameters = &self.query.parameters;
        if let Some(table) = parameters.iter().find_map(|it| self.leaves_out(it)) {
            return Ok(Checked::No(format!(
                "it takes its ids from {table}, which --tables leaves out"
            )));
        }
        let mut bindings = Bindings::default();
        for parameter in parameters {
            let (query, settings, home) = (self.query, self.settings, self.schema);
            match sample::sample(transaction, query, parameter, settings, home).await? {
                Sampled::Values { ty, values } => bindings.push(ty, values),
                Sampled::Unchecked(finding) => return Ok(self.unchecked(finding)),
                Sampled::NoTable => {
                    let error = sample::no_table(transaction, query, parameter, settings, home);
                    return Err(error.await?);
                }
            }
        }
        let estimated = measure::estimate(transaction, self.query, &bindings, self.settings).await;
        let estimated = match estimated {
            Err(error) if self.suite.tables.is_some() && measure::is_missing_table(&error) => {
                return Ok(Checked::No("a table that it reads isn't there".to_owned()));
            }
            estimated => estimated?,
        };
        if let Some(table) = self.left_out(&estimated) {
            return Ok(Checked::No(format!(
                "it reads {table}, which --tables leaves out"
            )));
        }
        if let Some(finding) = self.outside(&estimated) {
            return Ok(self.unchecked(finding));
        }
        let measurement =
            measure::measure(transaction, self.query, &bindings, self.settings, estimated).await?;
        Ok(Checked::Yes(Box::new(self.judge(&measurement))))
    }

    /// A parameter's table when it is one that the suite doesn't name.
    fn leaves_out<'p>(&self, parameter: &'p Parameter) -> Option<&'p str> {
        let wanted = self.suite.tables.as_ref()?;
        match &parameter.source {
            Source::Column { table, .. } if !wanted.contains(table) => Some(table),
            _ => None,
        }
    }

    /// A table that the plan reads and the suite doesn't name.
    fn left_out(&self, plan: &Plan) -> Option<String> {
        let wanted = self.suite.tables.as_ref()?;
        self.tables(plan)
            .find(|table| !wanted.contains(&table.name.name))
            .map(|table| table.name.within(&self.facts.survey.home))
    }

    /// A table of another schema than the one asked for (`outside-schema`): the search path found it there, and its
    /// plan proves nothing.
    fn outside(&self, plan: &Plan) -> Option<Finding> {
        let schema = self.schema?;
        let table = self.tables(plan).find(|it| it.name.schema != schema)?;
        Some(Finding {
            rule: "outside-schema",
            severity: Severity::Unchecked,
            message: format!(
                "it reads {}, which is outside the schema asked for, {}",
                table.name,
                quoted(schema)
            ),
            help: format!(
                "make and fill the table in {}: `seedrow run{}`, or name the schema that it is in: --target-schema {}",
                quoted(schema),
                self.settings.target_options,
                quoted(&table.name.schema)
            ),
        })
    }

    /// The tables that a plan reads, the system's left out; a partition goes by its table.
    fn tables<'p>(&'p self, plan: &'p Plan) -> impl Iterator<Item = &'p catalog::Table> {
        plan.nodes().into_iter().filter_map(|node| {
            let (schema, relation) = (node.schema.as_deref()?, node.relation.as_deref()?);
            let is_named =
                |name: &catalog::Table| name.name.schema == schema && name.name.name == relation;
            let table = self.facts.tables.iter().find(|table| is_named(table))?;
            let root = table.root_oid.unwrap_or(table.oid);
            self.facts.tables.iter().find(|table| table.oid == root)
        })
    }

    fn unchecked(&self, finding: Finding) -> Checked {
        Checked::Yes(Box::new(self.waiving(vec![finding])))
    }

    /// A check with what counts of these findings, and what the query's header waives.
    fn waiving(&self, findings: Vec<Finding>) -> Check {
        let (mut counted, mut waived) = (Vec::new(), Vec::new());
        for finding in findings {
            let mut waivers = self.query.waivers.iter();
            match waivers.find(|(rule, _)| rule == finding.rule) {
                Some((_, reason)) => waived.push(Waived {
                    finding,
                    reason: reason.clone(),
                }),
                None => counted.push(finding),
            }
        }
        Check {
            name: self.query.name.clone(),
            subject: Subject::Query(None),
            findings: counted,
            waived,
        }
    }

    fn judge(&self, measurement: &Measurement) -> Check {
        let budget = self.query.budget.unwrap_or(self.settings.budget);
        let figures = Figures::of(&measurement.samples);
        let mut findings = rules::seq_scans(&measurement.plans, self.facts);
        findings.extend(assertions::uses(self.query, &measurement.plans));
        findings.extend(assertions::bounds(self.query, &measurement.samples));
        findings.extend(rules::over_budget(
            self.query,
            &figures,
            budget,
            measurement.stopped,
            &findings,
            &self.settings.target_options,
        ));
        let measured = Measured {
            plan: median_plan(measurement).raw.clone(),
            samples: measurement.samples.clone(),
            budget_ms: milliseconds(budget),
            stopped: measurement
                .stopped
                .map(|stopped| why(stopped, measurement.samples.len())),
            figures,
        };
        Check {
            subject: Subject::Query(Some(measured)),
            ..self.waiving(findings)
        }
    }
}

/// The plan whose execution time is the median; there is at least one plan.
fn median_plan(measurement: &Measurement) -> &Plan {
    let mut plans: Vec<&Plan> = measurement.plans.iter().collect();
    plans.sort_by(|a, b| a.execution_ms.total_cmp(&b.execution_ms));
    plans[(plans.len() - 1) / 2]
}

fn why(stopped: Stopped, taken: usize) -> String {
    match stopped {
        Stopped::Cap { of } => format!("its time was used up after {taken} of {of} samples"),
        Stopped::CutOff => format!(
            "an execution was cut off after {} s",
            measure::STATEMENT_TIMEOUT.as_secs()
        ),
    }
}
