//! One read on the bench: its values sampled, its plans taken and measured, the rules applied.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::{Client, Transaction};

use super::evidence::{Evidence, shape, used_indexes};
use super::finding::{Finding, Severity, Waived};
use super::fk_lookup::Read;
use super::header::Source;
use super::maintenance::{self, Activity};
use super::measure::{self, Bindings, Measurement, PINNED, Pace, Stopped};
use super::query::Parameter;
use super::report::{Access, Check, Figures, Latency, Measured, Shape, Subject};
use super::rules::{self, Facts, PlanSet, Purpose, milliseconds};
use super::sample::{self, Sampled};
use super::settings::Settings;
use crate::postgres::TableName;
use crate::postgres::catalog::{Index, Table};
use crate::postgres::explain::Plan;
use crate::postgres::name::quoted;
use crate::suggestion::TARGET;

/// What became of a read.
pub enum Checked {
    /// It was judged, with what further proofs need where it could be measured.
    Yes(Box<(Check, Option<Evidence>)>),
    /// It was left out, with the reason.
    No(String),
}

/// One read and all that its check needs.
pub struct Bench<'a> {
    /// The read.
    pub read: &'a Read,
    /// Only reads of these tables, when they are given.
    pub wanted: Option<&'a [String]>,
    /// How it is checked.
    pub settings: &'a Settings,
    /// What is known of the database.
    pub facts: Facts<'a>,
    /// Who is at work on it.
    pub activity: &'a Activity,
    /// The schema asked for.
    pub schema: Option<&'a str>,
}

impl Bench<'_> {
    /// In a read-only transaction that is rolled back: nothing that a query calls can write.
    pub async fn check(&self, client: &mut Client) -> Result<Checked> {
        if let Some(reason) = self.is_empty() {
            return Ok(Checked::No(reason));
        }
        let could_not = || {
            format!(
                "{}: could not begin a read-only transaction",
                self.read.query.path
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
        let checked = match checked {
            Err(error) if self.read.key.is_some() && measure::is_not_allowed(&error) => {
                return Ok(self.unchecked(self.not_allowed(&error)));
            }
            checked => checked?,
        };
        rolled_back.with_context(|| format!("{}: could not roll back", self.read.query.path))?;
        Ok(checked)
    }

    /// A lookup between tables without rows isn't worth a word of its own: nobody wrote it.
    fn is_empty(&self) -> Option<String> {
        let key = self.read.key.as_ref()?;
        let holds_none = |oid: u32| {
            let table = self.facts.tables.iter().find(|table| table.oid == oid)?;
            (table.bytes == 0).then(|| {
                format!(
                    "{} holds no rows",
                    table.name.within(&self.facts.survey.home)
                )
            })
        };
        holds_none(key.table_oid).or_else(|| holds_none(key.referenced_oid))
    }

    /// A lookup that this role may not run: nobody wrote it, so that is no error.
    fn not_allowed(&self, error: &anyhow::Error) -> Finding {
        Finding {
            rule: "not-allowed",
            severity: Severity::Unchecked,
            on: None,
            message: format!("this role may not run it: {}", error.root_cause()),
            help: match &self.read.key {
                Some(key) if key.table == key.referenced => {
                    format!("GRANT SELECT ON {} TO …;", key.table)
                }
                Some(key) => format!("GRANT SELECT ON {}, {} TO …;", key.table, key.referenced),
                None => String::new(),
            },
        }
    }

    async fn check_within(&self, transaction: &Transaction<'_>) -> Result<Checked> {
        // Tables left out need not be there, nor hold rows.
        let query = &self.read.query;
        if let Some(table) = query.parameters.iter().find_map(|it| self.leaves_out(it)) {
            return Ok(Checked::No(format!(
                "it takes its ids from {table}, which --tables leaves out"
            )));
        }
        let bindings = match self.bindings(transaction).await? {
            Bound::To(bindings) => bindings,
            Bound::Not(finding) => return Ok(self.unchecked(finding)),
        };
        let estimated = measure::estimate(transaction, query, &bindings, self.settings).await;
        let estimated = match estimated {
            Err(error) if self.wanted.is_some() && measure::is_missing_table(&error) => {
                return Ok(Checked::No("a table that it reads isn't there".to_owned()));
            }
            estimated => estimated?,
        };
        if let Some(table) = self.left_out(&estimated) {
            return Ok(Checked::No(format!(
                "it reads {table}, which --tables leaves out"
            )));
        }
        let finding = self
            .outside(&estimated)
            .or_else(|| self.unsettled(&estimated));
        if let Some(finding) = finding {
            return Ok(self.unchecked(finding));
        }
        let (generic, capable) =
            measure::alternatives(transaction, query, &bindings, self.settings).await?;
        let pace = Pace {
            cap: match self.read.purpose() {
                Purpose::Query => measure::CAP,
                Purpose::Lookup => measure::LOOKUP_CAP,
            },
            warm: true,
        };
        let measurement = measure::measure(
            transaction,
            query,
            &bindings,
            self.settings,
            estimated,
            pace,
        )
        .await?;
        let latency = match measurement.stopped {
            // Another execution would take as long.
            Some(_) => None,
            None => measure::latency(transaction, query, &bindings, self.settings).await?,
        };
        let seen = Seen {
            measurement,
            latency,
            generic,
            capable,
        };
        let evidence = self.evidence(bindings, &seen.measurement.plans);
        Ok(Checked::Yes(Box::new((self.judge(seen), Some(evidence)))))
    }

    async fn bindings(&self, transaction: &Transaction<'_>) -> Result<Bound> {
        let (query, settings, home) = (&self.read.query, self.settings, self.schema);
        let mut bindings = Bindings::default();
        if let Some(key) = self.read.key.as_ref().filter(|key| key.columns.len() > 1) {
            for (ty, values) in sample::sample_key(transaction, key, settings).await? {
                if values.is_empty() {
                    return Ok(Bound::Not(sample::no_key(key, &self.facts.survey.home)));
                }
                bindings.push(ty, values);
            }
            return Ok(Bound::To(bindings));
        }
        for parameter in &query.parameters {
            match sample::sample(transaction, query, parameter, settings, home).await? {
                Sampled::Values { ty, values } => bindings.push(ty, values),
                Sampled::Unchecked(finding) => return Ok(Bound::Not(finding)),
                Sampled::NoTable => {
                    let error = sample::no_table(transaction, query, parameter, home);
                    return Err(error.await?);
                }
            }
        }
        Ok(Bound::To(bindings))
    }

    /// A parameter's table when it is one that the suite doesn't name.
    fn leaves_out<'p>(&self, parameter: &'p Parameter) -> Option<&'p str> {
        let wanted = self.wanted?;
        match &parameter.source {
            Source::Column { table, .. } if !wanted.contains(table) => Some(table),
            _ => None,
        }
    }

    /// A table that the plan reads and the suite doesn't name.
    fn left_out(&self, plan: &Plan) -> Option<String> {
        let wanted = self.wanted?;
        self.tables(plan)
            .find(|table| !wanted.contains(&table.name.name))
            .map(|table| table.name.within(&self.facts.survey.home))
    }

    /// A table that the plan reads and that isn't settled.
    fn unsettled(&self, plan: &Plan) -> Option<Finding> {
        let nodes = plan.nodes().into_iter();
        let mut tables = nodes.filter_map(|node| self.facts.table(node));
        tables.find_map(|table| {
            let why = maintenance::unsettled(table, self.activity, self.facts)?;
            Some(maintenance::not_settled(&why, table))
        })
    }

    /// A table of another schema than the one asked for (`outside-schema`): the search path found it there, and its
    /// plan proves nothing.
    fn outside(&self, plan: &Plan) -> Option<Finding> {
        let schema = self.schema?;
        let table = self.tables(plan).find(|it| it.name.schema != schema)?;
        Some(Finding {
            rule: "outside-schema",
            severity: Severity::Unchecked,
            on: None,
            message: format!(
                "it reads {}, which is outside the schema asked for, {}",
                table.name,
                quoted(schema)
            ),
            help: format!(
                "make and fill the table in {}: `seedrow run{TARGET}`, or name the schema that it is in: --target-schema {}",
                quoted(schema),
                quoted(&table.name.schema)
            ),
        })
    }

    /// The tables that a plan reads, the system's left out; a partition goes by its table.
    fn tables<'p>(&'p self, plan: &'p Plan) -> impl Iterator<Item = &'p Table> {
        plan.nodes().into_iter().filter_map(|node| {
            let table = self.facts.table(node)?;
            let root = table.root_oid.unwrap_or(table.oid);
            self.facts.tables.iter().find(|table| table.oid == root)
        })
    }

    fn evidence(&self, bindings: Bindings, plans: &[Plan]) -> Evidence {
        let mut indexes: Vec<Index> = Vec::new();
        let mut tables: Vec<TableName> = Vec::new();
        for plan in plans {
            tables.extend(self.tables(plan).map(|table| table.name.clone()));
            indexes.extend(used_indexes(plan, self.facts).cloned());
        }
        tables.sort();
        tables.dedup();
        indexes.sort_by_key(|index| index.oid);
        indexes.dedup();
        Evidence {
            bindings,
            shapes: plans.iter().map(shape).collect(),
            indexes,
            tables,
        }
    }

    fn unchecked(&self, finding: Finding) -> Checked {
        Checked::Yes(Box::new((self.found(vec![finding], None), None)))
    }

    /// A check with what counts of these findings, and what the query's header waives.
    pub fn found(&self, findings: Vec<Finding>, measured: Option<Measured>) -> Check {
        let (mut counted, mut waived) = (Vec::new(), Vec::new());
        for finding in findings {
            let mut waivers = self.read.query.waivers.iter();
            match waivers.find(|(rule, _)| rule == finding.rule) {
                Some((_, reason)) => waived.push(Waived {
                    finding,
                    reason: reason.clone(),
                }),
                None => counted.push(finding),
            }
        }
        Check {
            name: self.read.query.name.clone(),
            subject: match self.read.purpose() {
                Purpose::Query => Subject::Query(measured),
                Purpose::Lookup => Subject::Lookup(measured),
            },
            findings: counted,
            waived,
        }
    }

    /// What the rules find in plans that were carried out.
    pub fn findings(&self, measurement: &Measurement, capability: Access) -> Vec<Finding> {
        rules::judge_plans(&PlanSet {
            plans: &measurement.plans,
            samples: &measurement.samples,
            query: &self.read.query,
            purpose: self.read.purpose(),
            capability,
            facts: self.facts,
        })
    }

    /// The longest the median may take; a lookup, which may rightly give many rows, is judged by its pages alone.
    pub fn budget(&self) -> Option<Duration> {
        match self.read.purpose() {
            Purpose::Query => Some(self.read.query.budget.unwrap_or(self.settings.budget)),
            Purpose::Lookup => None,
        }
    }

    fn judge(&self, seen: Seen) -> Check {
        let (purpose, facts) = (self.read.purpose(), self.facts);
        let Seen {
            measurement,
            latency,
            generic,
            capable,
        } = seen;
        let access = |plan: &Plan| rules::access(plan, purpose, facts);
        let choice = Access::worst(measurement.plans.iter().map(access));
        let shape = Shape {
            capability: access(&capable),
            choice,
            generic: access(&generic),
        };
        let figures = Figures::of(&measurement.samples);
        let mut findings = self.findings(&measurement, shape.capability);
        if shape.choice != Access::Scan {
            findings.extend(rules::generic_plan(&generic, purpose, facts));
        }
        if shape.choice == Access::Index {
            findings.extend(rules::unknown_generic_nodes(&generic));
        }
        if let Some(budget) = self.budget() {
            let (latency, stopped) = (latency.as_ref(), measurement.stopped);
            let query = &self.read.query;
            findings.extend(rules::over_budget(
                query, &figures, latency, budget, stopped, &findings,
            ));
        }
        let measured = Measured {
            plan: median_plan(&measurement).raw.clone(),
            generic_plan: generic.raw,
            budget_ms: self.budget().map(milliseconds),
            bound: rules::bound(median_plan(&measurement), facts)
                .filter(|_| !measurement.samples.is_empty()),
            stopped: measurement
                .stopped
                .map(|stopped| why(stopped, measurement.samples.len())),
            samples: measurement.samples,
            shape,
            latency,
            proofs: Vec::new(),
            figures,
        };
        self.found(findings, Some(measured))
    }
}

/// What is seen of a read.
struct Seen {
    measurement: Measurement,
    latency: Option<Latency>,
    generic: Plan,
    capable: Plan,
}

/// The values to run a read with, or why there are none.
enum Bound {
    To(Bindings),
    Not(Finding),
}

/// The plan whose execution time is the median; there is at least one plan.
pub fn median_plan(measurement: &Measurement) -> &Plan {
    let mut plans: Vec<&Plan> = measurement.plans.iter().collect();
    plans.sort_by(|a, b| a.execution_ms.total_cmp(&b.execution_ms));
    plans[(plans.len() - 1) / 2]
}

pub fn why(stopped: Stopped, taken: usize) -> String {
    match stopped {
        Stopped::Cap { of } => format!("its time was used up after {taken} of {of} samples"),
        Stopped::CutOff => format!(
            "an execution was cut off after {} s",
            measure::STATEMENT_TIMEOUT.as_secs()
        ),
    }
}
