//! All checks of one database, one after the other.

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use tokio_postgres::Client;

use super::checker::Checker;
use super::conditions::CheckConditions;
use super::finding::{Finding, Severity};
use super::foreign_keys;
use super::measurement::milliseconds;
use super::planner;
use super::report::{Check, CheckReport};
use super::rules::{all_rules, query_rules};
use super::schema;
use super::settings::{Area, CheckSettings, Suite};
use super::statements::unchecked_statements;
use crate::dataset::document::did_you_mean;
use crate::dataset::{Dataset, Waiver};
use crate::index::{self, Survey};
use crate::load;
use crate::postgres::catalog::{self, ForeignKey, Scope};
use crate::postgres::locks;
use crate::postgres::name::quoted;
use crate::postgres::placements::ShardSizes;
use crate::postgres::{Server, cluster, session};
use crate::progress::Progress;
use crate::queries::{Query, QueryOrigin, Sampling, Spread};

/// Checks foreign keys, schema and plans; changes nothing in the target, unless it is to settle or to prove.
///
/// What can't be judged is a finding of its own; an error is an invalid query file, or a server that fails.
pub async fn run(
    server: &Server,
    suite: &Suite,
    settings: &CheckSettings,
    progress: &Progress,
) -> Result<CheckReport> {
    let shards = ShardSizes::of(server.capabilities());
    run_with(server, suite, settings, &shards, progress).await
}

/// The same where the sizes of shards may be known.
pub async fn run_with(
    server: &Server,
    suite: &Suite,
    settings: &CheckSettings,
    shards: &ShardSizes,
    progress: &Progress,
) -> Result<CheckReport> {
    let queries = parse_queries(suite)?;
    ensure_known_rules(&suite.waivers)?;
    let checked = run_bounded(server, suite, settings, queries, shards, progress).await;
    match checked {
        Err(error) => Err(locks::explain_timeout(server, error).await),
        checked => checked,
    }
}

/// No lock is waited for longer than [`locks::PATIENCE`].
async fn run_bounded(
    server: &Server,
    suite: &Suite,
    settings: &CheckSettings,
    queries: Vec<Query>,
    shards: &ShardSizes,
    progress: &Progress,
) -> Result<CheckReport> {
    let began = Instant::now();
    let mut client = server.connect().await?;
    locks::limit_waits(&client, locks::PATIENCE).await?;
    load::ensure_finished(&client, server.schema()).await?;
    let shards = ShardSizes::Known(shards.read(&client).await?);
    let mut survey = index::survey(&client, server.schema(), &suite.waivers, &shards).await?;
    narrow(&mut survey, suite);
    let mut report = empty_report(&client, server, suite, settings, &survey).await?;
    prepare_questions(&client).await?;
    if settings.areas.contains(&Area::Coverage) {
        let answers = planner::ask(&mut client, &survey, server.capabilities()).await?;
        let keys = foreign_keys::check(&survey, &answers);
        report.checks.push(keys);
    }
    if settings.areas.contains(&Area::Schema) {
        let (check, skipped) = schema::check(
            &client,
            suite.reference.as_ref(),
            suite.tables.as_deref(),
            server.schema(),
            &survey.home,
            progress,
        )
        .await?;
        report.checks.push(check);
        report.skipped.extend(skipped);
    }
    if settings.areas.contains(&Area::Plans) {
        let checker = Checker {
            suite,
            settings,
            survey: &survey,
            schema: server.schema(),
            server: server.capabilities(),
            shards: &shards,
            progress,
        };
        let (checks, skipped) = checker.check(&mut client, queries).await?;
        report.checks.extend(checks);
        report.checks.extend(unchecked_statements(suite));
        report.skipped.extend(skipped);
    }
    server.keep(client);
    report.conditions.seconds = began.elapsed().as_secs_f64();
    waive(&mut report, suite, settings, progress);
    if !settings.allow_empty {
        refuse_nothing(&mut report);
    }
    Ok(report)
}

/// Sets what the check's own questions are asked with, after the server's settings were read: what is measured sets its own.
async fn prepare_questions(client: &Client) -> Result<()> {
    let (kept, connections) = cluster::KEPT_CONNECTIONS;
    let settings = [("jit", "off".to_owned()), (kept, connections.to_owned())];
    session::set(client, &settings).await
}

/// A report that a check begins with.
async fn empty_report(
    client: &Client,
    server: &Server,
    suite: &Suite,
    settings: &CheckSettings,
    survey: &Survey,
) -> Result<CheckReport> {
    Ok(CheckReport {
        target: server.display_name().to_string(),
        server_version: version(client).await?,
        home: survey.home.clone(),
        dataset: suite.dataset.clone(),
        conditions: conditions(settings, now(client).await?),
        settings: planner_settings(client).await?,
        checks: Vec::new(),
        skipped: Vec::new(),
    })
}

fn conditions(settings: &CheckSettings, started: String) -> CheckConditions {
    let Sampling {
        count,
        spread: Spread::Tail { share },
        seed,
    } = settings.sampling;
    CheckConditions {
        started,
        seconds: 0.0,
        seed,
        samples: count,
        tail: share,
        budget_ms: milliseconds(settings.budget),
    }
}

/// Leaves the keys of the tables wanted.
fn narrow(survey: &mut Survey, suite: &Suite) {
    let Some(tables) = &suite.tables else { return };
    // Of a dataset's tables, the keys that refer to them count, too: a load may break them.
    let counts = |key: &ForeignKey| {
        key.table.is_among(tables) || (suite.dataset.is_some() && key.referenced.is_among(tables))
    };
    survey.keys.retain(|key| counts(&key.foreign_key));
}

/// Where no foreign key, no table and no query was judged, nothing is proven: each check says so (`nothing-to-judge`).
fn refuse_nothing(report: &mut CheckReport) {
    if report.checks.iter().any(Check::judged_something) {
        return;
    }
    let target = report.target.clone();
    for check in &mut report.checks {
        check.findings.push(Finding {
            rule: "nothing-to-judge",
            severity: Severity::Unchecked,
            on: None,
            message: format!("{target} has nothing to judge: {}", check.subject.lacking()),
            help: "name the database or schema that was meant (--url, --target-schema), or pass all the same: \
                   --allow-empty"
                .to_owned(),
        });
    }
}

/// The plans of all reads twice: without the foreign keys' indexes, which are dropped in transactions that are rolled
/// back, and with them; the same samples alternately.
pub async fn without_and_with_indexes(
    server: &Server,
    suite: &Suite,
    settings: &CheckSettings,
    progress: &Progress,
) -> Result<(CheckReport, CheckReport)> {
    let queries = parse_queries(suite)?;
    match compare_bounded(server, suite, settings, queries, progress).await {
        Err(error) => Err(locks::explain_timeout(server, error).await),
        compared => compared,
    }
}

/// No lock is waited for longer than [`locks::PATIENCE`].
async fn compare_bounded(
    server: &Server,
    suite: &Suite,
    settings: &CheckSettings,
    queries: Vec<Query>,
    progress: &Progress,
) -> Result<(CheckReport, CheckReport)> {
    let began = Instant::now();
    let mut client = server.connect().await?;
    locks::limit_waits(&client, locks::PATIENCE).await?;
    load::ensure_finished(&client, server.schema()).await?;
    let shards = ShardSizes::of(server.capabilities());
    let shards = ShardSizes::Known(shards.read(&client).await?);
    let mut survey = index::survey(&client, server.schema(), &suite.waivers, &shards).await?;
    narrow(&mut survey, suite);
    let mut base = empty_report(&client, server, suite, settings, &survey).await?;
    let checker = Checker {
        suite,
        settings,
        survey: &survey,
        schema: server.schema(),
        server: server.capabilities(),
        shards: &shards,
        progress,
    };
    let (without, with) = checker
        .without_and_with_indexes(&mut client, queries)
        .await?;
    base.conditions.seconds = began.elapsed().as_secs_f64();
    let report = |checks, how: &str| CheckReport {
        target: format!("{}, {how} the foreign keys' indexes", base.target),
        checks,
        ..base.clone()
    };
    Ok((report(without, "without"), report(with, "with")))
}

/// What decides plans beside the statistics.
async fn planner_settings(client: &Client) -> Result<Vec<(String, String)>> {
    let sql = "SELECT name, current_setting(name)
        FROM pg_settings
        WHERE category LIKE 'Query Tuning%'
            OR name IN ('shared_buffers', 'work_mem', 'hash_mem_multiplier', 'jit')
        ORDER BY name";
    let rows = client
        .query_typed(sql, &[])
        .await
        .context("could not read the planner's settings")?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// Whether a dataset's tables exist, all or these, in the schema asked for or where the search path finds them.
async fn has_tables(server: &Server, dataset: &Dataset, names: Option<&[String]>) -> Result<bool> {
    let Ok(positions) = dataset.select(names) else {
        return Ok(false);
    };
    let tables: Vec<_> = positions.iter().map(|&it| &dataset.tables[it]).collect();
    let table_names: Vec<&str> = tables.iter().map(|table| &*table.name).collect();
    let client = server.connect().await?;
    let found = catalog::find_all(&client, server.schema(), &table_names).await?;
    let oids: Option<Vec<u32>> = found.into_iter().collect();
    let columns = match &oids {
        // One of the same name with other columns belongs to another application.
        Some(oids) if names.is_some() => catalog::columns(&client, Scope::Tables(oids)).await?,
        _ => Vec::new(),
    };
    server.keep(client);
    let Some(oids) = oids else {
        return Ok(false);
    };
    let is_known = |column: &catalog::Column| {
        let mut pairs = oids.iter().zip(&tables);
        let table = pairs.find(|(oid, _)| **oid == column.table);
        table.is_some_and(|(_, table)| table.columns.iter().any(|it| it.name == column.name))
    };
    Ok(columns.iter().all(is_known))
}

/// The dataset when it was named, when the database is its own, or when its tables exist, all or those asked for.
/// Refuses names that are no tables, of the dataset or, without one, of the database.
pub async fn fitting_dataset(
    dataset: Dataset,
    named: bool,
    tables: Option<&[String]>,
    server: &Server,
) -> Result<Option<Dataset>> {
    let own_database = server.capabilities().database_per_dataset && server.schema().is_none();
    let own = named || own_database;
    if own || has_tables(server, &dataset, tables).await? {
        dataset.select(tables)?;
        return Ok(Some(dataset));
    }
    if let Some(names) = tables {
        let checked = ensure_tables_exist(server, names).await;
        if let Err(error) = checked {
            return Err(locks::explain_timeout(server, error).await);
        }
    }
    Ok(None)
}

async fn ensure_tables_exist(server: &Server, names: &[String]) -> Result<()> {
    let client = server.connect().await?;
    locks::limit_waits(&client, locks::PATIENCE).await?;
    let scope = Scope::schema_or_database(server.schema());
    let tables = catalog::tables(&client, scope).await?;
    for name in names.iter().map(|name| name.trim()) {
        if !tables
            .iter()
            .any(|table| table.name.is_among(&[name.to_owned()]))
        {
            let known = tables.iter().map(|table| table.name.name.as_str());
            let advice = match tables.is_empty() {
                true => "it has none".to_owned(),
                false => did_you_mean(name, known),
            };
            bail!(
                "--tables: the database has no table {}; {advice}",
                quoted(name)
            );
        }
    }
    Ok(())
}

/// Refuses to drop indexes, which locks their tables, on a read-only server or where it would block other sessions.
pub fn ensure_locks_allowed(option: &str, allowed: bool, server: &Server) -> Result<()> {
    server.ensure_writable(&format!("drop indexes for {option}"))?;
    ensure!(
        allowed || server.capabilities().lock_tables_unasked,
        "{option} drops indexes in transactions that are rolled back, which blocks other sessions' reads and \
         writes of these tables for that time; where that is acceptable, add --allow-locks"
    );
    Ok(())
}

async fn version(client: &Client) -> Result<String> {
    let row = client
        .query_typed_one("SELECT current_setting('server_version')", &[])
        .await
        .context("could not read the server's version")?;
    Ok(row.try_get(0)?)
}

/// The server's clock.
async fn now(client: &Client) -> Result<String> {
    let sql = "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"')";
    let row = client
        .query_typed_one(sql, &[])
        .await
        .context("could not read the server's clock")?;
    Ok(row.try_get(0)?)
}

/// Reads the query files, and refuses waivers of rules that don't exist.
fn parse_queries(suite: &Suite) -> Result<Vec<Query>> {
    let parse = |file| {
        let query = Query::parse(file)?;
        for waiver in &query.header.waivers {
            if !query_rules().any(|rule| rule == waiver.rule) {
                let advice = did_you_mean(&waiver.rule, query_rules());
                let message = format!("unknown rule `{}`; {advice}", waiver.rule);
                return Err(query.error(waiver.line, message));
            }
        }
        Ok(query)
    };
    let statements = suite.statements.queries.iter().map(|file| {
        let origin = QueryOrigin::Statement;
        parse(file).map(|query| Query { origin, ..query })
    });
    let queries = suite.queries.iter().map(parse);
    queries.chain(statements).collect()
}

fn ensure_known_rules(waivers: &[Waiver]) -> Result<()> {
    for waiver in waivers {
        if !all_rules().any(|rule| rule == waiver.rule) {
            let advice = did_you_mean(&waiver.rule, all_rules());
            bail!("{}: unknown rule `{}`; {advice}", waiver.place, waiver.rule);
        }
    }
    Ok(())
}

/// Sets aside what is waived; reports which waivers waive nothing, where everything was looked at.
fn waive(report: &mut CheckReport, suite: &Suite, settings: &CheckSettings, progress: &Progress) {
    let mut used: Vec<&Waiver> = Vec::new();
    for check in &mut report.checks {
        check.waive(&suite.waivers, &report.home, &mut |waiver| {
            used.extend(suite.waivers.iter().filter(|it| *it == waiver));
        });
    }
    if Area::ALL.iter().all(|area| settings.areas.contains(area)) && suite.tables.is_none() {
        for unused in suite.waivers.iter().filter(|it| !used.contains(it)) {
            progress.note(format!(
                "{}: {} on {} isn't found (any more); the waiver can go",
                unused.place, unused.rule, unused.on
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queries::QueryFile;

    #[test]
    fn a_header_waives_only_rules_that_exist() {
        let suite = |text: &str| Suite {
            queries: vec![QueryFile {
                name: "q".into(),
                path: "queries/q.sql".into(),
                text: text.into(),
            }],
            ..Suite::default()
        };
        assert!(parse_queries(&suite("-- waive: seq-scan: small\nSELECT 1")).is_ok());
        let error = parse_queries(&suite("-- waive: seq-scn: small\nSELECT 1")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "queries/q.sql, line 1: unknown rule `seq-scn`; did you mean `seq-scan`?"
        );
    }
}
