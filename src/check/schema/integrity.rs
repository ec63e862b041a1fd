//! What is wrong with a schema by itself: constraints that aren't validated, invalid indexes, sequences behind their column.

use anyhow::{Context, Result};
use tokio_postgres::{Client, Row};

use super::ddl::alter;
use super::model::Schema;
use crate::check::finding::{Finding, Severity};
use crate::postgres::TableName;
use crate::postgres::catalog::Index;
use crate::postgres::name::{literal, quoted};

/// All findings, by table. Foreign keys that aren't validated are reported with their coverage.
pub async fn findings(client: &Client, live: &Schema, home: &str) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let building = being_built(client).await?;
    for table in &live.tables {
        let label = table.name.within(home);
        for constraint in table.constraints.iter().filter(|it| !it.validated) {
            let name = quoted(&constraint.name);
            findings.push(Finding {
                rule: "check-not-valid",
                severity: Severity::Fail,
                on: Some(format!("{label}.{name}")),
                message: format!(
                    "constraint {name} of {label} is not validated: rows may break it"
                ),
                help: alter(&table.name, format!("VALIDATE CONSTRAINT {name}")),
            });
        }
        let unusable = table.indexes.iter().filter(|index| !index.usable());
        findings.extend(
            unusable
                .filter(|index| !building.contains(&index.oid))
                .map(|index| invalid_index(index, &label)),
        );
    }
    for sequence in sequences(client).await? {
        findings.extend(sequence.finding(client, home).await?);
    }
    Ok(findings)
}

fn invalid_index(index: &Index, table: &str) -> Finding {
    let name = TableName::new(&index.table.schema, &index.name);
    Finding {
        rule: "index-invalid",
        severity: Severity::Fail,
        on: Some(format!("{table}.{}", quoted(&index.name))),
        message: format!(
            "index {} of {table} is invalid: no query uses it, and every write maintains it",
            quoted(&index.name)
        ),
        help: format!("REINDEX INDEX CONCURRENTLY {name};   -- or DROP INDEX CONCURRENTLY {name};"),
    }
}

/// The indexes that are being built.
async fn being_built(client: &Client) -> Result<Vec<u32>> {
    let sql =
        "SELECT index_relid FROM pg_stat_progress_create_index WHERE datname = current_database()";
    let rows = client
        .query(sql, &[])
        .await
        .context("could not look for sessions that build indexes")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// A sequence that a column owns: a serial column's or an identity column's.
struct Sequence {
    name: TableName,
    table: TableName,
    column: String,
}

/// Those that this role may read, with their columns.
async fn sequences(client: &Client) -> Result<Vec<Sequence>> {
    let sql = "SELECT sn.nspname::text, s.relname::text, n.nspname::text, t.relname::text, a.attname::text
        FROM pg_depend AS d
        JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_namespace AS sn ON sn.oid = s.relnamespace
        JOIN pg_sequence AS q ON q.seqrelid = s.oid AND q.seqincrement > 0 AND NOT q.seqcycle
        JOIN pg_class AS t ON t.oid = d.refobjid AND t.relkind IN ('r', 'p')
        JOIN pg_namespace AS n ON n.oid = t.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass
            AND d.refclassid = 'pg_class'::regclass
            AND d.deptype IN ('a', 'i')
            AND n.nspname NOT IN ('information_schema', 'seedrow')
            AND n.nspname !~ '^pg_'
            AND has_schema_privilege(sn.oid, 'USAGE')
            AND has_schema_privilege(n.oid, 'USAGE')
            AND CASE s.relkind WHEN 'S' THEN has_sequence_privilege(s.oid, 'SELECT') END
            AND has_column_privilege(t.oid, a.attnum, 'SELECT')
        ORDER BY n.nspname, t.relname, a.attnum";
    let rows = client
        .query(sql, &[])
        .await
        .context("could not read the sequences")?;
    let sequence = |row: &Row| {
        let text = |at: usize| row.try_get::<_, String>(at);
        Ok(Sequence {
            name: TableName::new(text(0)?, text(1)?),
            table: TableName::new(text(2)?, text(3)?),
            column: text(4)?,
        })
    };
    rows.iter().map(sequence).collect()
}

impl Sequence {
    /// `sequence-behind` when its next value isn't above all those of its column.
    async fn finding(&self, client: &Client, home: &str) -> Result<Option<Finding>> {
        let (column, table) = (quoted(&self.column), &self.table);
        let sql = format!(
            "SELECT
                s.last_value + CASE WHEN s.is_called THEN q.seqincrement ELSE 0 END,
                (SELECT max({column})::int8 FROM {table})
            FROM {} AS s, pg_sequence AS q
            WHERE q.seqrelid = {}::regclass",
            self.name,
            literal(&self.name.to_string())
        );
        let row = client.query_one(&sql, &[]).await.with_context(|| {
            format!(
                "could not compare sequence {} with {table}.{column}",
                self.name
            )
        })?;
        let next: i64 = row.try_get(0)?;
        let Some(max) = row.try_get::<_, Option<i64>>(1)?.filter(|max| next <= *max) else {
            return Ok(None);
        };
        let label = format!("{}.{column}", table.within(home));
        Ok(Some(Finding {
            rule: "sequence-behind",
            severity: Severity::Fail,
            message: format!(
                "the sequence {} gives {next} next, and {label} holds values up to {max}: an insert will fail",
                self.name.within(home)
            ),
            help: format!(
                "SELECT setval({}, (SELECT max({column}) FROM {table}));",
                literal(&self.name.to_string())
            ),
            on: Some(label),
        }))
    }
}
