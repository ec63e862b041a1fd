//! Findings as people read them: equal ones of several checks once, and what helps against several once, too. One missing
//! index is a finding of its foreign key, of that key's lookup and of queries.

use crate::check::{CheckReport, Finding, Severity};

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

/// The findings of all checks, grouped.
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
    for it in shared {
        let Finding { help, severity, .. } = it.finding;
        let mut known = groups.iter_mut();
        match known.find(|group| group.help == help && group.severity == *severity) {
            Some(group) => group.findings.push(it),
            None => groups.push(FindingGroup {
                severity: *severity,
                findings: vec![it],
                help,
            }),
        }
    }
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
