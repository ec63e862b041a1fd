//! A COPY that failed: which record of the source the server rejected, and what the error says of it.

use anyhow::{Error, Result, anyhow};
use tokio_postgres::error::DbError;

use crate::load::source::chunk::{FileLine, Position};
use crate::load::source::reader::RecordReader;
use crate::load::source::table_source::SourceKind;
use crate::load::table::generated_rejection::generated_rejection;
use crate::load::table::segment::{FailedCopy, TableCopy};
use crate::load::table::server_rejection::ServerRejection;
use crate::printable;

impl TableCopy<'_> {
    /// Names file, line, column and value where Postgres says where the COPY failed.
    pub(super) fn explain(&self, error: Error, failed: FailedCopy) -> Error {
        if let Some(orphan) = ServerRejection::orphan(&error)
            && self.source.source.is_foreign()
        {
            // Which row it is shows once they are traced.
            return orphan.into();
        }
        let Some(mut rejection) = ServerRejection::of(&error) else {
            return self.in_context(error);
        };
        if self.may_reject(&rejection) {
            return rejection.into();
        }
        rejection.row = failed.row(rejection.row);
        if let SourceKind::Generated(rows) = &self.source.source.kind {
            let table = self.source.source.table;
            let row = rows.rows_before(table) + failed.before + rejection.row + 1;
            return generated_rejection(&rows.dataset, table, row, &rejection);
        }
        let label = self.source.source.label();
        let Ok(Some((at, value))) = self.find_record(failed.begin, &rejection) else {
            return anyhow!("{label}, in a record: {}", rejection.reason());
        };
        rejection.value = rejection.value.take().or(value);
        let label = self.source.source.file_label(at.file);
        let message = format!("{label}, line {}: {}", at.line, rejection.reason());
        self.refused(&rejection.code, message)
    }

    pub(super) fn in_context(&self, error: Error) -> Error {
        let mut causes = error.chain();
        if causes.any(|cause| cause.is::<DbError>()) {
            let (label, table) = (self.source.source.label(), self.table);
            return error.context(format!("could not load {label} into {table}"));
        }
        error
    }

    /// The line of the record behind a row of a COPY that began at a position, and its value in the column.
    fn find_record(
        &self,
        begin: Option<Position>,
        rejection: &ServerRejection,
    ) -> Result<Option<(FileLine, Option<String>)>> {
        let column = rejection.column.as_deref();
        let field = column.and_then(|column| self.source.field_of(column));
        let (mut row, mut found) = (0, None);
        RecordReader::new(self.source)?.each_row(begin, |file, record, _| {
            if row == rejection.row {
                let value = field.map(|field| printable::value(record.field(field).0));
                let line = record.line;
                found = Some((FileLine { file, line }, value));
            }
            row += 1;
            Ok(row <= rejection.row)
        })?;
        Ok(found)
    }
}
