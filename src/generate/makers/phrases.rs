//! Texts put together from pieces.

use std::sync::Arc;

use crate::dataset::makers::phrases::{Phrase, Piece};
use crate::generate::compiled::{CompiledMaker, CompiledPhrase, CompiledPiece};
use crate::generate::context::Compiler;
use crate::generate::pool::{Pool, TextEscaping};

/// Compiles `make = "phrase"` and `one-of` texts; one that only picks whole texts becomes a pool.
pub fn phrase(phrase: &Phrase, table: usize, compiler: &mut Compiler) -> CompiledMaker {
    match whole_texts(phrase, compiler.escaping) {
        Some(pool) => CompiledMaker::Words(pool, phrase.weights.clone()),
        None => CompiledMaker::Phrase(pieces(phrase, table, compiler)),
    }
}

fn whole_texts(phrase: &Phrase, escaping: TextEscaping) -> Option<Pool> {
    let texts: Option<Vec<&str>> = phrase
        .templates
        .iter()
        .map(|template| match template.as_slice() {
            [Piece::Text(text)] => Some(text.as_str()),
            _ => None,
        })
        .collect();
    texts.map(|texts| Pool::new(escaping, texts))
}

fn pieces(phrase: &Phrase, table: usize, compiler: &mut Compiler) -> CompiledPhrase {
    let mut templates = Vec::with_capacity(phrase.templates.len());
    for template in &phrase.templates {
        let pieces = template.iter().map(|it| piece(it, table, compiler));
        templates.push(pieces.collect());
    }
    CompiledPhrase {
        templates,
        weights: phrase.weights.clone(),
    }
}

fn piece(piece: &Piece, table: usize, compiler: &mut Compiler) -> CompiledPiece {
    match piece {
        Piece::Text(text) => {
            let mut escaped = Vec::new();
            compiler.escaping.put(text, &mut escaped);
            CompiledPiece::Text(escaped)
        }
        Piece::Column(column) => CompiledPiece::Column(compiler.position(table, *column)),
        Piece::Phrase(inner) => list(inner, table, compiler),
    }
}

fn list(phrase: &Arc<Phrase>, table: usize, compiler: &mut Compiler) -> CompiledPiece {
    let place = (table, Arc::as_ptr(phrase).addr());
    if let Some(compiled) = compiler.lists.get(&place) {
        return compiled.clone();
    }
    let compiled = match whole_texts(phrase, compiler.escaping) {
        Some(pool) if phrase.weights.is_none() => CompiledPiece::Pool(Arc::new(pool)),
        _ => CompiledPiece::Phrase(Arc::new(pieces(phrase, table, compiler))),
    };
    compiler.lists.insert(place, compiled.clone());
    compiled
}
