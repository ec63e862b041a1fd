//! Files → tables: columns by header, every record accounted for, keys after the rows, and a ledger of it all.

pub mod account;
mod announce;
mod constraints;
pub mod encode;
mod forget;
mod identity;
pub mod ledger;
mod phases;
mod policy;
mod post_load_hook;
mod prepare;
mod run;
mod session;
pub mod source;
pub mod table;

pub use account::Account;
pub use constraints::restore::BrokenKey;
pub use forget::{Abandoned, Forgotten, forget};
pub use identity::{Found, of_generated};
pub use ledger::unfinished::ensure_finished;
pub use policy::{Duplicates, Orphans, Policy};
pub use post_load_hook::{Afterwards, Nothing};
pub use prepare::{Reached, Stage};
pub use run::{Finished, Load, Loaded, Phase};
pub use session::server_settings::{Setting, Settings};
pub use source::check_only::read_only;
pub use source::input::{Input, Origin};
pub use source::overrides::{NamedColumns, NamedFile, Said};
pub use source::rejects::{MaxRejects, Rejected, Rejects};
pub use table::load::Commit;
