//! The partitions of a partitioned table, and which of them a row goes to.
//!
//! COPY into the partitioned table takes no FREEZE and looks up each row's partition. Rows that are sorted here go into
//! their partition by a COPY of its own. The server checks each row's partition constraint all the same.

mod bound;
mod buffers;
mod key;
mod read;
mod router;
mod tree;

pub use buffers::{Buffer, Buffers};
pub use read::{Partitions, read};
pub use router::{Destination, Router};
