//! Points and polygons of the plane.

use crate::dataset::choices::{Choices, product};
use crate::dataset::values::write_padded;

/// Points within a square, to a number of decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The least coordinate, in units of the last decimal.
    pub min: i64,
    /// The greatest.
    pub max: i64,
    /// Decimals.
    pub scale: u8,
}

/// Polygons around a point of a square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polygon {
    /// Where its first corner is.
    pub corner: Point,
    /// How many corners it has, 3 to 6.
    pub corners: u8,
}

impl Point {
    fn side(&self) -> u64 {
        self.max.abs_diff(self.min).saturating_add(1)
    }

    pub(super) fn domain(&self) -> u128 {
        product([u128::from(self.side()); 2])
    }

    fn draw(&self, choices: &mut Choices) -> [i64; 2] {
        [(); 2].map(|()| self.min.saturating_add_unsigned(choices.below(self.side())))
    }

    fn write_pair(&self, pair: [i64; 2], out: &mut Vec<u8>) {
        out.push(b'(');
        write_decimal(pair[0], self.scale, out);
        out.push(b',');
        write_decimal(pair[1], self.scale, out);
        out.push(b')');
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        self.write_pair(self.draw(&mut choices), out);
    }
}

/// Corners of a hexagon, in quarters of its side: no two edges cross, whichever of them are taken in order.
const HEXAGON: [[i64; 2]; 6] = [[0, 0], [4, 0], [6, 3], [4, 7], [0, 7], [-2, 3]];

impl Polygon {
    pub(super) fn domain(&self) -> u128 {
        self.corner.domain()
    }

    pub(super) fn write(&self, mut choices: Choices, out: &mut Vec<u8>) {
        let [x, y] = self.corner.draw(&mut choices);
        // A side of up to about 1% of the square's.
        let side = 1 + choices
            .random_below(self.corner.side() / 400 + 1)
            .cast_signed();
        out.push(b'(');
        for (place, [right, up]) in HEXAGON.iter().take(self.corners.into()).enumerate() {
            if place > 0 {
                out.push(b',');
            }
            self.corner
                .write_pair([x + right * side, y + up * side], out);
        }
        out.push(b')');
    }
}

/// Appends a number of units of the last of so many decimals.
fn write_decimal(value: i64, scale: u8, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let unit = 10u64.pow(scale.into());
    let (whole, fraction) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    write_padded(whole, 1, out);
    if scale > 0 {
        out.push(b'.');
        write_padded(fraction, scale.into(), out);
    }
}
