//! What is said before the first write: target, tables, rows and the size to come, or what is there already.

use anyhow::Result;
use indicatif::HumanBytes;
use tokio_postgres::GenericClient;

use crate::load::ledger::Entry;
use crate::load::run::{Begun, Load};
use crate::load::source::input::Input;
use crate::load::table::size::Size;
use crate::progress::{Progress, grouped};

impl Load<'_> {
    /// Says what is there of an unfinished load.
    pub(super) fn announce_rest(
        &self,
        entry: &Entry,
        input: &Input,
        begun: &Begun,
        progress: &Progress,
    ) {
        progress.say(format!(
            "load: {} → {}",
            input.shown,
            self.server.display_name()
        ));
        let complete = begun.earlier.iter().filter(|it| it.next.is_none()).count();
        let parts = begun.earlier.iter().filter(|it| it.next.is_some());
        let parts = parts.map(|it| {
            format!(
                ", {} with {} rows",
                it.account.name,
                grouped(it.account.loaded)
            )
        });
        progress.say(format!(
            "load: taking up what `{}` left unfinished in schema {}: {complete} of {} tables are loaded{}",
            entry.command,
            begun.schema,
            begun.targets.len(),
            parts.collect::<String>()
        ));
    }

    /// Says what is about to be loaded.
    pub(super) async fn announce(
        &self,
        client: &impl GenericClient,
        input: &Input,
        begun: &Begun,
        progress: &Progress,
    ) -> Result<()> {
        let level: String = client.query_one("SHOW wal_level", &[]).await?.try_get(0)?;
        let names = self.table_names().join(", ");
        progress.say(format!(
            "load: {} → {}",
            input.shown,
            self.server.display_name()
        ));
        progress.say(format!("load: schema {}: {names}", begun.schema));
        if !input.ignored.is_empty() {
            let ignored = input.ignored.join(", ");
            progress.say(format!("load: of no table, and not loaded: {ignored}"));
        }
        let bytes = HumanBytes(input.bytes());
        let Some(rows) = input.rows() else {
            progress.say(format!("load: {bytes} of CSV, every record read"));
            return Ok(());
        };
        let entries = begun.targets.iter().map(|target| {
            let of_table = input.tables.iter().find(|it| it.table == target.table);
            let rows = of_table.and_then(|it| it.rows).unwrap_or(0);
            rows * begun.choice.keys_on(target.oid) as u64
        });
        let size = Size::expected(input.bytes(), rows, entries.sum(), level == "minimal");
        progress.say(format!(
            "load: {} rows, {bytes} of CSV; about {} of heap, {} of indexes, {} of WAL",
            grouped(rows),
            HumanBytes(size.heap),
            HumanBytes(size.indexes),
            HumanBytes(size.wal)
        ));
        match self.server.free_disk() {
            Some(free) if free < size.heap + size.indexes + size.wal => progress.say(format!(
                "load: its disk has {} free, which may not do; give fewer --rows, or another --home",
                HumanBytes(free)
            )),
            _ => {}
        }
        Ok(())
    }
}
