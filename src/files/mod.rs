//! CSV on disk: writing under a temporary name, the manifest, reading.

pub mod folder;
pub mod manifest;
pub mod open;
pub mod records;
pub mod write;

pub use manifest::Manifest;
