//! What a planner knows of a schema's tables, and how many children their rows have, read from a live database or from the
//! JSON that a script prints: what a dataset needs for rows with the same statistics.
//!
//! At its usual level nothing of it is a value of a column.

mod access;
mod model;
mod read;
mod script;
mod what_if;

pub use access::{Access, access};
pub use model::{
    ColumnProfile, ColumnStatistics, Dependency, ExtendedStatistics, ForeignKeyProfile,
    IndexProfile, Joint, JointDistinct, Level, PartitionProfile, Profile, TableProfile,
    UnindexedKey,
};
pub use read::{from_file, from_server};
pub use script::{Reading, script};
pub use what_if::{ColumnShare, TableShare, WhatIf};
