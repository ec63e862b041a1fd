//! Postgres' hash functions: with the seed by which it finds the partition of a hash partitioned table, and without one, as
//! hash indexes and the shards of a cluster have them.
//!
//! Bob Jenkins' lookup3, as in `src/common/hashfn.c` of Postgres on a little-endian machine. `satisfies_hash_partition`
//! is what tests compare them with.

/// The upper half of `HASH_PARTITION_SEED`.
const SEED_HIGH: u32 = 0x7A5B_2236;
/// Its lower half.
const SEED_LOW: u32 = 0x7996_DCFD;

/// The state of lookup3.
struct State {
    a: u32,
    b: u32,
    c: u32,
}

/// What a hash begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seed {
    /// The seed of partitions.
    Partition,
    /// None.
    Nothing,
}

impl State {
    fn new(length: u32, seed: Seed) -> State {
        let start = 0x9e37_79b9_u32.wrapping_add(length).wrapping_add(3_923_095);
        let mut state = State {
            a: start,
            b: start,
            c: start,
        };
        if seed == Seed::Partition {
            state.a = start.wrapping_add(SEED_HIGH);
            state.b = start.wrapping_add(SEED_LOW);
            state.mix();
        }
        state
    }

    fn mix(&mut self) {
        let State { a, b, c } = self;
        step(a, b, c, 4);
        step(b, c, a, 6);
        step(c, a, b, 8);
        step(a, b, c, 16);
        step(b, c, a, 19);
        step(c, a, b, 4);
    }

    fn finish(mut self) -> u64 {
        let State { a, b, c } = &mut self;
        fold(c, b, 14);
        fold(a, c, 11);
        fold(b, a, 25);
        fold(c, b, 16);
        fold(a, c, 4);
        fold(b, a, 14);
        fold(c, b, 24);
        u64::from(*b) << 32 | u64::from(*c)
    }
}

/// One step of mixing: `x -= z; x ^= rot(z, turns); z += y`.
fn step(x: &mut u32, y: &u32, z: &mut u32, turns: u32) {
    *x = x.wrapping_sub(*z) ^ z.rotate_left(turns);
    *z = z.wrapping_add(*y);
}

/// One step of finishing: `x ^= y; x -= rot(y, turns)`.
fn fold(x: &mut u32, y: &u32, turns: u32) {
    *x = (*x ^ *y).wrapping_sub(y.rotate_left(turns));
}

/// `hash_bytes_uint32_extended`: of whole numbers of up to 32 bits, dates and booleans.
pub fn of_uint32(value: u32) -> u64 {
    uint32(value, Seed::Partition)
}

fn uint32(value: u32, seed: Seed) -> u64 {
    let mut state = State::new(4, seed);
    state.a = state.a.wrapping_add(value);
    state.finish()
}

/// `hashint8extended`: also of timestamps. Equal to that of the same number in 32 bits.
pub fn of_int8(value: i64) -> u64 {
    uint32(folded(value), Seed::Partition)
}

/// `hashint8`, and `hashint4` and `hashint2` of the same number.
pub fn of_integer(value: i64) -> u32 {
    low_half(uint32(folded(value), Seed::Nothing))
}

/// The 32 bits that are hashed of a number.
fn folded(value: i64) -> u32 {
    let [a, b, c, d, low @ ..] = value.to_be_bytes();
    let (high, low) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes(low));
    low ^ if value >= 0 { high } else { !high }
}

/// `hash_bytes_extended`: of texts, uuids and bytes.
pub fn of_bytes(bytes: &[u8]) -> u64 {
    hashed(bytes, Seed::Partition)
}

/// `hashtext` with a deterministic collation, `uuid_hash` and `hashbytea`.
pub fn of_text(bytes: &[u8]) -> u32 {
    low_half(hashed(bytes, Seed::Nothing))
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn low_half(hash: u64) -> u32 {
    hash as u32
}

fn hashed(bytes: &[u8], seed: Seed) -> u64 {
    // A value of Postgres has less than 1 GB.
    let mut state = State::new(u32::try_from(bytes.len()).unwrap_or(u32::MAX), seed);
    let mut blocks = bytes.chunks_exact(12);
    for block in &mut blocks {
        let words = words(block);
        state.a = state.a.wrapping_add(words[0]);
        state.b = state.b.wrapping_add(words[1]);
        state.c = state.c.wrapping_add(words[2]);
        state.mix();
    }
    let rest = blocks.remainder();
    let mut last = [0; 12];
    // The lowest byte of the third word is reserved for the length.
    let (head, tail) = rest.split_at(rest.len().min(8));
    last[..head.len()].copy_from_slice(head);
    last[9..9 + tail.len()].copy_from_slice(tail);
    let words = words(&last);
    state.a = state.a.wrapping_add(words[0]);
    state.b = state.b.wrapping_add(words[1]);
    state.c = state.c.wrapping_add(words[2]);
    state.finish()
}

/// Twelve bytes as three words.
fn words(block: &[u8]) -> [u32; 3] {
    [0, 4, 8].map(|at| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]))
}

/// `hash_combine64`: the hash of several key columns so far, and of the next one.
pub fn combine(so_far: u64, next: u64) -> u64 {
    let mixed = next
        .wrapping_add(0x49a0_f4dd_15e5_a8e3)
        .wrapping_add(so_far << 54)
        .wrapping_add(so_far >> 7);
    so_far ^ mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_without_a_seed_are_those_of_postgres() {
        let integers =
            [1, 3, 5, 0, -1, 4_294_967_296, i64::MIN].map(|it| of_integer(it).cast_signed());
        assert_eq!(
            integers,
            [
                -1_905_060_026,
                -28_094_569,
                -1_330_264_708,
                -272_711_505,
                385_747_274,
                -1_905_060_026,
                -96_758_253
            ]
        );
        let texts = ["", "a", "abcdefghijkl", "a longer text than twelve bytes"];
        let texts = texts.map(|it| of_text(it.as_bytes()).cast_signed());
        assert_eq!(
            texts,
            [-1_477_818_771, 1_075_015_857, -1_586_087_212, 39_646_714]
        );
    }

    /// `SELECT hashint4extended(1, 8816678312871386365)` and its like, of PostgreSQL 15.
    #[test]
    fn hashes_with_the_seed_of_partitions_are_those_of_postgres() {
        for (value, hash) in [
            (1, 5_968_994_663_651_403_477),
            (-7, -7_298_374_200_968_567_817),
            (5_000_000_000, -2_799_505_259_769_899_283),
            (-5_000_000_000, -4_482_100_988_868_492_312),
        ] {
            assert_eq!(of_int8(value).cast_signed(), hash, "{value}");
            if let Ok(narrow) = i32::try_from(value) {
                assert_eq!(of_uint32(narrow.cast_unsigned()), of_int8(value), "{value}");
            }
        }
        for (text, hash) in [
            ("", -5_700_645_584_453_517_373_i64),
            ("abc", 3_628_778_498_291_917_250),
            ("abcdefgh", -7_754_745_184_861_941_070),
            ("abcdefghijkl", -7_876_791_541_613_377_658),
            ("abcdefghijklmnopqrstuvw", -7_324_642_668_702_903_167),
        ] {
            assert_eq!(of_bytes(text.as_bytes()).cast_signed(), hash, "{text}");
        }
    }
}
