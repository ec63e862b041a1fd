//! CSV on disk: writing under a temporary name, the manifest, reading.

pub mod compression;
mod counted_file;
pub mod csv_input;
pub mod decode;
pub mod folder;
pub mod manifest;
pub mod parts;
pub mod records;
pub mod write;

pub use manifest::Manifest;
