//! Requests at a rate, straight to Postgres or to an HTTP service, and what becomes of them.
//!
//! An open loop: a request is due when the schedule says so, and its response counts from then. A target that stalls for
//! a second keeps those due meanwhile waiting, and their responses show it.

mod bound;
mod comparison;
mod counts;
mod expectation;
mod failure;
mod generator;
mod goals;
mod ids;
mod latencies;
mod limit;
mod limit_report;
mod mix;
mod pacer;
mod paths;
mod prepare;
mod recorder;
mod report;
mod run;
mod schedule;
mod search;
mod sender;
mod target;
mod values;

pub use comparison::{FigureComparison, RequestComparison, RunComparison};
pub use expectation::{Expectation, Expected};
pub use failure::{FailureCount, FailureKind};
pub use generator::Load;
pub use goals::{GOALS, Goal};
pub use ids::Ids;
pub use latencies::Percentiles;
pub use limit::{LimitSettings, Phase};
pub use limit_report::{LimitFigures, StepReport};
pub use mix::{Chooser, Mix};
pub use paths::PathTemplate;
pub use prepare::{SampleSettings, Wanted};
pub use recorder::Second;
pub use report::{
    CacheFigures, Figures, GeneratorFigures, GoalFigures, LoadFigures, NamedFigures, StressReport,
    Verdict,
};
pub use run::{Plan, run};
pub use schedule::{Arrivals, Rate, Schedule};
pub use target::{Endpoint, HttpAddress};
