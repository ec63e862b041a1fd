//! Documents: values escaped for JSON, XML and hstore, and the words of a `tsvector`.

use std::collections::BTreeMap;

use crate::dataset::Kind;
use crate::dataset::distribution::Weights;
use crate::dataset::draw::{Chance, Key};
use crate::dataset::makers::Maker;
use crate::dataset::makers::documents::{Document, DocumentPiece, Markup};
use crate::dataset::makers::phrases::{Phrase, Piece};
use crate::generate::compiled::{CompiledColumn, CompiledMaker, RowText, ValueContext};
use crate::generate::context::Compiler;
use crate::generate::makers::phrases;
use crate::generate::pool::{TextEscaping, TextTraits};
use crate::generate::values::{is_null, write_value_of};

/// A compiled document.
#[derive(Debug)]
struct DocumentText {
    markup: Markup,
    templates: Vec<Vec<Part>>,
    weights: Option<Weights>,
    escaping: TextEscaping,
}

#[derive(Debug)]
enum Part {
    Text(String),
    /// A value within a text.
    Inside(Source),
    /// A whole value as it is.
    Bare(Source),
    /// A whole value in quotes.
    Quoted(Source),
}

/// Where a value comes from.
#[derive(Debug)]
enum Source {
    /// A sibling's position.
    Sibling(usize),
    /// An entry of a list.
    Drawn(Box<CompiledColumn>),
}

/// Compiles `make = "json"`, `xml`, `hstore` and `tsvector`.
pub fn document(document: &Document, table: usize, compiler: &mut Compiler) -> CompiledMaker {
    let mut templates = Vec::with_capacity(document.templates.len());
    for template in &document.templates {
        let parts = template.iter().map(|piece| part(piece, table, compiler));
        templates.push(parts.collect());
    }
    let text = DocumentText {
        markup: document.markup,
        templates,
        weights: document.weights.clone(),
        escaping: compiler.escaping,
    };
    CompiledMaker::Text(Box::new(text), compiler.escaping)
}

fn part(piece: &DocumentPiece, table: usize, compiler: &mut Compiler) -> Part {
    match piece {
        DocumentPiece::Text(text) => Part::Text(text.clone()),
        DocumentPiece::Inside(piece) => Part::Inside(source(piece, table, compiler)),
        DocumentPiece::Quoted(piece) => Part::Quoted(source(piece, table, compiler)),
        DocumentPiece::Value(piece) => {
            let bare = is_bare(piece, table, compiler);
            let source = source(piece, table, compiler);
            if bare {
                Part::Bare(source)
            } else {
                Part::Quoted(source)
            }
        }
    }
}

/// Whether a column's values are JSON as they are written.
fn is_bare(piece: &Piece, table: usize, compiler: &Compiler) -> bool {
    let Piece::Column(column) = piece else {
        return false;
    };
    let column = &compiler.dataset.tables[table].columns[*column];
    let is_json = |document: &Document| document.markup == Markup::Json;
    matches!(&column.maker, Maker::Document(document) if is_json(document))
        || matches!(
            column.kind,
            Kind::Integer | Kind::Cents | Kind::Decimal(_) | Kind::Boolean
        )
}

fn source(piece: &Piece, table: usize, compiler: &mut Compiler) -> Source {
    match piece {
        Piece::Column(column) => Source::Sibling(compiler.position(table, *column)),
        Piece::Phrase(phrase) => Source::Drawn(Box::new(drawn(phrase, table, compiler))),
        Piece::Text(text) => {
            let phrase = Phrase::new(vec![vec![Piece::Text(text.clone())]], None);
            Source::Drawn(Box::new(drawn(&phrase, table, compiler)))
        }
    }
}

fn drawn(phrase: &Phrase, table: usize, compiler: &mut Compiler) -> CompiledColumn {
    CompiledColumn {
        // The document's own take their place.
        key: Key::fixed(),
        null_key: Key::fixed(),
        null: Chance::NEVER,
        rules: None,
        kind: Kind::Text,
        quoted: false,
        make: phrases::phrase(phrase, table, compiler),
    }
}

impl RowText for DocumentText {
    fn write(&self, value: &mut ValueContext, out: &mut Vec<u8>) {
        let template = match (&self.weights, self.templates.len()) {
            (_, 1) => 0,
            (Some(weights), _) => weights.draw(&mut value.draws),
            (None, count) => value.draws.index(count),
        };
        let start = out.len();
        for (place, part) in self.templates[template].iter().enumerate() {
            self.write_part(part, place as u64, value, out);
        }
        if self.markup == Markup::Tsvector {
            words(start, out);
        }
    }

    fn traits(&self) -> TextTraits {
        TextTraits {
            special: true,
            empty: true,
        }
    }
}

impl DocumentText {
    fn write_part(&self, part: &Part, place: u64, value: &mut ValueContext, out: &mut Vec<u8>) {
        match part {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Inside(source) => self.write_escaped(source, place, value, out),
            Part::Bare(source) | Part::Quoted(source) if source.is_null(value) => {
                out.extend_from_slice(match self.markup {
                    Markup::Json => b"null",
                    _ => b"NULL",
                });
            }
            Part::Bare(source) => source.write(place, value, self.escaping, out),
            Part::Quoted(source) => {
                out.push(b'"');
                self.write_escaped(source, place, value, out);
                out.push(b'"');
            }
        }
    }

    fn write_escaped(
        &self,
        source: &Source,
        place: u64,
        value: &mut ValueContext,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        source.write(place, value, self.escaping, out);
        self.markup.escape_from(start, out);
    }
}

impl Source {
    fn is_null(&self, value: &ValueContext) -> bool {
        match self {
            Source::Sibling(column) => is_null(value.cells, &value.cells[*column], value.row),
            Source::Drawn(_) => false,
        }
    }

    /// Appends the value as it is.
    fn write(
        &self,
        place: u64,
        value: &mut ValueContext,
        escaping: TextEscaping,
        out: &mut Vec<u8>,
    ) {
        match self {
            Source::Sibling(column) => value.write_sibling(*column, escaping, out),
            Source::Drawn(column) => {
                let start = out.len();
                let key = value.key.part(place);
                write_value_of(value.cells, column, key, value.row, out);
                escaping.unescape_from(start, out);
            }
        }
    }
}

impl Markup {
    /// Escapes what has been appended from a position on.
    fn escape_from(self, start: usize, out: &mut Vec<u8>) {
        let plain = |byte: &u8| match self {
            Markup::Json | Markup::Hstore => !matches!(byte, b'"' | b'\\' | ..b' '),
            Markup::Xml => !matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\'' | ..b' '),
            Markup::Tsvector => true,
        };
        if out[start..].iter().all(plain) {
            return;
        }
        for byte in out.split_off(start) {
            match self {
                _ if plain(&byte) => out.push(byte),
                Markup::Json => escape_json(byte, out),
                Markup::Xml => escape_xml(byte, out),
                Markup::Hstore | Markup::Tsvector => {
                    if matches!(byte, b'"' | b'\\') {
                        out.push(b'\\');
                    }
                    out.push(byte);
                }
            }
        }
    }
}

fn escape_json(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
    }
}

fn escape_xml(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'<' => out.extend_from_slice(b"&lt;"),
        b'>' => out.extend_from_slice(b"&gt;"),
        b'&' => out.extend_from_slice(b"&amp;"),
        b'"' => out.extend_from_slice(b"&quot;"),
        b'\'' => out.extend_from_slice(b"&apos;"),
        b'\t' | b'\n' | b'\r' => out.push(byte),
        // No XML can hold these.
        _ => out.push(b' '),
    }
}

/// The words of what has been appended from a position on, as a `tsvector` has them: lower case, each with its positions.
fn words(start: usize, out: &mut Vec<u8>) {
    /// Positions behind this one are cut by the server.
    const LAST: usize = 16_383;
    let text = String::from_utf8_lossy(&out.split_off(start)).to_lowercase();
    let mut positions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let words = text.split(|it: char| !it.is_alphanumeric());
    for (place, word) in words.filter(|word| !word.is_empty()).enumerate().take(LAST) {
        positions.entry(word).or_default().push(place + 1);
    }
    let lexeme = |(word, places): (&str, Vec<usize>)| {
        let places: Vec<String> = places.iter().map(usize::to_string).collect();
        format!("'{word}':{}", places.join(","))
    };
    let lexemes: Vec<String> = positions.into_iter().map(lexeme).collect();
    out.extend_from_slice(lexemes.join(" ").as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(markup: Markup, text: &str) -> String {
        let mut out = text.as_bytes().to_vec();
        markup.escape_from(0, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn words_have_their_positions() {
        let mut out = b"x The quick fox, the FOX!".to_vec();
        words(1, &mut out);
        assert_eq!(out, b"x'fox':3,5 'quick':2 'the':1,4");
    }

    #[test]
    fn xml_and_hstore_have_escapes_of_their_own() {
        assert_eq!(
            escaped(Markup::Xml, "a<b> & \"c\"\u{1}"),
            "a&lt;b&gt; &amp; &quot;c&quot; "
        );
        assert_eq!(escaped(Markup::Hstore, "a\"b\\c\n"), "a\\\"b\\\\c\n");
    }

    proptest! {
        #[test]
        fn json_texts_are_read_back(text in any::<String>()) {
            let json = format!("\"{}\"", escaped(Markup::Json, &text));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
