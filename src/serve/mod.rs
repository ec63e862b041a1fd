//! A dataset's queries with routes as a read-only HTTP API.

pub mod api;
