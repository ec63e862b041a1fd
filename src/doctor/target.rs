//! The target: whether it is reached, by which role with which rights, and settings that cost time.

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::{Diagnosis, Health};
use crate::load::{ServerSettings, Unfinished, WalCounters};
use crate::postgres::Server;
use crate::postgres::embedded::Home;
use crate::postgres::embedded::control::{self, Keep};
use crate::postgres::environment::Environment;
use crate::postgres::error::describe;
use crate::postgres::target::{Target, TargetOptions};
use crate::progress::Progress;
use crate::suggestion::HOME;
use crate::units::setting;

const TARGET: &str = "target";

/// The target that is asked for, or what is wrong with how it is asked for.
pub fn resolve(options: &TargetOptions) -> Result<Target> {
    Target::resolve(options.url.as_deref(), &Environment::of_process())
}

/// The embedded server, which isn't started for this.
pub fn embedded(home: &Home) -> Vec<Diagnosis> {
    let folder = home.folder().display();
    let found = match control::status(home) {
        Err(error) => {
            let described = describe(&error);
            return vec![Diagnosis::ok(TARGET, described.text).but(Health::Fail, described.notes)];
        }
        Ok(status) => match (status.lease, status.keep) {
            (None, _) => {
                format!("the embedded PostgreSQL in {folder}, not running: a command starts it")
            }
            (Some(lease), Keep::UntilStopped) => format!(
                "the embedded PostgreSQL {} in {folder}, up until `seedrow db stop{HOME}`",
                lease.running().version
            ),
            (Some(lease), Keep::WhileUsed) => format!(
                "the embedded PostgreSQL {} in {folder}, up while it is used",
                lease.running().version
            ),
        },
    };
    vec![Diagnosis::ok(TARGET, found)]
}

/// A server that was named: whether it is reached, the role's rights and the settings.
pub async fn external(
    target: &Target,
    options: &TargetOptions,
    progress: &Progress,
) -> Vec<Diagnosis> {
    let failed = |name, error: &anyhow::Error| {
        let described = describe(error);
        Diagnosis::ok(name, described.text).but(Health::Fail, described.notes)
    };
    let server = match Server::reach(target, options, "", progress).await {
        Ok(server) => server,
        Err(error) => return vec![failed(TARGET, &error)],
    };
    match of_server(&server).await {
        Ok(diagnoses) => diagnoses,
        Err(error) => vec![failed(TARGET, &error)],
    }
}

async fn of_server(server: &Server) -> Result<Vec<Diagnosis>> {
    let client = server.connect().await?;
    let version = client.query_one("SHOW server_version", &[]).await?;
    let version: String = version.try_get(0)?;
    let found = format!("{}, PostgreSQL {version}", server.display_name());
    let mut diagnoses = vec![
        Diagnosis::ok(TARGET, found),
        rights(server, &client).await?,
        settings(server, &client).await?,
    ];
    if let Some(load) = Unfinished::find(&client, server.schema()).await? {
        let described = describe(&load.refusal());
        diagnoses.push(Diagnosis::ok("load", described.text).but(Health::Warn, described.notes));
    }
    Ok(diagnoses)
}

/// What the role may do.
async fn rights(server: &Server, client: &Client) -> Result<Diagnosis> {
    let sql = "SELECT
            current_user::text,
            (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
            has_database_privilege(current_database(), 'CREATE'),
            current_schema() IS NOT NULL AND has_schema_privilege(current_schema(), 'CREATE'),
            COALESCE(quote_ident(current_schema()), 'public'),
            quote_ident(current_database()),
            quote_ident(current_user)";
    let row = client.query_one(sql, &[]).await;
    let row = row.context("could not look up the rights of this role")?;
    let role: String = row.try_get(0)?;
    if let Some(refusal) = server.capabilities().writes.refusal(server.display_name()) {
        let found = format!("{role} may read, and check");
        return Ok(Diagnosis::ok("rights", found).but(Health::Warn, vec![refusal]));
    }
    let (is_super, database, schema): (bool, bool, bool) =
        (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    let names: [String; 3] = [row.try_get(4)?, row.try_get(5)?, row.try_get(6)?];
    let [schema_name, database_name, quoted_role] = &names;
    let mut grants = Vec::new();
    if !database {
        grants.push(format!(
            "to load, seedrow's ledger is needed, a schema: GRANT CREATE ON DATABASE {database_name} TO {quoted_role};"
        ));
    }
    if !schema {
        grants.push(format!(
            "to create tables: GRANT CREATE ON SCHEMA {schema_name} TO {quoted_role};"
        ));
    }
    Ok(match (is_super, grants.is_empty()) {
        (true, _) => Diagnosis::ok("rights", format!("{role} is a superuser")),
        (false, true) => Diagnosis::ok("rights", format!("{role} may create schemas and tables")),
        (false, false) => {
            Diagnosis::ok("rights", format!("{role} may check, and fill what it owns"))
                .but(Health::Warn, grants)
        }
    })
}

/// The settings that decide how fast a load is.
async fn settings(server: &Server, client: &Client) -> Result<Diagnosis> {
    let read = ServerSettings::since(WalCounters::now(client).await, server, client).await?;
    let shown = read.settings.iter();
    let shown = shown.map(|it| format!("{} {}", it.name, setting(&it.value)));
    let diagnosis = Diagnosis::ok("settings", shown.collect::<Vec<_>>().join(", "));
    Ok(match read.advice.is_empty() {
        true => diagnosis,
        false => diagnosis.but(Health::Warn, read.advice),
    })
}
