//! Children dealt out to parents one behind the other: so many parents have so many children.
//!
//! Parents are cut into blocks of about 64, over which those of each count are dealt out one after the other, like cards. So
//! blocks differ only where one count ends and the next begins: between two such places, all blocks have the same parents
//! and as many children, and a child's block is found by a division.

use crate::dataset::draw::Key;
use crate::dataset::measured::counts::{CountClass, Counted, counted, rounded, scaled};

/// Parents in a block, about.
const BLOCK: u64 = 64;

/// Counteds that the parents of one count are cut into, so that those with many children lie in several places; fewer where
/// each block has some.
const PIECES: u64 = 16;
const PIECES_OF_MANY: u64 = 2;

/// All pieces of all parts together, about: what memory and time depend on.
const ALL_PIECES: u64 = 512;

/// Children of parents; both count from 0.
#[derive(Debug, PartialEq, Eq)]
pub struct Blocks {
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

impl Blocks {
    /// All children are dealt out to at least one parent: where the counts make more or fewer, all are scaled alike. The
    /// parents are one of so many parts.
    pub fn new(children: u64, parents: u64, counts: &[CountClass], parts: u64) -> Blocks {
        let classes = scaled(&counted(counts, parents), children);
        let blocks = parents.div_ceil(BLOCK).max(1);
        let pieces = pieces(&classes, blocks, parts);
        let mut spread = Blocks {
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

/// The classes cut into pieces, in an order that only looks random.
fn pieces(classes: &[Counted], blocks: u64, parts: u64) -> Vec<Counted> {
    let most = ALL_PIECES / (parts * classes.len() as u64).max(1);
    let mut pieces: Vec<Counted> = classes
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
            (0..each).map(move |piece| Counted {
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
fn stretches(pieces: &[Counted], blocks: u64) -> Vec<Stretch> {
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

fn index(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
