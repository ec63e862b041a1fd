//! Files → tables: columns by header, every record accounted for, keys after the rows, and a ledger of it all.

pub mod account;
mod afterwards;
mod announce;
mod begin;
mod columns;
mod crew;
mod feed;
mod fill;
mod forget;
mod identity;
pub mod input;
pub mod ledger;
mod lift;
mod made;
mod restore;
mod rights;
mod rows;
mod run;
mod session;
mod settings;
mod size;
mod tables;
mod trouble;
mod turn;
mod unfinished;

pub use account::Account;
pub use afterwards::{Afterwards, Nothing};
pub use begin::{Reached, Stage};
pub use forget::{Abandoned, Forgotten, forget};
pub use identity::{Found, of_generated};
pub use input::{Input, NamedFile, Origin};
pub use restore::BrokenKey;
pub use rows::Commit;
pub use run::{Finished, Load, Loaded, Phase};
pub use settings::{Setting, Settings};
pub use unfinished::ensure_finished;
