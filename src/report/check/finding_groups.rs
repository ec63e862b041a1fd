//! Findings as people read them: equal ones of several checks once, and what helps against several once, too. One missing
//! index is a finding of its foreign key, of that key's lookup and of queries.

use crate::check::{CheckReport, Finding, OVER_BUDGET, Severity, Verdict};

/// A finding and the checks that have it.
pub struct SharedFinding<'r> {
    /// The names of the checks.
    pub checks: Vec<&'r str>,
    /// What they found.
    pub finding: &'r Finding,
}

impl SharedFinding<'_> {
    /// The object that it is about, else its checks.
    pub fn about(&self) -> String {
        match &self.finding.on {
            Some(on) => on.clone(),
            None => self.checks.join(", "),
        }
    }
}

/// Findings with the same help.
pub struct FindingGroup<'r> {
    /// Their severity.
    pub severity: Severity,
    /// The findings, in the order of the report.
    pub findings: Vec<SharedFinding<'r>>,
    /// What helps against all of them, without what an earlier group's help says already.
    pub help: &'r str,
}

impl<'r> FindingGroup<'r> {
    fn new(it: SharedFinding<'r>) -> FindingGroup<'r> {
        FindingGroup {
            severity: it.finding.severity,
            help: &it.finding.help,
            findings: vec![it],
        }
    }
}

/// The findings of all checks, grouped by what helps: the worst first. That a read is slow is with what it is slow by.
pub fn finding_groups(report: &CheckReport) -> Vec<FindingGroup<'_>> {
    let mut shared: Vec<SharedFinding> = Vec::new();
    for check in &report.checks {
        for finding in &check.findings {
            let mut known = shared.iter_mut();
            match known.find(|it| it.finding.on.is_none() && it.finding == finding) {
                Some(it) => it.checks.push(&check.name),
                None => shared.push(SharedFinding {
                    checks: vec![&check.name],
                    finding,
                }),
            }
        }
    }
    let mut groups: Vec<FindingGroup> = Vec::new();
    // Time follows from what else is wrong with a read.
    let (effects, causes): (Vec<_>, Vec<_>) = shared
        .into_iter()
        .partition(|it| it.finding.rule == OVER_BUDGET);
    for it in causes {
        let Finding { help, severity, .. } = it.finding;
        let mut known = groups.iter_mut();
        match known.find(|group| group.help == help && group.severity == *severity) {
            Some(group) => group.findings.push(it),
            None => groups.push(FindingGroup::new(it)),
        }
    }
    for it in effects {
        let is_cause = |other: &SharedFinding| it.checks.iter().any(|it| other.checks.contains(it));
        let mut known = groups.iter_mut();
        match known.find(|group| group.findings.iter().any(is_cause)) {
            Some(group) => group.findings.push(it),
            None => groups.push(FindingGroup::new(it)),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(Verdict::from(group.severity)));
    let mut printed = Vec::new();
    for group in &mut groups {
        group.help = without_repetition(group.help, &mut printed);
    }
    groups
}

/// The help without the command before its statement, where that command was printed already: it mends them all.
pub fn without_repetition<'t>(help: &'t str, printed: &mut Vec<&'t str>) -> &'t str {
    match help.split_once(", or: ") {
        Some((command, statement)) if printed.contains(&command) => statement,
        Some((command, _)) => {
            printed.push(command);
            help
        }
        None => help,
    }
}
