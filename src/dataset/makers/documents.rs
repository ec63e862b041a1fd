//! Documents with values of siblings and lists in them: json, xml, hstore, tsvector.

use anyhow::{Result, bail};
use serde::de::IgnoredAny;

use crate::dataset::distribution::Weights;
use crate::dataset::document::{Section, TomlValue};
use crate::dataset::makers::numbers::read_weights;
use crate::dataset::makers::phrases::{Phrase, Piece, Template};
use crate::dataset::makers::{KindOf, Maker, MakerScope, MakerSpec, Needed, values};
use crate::dataset::spec::Kind;
use crate::dataset::templates;

/// One of several templates, in which values are escaped.
#[derive(Debug)]
pub struct Document {
    /// How.
    pub markup: Markup,
    /// The templates.
    pub templates: Vec<Vec<DocumentPiece>>,
    /// How likely each is; `None`: all the same.
    pub weights: Option<Weights>,
}

/// What values are escaped for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// JSON's texts.
    Json,
    /// XML's contents and attributes.
    Xml,
    /// hstore's texts.
    Hstore,
    /// The words of the whole, with their positions.
    Tsvector,
}

/// A piece of a template.
#[derive(Debug)]
pub enum DocumentPiece {
    /// As it is.
    Text(String),
    /// A value within a text.
    Inside(Piece),
    /// A whole value: a number as it is, a text in quotes, NULL as such.
    Value(Piece),
    /// A whole value in quotes, unless it is NULL.
    Quoted(Piece),
}

/// Reads `make = "json"`.
pub fn json(section: &Section, scope: &MakerScope) -> Result<Maker> {
    read(section, scope, Markup::Json, json_pieces)
}

/// Reads `make = "xml"`.
pub fn xml(section: &Section, scope: &MakerScope) -> Result<Maker> {
    read(section, scope, Markup::Xml, |_, template| {
        Ok(plain_pieces(template))
    })
}

/// Reads `make = "tsvector"`: the words of templates, or some that mean nothing.
pub fn tsvector(section: &Section, scope: &MakerScope) -> Result<Maker> {
    match section.get("of") {
        Some(_) => read(section, scope, Markup::Tsvector, |_, template| {
            Ok(plain_pieces(template))
        }),
        None => values::lexemes(section),
    }
}

/// Reads `make = "hstore"`: a template for each key.
pub fn hstore(section: &Section, scope: &MakerScope) -> Result<Maker> {
    let of = section.need("of")?;
    let mut pieces = Vec::new();
    for (key, value) in of.section(section.what())?.entries() {
        let before = if pieces.is_empty() { "" } else { ", " };
        let key = key.replace('\\', "\\\\").replace('"', "\\\"");
        pieces.push(DocumentPiece::Text(format!("{before}\"{key}\"=>")));
        let mut template = phrase(&[value], None, scope)?.templates.remove(0);
        if let [Piece::Column(_) | Piece::Phrase(_)] = template.as_slice() {
            pieces.extend(template.pop().map(DocumentPiece::Quoted));
        } else {
            let quote = || DocumentPiece::Text("\"".into());
            pieces.push(quote());
            pieces.extend(template.into_iter().map(hstore_piece));
            pieces.push(quote());
        }
    }
    if pieces.is_empty() {
        bail!(of.error("it has no key; write `of = { colour = \"{colour}\" }`"));
    }
    Ok(Maker::Document(Document {
        markup: Markup::Hstore,
        templates: vec![pieces],
        weights: None,
    }))
}

fn hstore_piece(piece: Piece) -> DocumentPiece {
    match piece {
        Piece::Text(text) => DocumentPiece::Text(text.replace('\\', "\\\\").replace('"', "\\\"")),
        value => DocumentPiece::Inside(value),
    }
}

type Pieces = fn(&TomlValue, Template) -> Result<Vec<DocumentPiece>>;

fn read(section: &Section, scope: &MakerScope, markup: Markup, pieces: Pieces) -> Result<Maker> {
    let of = section.need("of")?;
    let texts = if of.is_list() { of.list()? } else { vec![of] };
    let weights = read_weights(section, texts.len())?;
    let phrase = phrase(&texts, weights, scope)?;
    let templates = texts.iter().zip(phrase.templates);
    let templates = templates.map(|(text, template)| pieces(text, template));
    Ok(Maker::Document(Document {
        markup,
        templates: templates.collect::<Result<_>>()?,
        weights: phrase.weights,
    }))
}

fn phrase(texts: &[TomlValue], weights: Option<Weights>, scope: &MakerScope) -> Result<Phrase> {
    templates::read(texts, weights, &scope.placeholders)
}

fn plain_pieces(template: Template) -> Vec<DocumentPiece> {
    let piece = |piece| match piece {
        Piece::Text(text) => DocumentPiece::Text(text),
        value => DocumentPiece::Inside(value),
    };
    template.into_iter().map(piece).collect()
}

/// Values in quotes are parts of texts, or whole texts where nothing else is in the quotes; the others are whole values.
fn json_pieces(value: &TomlValue, template: Template) -> Result<Vec<DocumentPiece>> {
    let mut pieces: Vec<DocumentPiece> = Vec::new();
    let mut inside = false;
    let mut template = template.into_iter().peekable();
    while let Some(piece) = template.next() {
        if let Piece::Text(text) = piece {
            inside = ends_inside(inside, &text);
            pieces.push(DocumentPiece::Text(text));
            continue;
        }
        if !inside {
            pieces.push(DocumentPiece::Value(piece));
            continue;
        }
        let opened =
            matches!(pieces.last(), Some(DocumentPiece::Text(text)) if text.ends_with('"'));
        let closed = matches!(template.peek(), Some(Piece::Text(text)) if text.starts_with('"'));
        match (pieces.last_mut(), template.peek_mut()) {
            (Some(DocumentPiece::Text(before)), Some(Piece::Text(behind))) if opened && closed => {
                before.pop();
                behind.remove(0);
                inside = false;
                pieces.push(DocumentPiece::Quoted(piece));
            }
            _ => pieces.push(DocumentPiece::Inside(piece)),
        }
    }
    ensure_json(value, &pieces)?;
    Ok(pieces)
}

/// Whether a text's end lies in quotes, when its beginning does or doesn't.
fn ends_inside(mut inside: bool, text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => inside = !inside,
            b'\\' if inside => {
                bytes.next();
            }
            _ => {}
        }
    }
    inside
}

/// Refuses a template that isn't JSON with numbers and letters in its places.
fn ensure_json(value: &TomlValue, pieces: &[DocumentPiece]) -> Result<()> {
    let mut sample = String::new();
    for piece in pieces {
        match piece {
            DocumentPiece::Text(text) => sample.push_str(text),
            DocumentPiece::Inside(_) => sample.push('x'),
            DocumentPiece::Value(_) => sample.push('0'),
            DocumentPiece::Quoted(_) => sample.push_str("\"\""),
        }
    }
    if let Err(why) = serde_json::from_str::<IgnoredAny>(&sample) {
        bail!(value.error(format!(
            "\"{}\" makes no JSON such as `{sample}`: {why}; braces of the text's own are written twice, `{{{{` and \
             `}}}}`",
            value.as_written()
        )));
    }
    Ok(())
}

impl DocumentPiece {
    fn columns(&self, each: &mut dyn FnMut(usize)) {
        let (DocumentPiece::Inside(piece)
        | DocumentPiece::Value(piece)
        | DocumentPiece::Quoted(piece)) = self
        else {
            return;
        };
        match piece {
            Piece::Column(column) => each(*column),
            Piece::Phrase(phrase) => phrase.columns().iter().copied().for_each(each),
            Piece::Text(_) => {}
        }
    }

    /// Whether it is a column's value within a text.
    fn is_inside(&self, column: usize) -> bool {
        let mut found = false;
        self.columns(&mut |it| found |= it == column);
        let whole = matches!(
            self,
            DocumentPiece::Value(Piece::Column(_)) | DocumentPiece::Quoted(Piece::Column(_))
        );
        found && !whole
    }
}

impl MakerSpec for Document {
    fn kind(&self) -> KindOf {
        KindOf::Is(Kind::Literal)
    }

    fn needs(&self, each: &mut dyn FnMut(Needed)) {
        for piece in self.templates.iter().flatten() {
            piece.columns(&mut |column| each(Needed::Sibling(column)));
        }
    }

    fn takes_null(&self, sibling: usize) -> bool {
        let mut pieces = self.templates.iter().flatten();
        !pieces.any(|piece| piece.is_inside(sibling))
    }
}
