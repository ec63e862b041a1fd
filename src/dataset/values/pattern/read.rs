//! An expression as Postgres writes it → nodes, by way of the `regex-syntax` crate's tree.

use anyhow::{Result, anyhow, bail};
use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look, Repetition};

use crate::dataset::values::pattern::node::Node;

/// Reads an expression. Characters are printable ones of ASCII wherever the expression allows these.
pub fn node(expression: &str) -> Result<Node> {
    let spelled = respelled(expression)?;
    let tree = regex_syntax::parse(&spelled).map_err(|error| {
        let why = match &error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            regex_syntax::Error::Translate(error) => error.kind().to_string(),
            _ => "it is not understood".to_owned(),
        };
        anyhow!("{why}")
    })?;
    match part(
        &tree,
        Edges {
            start: true,
            end: true,
        },
    )? {
        Some(node) => Ok(node),
        None => bail!("no text matches: `^` or `$` has text before or behind it"),
    }
}

/// The expression in the crate's spelling: Postgres' `\y`, `\m`, `\M` and `\Z`, and braces that repeat nothing.
fn respelled(expression: &str) -> Result<String> {
    let mut out = String::new();
    let mut characters = expression.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('y') => out.push_str(r"\b"),
                Some('Y') => out.push_str(r"\B"),
                Some('m') => out.push_str(r"\b{start}"),
                Some('M') => out.push_str(r"\b{end}"),
                Some('Z') => out.push_str(r"\z"),
                Some(digit @ '1'..='9') => bail!("`\\{digit}` refers back to a group"),
                Some(escaped) => out.extend(['\\', escaped]),
                None => bail!("it ends with a backslash"),
            },
            '{' if !characters.peek().is_some_and(char::is_ascii_digit) => out.push_str(r"\{"),
            _ => out.push(character),
        }
    }
    Ok(out)
}

/// Whether nothing is before a part, and nothing behind it.
#[derive(Debug, Clone, Copy)]
struct Edges {
    start: bool,
    end: bool,
}

/// A part; `None` where no text matches.
fn part(tree: &Hir, edges: Edges) -> Result<Option<Node>> {
    Ok(match tree.kind() {
        HirKind::Empty => Some(Node::Concat(Vec::new())),
        HirKind::Literal(literal) => {
            let text = str::from_utf8(&literal.0)?;
            Some(Node::Concat(
                text.chars().map(|it| Node::class(vec![it])).collect(),
            ))
        }
        HirKind::Class(Class::Unicode(class)) => {
            let characters = characters(class);
            (!characters.is_empty()).then(|| Node::class(characters))
        }
        HirKind::Class(Class::Bytes(_)) => bail!("it is about bytes"),
        HirKind::Look(look) => holds(*look, edges)?.then(|| Node::Concat(Vec::new())),
        HirKind::Repetition(repetition) => repeated(repetition, edges)?,
        HirKind::Capture(capture) => part(&capture.sub, edges)?,
        HirKind::Concat(trees) => concat(trees, edges)?,
        HirKind::Alternation(trees) => {
            let branches = trees.iter().map(|tree| part(tree, edges));
            let possible: Vec<Node> = branches
                .filter_map(Result::transpose)
                .collect::<Result<_>>()?;
            (!possible.is_empty()).then(|| Node::branches(possible))
        }
    })
}

fn concat(trees: &[Hir], edges: Edges) -> Result<Option<Node>> {
    let is_empty = |tree: &Hir| tree.properties().maximum_len() == Some(0);
    let mut nodes = Vec::new();
    for (place, tree) in trees.iter().enumerate() {
        let edges = Edges {
            start: edges.start && trees[..place].iter().all(is_empty),
            end: edges.end && trees[place + 1..].iter().all(is_empty),
        };
        match part(tree, edges)? {
            Some(node) => nodes.push(node),
            None => return Ok(None),
        }
    }
    Ok(Some(Node::Concat(nodes)))
}

fn repeated(repetition: &Repetition, edges: Edges) -> Result<Option<Node>> {
    let max = repetition.max.unwrap_or(u32::MAX);
    let edges = match max {
        0 | 1 => edges,
        _ => Edges {
            start: false,
            end: false,
        },
    };
    Ok(match part(&repetition.sub, edges)? {
        Some(node) => Some(Node::repeat(node, repetition.min, max)),
        None if repetition.min == 0 => Some(Node::Concat(Vec::new())),
        None => None,
    })
}

/// Whether nothing but the text's edge is looked for, where it is.
fn holds(look: Look, edges: Edges) -> Result<bool> {
    match look {
        Look::Start | Look::StartLF | Look::StartCRLF => Ok(edges.start),
        Look::End | Look::EndLF | Look::EndCRLF => Ok(edges.end),
        Look::WordAsciiNegate | Look::WordUnicodeNegate => bail!("`\\Y` is not supported"),
        _ if edges.start || edges.end => Ok(true),
        _ => bail!("`\\y`, `\\m` and `\\M` are supported at the text's start and end"),
    }
}

/// Classes of more characters than these are the ones that say little: `.`, `\w`, `[^,]`.
const MOST: usize = 62;

/// The characters of a class that a reader likes to see: printable ones of ASCII, of large classes letters and digits.
fn characters(class: &ClassUnicode) -> Vec<char> {
    let holds = |it: &char| {
        class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(it))
    };
    let printable: Vec<char> = (' '..='~').filter(holds).collect();
    if printable.len() > MOST {
        let plain = |it: &&char| it.is_ascii_lowercase() || it.is_ascii_digit();
        return printable.iter().filter(plain).copied().collect();
    }
    match printable.as_slice() {
        [] => {}
        // A letter of either case.
        [upper, lower] if upper.to_ascii_lowercase() == *lower => return vec![*lower],
        _ => return printable,
    }
    let all = class
        .ranges()
        .iter()
        .flat_map(|range| range.start()..=range.end());
    all.filter(|it| *it != '\0').take(MOST).collect()
}
