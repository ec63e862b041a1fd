
#[cfg(test)]
mod tests {
    use super::*;

    /// `SELECT hashint4extended(1, 8816678312871386365)` and its like, of PostgreSQL 15.
    #[test]
    fn hashes_are_those_of_the_server() {
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
