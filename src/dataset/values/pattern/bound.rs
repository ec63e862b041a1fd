//! Repetitions within bounds: without an end they would make texts of any length.

use crate::dataset::values::pattern::node::{Branches, Node};

/// How often more than it must a part is repeated, unless the length asks for more.
const MORE: u32 = 8;

/// The node with its repetitions bounded, so that its texts, once narrowed, have lengths within `min` and `max`; `None`
/// where no bound does that.
pub fn within(node: &Node, min: u32, max: Option<u32>, narrow: fn(&Node) -> Node) -> Option<Node> {
    let highest = min.max(MORE);
    for raised in 0..=min {
        for more in (raised..=highest.min(raised + MORE)).rev() {
            let bounded = narrow(&limit(node, raised, more));
            let (fewest, most) = bounded.lengths();
            if fewest < min.into() {
                // Fewer repetitions make no longer texts.
                break;
            }
            if max.is_none_or(|max| most <= max.into()) {
                return Some(bounded);
            }
        }
    }
    None
}

/// Each repetition goes on at least `raised` times, and at most `more` times, beyond its minimum.
pub fn limit(node: &Node, raised: u32, more: u32) -> Node {
    let each = |nodes: &[Node]| nodes.iter().map(|node| limit(node, raised, more)).collect();
    match node {
        Node::Class(_) => node.clone(),
        Node::Concat(nodes) => Node::Concat(each(nodes)),
        Node::Branches(Branches { nodes, .. }) => Node::branches(each(nodes)),
        Node::Repeat(repeat) => {
            let bound = |by: u32| repeat.max.min(repeat.min.saturating_add(by));
            Node::repeat(
                limit(&repeat.node, raised, more),
                bound(raised),
                bound(more),
            )
        }
    }
}
