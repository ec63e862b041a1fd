//! A database, or the DDL of one, → a dataset's files: what `seedrow init` does around the pure rules of
//! [`infer`](crate::infer).

pub mod calibrate;
mod dataset;
pub mod ddl;
mod files;
mod fit;
mod followed;
mod judging;
mod kept;
mod learning;
mod merge;
mod queries;
mod read;
mod rounds;
mod settle;

pub use dataset::{ExistingRows, Initialized, Request, find_in_ddl};
pub use files::{Overwriting, Written};
pub use merge::Change;
pub use read::{Found, read};
pub use settle::Tried;
