//! How long a query may take.

use std::fmt;
use std::time::Duration;

use crate::check::finding::{Finding, Severity};
use crate::check::measurement::{
    Latency, STATEMENT_TIMEOUT, SampleFigures, StopReason, milliseconds,
};
use crate::queries::Query;
use crate::suggestion::TARGET;

/// The rule of a read that takes too long.
pub const OVER_BUDGET: &str = "over-budget";

/// A time in milliseconds by both clocks; the client's where it was taken.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    explained: f64,
    at_client: Option<f64>,
}

impl Clocks {
    /// The time that counts.
    fn less(self) -> f64 {
        self.at_client
            .map_or(self.explained, |it| it.min(self.explained))
    }
}

impl fmt::Display for Clocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms by EXPLAIN", self.explained)?;
        match self.at_client {
            Some(ms) => write!(f, " and {ms:.2} ms at the client"),
            None => Ok(()),
        }
    }
}

/// The median keeps to the budget, and so, nearly always, does the 95th percentile (`over-budget`): by EXPLAIN's times
/// or by the client's, whichever are less. Other findings come first.
pub fn over_budget(
    query: &Query,
    figures: &SampleFigures,
    latency: Option<&Latency>,
    budget: Duration,
    stopped: Option<StopReason>,
    else_found: &[Finding],
) -> Option<Finding> {
    let budget_ms = milliseconds(budget);
    // EXPLAIN times its own clock reading, the client the network: the query took neither.
    let clocks = |explained: f64, at_client: fn(&Latency) -> f64| Clocks {
        explained,
        at_client: latency.map(at_client),
    };
    let p50 = clocks(figures.p50_ms, |latency| latency.p50_ms);
    let p95 = clocks(figures.p95_ms, |latency| latency.p95_ms);
    let over = |what: &str, times: Clocks| {
        format!("{what}, {times}, is over the budget of {budget_ms} ms")
    };
    let (severity, message) = if stopped == Some(StopReason::StatementTimeout) {
        let message = format!("it had not ended after {} s", STATEMENT_TIMEOUT.as_secs());
        let over = budget < STATEMENT_TIMEOUT;
        (
            if over {
                Severity::Fail
            } else {
                Severity::Unchecked
            },
            message,
        )
    } else if p50.less() > budget_ms {
        (Severity::Fail, over("the median", p50))
    } else if p95.less() > budget_ms {
        (Severity::Warn, over("the 95th percentile", p95))
    } else {
        return None;
    };
    let first = match else_found.is_empty() {
        true => "",
        false => "fix the other findings first; ",
    };
    Some(Finding {
        rule: OVER_BUDGET,
        severity,
        on: None,
        message,
        help: format!(
            "{first}`seedrow check{TARGET} --format json` shows the plan, `-- budget:` in {} allows more",
            query.path
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queries::QueryFile;

    fn query() -> Query {
        let file = QueryFile {
            name: "q".into(),
            path: "q.sql".into(),
            text: "SELECT 1".into(),
        };
        Query::parse(&file).unwrap()
    }

    fn figures(p50_ms: f64, p95_ms: f64) -> SampleFigures {
        SampleFigures {
            p50_ms,
            p95_ms,
            max_ms: p95_ms,
            buffers: 0,
            rows: 1.0,
            indexes: vec![],
        }
    }

    #[test]
    fn the_budget_is_for_the_median_and_warns_of_the_rest() {
        let query = query();
        let severity = |p50, p95, stopped| {
            let budget = Duration::from_millis(10);
            let found = over_budget(&query, &figures(p50, p95), None, budget, stopped, &[]);
            found.map(|f| f.severity)
        };
        assert_eq!(severity(1.0, 10.0, None), None);
        assert_eq!(severity(1.0, 10.1, None), Some(Severity::Warn));
        assert_eq!(severity(10.1, 11.0, None), Some(Severity::Fail));
        assert_eq!(
            severity(0.0, 0.0, Some(StopReason::StatementTimeout)),
            Some(Severity::Fail)
        );
        assert_eq!(
            severity(1.0, 1.0, Some(StopReason::TimeLimit { of: 20 })),
            None
        );
    }
    #[test]
    fn over_budget_speaks_of_other_findings_only_when_there_are_some() {
        let query = query();
        let help = |else_found: &[Finding]| {
            let budget = Duration::from_millis(1);
            let figures = figures(2.0, 2.0);
            let found = over_budget(&query, &figures, None, budget, None, else_found);
            found.unwrap().help
        };
        let alone = format!(
            "`seedrow check{TARGET} --format json` shows the plan, `-- budget:` in q.sql allows more"
        );
        assert_eq!(help(&[]), alone);
        let scans = [Finding {
            rule: "seq-scan",
            severity: Severity::Fail,
            on: None,
            message: String::new(),
            help: String::new(),
        }];
        assert_eq!(
            help(&scans),
            format!("fix the other findings first; {alone}")
        );
    }

    #[test]
    fn the_lesser_of_both_clocks_counts() {
        let latency = |p50_ms, p95_ms| Latency {
            executions: 100,
            p50_ms,
            p95_ms,
            p99_ms: p95_ms,
            max_ms: p95_ms,
        };
        let severity = |explained: (f64, f64), client: (f64, f64)| {
            let (figures, latency) = (
                figures(explained.0, explained.1),
                latency(client.0, client.1),
            );
            let budget = Duration::from_millis(10);
            let found = over_budget(&query(), &figures, Some(&latency), budget, None, &[]);
            found.map(|f| (f.severity, f.message))
        };
        assert_eq!(severity((11.0, 12.0), (5.0, 6.0)), None);
        assert_eq!(severity((5.0, 6.0), (11.0, 12.0)), None);
        let warned = "the 95th percentile, 11.00 ms by EXPLAIN and 12.00 ms at the client, is over the budget of 10 ms";
        assert_eq!(
            severity((5.0, 11.0), (1.0, 12.0)),
            Some((Severity::Warn, warned.to_owned()))
        );
        let failed = "the median, 11.00 ms by EXPLAIN and 12.00 ms at the client, is over the budget of 10 ms";
        assert_eq!(
            severity((11.0, 11.0), (12.0, 12.0)),
            Some((Severity::Fail, failed.to_owned()))
        );
    }
}
