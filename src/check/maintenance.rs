//! Whether a table was vacuumed and analysed, so that its plans are settled: statistics, visibility map, valid indexes.
//!
//! Plans of a table that isn't are the plans of a moment: without statistics a foreign key's equality is guessed at
//! 1/200 of the table. That is "could not check", not a failure.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, GenericClient};

use super::finding::{Finding, Severity};
use super::rules::{Facts, SMALL_PAGES};
use crate::postgres::catalog::{Index, Table, TableKind};
use crate::postgres::error::ErrorWithNotes;
use crate::postgres::name::quoted;
use crate::postgres::{TableName, Writes};
use crate::progress::{Progress, Unit};
use crate::suggestion::TARGET;
use crate::units::grouped;

/// How long an autovacuum is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Less than this part of its pages visible to all is the map of another time.
const VISIBLE: f64 = 0.5;

/// Facts that `pg_class` doesn't have: which tables were analysed, and which are being vacuumed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MaintenanceState {
    /// The tables with statistics on at least one column that this role may see.
    pub analysed: BTreeSet<u32>,
    /// The tables that are being vacuumed or analysed, with the session that does it.
    pub running: HashMap<u32, i32>,
}

/// Reads it for the whole database.
async fn read(client: &impl GenericClient) -> Result<MaintenanceState> {
    let could_not = "could not read what is being vacuumed, and what was analysed";
    let sql = "SELECT relid, pid FROM pg_stat_progress_vacuum WHERE datname = current_database()
        UNION ALL
        SELECT relid, pid FROM pg_stat_progress_analyze WHERE datname = current_database()";
    let running = client.query_typed(sql, &[]).await.context(could_not)?;
    // OFFSET: table by table, by indexes. Read as a whole, the view asks for the privileges on each column of the database.
    let sql = "SELECT c.oid
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'f', 'm')
            AND n.nspname !~ '^pg_'
            AND EXISTS (
                SELECT
                FROM pg_stats AS s
                WHERE s.schemaname = n.nspname AND s.tablename = c.relname
                OFFSET 0
            )";
    let analysed = match client.query_typed(sql, &[]).await {
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            return Err(ErrorWithNotes {
                message: "could not read pg_stats, which says whether tables were analysed: its privileges were revoked"
                    .to_owned(),
                notes: vec![
                    "run, as a superuser: GRANT SELECT ON pg_catalog.pg_stats TO PUBLIC;".to_owned(),
                ],
                source: Some(error.into()),
            }
            .into());
        }
        analysed => analysed.context(could_not)?,
    };
    let pair = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
    Ok(MaintenanceState {
        analysed: analysed
            .iter()
            .map(|row| Ok(row.try_get(0)?))
            .collect::<Result<_>>()?,
        running: running.iter().map(pair).collect::<Result<_>>()?,
    })
}

/// Why the table isn't settled; `None` for one that is, or that holds no rows.
///
/// Pages are those of all partitions together.
pub fn unsettled<'a>(
    table: &'a Table,
    state: &MaintenanceState,
    facts: Facts<'a>,
) -> Option<String> {
    let holds_rows = matches!(
        table.kind,
        TableKind::Ordinary | TableKind::MaterializedView
    );
    if !holds_rows || facts.pages(table) == 0 {
        return None;
    }
    let name = table.name.within(&facts.survey.home);
    if let Some(pid) = state.running.get(&table.oid) {
        return Some(format!("session {pid} is vacuuming or analysing {name}"));
    }
    let invalid = |index: &&Index| index.table_oid == table.oid && !index.usable();
    if let Some(index) = facts.indexes.iter().find(invalid) {
        return Some(format!(
            "index {} of {name} is invalid",
            quoted(&index.name)
        ));
    }
    if table.rows < 0.0 || (table.rows > 0.0 && !state.analysed.contains(&table.oid)) {
        return Some(format!("{name} was never analysed"));
    }
    let parts = facts.parts(table);
    let sum = |pages: &dyn Fn(&'a Table) -> u64| parts.iter().map(|part| pages(part)).sum::<u64>();
    let pages = sum(&|part| facts.pages(part));
    let (then, all_visible) = (sum(&|part| part.pages), sum(&|part| part.all_visible));
    let name = facts.whole(table).name.within(&facts.survey.home);
    if pages > SMALL_PAGES && (pages > then * 2 || pages * 2 < then) {
        return Some(format!(
            "{name} had {} pages when it was analysed and has {} now",
            grouped(then),
            grouped(pages)
        ));
    }
    let visible = all_visible as f64 / then.max(1) as f64;
    (pages > SMALL_PAGES && visible < VISIBLE).then(|| {
        format!(
            "{} of the {} pages of {name} are known to be visible to all, so that no index alone answers",
            grouped(all_visible),
            grouped(then)
        )
    })
}

/// The finding for a read of such a table (`not-settled`).
pub fn not_settled(why: &str, table: &Table, writes: Writes) -> Finding {
    Finding {
        rule: "not-settled",
        severity: Severity::Unchecked,
        on: None,
        message: format!("plans prove nothing yet: {why}"),
        help: match writes {
            Writes::Standby => format!("on the primary: VACUUM (ANALYZE) {};", table.name),
            _ => format!(
                "`seedrow check{TARGET} --settle`, or: VACUUM (ANALYZE) {};",
                table.name
            ),
        },
    }
}

/// Waits while other sessions vacuum or analyse tables, such as autovacuum after a load, for up to [`PATIENCE`].
pub async fn wait(client: &Client, progress: &Progress) -> Result<MaintenanceState> {
    let start = Instant::now();
    let mut reported = false;
    loop {
        let state = read(client).await?;
        if state.running.is_empty() || start.elapsed() > PATIENCE {
            return Ok(state);
        }
        if !std::mem::replace(&mut reported, true) {
            progress.note("waiting for sessions that vacuum or analyse tables, such as autovacuum");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Vacuums and analyses the tables; those that this role doesn't own are left unchanged, as Postgres does.
pub async fn settle(client: &Client, tables: &[&TableName], progress: &Progress) -> Result<()> {
    let task = progress.task("vacuum and analyse", tables.len() as u64, Unit::Tables);
    // A commit that isn't on the disk yet keeps its rows, and those of its neighbours, from being known as visible to
    // all.
    client
        .batch_execute("SET synchronous_commit = on")
        .await
        .context("could not have commits wait for the disk")?;
    for table in tables {
        client
            .batch_execute(&format!("VACUUM (ANALYZE) {table}"))
            .await
            .with_context(|| format!("could not vacuum and analyse {table}"))?;
        task.add(0, 1);
    }
    task.finish();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Survey, samples};

    const PAGE: u64 = 8192;

    fn child() -> Table {
        Table {
            oid: 10,
            name: TableName::new("public", "child"),
            kind: TableKind::Ordinary,
            root_oid: None,
            pages: 1_000,
            rows: 50_000.0,
            all_visible: 1_000,
            bytes: 1_000 * PAGE,
        }
    }

    fn why_unsettled(
        change: impl Fn(&mut Table, &mut MaintenanceState, &mut Vec<Index>),
    ) -> Option<String> {
        let mut table = child();
        let mut state = MaintenanceState {
            analysed: BTreeSet::from([10]),
            running: HashMap::new(),
        };
        let mut indexes = vec![samples::index("x", &[1])];
        change(&mut table, &mut state, &mut indexes);
        let survey = Survey {
            keys: vec![],
            proposals: vec![],
            useless: vec![],
            home: "public".into(),
        };
        let facts = Facts {
            tables: &[],
            indexes: &indexes,
            survey: &survey,
            block_bytes: PAGE,
        };
        unsettled(&table, &state, facts)
    }

    #[test]
    fn a_table_that_was_loaded_and_vacuumed_is_settled() {
        assert_eq!(why_unsettled(|_, _, _| {}), None);
        assert_eq!(
            why_unsettled(|table, _, _| table.bytes = 0),
            None,
            "empty: other rules report it"
        );
        assert_eq!(why_unsettled(|table, _, _| table.bytes *= 2), None);
    }

    #[test]
    fn what_isn_t_settled_says_why() {
        let why = why_unsettled(|_, state, _| state.running.extend([(10, 77)]));
        assert_eq!(why.unwrap(), "session 77 is vacuuming or analysing child");
        let why = why_unsettled(|_, _, indexes| indexes[0].valid = false);
        assert_eq!(why.unwrap(), "index x of child is invalid");
        for why in [
            why_unsettled(|table, _, _| table.rows = -1.0),
            why_unsettled(|_, state, _| state.analysed.clear()),
        ] {
            assert_eq!(why.unwrap(), "child was never analysed");
        }
        let why = why_unsettled(|table, _, _| table.bytes = 2_001 * PAGE).unwrap();
        assert_eq!(
            why,
            "child had 1,000 pages when it was analysed and has 2,001 now"
        );
        let why = why_unsettled(|table, _, _| table.all_visible = 499).unwrap();
        assert!(why.starts_with("499 of the 1,000 pages of child"), "{why}");
    }

    #[test]
    fn a_standby_is_settled_by_its_primary() {
        let help = |writes| not_settled("child was never analysed", &child(), writes).help;
        let settle = format!("`seedrow check{TARGET} --settle`, or: VACUUM");
        assert!(help(Writes::Accepted).starts_with(&settle));
        assert_eq!(
            help(Writes::Standby),
            "on the primary: VACUUM (ANALYZE) public.child;"
        );
    }

    #[test]
    fn a_small_table_needs_no_map() {
        let small = |table: &mut Table| {
            (table.pages, table.bytes, table.all_visible) = (SMALL_PAGES, SMALL_PAGES * PAGE, 0);
        };
        assert_eq!(why_unsettled(|table, _, _| small(table)), None);
    }
}
