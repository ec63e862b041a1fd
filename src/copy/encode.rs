//! Text → a binary field of any column type: scalars by the table of types, containers around them.

use crate::copy::array::each_element;
use crate::copy::format::{field, null, try_field};
use crate::copy::parsed::{Unread, ensure_text};
use crate::copy::range::RangeText;
use crate::copy::types::{DataType, ParserCoverage, TypeKind};

/// Appends a text's value as a binary field, or nothing when it isn't read.
#[inline]
pub fn write_binary(data_type: &DataType, text: &[u8], out: &mut Vec<u8>) -> Result<(), Unread> {
    match &data_type.kind {
        TypeKind::Scalar(scalar) => {
            scalar.parse(text, data_type.modifier)?.write_binary(out);
            Ok(())
        }
        TypeKind::Domain(base) => write_binary(base, text, out),
        _ => write_composed(data_type, text, out),
    }
}

fn write_composed(data_type: &DataType, text: &[u8], out: &mut Vec<u8>) -> Result<(), Unread> {
    ensure_text(text)?;
    if data_type.coverage() == ParserCoverage::None {
        return Err(Unread::Undecided);
    }
    match &data_type.kind {
        TypeKind::Enum(labels) => {
            ensure_label(text, labels)?;
            field(out, |out| out.extend_from_slice(text));
            Ok(())
        }
        TypeKind::Array(element, delimiter) => {
            try_field(out, |out| write_array(element, *delimiter, text, out))
        }
        TypeKind::Range(subtype) => {
            let range = RangeText::parse(text).ok_or(Unread::Undecided)?;
            try_field(out, |out| write_range(subtype, &range, out))
        }
        TypeKind::Multirange(range_type) => {
            let TypeKind::Range(subtype) = &range_type.kind else {
                return Err(Unread::Undecided);
            };
            let ranges = RangeText::parse_all(text).ok_or(Unread::Undecided)?;
            try_field(out, |out| write_multirange(subtype, &ranges, out))
        }
        TypeKind::Scalar(_) | TypeKind::Domain(_) | TypeKind::Composite(_) | TypeKind::Other => {
            Err(Unread::Undecided)
        }
    }
}

/// Rejects a text that is none of an enum's labels.
pub fn ensure_label(text: &[u8], labels: &[String]) -> Result<(), Unread> {
    /// More labels than these are not listed.
    const LISTED: usize = 10;
    if labels.iter().any(|label| label.as_bytes() == text) {
        return Ok(());
    }
    let more = if labels.len() > LISTED { ", …" } else { "" };
    let listed = labels[..labels.len().min(LISTED)].join(", ");
    Err(Unread::Invalid(
        format!("is none of the type's labels: {listed}{more}").into(),
    ))
}

/// As `array_recv` reads it: the number of dimensions, whether there are NULLs, the element type, each dimension's
/// length and lower bound, and the elements.
fn write_array(
    element: &DataType,
    delimiter: u8,
    text: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unread> {
    let start = out.len();
    let mut header = |words: [u32; 3]| {
        words
            .iter()
            .for_each(|it| out.extend_from_slice(&it.to_be_bytes()))
    };
    header([1, 0, element.oid]);
    // Length and lower bound.
    out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
    let (mut count, mut nulls) = (0i32, false);
    each_element(text, delimiter, |text| {
        count += 1;
        match text {
            Some(text) => write_binary(element, text, out),
            None => {
                nulls = true;
                null(out);
                Ok(())
            }
        }
    })?;
    if count == 0 {
        out[start..start + 4].fill(0);
        out.truncate(start + 12);
        return Ok(());
    }
    out[start + 7] = u8::from(nulls);
    out[start + 12..start + 16].copy_from_slice(&count.to_be_bytes());
    Ok(())
}

/// As `range_recv` reads it: flags, then the bounds that there are. The server brings it into its canonical form.
fn write_range(subtype: &DataType, range: &RangeText, out: &mut Vec<u8>) -> Result<(), Unread> {
    out.push(range.flags());
    for bound in [&range.lower, &range.upper].into_iter().flatten() {
        write_binary(subtype, bound, out)?;
    }
    Ok(())
}

/// As `multirange_recv` reads it: how many ranges, then each as a field.
fn write_multirange(
    subtype: &DataType,
    ranges: &[RangeText],
    out: &mut Vec<u8>,
) -> Result<(), Unread> {
    let count = i32::try_from(ranges.len()).map_err(|_| Unread::Undecided)?;
    out.extend_from_slice(&count.to_be_bytes());
    for range in ranges {
        try_field(out, |out| write_range(subtype, range, out))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::copy::types::Scalar;

    fn of(kind: TypeKind) -> DataType {
        DataType {
            oid: 90_000,
            modifier: -1,
            kind,
        }
    }

    fn containers(scalar: Scalar) -> [DataType; 4] {
        let range = of(TypeKind::Range(Box::new(scalar.into())));
        [
            scalar.into(),
            of(TypeKind::Array(Box::new(scalar.into()), b',')),
            of(TypeKind::Multirange(Box::new(range.clone()))),
            range,
        ]
    }

    fn written(data_type: &DataType, text: &str) -> Result<Vec<u8>, Unread> {
        let mut out = Vec::new();
        write_binary(data_type, text.as_bytes(), &mut out)?;
        Ok(out)
    }

    #[test]
    fn arrays_name_their_element_type() {
        let array = of(TypeKind::Array(Box::new(Scalar::Int2.into()), b','));
        assert_eq!(
            written(&array, "{7,NULL}").unwrap(),
            [
                0, 0, 0, 30, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 21, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0,
                2, 0, 7, 255, 255, 255, 255
            ]
        );
        assert_eq!(
            written(&array, "{}").unwrap(),
            [0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 21]
        );
        assert!(matches!(written(&array, "{1,x}"), Err(Unread::Invalid(_))));
    }

    #[test]
    fn ranges_have_flags_and_bounds() {
        let range = of(TypeKind::Range(Box::new(Scalar::Int2.into())));
        assert_eq!(
            written(&range, "[1,)").unwrap(),
            [0, 0, 0, 7, 2 | 16, 0, 0, 0, 2, 0, 1]
        );
        assert_eq!(written(&range, "empty").unwrap(), [0, 0, 0, 1, 1]);
        let multirange = of(TypeKind::Multirange(Box::new(range)));
        assert_eq!(
            written(&multirange, "{(,)}").unwrap(),
            [0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 8 | 16]
        );
    }

    #[test]
    fn enums_have_only_their_labels() {
        let mood = of(TypeKind::Enum(vec!["sad".into(), "ok".into()]));
        let domain = of(TypeKind::Domain(Box::new(mood)));
        assert_eq!(written(&domain, "ok").unwrap(), [0, 0, 0, 2, b'o', b'k']);
        assert_eq!(
            written(&domain, "OK"),
            Err(Unread::Invalid(
                "is none of the type's labels: sad, ok".into()
            ))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_left_alone(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
            for &scalar in Scalar::ALL {
                for data_type in containers(scalar) {
                    let mut out = vec![1];
                    match write_binary(&data_type, &bytes, &mut out) {
                        Ok(()) => prop_assert!(out.len() >= 5),
                        Err(_) => prop_assert_eq!(&out, &[1]),
                    }
                }
            }
        }

        #[test]
        fn what_is_read_is_read_back_from_its_text(text in "[0-9a-fx:.T{}\\[(), -]{0,24}") {
            for &scalar in Scalar::ALL {
                if let Ok(value) = scalar.parse(text.as_bytes(), -1) {
                    let mut written = Vec::new();
                    value.write_text(&mut written);
                    let (mut first, mut second) = (Vec::new(), Vec::new());
                    value.write_binary(&mut first);
                    let again = scalar.parse(&written, -1);
                    prop_assert!(again.is_ok(), "{} {:?}", scalar.name(), String::from_utf8_lossy(&written));
                    again.unwrap().write_binary(&mut second);
                    prop_assert_eq!(first, second, "{}", scalar.name());
                }
            }
        }
    }
}
