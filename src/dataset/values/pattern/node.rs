//! The parts of an expression that texts are made from, with the number of texts of each.

use crate::dataset::choices::{Choices, LARGEST_DOMAIN, power, product};
use crate::dataset::values::code::{Alphabet, lower};

/// A part of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// One of some characters, never none.
    Class(Alphabet),
    /// One behind the other.
    Concat(Vec<Node>),
    /// One of several, never none.
    Branches(Branches),
    /// The same part several times.
    Repeat(Box<Repeat>),
}

/// Parts of which one is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branches {
    /// The parts.
    pub nodes: Vec<Node>,
    /// How many texts each has.
    sizes: Vec<u128>,
}

/// A part that is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The part.
    pub node: Node,
    /// How often at least.
    pub min: u32,
    /// How often at most; `u32::MAX` for no bound.
    pub max: u32,
    /// How many texts there are of each number of repetitions.
    sizes: Vec<u128>,
}

/// Characters, as bits: each of ASCII has its own, all others share that of NUL. The case of letters doesn't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CharSet(u128);

impl CharSet {
    /// None.
    pub const EMPTY: CharSet = CharSet(0);
    /// The end of the text.
    pub const END: CharSet = CharSet(1 << 1);

    /// One character.
    pub fn of(character: char) -> CharSet {
        let character = lower(character);
        let bit = if character.is_ascii() {
            u32::from(character)
        } else {
            0
        };
        CharSet(1 << bit)
    }

    /// Those of either.
    pub fn or(self, other: CharSet) -> CharSet {
        CharSet(self.0 | other.0)
    }

    /// Whether they have a character in common.
    pub fn meets(self, other: CharSet) -> bool {
        self.0 & other.0 != 0
    }
}

/// The largest number of repetitions whose texts are counted one by one; more are left to the bounds.
const COUNTED: u32 = 4096;

impl Node {
    /// One of some characters.
    pub fn class(characters: Vec<char>) -> Node {
        Node::Class(Alphabet::new(characters))
    }

    /// One of several parts.
    pub fn branches(nodes: Vec<Node>) -> Node {
        let sizes = nodes.iter().map(Node::size).collect();
        Node::Branches(Branches { nodes, sizes })
    }

    /// A part several times.
    pub fn repeat(node: Node, min: u32, max: u32) -> Node {
        let size = node.size();
        let last = max.min(min.saturating_add(COUNTED));
        let sizes = (min..=last).map(|count| power(size, count)).collect();
        Node::Repeat(Box::new(Repeat {
            node,
            min,
            max,
            sizes,
        }))
    }

    /// How many texts there are, [`LARGEST_DOMAIN`] at most.
    pub fn size(&self) -> u128 {
        match self {
            Node::Class(alphabet) => alphabet.distinct() as u128,
            Node::Concat(nodes) => product(nodes.iter().map(Node::size)),
            Node::Branches(Branches { sizes, .. }) => sum(sizes),
            Node::Repeat(repeat) => sum(&repeat.sizes),
        }
    }

    /// The fewest and the most characters.
    pub fn lengths(&self) -> (u64, u64) {
        let each = |nodes: &[Node]| nodes.iter().map(Node::lengths).collect::<Vec<_>>();
        match self {
            Node::Class(_) => (1, 1),
            Node::Concat(nodes) => each(nodes)
                .iter()
                .fold((0, 0), |sum, it| (sum.0 + it.0, sum.1.saturating_add(it.1))),
            Node::Branches(Branches { nodes, .. }) => {
                let all = each(nodes);
                let fewest = all.iter().map(|it| it.0).min();
                (
                    fewest.unwrap_or(0),
                    all.iter().map(|it| it.1).max().unwrap_or(0),
                )
            }
            Node::Repeat(repeat) => {
                let (fewest, most) = repeat.node.lengths();
                (
                    fewest.saturating_mul(repeat.min.into()),
                    most.saturating_mul(repeat.max.into()),
                )
            }
        }
    }

    /// Whether a text may be empty.
    pub fn is_nullable(&self) -> bool {
        self.lengths().0 == 0
    }

    /// The characters that a text may begin with.
    pub fn first(&self) -> CharSet {
        match self {
            Node::Class(alphabet) => alphabet
                .characters()
                .iter()
                .fold(CharSet::EMPTY, |set, &it| set.or(CharSet::of(it))),
            Node::Concat(nodes) => {
                let mut set = CharSet::EMPTY;
                for node in nodes {
                    set = set.or(node.first());
                    if !node.is_nullable() {
                        break;
                    }
                }
                set
            }
            Node::Branches(Branches { nodes, .. }) => nodes
                .iter()
                .fold(CharSet::EMPTY, |set, node| set.or(node.first())),
            Node::Repeat(repeat) if repeat.max == 0 => CharSet::EMPTY,
            Node::Repeat(repeat) => repeat.node.first(),
        }
    }

    /// Whether a text may hold a character.
    pub fn may_hold(&self, character: char) -> bool {
        match self {
            Node::Class(alphabet) => alphabet.may_hold(character),
            Node::Concat(nodes) | Node::Branches(Branches { nodes, .. }) => {
                nodes.iter().any(|node| node.may_hold(character))
            }
            Node::Repeat(repeat) => repeat.node.may_hold(character),
        }
    }

    /// Appends a text.
    pub fn write(&self, choices: &mut Choices, out: &mut Vec<u8>) {
        match self {
            Node::Class(alphabet) => alphabet.write(choices, out),
            Node::Concat(nodes) => nodes.iter().for_each(|node| node.write(choices, out)),
            // What is left of an index behind a branch belongs to other parts.
            Node::Branches(_) | Node::Repeat(_) if !choices.is_random() => {
                let mut own = choices.part(self.size());
                self.write_branch(&mut own, out);
            }
            _ => self.write_branch(choices, out),
        }
    }

    fn write_branch(&self, choices: &mut Choices, out: &mut Vec<u8>) {
        match self {
            Node::Branches(Branches { nodes, sizes }) => {
                let chosen = choices.branch(sizes.iter().copied());
                nodes[chosen].write(choices, out);
            }
            Node::Repeat(repeat) => {
                let more = choices.branch(repeat.sizes.iter().copied());
                for _ in 0..repeat.min as usize + more {
                    repeat.node.write(choices, out);
                }
            }
            Node::Class(_) | Node::Concat(_) => {}
        }
    }
}

fn sum(sizes: &[u128]) -> u128 {
    let total = sizes
        .iter()
        .fold(0u128, |sum, &size| sum.saturating_add(size));
    total.min(LARGEST_DOMAIN)
}
