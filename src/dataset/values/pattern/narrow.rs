//! Narrowing an expression until the next character always decides: the condition of an LL(1) grammar, which has one
//! derivation for each text.

use crate::dataset::values::pattern::node::{Branches, CharSet, Node};

/// A part of the language in which each text is made in one way.
pub fn narrow(node: &Node) -> Node {
    decided(node, CharSet::END)
}

/// The node, when one of `follow` comes behind it.
fn decided(node: &Node, follow: CharSet) -> Node {
    match node {
        Node::Class(_) => node.clone(),
        Node::Concat(nodes) => concat(nodes, follow),
        Node::Branches(Branches { nodes, .. }) => branches(nodes, follow),
        Node::Repeat(repeat) => repetition(&repeat.node, repeat.min, repeat.max, follow),
    }
}

/// From the last to the first, as what comes behind decides.
fn concat(nodes: &[Node], follow: CharSet) -> Node {
    let mut behind = follow;
    let mut done = Vec::with_capacity(nodes.len());
    for node in nodes.iter().rev() {
        let node = decided(node, behind);
        behind = begins_with(&node, behind);
        done.push(node);
    }
    done.reverse();
    Node::Concat(done)
}

/// What a text that begins with the node may begin with.
fn begins_with(node: &Node, follow: CharSet) -> CharSet {
    match node.is_nullable() {
        true => node.first().or(follow),
        false => node.first(),
    }
}

/// The branches that begin with other characters than those before them.
fn branches(nodes: &[Node], follow: CharSet) -> Node {
    let mut taken = CharSet::EMPTY;
    let mut kept = Vec::new();
    for node in with_common_beginnings(nodes) {
        let node = decided(&node, follow);
        let begins = begins_with(&node, follow);
        if !begins.meets(taken) {
            taken = taken.or(begins);
            kept.push(node);
        }
    }
    match kept.len() {
        1 => kept.remove(0),
        _ => Node::branches(kept),
    }
}

/// `paid|pending` as `p(aid|ending)`.
fn with_common_beginnings(nodes: &[Node]) -> Vec<Node> {
    let mut groups: Vec<(Option<Node>, Vec<Node>)> = Vec::new();
    for node in nodes {
        let (head, tail) = split(node);
        match groups.iter_mut().find(|(known, _)| *known == head) {
            Some((_, tails)) => tails.push(tail),
            None => groups.push((head, vec![tail])),
        }
    }
    let mut joined = Vec::new();
    for (head, mut tails) in groups {
        tails.dedup();
        let tail = match tails.len() {
            1 => tails.remove(0),
            _ => Node::branches(tails),
        };
        joined.push(Node::Concat(head.into_iter().chain([tail]).collect()));
    }
    joined
}

/// The first part and the others.
fn split(node: &Node) -> (Option<Node>, Node) {
    match node {
        Node::Concat(nodes) => match nodes.split_first() {
            Some((Node::Concat(inner), rest)) => {
                let all: Vec<Node> = inner.iter().chain(rest).cloned().collect();
                split(&Node::Concat(all))
            }
            Some((first, rest)) => (Some(first.clone()), Node::Concat(rest.to_vec())),
            None => (None, Node::Concat(Vec::new())),
        },
        _ => (Some(node.clone()), Node::Concat(Vec::new())),
    }
}

fn repetition(node: &Node, min: u32, max: u32, follow: CharSet) -> Node {
    // Which of its repetitions is the empty one would be open.
    if node.is_nullable() && max > 0 {
        return decided(node, follow);
    }
    let (node, min) = match node.first().meets(follow) && min < max {
        false => (node.clone(), min),
        true => match without(node, follow) {
            Some(narrower) => (narrower, min),
            None => (node.clone(), max),
        },
    };
    let behind = if max > 1 {
        node.first().or(follow)
    } else {
        follow
    };
    let inner = decided(&node, behind);
    Node::repeat(inner, min, max)
}

/// A class without the characters that may follow, when at least half of it is left.
fn without(node: &Node, follow: CharSet) -> Option<Node> {
    let Node::Class(alphabet) = node else {
        return None;
    };
    let characters = alphabet.characters();
    let left = characters
        .iter()
        .filter(|&&it| !CharSet::of(it).meets(follow));
    let left: Vec<char> = left.copied().collect();
    (left.len() * 2 >= characters.len()).then(|| Node::class(left))
}
