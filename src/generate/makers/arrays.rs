//! Arrays in Postgres' spelling.

use anyhow::Result;

use crate::dataset::draw::Chance;
use crate::dataset::makers::arrays::Array;
use crate::dataset::tables::Siblings;
use crate::generate::compiled::{CompiledColumn, CompiledMaker, RowText, ValueContext};
use crate::generate::context::Compiler;
use crate::generate::makers::compile;
use crate::generate::pool::{TextEscaping, TextTraits};
use crate::generate::values::write_value_of;

/// An array's elements.
#[derive(Debug)]
struct ArrayText {
    element: CompiledColumn,
    escaping: TextEscaping,
    min: u64,
    max: u64,
}

/// Compiles `make = "array"`.
pub fn array(
    array: &Array,
    place: (usize, usize),
    compiler: &mut Compiler,
) -> Result<CompiledMaker> {
    let siblings = Siblings::new(&compiler.dataset.tables, place.0);
    let element = CompiledColumn {
        key: compiler.key(place.0, place.1),
        null_key: compiler.key_of(place.0, place.1, "null"),
        null: Chance::NEVER,
        rules: None,
        kind: siblings.resolved(array.element.spec().kind()),
        quoted: false,
        make: compile(&array.element, place, compiler)?,
    };
    let text = ArrayText {
        element,
        escaping: compiler.escaping,
        min: array.min.into(),
        max: array.max.into(),
    };
    Ok(CompiledMaker::Text(Box::new(text), compiler.escaping))
}

impl RowText for ArrayText {
    fn write(&self, value: &mut ValueContext, out: &mut Vec<u8>) {
        let count = self.min + value.draws.below(self.max - self.min + 1);
        out.push(b'{');
        for place in 0..count {
            if place > 0 {
                out.push(b',');
            }
            let start = out.len();
            let key = value.key.part(place);
            write_value_of(value.cells, &self.element, key, value.row, out);
            self.escaping.unescape_from(start, out);
            quote_element(start, out);
        }
        out.push(b'}');
    }

    fn traits(&self) -> TextTraits {
        TextTraits {
            special: true,
            empty: false,
        }
    }
}

/// Puts quotes around the element that begins at a position, where it isn't plain without them.
fn quote_element(start: usize, out: &mut Vec<u8>) {
    let text = &out[start..];
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b".:-+_/@#".contains(byte);
    if !text.is_empty() && !text.eq_ignore_ascii_case(b"null") && text.iter().all(plain) {
        return;
    }
    let text = out.split_off(start);
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::copy::array::each_element;

    proptest! {
        #[test]
        fn an_element_is_read_back(text in any::<String>(), other in "(null|a b|,|\\\\|\"|\\{)?") {
            let mut out = b"{".to_vec();
            for text in [&text, &other] {
                let start = out.len();
                out.extend_from_slice(text.as_bytes());
                quote_element(start, &mut out);
                out.push(b',');
            }
            *out.last_mut().unwrap() = b'}';
            let mut read = Vec::new();
            each_element(&out, b',', |text| {
                read.push(text.map(<[u8]>::to_vec));
                Ok(())
            }).unwrap();
            prop_assert_eq!(read, [Some(text.into_bytes()), Some(other.into_bytes())]);
        }
    }
}
