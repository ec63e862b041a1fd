//! Requests at a rate, straight to Postgres or to an HTTP service, and what becomes of them.
//!
//! An open loop: a request is due when the schedule says so, and its response counts from then. A target that stalls for
//! a second keeps those due meanwhile waiting, and their responses show it.

mod cpu;
mod expectation;
mod failure;
mod generator;
mod goals;
mod ids;
mod latencies;
mod mix;
mod pacer;
mod recorder;
mod report;
mod run;
mod schedule;
mod target;
mod values;

pub use expectation::{Expectation, Expected};
pub use failure::{FailureCount, FailureKind};
pub use generator::Load;
pub use goals::{GOALS, Goal};
pub use ids::Ids;
pub use latencies::Percentiles;
pub use mix::{Chooser, Mix};
pub use recorder::Second;
pub use report::{
    CacheFigures, Figures, GeneratorFigures, GoalFigures, LoadFigures, NamedFigures, StressReport,
    Verdict,
};
pub use run::{Plan, run};
pub use schedule::{Arrivals, Rate, Schedule};
pub use target::{BoundQuery, Endpoint};
pub use values::ValueSampler;
