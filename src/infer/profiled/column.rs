//! One column: what the profile may say of it, and what makes it then.

use super::burst;
use super::enough::{self, has_enough};
use super::kinds::{self, Role};
use super::partitions;
use crate::copy::{Scalar, TypeKind};
use crate::dataset::profile::{ColumnProfile, Distinct};
use crate::infer::constraints::is_operand;
use crate::infer::domain::{Confidence, Limits, MakerToml, Value};
use crate::infer::model::{ModelColumn, ModelTable};
use crate::infer::source::{KeyPart, SourceColumn, SourceTable};
use crate::infer::types;
use crate::profile::{ColumnStatistics, Profile, TableProfile};

/// A table's columns in its source and in its profile.
pub(super) struct ColumnRules<'a> {
    pub source: &'a SourceTable,
    pub profile: &'a TableProfile,
    /// All tables.
    pub all: &'a Profile,
}

/// Makers whose values have an order that figures can follow.
const FOLLOWING: &[&str] = &[
    "boolean",
    "cents",
    "date",
    "decimal",
    "integer",
    "interval",
    "one-of",
    "time",
    "timestamp",
];
/// Options that say how often values come up, which the profile does.
const OVERRULED: &[&str] = &[
    "distribution",
    "median",
    "spread",
    "weights",
    "rising",
    "chance",
];
/// Options that have a column's NULLs follow from others.
const TIED: &[&str] = &["null-with", "only-if"];

impl ColumnRules<'_> {
    /// What a column is to the profile.
    pub fn role(&self, table: &ModelTable, column: &ModelColumn) -> Role {
        let (Some(source), Some(statistics)) = (
            self.source.column(&column.name),
            self.profile.statistics(&column.name),
        ) else {
            return Role::Untouched;
        };
        let is_tied = TIED.iter().any(|it| column.maker.option(it).is_some());
        let is_exclusive = table
            .exclusive
            .iter()
            .any(|(it, _)| it.contains(&column.name));
        if column.hidden || is_tied || is_exclusive {
            return Role::Untouched;
        }
        let is_in_set = table.unique.iter().any(|it| it.contains(&column.name));
        match column.maker.make.as_str() {
            "reference" => self.reference(table, column),
            _ if is_in_set => Role::NullOnly,
            "serial" | "sequence" | "parent" | "copy" => Role::NullOnly,
            _ if self.is_unique(column) => self.unique(column, source, statistics),
            _ => self.free(column, source, statistics),
        }
    }

    /// A column that its default would fill, where its figures can be followed, or it is a range, and no constraint is about it.
    pub fn defaulted(&self, table: &ModelTable, source: &SourceColumn) -> Option<ModelColumn> {
        let mut constraints = self.source.checks.iter().chain(&self.source.exclusions);
        let is_part = |it: &KeyPart| match it {
            KeyPart::Column(name) => *name == source.name,
            KeyPart::Expression(text) => text.contains(&source.name),
        };
        let mut parts = self.source.uniques.iter().flat_map(|it| &it.parts);
        if constraints.any(|it| it.columns.contains(&source.name)) || parts.any(is_part) {
            return None;
        }
        let is_range = matches!(source.data_type.base().kind, TypeKind::Range(_));
        let column = ModelColumn {
            name: source.name.clone(),
            maker: types::maker(&source.data_type, &source.base_type, &Limits::default())?,
            reason: "its default".to_owned(),
            confidence: Confidence::Guess,
            hidden: false,
        };
        match self.role(table, &column) {
            Role::Follows | Role::Replaced(_) => Some(column),
            Role::NullOnly if is_range => Some(column),
            Role::Untouched | Role::NullOnly | Role::Reference => None,
        }
    }

    /// Whether a constraint decides the column, or the choice of its partition.
    fn is_decided(&self, column: &ModelColumn, source: &SourceColumn) -> bool {
        let name = &column.name;
        let partitions = self.source.partitions.iter();
        let mut keys = partitions.flat_map(|it| it.columns.iter().flatten());
        column.confidence == Confidence::Sure
            || !source.domain_checks.is_empty()
            || keys.any(|it| it == name)
            || is_operand(self.source, name)
            || self.source.checks.iter().any(|it| {
                // Of two times that a CHECK compares, the one that isn't sure is made first.
                let is_first = it.columns.len() > 1 && is_time(source);
                it.columns.contains(name) && !is_first
            })
    }

    /// Whether its values must not repeat; those of a uuid don't, whether they must or not.
    fn is_unique(&self, column: &ModelColumn) -> bool {
        let mut columns = self.profile.columns.iter();
        let is_key = columns.any(|it| it.name == column.name && it.unique);
        column.maker.never_repeats() && (is_key || column.maker.option("unique").is_some())
    }

    /// Whether it may be NULL whatever its siblings are.
    fn may_be_null(&self, source: &SourceColumn) -> bool {
        let mut checks = self.source.checks.iter();
        !source.not_null
            && !checks.any(|it| it.columns.len() > 1 && it.columns.contains(&source.name))
    }

    /// A column whose values never repeat: of texts the width, and of all the order on disk.
    fn unique(
        &self,
        column: &ModelColumn,
        source: &SourceColumn,
        statistics: &ColumnStatistics,
    ) -> Role {
        let is_free = !self.is_decided(column, source) || column.maker.make == "uuid";
        let needs_order = statistics.correlation.is_some_and(|it| it.abs() > 0.1);
        // Values of the source may repeat where these are drawn.
        let shape = ColumnStatistics {
            bounds: Vec::new(),
            values: Vec::new(),
            ..statistics.clone()
        };
        match kinds::maker(source, &shape, self.rows()) {
            Some(maker) if is_free && (needs_order || source.data_type.is_text()) => {
                Role::Replaced(maker.with("unique", true))
            }
            _ => Role::NullOnly,
        }
    }

    fn free(
        &self,
        column: &ModelColumn,
        source: &SourceColumn,
        statistics: &ColumnStatistics,
    ) -> Role {
        let is_decided = self.is_decided(column, source);
        if let Some(maker) = partitions::histogram(self.source, self.profile, &column.name) {
            return Role::Replaced(maker);
        }
        // Texts and numerics have a width, which other makers' values haven't.
        let has_width =
            source.data_type.is_text() || source.data_type.scalar() == Some(Scalar::Numeric);
        let has_values = !statistics.bounds.is_empty() || !statistics.values.is_empty();
        let distinct = match statistics.distinct {
            per_row if per_row < 0.0 => -per_row * self.rows(),
            count => count,
        };
        let follows =
            FOLLOWING.contains(&column.maker.make.as_str()) && has_enough(&column.maker, distinct);
        match kinds::maker(source, statistics, distinct) {
            _ if follows && (is_decided || !has_width && !has_values) => Role::Follows,
            Some(maker) if !is_decided => Role::Replaced(maker),
            _ => Role::NullOnly,
        }
    }

    pub(super) fn rows(&self) -> f64 {
        self.profile.rows.max(1.0)
    }

    /// The figures of a column, whose maker is changed for them.
    pub fn apply(&self, column: &mut ModelColumn, role: &Role) -> Option<ColumnProfile> {
        let statistics = self.profile.statistics(&column.name)?;
        let source = self.source.column(&column.name)?;
        let mut profile = match role {
            Role::Untouched => return None,
            Role::NullOnly => ColumnProfile::default(),
            Role::Reference => {
                let options = &mut column.maker.options;
                options.retain(|(name, _)| name != "same");
                if self.may_be_null(source) {
                    // The share of NULL says how many are roots.
                    options.retain(|(name, _)| name != "roots");
                }
                ColumnProfile {
                    correlation: statistics.correlation.map(rounded),
                    ..self.fan_out(column, statistics)?
                }
            }
            Role::Follows => {
                let options = &mut column.maker.options;
                options.retain(|(name, _)| !OVERRULED.contains(&name.as_str()));
                if column.maker.make == "one-of" && source.data_type.is_text() {
                    sort_values(&mut column.maker);
                }
                figures(statistics)
            }
            Role::Replaced(maker) => {
                column.reason = format!("the profile's; else {}", column.reason);
                column.maker = maker.clone();
                figures(statistics)
            }
        };
        if column.maker.option("unique") == Some(&Value::Boolean(true)) {
            (profile.distinct, profile.shares, profile.ranks) = (None, Vec::new(), Vec::new());
        }
        if !matches!(
            ranked_kind(&column.maker),
            Some("text" | "bytea" | "array" | "tsvector" | "json")
        ) {
            profile.width = None;
        }
        limit(&mut profile, most_values(&column.maker, source));
        if let Some(share) = self.profile.burst
            && profile.correlation.is_some_and(|it| it > 0.5)
            && let Some(bounds) = burst::bounds(&column.maker, share)
        {
            match column.maker.make.as_str() {
                "histogram" => column.maker = column.maker.clone().with("bounds", bounds),
                _ => profile.bounds = bounds,
            }
        }
        if self.may_be_null(source) {
            column.maker.options.retain(|(name, _)| name != "null");
            profile.null = (statistics.null > 0.0).then(|| rounded(statistics.null));
        }
        Some(profile)
    }
}

fn is_time(source: &SourceColumn) -> bool {
    let scalar = source.data_type.scalar();
    scalar.is_some_and(|it| [Scalar::Date, Scalar::Timestamp, Scalar::Timestamptz].contains(&it))
}

/// What `ranked` makes.
fn ranked_kind(maker: &MakerToml) -> Option<&str> {
    match maker.option("as") {
        Some(Value::Text(kind)) if maker.make == "ranked" => Some(kind),
        _ => None,
    }
}

/// How many values a column has at most, by its maker and by the length of its type.
fn most_values(maker: &MakerToml, source: &SourceColumn) -> Option<f64> {
    let letters = |length: u32| libm::pow(26.0, f64::from(length.min(12)));
    match ranked_kind(maker) {
        Some("text") => kinds::longest(source).map(letters),
        _ => enough::number_of_values(maker),
    }
}

/// No more values than there can be.
fn limit(profile: &mut ColumnProfile, most: Option<f64>) {
    let Some(most) = most else { return };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of values, saturating"
    )]
    let most = most.max(1.0) as u64;
    if let Some(Distinct::Count(count)) = &mut profile.distinct {
        *count = (*count).min(most);
    }
    let shares = usize::try_from(most).unwrap_or(usize::MAX);
    profile.shares.truncate(shares);
    profile.ranks.truncate(shares);
}

/// A list of texts in their order, which ranks are about.
fn sort_values(maker: &mut MakerToml) {
    for (name, value) in &mut maker.options {
        if let ("values", Value::List(values)) = (name.as_str(), value) {
            values.sort_by(|one, other| match (one, other) {
                (Value::Text(one), Value::Text(other)) => one.cmp(other),
                _ => std::cmp::Ordering::Equal,
            });
        }
    }
}

fn figures(statistics: &ColumnStatistics) -> ColumnProfile {
    let shares: Vec<f64> = statistics.shares.iter().copied().map(rounded).collect();
    let distinct = Distinct::of_statistics(statistics.distinct).map(|it| match it {
        Distinct::Count(count) => Distinct::Count(count.max(shares.len() as u64)),
        per_row @ Distinct::PerRow(_) => per_row,
    });
    ColumnProfile {
        distinct,
        ranks: statistics.ranks.iter().copied().map(rounded).collect(),
        shares,
        correlation: statistics.correlation.map(rounded),
        width: Some(statistics.width),
        ..ColumnProfile::default()
    }
}

/// To six digits behind the point: more are noise, and hard to read.
pub(super) fn rounded(number: f64) -> f64 {
    libm::round(number * 1e6) / 1e6
}
