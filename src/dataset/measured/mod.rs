//! Children dealt out to parents as they were measured, in closed form both ways: which parent a child has, and which
//! children a parent has.
//!
//! The parents that have the most are where they were in the source: each at its rank among the parents. The others have
//! counts of counts; where they are denser in one part of the parents than in another, each part has its own.

mod blocks;
mod counts;

use blocks::Blocks;
use counts::{counts_of_parts, in_parts, rounded, rounded_product};

pub use counts::{CountClass, with_mean};

use crate::dataset::profile::{CountShare, positions_by_rank};

/// How children are dealt out, whatever their number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeasuredShape {
    /// How many of the other parents have how many children.
    counts: Vec<CountClass>,
    /// The parents with the most.
    hot: Vec<HotParent>,
    /// Where the other parents' children lie among the parents, in parts of [`counts::WHOLE`]: as many between each two.
    quantiles: Vec<u64>,
}

/// A parent with many children; both are parts of [`counts::WHOLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HotParent {
    /// Of the children.
    share: u64,
    /// Where it lies among the parents.
    rank: u64,
}

impl MeasuredShape {
    /// How many parents have how many children.
    pub fn of(counts: &[CountShare]) -> MeasuredShape {
        MeasuredShape {
            counts: CountClass::of(counts),
            ..MeasuredShape::default()
        }
    }

    /// The same with parents that have shares of the children and lie at ranks, from 0 to 1, which the counts don't count.
    #[must_use]
    pub fn with_hot(self, hot: impl Iterator<Item = (f64, f64)>) -> MeasuredShape {
        let hot = hot.map(|(share, rank)| HotParent {
            share: in_parts(share),
            rank: in_parts(rank),
        });
        MeasuredShape {
            hot: hot.collect(),
            ..self
        }
    }

    /// The same where no parent apart has more than a share of the children.
    #[must_use]
    pub fn capped(&self, share: f64) -> MeasuredShape {
        let most = in_parts(share);
        let capped = |it: &HotParent| HotParent {
            share: it.share.min(most),
            ..*it
        };
        MeasuredShape {
            hot: self.hot.iter().map(capped).collect(),
            ..self.clone()
        }
    }

    /// The same where the other parents have as many children each.
    #[must_use]
    pub fn evened(self) -> MeasuredShape {
        MeasuredShape {
            hot: self.hot,
            ..MeasuredShape::default()
        }
    }

    /// The same where the others' children lie between these ranks of parents, as many between each two.
    #[must_use]
    pub fn with_quantiles(self, quantiles: &[f64]) -> MeasuredShape {
        MeasuredShape {
            quantiles: quantiles.iter().map(|it| in_parts(*it)).collect(),
            ..self
        }
    }
}

/// Children of parents; both count from 0.
#[derive(Debug, PartialEq, Eq)]
pub struct MeasuredSpread {
    /// By their numbers.
    hot: Vec<Hot>,
    /// One behind the other.
    parts: Vec<Part>,
    most: u64,
    least: u64,
}

/// A parent apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hot {
    parent: u64,
    children: u64,
    /// Children of all parents before it.
    first_child: u64,
    /// Those of hot parents among these.
    hot_before: u64,
}

/// The other parents from one to another, numbered without the hot ones, as are the children.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    first_parent: u64,
    first_child: u64,
    /// `None` where they have no child.
    blocks: Option<Blocks>,
}

impl MeasuredSpread {
    /// All children are dealt out to at least one parent: where the counts make more or fewer, all are scaled alike.
    pub fn new(children: u64, parents: u64, shape: &MeasuredShape) -> MeasuredSpread {
        let mut hot = hot_parents(children, parents, shape);
        let of_hot: u64 = hot.iter().map(|it| it.children).sum();
        let others = parents - hot.len() as u64;
        let parts = parts(children - of_hot, others, parents, &hot, shape);
        let mut most: Vec<u64> = hot.iter().map(|it| it.children).collect();
        let mut least = most.clone();
        for part in &parts {
            most.push(part.blocks.as_ref().map_or(0, Blocks::most));
            least.push(part.blocks.as_ref().map_or(0, Blocks::least));
        }
        let mut hot_before = 0;
        for (number, it) in hot.iter_mut().enumerate() {
            it.hot_before = hot_before;
            it.first_child = hot_before + first_of(&parts, it.parent - number as u64);
            hot_before += it.children;
        }
        MeasuredSpread {
            hot,
            parts,
            most: most.into_iter().max().unwrap_or(0),
            least: least.into_iter().min().unwrap_or(0),
        }
    }

    /// The first child of a parent; for the number of parents, that of children.
    #[inline]
    pub fn first(&self, parent: u64) -> u64 {
        let before = self.hot.partition_point(|it| it.parent < parent);
        self.of_hot_before(before) + first_of(&self.parts, parent - before as u64)
    }

    /// A child's parent, and how many children of the parent come before it.
    #[inline]
    pub fn parent(&self, child: u64) -> (u64, u64) {
        let before = self.hot.partition_point(|it| it.first_child <= child);
        if let Some(hot) = before.checked_sub(1).map(|last| self.hot[last])
            && child - hot.first_child < hot.children
        {
            return (hot.parent, child - hot.first_child);
        }
        let child = child - self.of_hot_before(before);
        let after = self.parts.partition_point(|it| it.first_child <= child);
        let part = &self.parts[after.saturating_sub(1)];
        let found = part.blocks.as_ref();
        let (other, rank) = found.map_or((0, 0), |it| it.parent(child - part.first_child));
        (part.first_parent + other + before as u64, rank)
    }

    /// Children of so many hot parents.
    #[inline]
    fn of_hot_before(&self, number: usize) -> u64 {
        match number.checked_sub(1) {
            None => 0,
            Some(last) => self.hot[last].hot_before + self.hot[last].children,
        }
    }

    /// The parents that have more children than this, of which there are few, with how many, by their numbers.
    pub fn parents_above(&self, least: u64) -> Vec<(u64, u64)> {
        let hot = self.hot.iter().map(|it| (it.parent, it.children));
        let mut above: Vec<(u64, u64)> = hot.filter(|(_, count)| *count > least).collect();
        for part in &self.parts {
            let found = part.blocks.as_ref().map(|it| it.parents_above(least));
            for (other, count) in found.unwrap_or_default() {
                let parent = with_hot(part.first_parent + other, &self.hot);
                above.push((parent, count));
            }
        }
        above.sort_unstable();
        above
    }

    /// No parent has more children.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// No parent has fewer children.
    pub fn least(&self) -> u64 {
        self.least
    }
}

/// The number among all parents of one of the others.
fn with_hot(other: u64, hot: &[Hot]) -> u64 {
    let (mut low, mut high) = (0, hot.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match hot[middle].parent - middle as u64 <= other {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    other + low as u64
}

/// The first child of one of the other parents.
#[inline]
fn first_of(parts: &[Part], parent: u64) -> u64 {
    let after = parts.partition_point(|it| it.first_parent <= parent);
    let Some(part) = after.checked_sub(1).map(|last| &parts[last]) else {
        return 0;
    };
    let blocks = part.blocks.as_ref();
    part.first_child + blocks.map_or(0, |it| it.first(parent - part.first_parent))
}

/// The hot parents, by their numbers. They have all children where no other parent has one.
fn hot_parents(children: u64, parents: u64, shape: &MeasuredShape) -> Vec<Hot> {
    let most = usize::try_from(parents).unwrap_or(usize::MAX);
    let hot = &shape.hot[..shape.hot.len().min(most)];
    let counts = shape.counts.iter();
    let have_others =
        hot.len() < most && (shape.counts.is_empty() || counts.clone().any(|it| it.children > 0));
    let shares: u128 = hot.iter().map(|it| u128::from(it.share)).sum();
    let whole = match have_others {
        true => shares.max(u128::from(in_parts(1.0))),
        false => shares.max(1),
    };
    let ranks: Vec<f64> = hot
        .iter()
        .map(|it| it.rank as f64 / counts::WHOLE)
        .collect();
    let (mut sum, mut before) = (0, 0);
    let mut found = Vec::new();
    for (it, parent) in hot.iter().zip(positions_by_rank(&ranks, parents)) {
        sum += u128::from(it.share);
        let end = rounded_product(sum, children.into(), whole);
        found.push(Hot {
            parent,
            children: end - before,
            first_child: 0,
            hot_before: 0,
        });
        before = end;
    }
    found.sort_unstable_by_key(|it| it.parent);
    found
}

/// The other parents, part by part: with so many children of all of them.
fn parts(
    children: u64,
    others: u64,
    parents: u64,
    hot: &[Hot],
    shape: &MeasuredShape,
) -> Vec<Part> {
    let bounds = bounds(children, others, parents, hot, &shape.quantiles);
    let sizes: Vec<(u64, u64)> = bounds
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1))
        .collect();
    let counts = match (shape.counts.as_slice(), sizes.len()) {
        ([], all) => vec![
            vec![CountClass {
                children: 1,
                share: 1
            }];
            all
        ],
        (counts, 1) => vec![counts.to_vec()],
        (counts, _) => counts_of_parts(counts, &sizes),
    };
    let number = sizes.len() as u64;
    let mut parts = Vec::new();
    for ((&(first_parent, first_child), (parents, children)), counts) in
        bounds.iter().zip(sizes).zip(counts)
    {
        parts.push(Part {
            first_parent,
            first_child,
            blocks: (children > 0).then(|| Blocks::new(children, parents, &counts, number)),
        });
    }
    parts
}

/// Where parts begin: the number of a parent, and of the children before; at the end all. No part is without parents.
fn bounds(
    children: u64,
    others: u64,
    parents: u64,
    hot: &[Hot],
    quantiles: &[u64],
) -> Vec<(u64, u64)> {
    let mut bounds = vec![(0, 0)];
    if others == 0 {
        return Vec::new();
    }
    let buckets = quantiles.len().saturating_sub(1) as u128;
    for (number, quantile) in quantiles.iter().enumerate() {
        let whole = u128::from(in_parts(1.0));
        let parent = rounded(u128::from(*quantile) * u128::from(parents - 1), whole);
        // The last bound is a parent that has children.
        let parent = parent + u64::from(number + 1 == quantiles.len());
        let hot_before = hot.partition_point(|it| it.parent < parent) as u64;
        let own = (parent - hot_before).min(others);
        let before = rounded(u128::from(children) * number as u128, buckets.max(1));
        match bounds.last_mut() {
            // A bucket without parents leaves its children to the one before it.
            Some(last) if own <= last.0 => last.1 = if last.0 == 0 { 0 } else { before },
            _ => bounds.push((own, before)),
        }
    }
    match bounds.last_mut() {
        Some(last) if last.0 == others => last.1 = children,
        _ => bounds.push((others, children)),
    }
    bounds
}

#[cfg(test)]
mod tests;
