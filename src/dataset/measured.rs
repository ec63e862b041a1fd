//! Children dealt out to parents by measured counts of counts: so many parents have so many children.
//!
//! Parents are cut into blocks of about 64, over which those of each count are dealt out one after the other, like cards. So
//! blocks differ only where one count ends and the next begins: between two such places, all blocks have the same parents
//! and as many children, and a child's block is found by a division.

use crate::dataset::draw::Key;
use crate::dataset::profile::CountShare;

/// Parents in a block, about.
const BLOCK: u64 = 64;

/// Pieces that the parents of one count are cut into, so that those with many children lie in several places; fewer where
/// each block has some.
const PIECES: u64 = 16;
const PIECES_OF_MANY: u64 = 2;

/// All pieces together, about: what memory and time depend on.
const ALL_PIECES: u64 = 512;

/// A share's denominator.
const SHARES: f64 = 1e12;

/// A share of parents with as many children each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountClass {
    /// How many children.
    children: u64,
    /// How many parents of [`SHARES`].
    share: u64,
}

/// Parents with as many children each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    children: u64,
    parents: u64,
}

/// Children of parents; both count from 0.
#[derive(Debug, PartialEq, Eq)]
pub struct MeasuredSpread {
    parents: u64,
    blocks: u64,
    stretches: Vec<Stretch>,
    most: u64,
    least: u64,
}

/// Blocks, one behind the other, with the same parents.
#[derive(Debug, PartialEq, Eq)]
struct Stretch {
    first_block: u64,
    first_child: u64,
    /// The children of a block before each of its parents, and at the end all.
    sums: Vec<u64>,
}

impl CountClass {
    /// The classes that a profile has.
    pub fn of(counts: &[CountShare]) -> Vec<CountClass> {
        let class = |it: &CountShare| CountClass {
            children: u64::from(it.children),
            share: in_parts(it.share),
        };
        counts.iter().map(class).collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is from 0 to 1"
)]
fn in_parts(share: f64) -> u64 {
    libm::round(share * SHARES) as u64
}

impl MeasuredSpread {
    /// All children are dealt out to at least one parent: where the counts make more or fewer, all are scaled alike.
    pub fn new(children: u64, parents: u64, counts: &[CountClass]) -> MeasuredSpread {
        let classes = scaled(&classes(counts, parents), children);
        let blocks = parents.div_ceil(BLOCK).max(1);
        let pieces = pieces(&classes, blocks);
        let mut spread = MeasuredSpread {
            parents,
            blocks,
            stretches: Vec::new(),
            most: classes.iter().map(|it| it.children).max().unwrap_or(0),
            least: classes.iter().map(|it| it.children).min().unwrap_or(0),
        };
        spread.stretches = stretches(&pieces, blocks);
        spread
    }

    /// The first child of a parent; for the number of parents, that of children.
    #[inline]
    pub fn first(&self, parent: u64) -> u64 {
        let (small, larger) = (self.parents / self.blocks, self.parents % self.blocks);
        let in_larger = larger * (small + 1);
        let (block, place) = match parent < in_larger {
            true => (parent / (small + 1), parent % (small + 1)),
            false => (
                larger + (parent - in_larger) / small,
                (parent - in_larger) % small,
            ),
        };
        let after = self.stretches.partition_point(|it| it.first_block <= block);
        let stretch = &self.stretches[after - 1];
        stretch.first_child
            + (block - stretch.first_block) * stretch.children()
            + stretch.sums[index(place)]
    }

    /// A child's parent, and how many children of the parent come before it.
    #[inline]
    pub fn parent(&self, child: u64) -> (u64, u64) {
        let after = self.stretches.partition_point(|it| it.first_child <= child);
        let stretch = &self.stretches[after - 1];
        let number = child - stretch.first_child;
        let children = stretch.children().max(1);
        let (block, rest) = (stretch.first_block + number / children, number % children);
        let place = stretch.sums.partition_point(|&sum| sum <= rest) - 1;
        let first = self.first_parent(block);
        (first + place as u64, rest - stretch.sums[place])
    }

    /// The parents that have more children than this, of which there are few, with how many.
    pub fn parents_above(&self, least: u64) -> Vec<(u64, u64)> {
        let mut above = Vec::new();
        for (number, stretch) in self.stretches.iter().enumerate() {
            let children = stretch.sums.windows(2).map(|sums| sums[1] - sums[0]);
            let hot = children.enumerate().filter(|(_, count)| *count > least);
            let hot: Vec<(usize, u64)> = hot.collect();
            let next = self.stretches.get(number + 1);
            let end = next.map_or(self.blocks, |it| it.first_block);
            for block in stretch.first_block..end {
                let first = self.first_parent(block);
                above.extend(
                    hot.iter()
                        .map(|&(place, count)| (first + place as u64, count)),
                );
            }
        }
        above
    }

    #[inline]
    fn first_parent(&self, block: u64) -> u64 {
        block * (self.parents / self.blocks) + block.min(self.parents % self.blocks)
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

impl Stretch {
    /// Those of one of its blocks.
    #[inline]
    fn children(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }
}

/// So many parents by their shares, each number rounded so that together they are all.
fn classes(counts: &[CountClass], parents: u64) -> Vec<Piece> {
    let all: u128 = counts.iter().map(|it| u128::from(it.share)).sum();
    let (mut shares, mut before) = (0, 0);
    let mut classes = Vec::new();
    for class in counts {
        shares += u128::from(class.share);
        let end = rounded(u128::from(parents) * shares, all);
        classes.push(Piece {
            children: class.children,
            parents: end - before,
        });
        before = end;
    }
    classes
}

/// Classes with so many children together: each gets its part of them, and its parents the same number, give or take one.
fn scaled(classes: &[Piece], children: u64) -> Vec<Piece> {
    let product = |it: &Piece| u128::from(it.children) * u128::from(it.parents);
    let mut all: u128 = classes.iter().map(product).sum();
    // Where no parent has any, each gets as many as another.
    let weight = |it: &Piece| {
        if all == 0 {
            u128::from(it.parents)
        } else {
            product(it)
        }
    };
    let weights: Vec<u128> = classes.iter().map(weight).collect();
    all = weights.iter().sum::<u128>().max(1);
    let (mut sum, mut before) = (0, 0);
    let mut pieces = Vec::new();
    for (class, weight) in classes.iter().zip(weights) {
        sum += weight;
        let end = rounded_product(sum, u128::from(children), all);
        let (own, parents) = (end - before, class.parents);
        before = end;
        if parents == 0 {
            continue;
        }
        let (few, more) = (own / parents, own % parents);
        let piece = |children, parents| Piece { children, parents };
        pieces.extend([piece(few, parents - more), piece(few + 1, more)]);
    }
    pieces.retain(|it| it.parents > 0);
    pieces
}

/// The classes cut into pieces, in an order that only looks random.
fn pieces(classes: &[Piece], blocks: u64) -> Vec<Piece> {
    let most = ALL_PIECES / classes.len().max(1) as u64;
    let mut pieces: Vec<Piece> = classes
        .iter()
        .flat_map(|class| {
            let wanted = match class.parents < blocks {
                true => PIECES,
                false => PIECES_OF_MANY,
            };
            let each = wanted.min(most).clamp(1, class.parents);
            let end = move |piece: u64| {
                rounded(
                    u128::from(class.parents) * u128::from(piece),
                    u128::from(each),
                )
            };
            (0..each).map(move |piece| Piece {
                parents: end(piece + 1) - end(piece),
                ..*class
            })
        })
        .collect();
    let mut draws = Key::fixed().row(0);
    for last in (1..pieces.len()).rev() {
        pieces.swap(last, draws.index(last + 1));
    }
    pieces
}

/// The parents of all pieces, dealt out over the blocks: one behind the other, the n-th to the block n modulo their number.
fn stretches(pieces: &[Piece], blocks: u64) -> Vec<Stretch> {
    let mut ends = vec![0];
    for piece in pieces {
        ends.push(ends[ends.len() - 1] + piece.parents);
    }
    let mut starts: Vec<u64> = ends.iter().map(|end| end % blocks).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut first_child = 0;
    let mut stretches = Vec::new();
    for (number, &first_block) in starts.iter().enumerate() {
        let dealt = |end: u64| end / blocks + u64::from(end % blocks > first_block);
        let counts = pieces
            .iter()
            .zip(ends.windows(2))
            .flat_map(|(piece, ends)| {
                let parents = dealt(ends[1]) - dealt(ends[0]);
                (0..parents).map(|_| piece.children)
            });
        let stretch = Stretch {
            first_block,
            first_child,
            sums: sums(counts.collect(), number as u64),
        };
        let end = starts.get(number + 1).copied().unwrap_or(blocks);
        first_child += (end - first_block) * stretch.children();
        stretches.push(stretch);
    }
    stretches
}

/// The sums of the children before each parent, in an order that only looks random.
fn sums(mut counts: Vec<u64>, number: u64) -> Vec<u64> {
    let mut draws = Key::fixed().row(number + 1);
    for last in (1..counts.len()).rev() {
        counts.swap(last, draws.index(last + 1));
    }
    let mut sums = vec![0];
    for count in counts {
        sums.push(sums[sums.len() - 1] + count);
    }
    sums
}

/// A quotient, to the nearest.
fn rounded(number: u128, by: u128) -> u64 {
    u64::try_from((number + by / 2) / by.max(1)).unwrap_or(u64::MAX)
}

/// `a` · `b` / `c`, to the nearest; `b` below 2^64 and `a` not above `c`.
fn rounded_product(a: u128, b: u128, c: u128) -> u64 {
    // What is too large for the product has bits to spare.
    let spare = (128 - a.leading_zeros()).saturating_sub(63);
    rounded((a >> spare) * b, (c >> spare).max(1))
}

fn index(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn classes_of(counts: &[(u32, f64)]) -> Vec<CountClass> {
        let share = |&(children, share)| CountShare { children, share };
        CountClass::of(&counts.iter().map(share).collect::<Vec<_>>())
    }

    /// How many parents have how many children.
    fn found(spread: &MeasuredSpread, parents: u64) -> BTreeMap<u64, u64> {
        let mut found = BTreeMap::new();
        for parent in 0..parents {
            *found
                .entry(spread.first(parent + 1) - spread.first(parent))
                .or_default() += 1;
        }
        found
    }

    const COUNTS: &[(u32, f64)] = &[(0, 0.4), (1, 0.3), (2, 0.29), (40, 0.009), (3_000, 0.001)];

    #[test]
    fn counts_of_counts_are_exact_where_they_add_up_to_the_rows() {
        let children = 3_000 + 2 * 2_900 + 40 * 90 + 3_000 * 10;
        let spread = MeasuredSpread::new(children, 10_000, &classes_of(COUNTS));
        let expected = [(0, 4_000), (1, 3_000), (2, 2_900), (40, 90), (3_000, 10)];
        assert_eq!(found(&spread, 10_000), BTreeMap::from(expected));
    }

    #[test]
    fn other_numbers_of_rows_scale_all_counts_alike() {
        let spread = MeasuredSpread::new(424_000, 10_000, &classes_of(COUNTS));
        let expected = [
            (0, 4_000),
            (10, 3_000),
            (20, 2_900),
            (400, 90),
            (30_000, 10),
        ];
        assert_eq!(found(&spread, 10_000), BTreeMap::from(expected));
        // A few rows more or fewer change a few parents.
        let spread = MeasuredSpread::new(42_393, 10_000, &classes_of(COUNTS));
        let found = found(&spread, 10_000);
        assert!(
            found[&1].abs_diff(3_000) <= 3 && found[&2].abs_diff(2_900) <= 3,
            "{found:?}"
        );
    }

    #[test]
    fn parents_with_many_children_lie_everywhere_and_the_last_tenth_is_as_the_others() {
        let spread = MeasuredSpread::new(42_400, 10_000, &classes_of(COUNTS));
        let count = |parent: u64| spread.first(parent + 1) - spread.first(parent);
        let hot: Vec<u64> = (0..10_000).filter(|&it| count(it) == 3_000).collect();
        let tenths = |parents: &[u64]| {
            let mut tenths: Vec<u64> = parents.iter().map(|it| it / 1_000).collect();
            tenths.dedup();
            tenths.len()
        };
        assert!(tenths(&hot) >= 5, "{hot:?}");
        let childless = (9_000..10_000).filter(|&it| count(it) == 0).count();
        assert!((380..=420).contains(&childless), "{childless}");
    }

    proptest! {
        #[test]
        fn large_spreads_agree_both_ways(
            children in 1u64..1 << 50,
            parents in 1u64..1 << 40,
            counts in prop::collection::btree_map(0u32..5_000, 0.0f64..1.0, 1..40),
            child: u64,
        ) {
            let counts: Vec<(u32, f64)> = counts.into_iter().collect();
            let spread = MeasuredSpread::new(children, parents, &classes_of(&counts));
            let child = child % children;
            let (parent, rank) = spread.parent(child);
            prop_assert!(parent < parents);
            prop_assert_eq!(spread.first(parent) + rank, child);
            prop_assert!(spread.first(parent + 1) > child);
            prop_assert_eq!(spread.first(parents), children);
            let count = spread.first(parent + 1) - spread.first(parent);
            prop_assert!((spread.least()..=spread.most()).contains(&count));
        }
    }
}
