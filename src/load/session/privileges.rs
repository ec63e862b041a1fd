//! The privileges of the connection's role, checked before anything is changed; an error names every missing GRANT.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use crate::postgres::TableName;

/// What a load is about to create.
#[derive(Debug, Clone, Copy)]
pub struct Missing<'a> {
    /// The ledger.
    pub ledger: bool,
    /// A schema.
    pub schema: Option<&'a str>,
    /// Tables in an existing schema.
    pub tables_in: Option<&'a str>,
}

/// Refuses when the role may not create what is missing, with all statements that grant it.
pub async fn ensure_may_create(client: &impl GenericClient, missing: Missing<'_>) -> Result<()> {
    let sql = "SELECT
            quote_ident(current_user),
            CASE WHEN NOT has_database_privilege(current_database(), 'CREATE')
                THEN format('GRANT CREATE ON DATABASE %I TO %I;', current_database(), current_user) END,
            CASE WHEN $1::text IS NOT NULL AND NOT has_schema_privilege($1, 'CREATE')
                THEN format('GRANT CREATE ON SCHEMA %I TO %I;', $1, current_user) END";
    let row = client
        .query_typed_one(sql, &[(&missing.tables_in, Type::TEXT)])
        .await
        .context("could not look up the privileges of this role")?;
    let role: String = row.try_get(0)?;
    let (mut lacking, mut grants) = (Vec::new(), Vec::new());
    if let Some(grant) = row.try_get::<_, Option<String>>(1)?
        && (missing.ledger || missing.schema.is_some())
    {
        let ledger = missing
            .ledger
            .then(|| "seedrow's ledger, a small schema of its own".to_owned());
        lacking.extend(ledger);
        lacking.extend(missing.schema.map(|schema| format!("the schema {schema}")));
        grants.push(grant);
    }
    if let Some(grant) = row.try_get::<_, Option<String>>(2)? {
        lacking.extend(
            missing
                .tables_in
                .map(|schema| format!("tables in the schema {schema}")),
        );
        grants.push(grant);
    }
    ensure!(
        grants.is_empty(),
        "{role} may not create {}; run, as the owner: {}",
        lacking.join(" and "),
        grants.join(" ")
    );
    Ok(())
}

/// Refuses tables that this role may not fill, with all statements that grant it.
pub async fn ensure_may_fill(
    client: &impl GenericClient,
    tables: impl IntoIterator<Item = (u32, &TableName)>,
) -> Result<()> {
    let (oids, names): (Vec<u32>, Vec<&TableName>) = tables.into_iter().unzip();
    let rows = client
        .query_typed(
            include_str!("sql/privileges.sql"),
            &[(&oids, Type::OID_ARRAY)],
        )
        .await
        .context("could not look up the privileges on the tables")?;
    let of_table: HashMap<u32, &Row> = rows
        .iter()
        .map(|row| Ok((row.try_get("oid")?, row)))
        .collect::<Result<_>>()?;
    let (mut closed, mut grants, mut role) = (Vec::new(), Vec::new(), String::new());
    for (oid, name) in oids.iter().zip(names) {
        let row = of_table
            .get(oid)
            .with_context(|| format!("{name} is gone"))?;
        role = row.try_get("role")?;
        // COPY is refused, and the table could look empty.
        ensure!(
            !row.try_get::<_, bool>("hidden")?,
            "{name} has row-level security, which COPY does not support; run, as a superuser: ALTER ROLE {role} BYPASSRLS; \
             or: ALTER TABLE {name} DISABLE ROW LEVEL SECURITY;"
        );
        let known = grants.len();
        if !row.try_get::<_, bool>("may_write")? {
            grants.push(format!(
                "GRANT SELECT, INSERT, TRUNCATE ON {name} TO {role};"
            ));
        }
        for privileges in row.try_get::<_, Vec<String>>("closed_sequences")? {
            grants.push(format!("GRANT {privileges} TO {role};"));
        }
        if grants.len() > known {
            closed.push(name.to_string());
        }
    }
    ensure!(
        grants.is_empty(),
        "{role} may not fill {}; run, as {} owner: {}",
        closed.join(", "),
        if closed.len() == 1 { "its" } else { "their" },
        grants.join(" ")
    );
    Ok(())
}
