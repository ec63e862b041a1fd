//! What values are put together from: entries of pools, numbers of rows, digits, texts cut to a length.

use crate::dataset::column_rules::TextLimits;
use crate::dataset::distribution::Weights;
use crate::dataset::draw::{Chance, Draws, Key};
use crate::dataset::makers::references::Root;
use crate::generate::compiled::PoolChoice;
use crate::generate::pool::Pool;
use crate::generate::row::Row;

/// The position of an entry that is drawn.
#[inline]
pub fn pick(weights: Option<&Weights>, count: usize, draws: &mut Draws) -> usize {
    weights.map_or_else(
        || draws.clone().index(count),
        |weights| weights.draw(&mut draws.clone()),
    )
}

/// The pool and the position in it: siblings get consecutive entries from a start that their parent draws.
#[inline]
pub fn nth<'p>(
    key: Key,
    choose: Option<&PoolChoice>,
    pools: &'p [Pool],
    row: &Row,
) -> (&'p Pool, usize) {
    let pool = match choose {
        None => &pools[0],
        Some(PoolChoice {
            key: chosen_by,
            level,
            pools: chosen,
        }) => {
            let entry = chosen_by.row(row.ancestors[*level]).index(chosen.len());
            &pools[usize::from(chosen[entry])]
        }
    };
    let starts = (pool.len() as u64).saturating_sub(row.siblings) + 1;
    let start = key.row(row.parent()).below(starts);
    let index = usize::try_from(start + row.place).unwrap_or(usize::MAX);
    (pool, index)
}

/// Any row; a hot one with a chance.
#[inline]
pub fn any_row(rows: u64, hot: Option<&(Chance, u64, u64)>, draws: &mut Draws) -> u64 {
    match hot {
        Some((share, count, stride)) if draws.happens(*share) => 1 + draws.below(*count) * stride,
        _ => 1 + draws.below(rows),
    }
}

/// A row before this one, `None` for a root without itself; `part` keeps chains of them short.
pub fn earlier(row: u64, roots: Chance, root: Root, part: u64, draws: &mut Draws) -> Option<u64> {
    if row > 1 && part > 0 && !draws.happens(roots) {
        return Some(1 + draws.below(((row - 1) / part).max(1)));
    }
    match root {
        Root::Null => None,
        Root::Itself => Some(row),
    }
}

/// Appends the first digits of 64 bits, hexadecimal.
#[inline(always)]
pub fn write_hex(bits: u64, digits: u8, out: &mut Vec<u8>) {
    let end = out.len() + usize::from(digits);
    out.extend_from_slice(&hex(bits));
    out.truncate(end);
}

/// The 16 hexadecimal digits of 64 bits, all at once: four bits in each byte, then the characters.
#[inline]
fn hex(bits: u64) -> [u8; 16] {
    const EACH: u128 = u128::MAX / 0xff;
    const ZEROS: u128 = EACH * b'0' as u128;
    // What is kept of so many bits after they have been moved apart: the lower half of each pair.
    const HALVES: [(u32, u128); 4] = [
        (32, u128::MAX / ((1 << 32) + 1)),
        (16, u128::MAX / ((1 << 16) + 1)),
        (8, u128::MAX / ((1 << 8) + 1)),
        (4, u128::MAX / ((1 << 4) + 1)),
    ];
    let mut digits = u128::from(bits);
    for (shift, kept) in HALVES {
        digits = (digits | (digits << shift)) & kept;
    }
    let is_letter = ((digits + EACH * 6) >> 4) & EACH;
    let letters = is_letter * u128::from(b'a' - b'9' - 1);
    (digits + ZEROS + letters).to_be_bytes()
}

/// Cuts what has been appended from a position on to its most characters and puts it into its case; of a text that is too
/// long, so many characters of its end are kept.
pub fn limit(limits: TextLimits, kept: usize, start: usize, out: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(&out[start..]).into_owned();
    let text = limits.case.map_or(text.clone(), |case| case.of(&text));
    let count = text.chars().count();
    let most = limits.max_length.map_or(count, |it| it as usize);
    let kept = if count > most { kept.min(most) } else { 0 };
    let begin = text.chars().take((most - kept).min(count));
    let end = text.chars().skip(count - kept);
    out.truncate(start);
    out.extend(begin.chain(end).collect::<String>().into_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::column_rules::Case;

    #[test]
    fn digits_are_those_of_the_first_bits() {
        for bits in [0, u64::MAX, 0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210] {
            let mut out = Vec::new();
            write_hex(bits, 16, &mut out);
            assert_eq!(out, format!("{bits:016x}").into_bytes());
            write_hex(bits, 5, &mut out);
            assert_eq!(out[16..], out[..5]);
        }
    }

    #[test]
    fn texts_are_cut_to_characters_and_keep_their_end() {
        let limited = |text: &str, max_length, case, kept| {
            let mut out = format!("before{text}").into_bytes();
            limit(TextLimits { max_length, case }, kept, 6, &mut out);
            String::from_utf8(out).unwrap().split_off(6)
        };
        assert_eq!(limited("Größe", None, None, 0), "Größe");
        assert_eq!(limited("Größe", Some(4), None, 0), "Größ");
        assert_eq!(limited("Größe", Some(5), Some(Case::Upper), 0), "GRÖSS");
        assert_eq!(limited("name_17@x", Some(6), None, 5), "n_17@x");
        assert_eq!(
            limited("name_17@x", Some(20), Some(Case::Lower), 5),
            "name_17@x"
        );
        assert_eq!(limited("ab", Some(1), None, 5), "b");
    }
}
