//! Pages for a browser: one file each, nothing fetched, readable without a script, on a phone, light and dark.

mod card;
mod check;
mod comparison;
mod coverage;
mod element;
mod footer;
mod page;
mod plan;
mod plot;
mod scale;
mod stress;
mod timeline;
mod twin;

pub use check::check;
pub use comparison::comparison;
pub use stress::{run_comparison, stress};
pub use timeline::{RunPage, run};
pub use twin::twin;
