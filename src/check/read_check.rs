//! The check of one read: its values sampled, its plans measured, the rules applied.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::try_join;
use serde_json::json;
use tokio_postgres::{Client, Transaction};

use super::evidence::{Evidence, shape, used_indexes};
use super::finding::{Finding, Severity, WaivedFinding};
use super::fk_lookup::Read;
use super::maintenance::{self, MaintenanceState};
use super::measure::{self, BoundQuery, Executions, PINNED, Pace, Warmup};
use super::measurement::{
    AccessPath, AccessPaths, Latency, Measurements, SampleFigures, milliseconds,
};
use super::parameter_values::{ReadValues, SampleCache, ValueSampler};
use super::rejected_read::rejected_read;
use super::report::{Check, Subject};
use super::rules::{self, Facts, PlanSet, Purpose};
use super::settings::CheckSettings;
use crate::postgres::catalog::{Index, Table};
use crate::postgres::explain::Plan;
use crate::postgres::name::quoted;
use crate::postgres::{Capabilities, TableName};
use crate::queries::{Bindings, Parameter, ValueSource};
use crate::suggestion::TARGET;

/// After this long no further sample of a query is started, and of a lookup, of which there may be many.
const QUERY_TIME_LIMIT: Duration = Duration::from_secs(30);
const LOOKUP_TIME_LIMIT: Duration = Duration::from_secs(5);

/// The result of checking a read.
pub enum CheckedRead {
    /// A check, with what further proofs need where the read could be measured.
    Checked(Box<(Check, Option<Evidence>)>),
    /// It was left out, with the reason.
    Skipped(String),
}

/// One read and all that its check needs.
pub struct ReadCheck<'a> {
    /// The read.
    pub read: &'a Read,
    /// Only reads of these tables, when they are given.
    pub wanted: Option<&'a [String]>,
    /// How it is checked.
    pub settings: &'a CheckSettings,
    /// What is known of the database.
    pub facts: Facts<'a>,
    /// What is vacuumed and analysed.
    pub maintenance: &'a MaintenanceState,
    /// The schema asked for.
    pub schema: Option<&'a str>,
    /// What the server can do.
    pub server: Capabilities,
    /// How many executions are timed at the client.
    pub timed_executions: usize,
    /// Whether each sample is executed once before it is measured.
    pub warmup: Warmup,
    /// The values that earlier reads were run with.
    pub sampled: &'a SampleCache,
}

impl ReadCheck<'_> {
    /// In a read-only transaction that is rolled back: no function that a query calls can write.
    pub async fn check(&self, client: &mut Client) -> Result<CheckedRead> {
        if let Some(reason) = self.is_empty() {
            return Ok(CheckedRead::Skipped(reason));
        }
        let could_not = || {
            format!(
                "{}: could not start a read-only transaction",
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
            Err(error) => match rejected_read(&error, self.read, self.server) {
                Some(finding) => return Ok(self.unchecked(finding)),
                None => return Err(error),
            },
            Ok(checked) => checked,
        };
        rolled_back.with_context(|| format!("{}: could not roll back", self.read.query.path))?;
        Ok(checked)
    }

    /// Why a lookup is left out: tables without rows need no finding of their own for a query that no file asks for.
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

    async fn check_within(&self, transaction: &Transaction<'_>) -> Result<CheckedRead> {
        // Tables left out need not be there, nor hold rows.
        let query = &self.read.query;
        if let Some(table) = query
            .header
            .parameters
            .iter()
            .find_map(|it| self.leaves_out(it))
        {
            return Ok(CheckedRead::Skipped(format!(
                "it takes its ids from {table}, which --tables leaves out"
            )));
        }
        let bindings = match self.values(transaction).await? {
            ReadValues::Bound(bindings) => bindings,
            ReadValues::Unchecked(finding) => return Ok(self.unchecked(finding)),
        };
        let samples = self.settings.sampling.count;
        let bound = match BoundQuery::prepare(transaction, query, &bindings, samples).await {
            Err(error) if self.wanted.is_some() && measure::is_missing_table(&error) => {
                return Ok(CheckedRead::Skipped(
                    "a table that it reads doesn't exist".to_owned(),
                ));
            }
            bound => bound?,
        };
        let estimated = bound.estimate().await?;
        if let Some(table) = self.left_out(&estimated) {
            return Ok(CheckedRead::Skipped(format!(
                "it reads {table}, which --tables leaves out"
            )));
        }
        let finding = self
            .outside(&estimated)
            .or_else(|| self.unsettled(&estimated));
        if let Some(finding) = finding {
            return Ok(self.unchecked(finding));
        }
        let observed = self.observe(&bound, estimated).await?;
        let evidence = self.evidence(bindings.clone(), &observed.executions.plans);
        let check = self.judge(observed);
        Ok(CheckedRead::Checked(Box::new((check, Some(evidence)))))
    }

    /// Plans and executes the query in all the ways that it is judged by.
    async fn observe(&self, bound: &BoundQuery<'_>, estimated: Plan) -> Result<Observed> {
        let generic = async {
            match self.server.generic_plans {
                true => bound.generic().await.map(Some),
                false => Ok(None),
            }
        };
        // In this order, all sent before the first one's answer.
        let (generic, without_scans) = try_join(generic, bound.without_scans()).await?;
        let pace = Pace {
            time_limit: match self.read.purpose() {
                Purpose::Query => QUERY_TIME_LIMIT,
                Purpose::Lookup => LOOKUP_TIME_LIMIT,
            },
            warmup: self.warmup,
        };
        let executions = bound.measure(estimated, pace).await?;
        let latency = match executions.stopped {
            // Another execution would take as long.
            Some(_) => None,
            None => bound.latency(self.timed_executions).await?,
        };
        Ok(Observed {
            executions,
            latency,
            generic,
            without_scans,
        })
    }

    async fn values(&self, transaction: &Transaction<'_>) -> Result<ReadValues> {
        let key = self.read.key.as_ref();
        if let Some(bindings) = key.and_then(|key| self.sampled.find(key)) {
            return Ok(ReadValues::Bound(bindings));
        }
        let sampler = ValueSampler {
            sampling: &self.settings.sampling,
            schema: self.schema,
            home: &self.facts.survey.home,
            cache: self.sampled,
        };
        let values = sampler.sample(transaction, self.read).await?;
        if let (Some(key), ReadValues::Bound(bindings)) = (key, &values) {
            self.sampled.keep(key, bindings);
        }
        Ok(values)
    }

    /// A parameter's table when it is one that the suite doesn't name.
    fn leaves_out<'p>(&self, parameter: &'p Parameter) -> Option<&'p str> {
        let wanted = self.wanted?;
        match &parameter.source {
            ValueSource::Column(column) if !wanted.contains(&column.table) => Some(&column.table),
            _ => None,
        }
    }

    /// A table that the plan reads and the suite doesn't name.
    fn left_out(&self, plan: &Plan) -> Option<String> {
        let wanted = self.wanted?;
        self.tables(plan)
            .find(|table| !table.name.is_among(wanted))
            .map(|table| table.name.within(&self.facts.survey.home))
    }

    /// A table that the plan reads and whose plans aren't settled yet.
    fn unsettled(&self, plan: &Plan) -> Option<Finding> {
        let nodes = plan.nodes().into_iter();
        let mut tables = nodes.filter_map(|node| self.facts.table(node));
        tables.find_map(|table| {
            let why = maintenance::unsettled(table, self.maintenance, self.facts)?;
            let writes = self.server.writes;
            Some(maintenance::not_settled(
                &why,
                self.facts.whole(table),
                writes,
            ))
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

    fn unchecked(&self, finding: Finding) -> CheckedRead {
        CheckedRead::Checked(Box::new((self.check_with(vec![finding], None), None)))
    }

    /// A check with what counts of these findings, and what the query's header waives.
    pub fn check_with(&self, findings: Vec<Finding>, measured: Option<Measurements>) -> Check {
        let (mut counted, mut waived) = (Vec::new(), Vec::new());
        for finding in findings {
            let mut waivers = self.read.query.header.waivers.iter();
            match waivers.find(|it| it.rule == finding.rule) {
                Some(waiver) => waived.push(WaivedFinding {
                    finding,
                    reason: waiver.reason.clone(),
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

    /// What the rules find in plans that were executed.
    pub fn findings(&self, executions: &Executions, capability: AccessPath) -> Vec<Finding> {
        rules::judge_plans(&PlanSet {
            plans: &executions.plans,
            samples: &executions.samples,
            query: &self.read.query,
            purpose: self.read.purpose(),
            capability,
            facts: self.facts,
        })
    }

    /// The longest the median may take; a lookup, which may rightly give many rows, is judged by its pages alone.
    pub fn budget(&self) -> Option<Duration> {
        match self.read.purpose() {
            Purpose::Query => Some(
                self.read
                    .query
                    .header
                    .budget
                    .unwrap_or(self.settings.budget),
            ),
            Purpose::Lookup => None,
        }
    }

    fn judge(&self, observed: Observed) -> Check {
        let (purpose, facts) = (self.read.purpose(), self.facts);
        let Observed {
            executions,
            latency,
            generic,
            without_scans,
        } = observed;
        let access = |plan: &Plan| rules::access(plan, purpose, facts);
        let shape = AccessPaths {
            capability: access(&without_scans),
            choice: AccessPath::worst(executions.plans.iter().map(access)),
            generic: generic.as_ref().map_or(AccessPath::Index, access),
        };
        let figures = SampleFigures::of(&executions.samples);
        let mut findings = self.findings(&executions, shape.capability);
        if let Some(generic) = &generic {
            if shape.choice != AccessPath::Scan {
                findings.extend(rules::generic_plan(generic, purpose, facts));
            }
            if shape.choice == AccessPath::Index {
                findings.extend(rules::unknown_generic_nodes(generic));
            }
        }
        if let Some(budget) = self.budget() {
            let (latency, stopped) = (latency.as_ref(), executions.stopped);
            let query = &self.read.query;
            findings.extend(rules::over_budget(
                query, &figures, latency, budget, stopped, &findings,
            ));
        }
        let measured = Measurements {
            sql: self.read.query.sql.clone(),
            plan: executions.median_plan().statement().clone(),
            generic_plan: generic.map_or_else(|| json!({}), |it| it.statement().clone()),
            budget_ms: self.budget().map(milliseconds),
            bound: rules::bound(executions.median_plan(), purpose, facts)
                .filter(|_| !executions.samples.is_empty()),
            stopped: executions
                .stopped
                .map(|reason| reason.message(executions.samples.len())),
            samples: executions.samples,
            shape,
            latency,
            proofs: Vec::new(),
            figures,
        };
        self.check_with(findings, Some(measured))
    }
}

/// A read's plans and executions.
struct Observed {
    executions: Executions,
    latency: Option<Latency>,
    /// `None` where the server makes no generic plans.
    generic: Option<Plan>,
    without_scans: Plan,
}
