//! Rows in COPY's binary format, taken apart.

/// Puts these fields of the first row into `values`, in the same order, NULL being `None`, and returns the row's length;
/// `None` when it isn't whole or lacks one of the fields.
///
/// The others are only skipped: a row has more fields than a key, and each row of a table passes here.
#[inline]
pub fn pick<'b>(
    bytes: &'b [u8],
    fields: &[usize],
    values: &mut [Option<&'b [u8]>],
) -> Option<usize> {
    let count = usize::from(u16::from_be_bytes(*bytes.first_chunk()?));
    if fields.iter().any(|field| *field >= count) {
        return None;
    }
    let mut at = 2;
    for field in 0..count {
        let length = i32::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        at += 4;
        // NULL has a length below 0.
        let length = usize::try_from(length).ok();
        let end = at + length.unwrap_or(0);
        for (value, wanted) in values.iter_mut().zip(fields) {
            if *wanted == field {
                *value = length.and_then(|_| bytes.get(at..end));
            }
        }
        at = end;
    }
    (at <= bytes.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of these fields, and one byte of the next row.
    fn row(fields: &[Option<&str>]) -> Vec<u8> {
        let mut bytes = u16::try_from(fields.len()).unwrap().to_be_bytes().to_vec();
        for field in fields {
            let length = field.map_or(-1, |it| i32::try_from(it.len()).unwrap());
            bytes.extend(length.to_be_bytes());
            bytes.extend(field.unwrap_or_default().as_bytes());
        }
        bytes.push(0);
        bytes
    }

    #[test]
    fn fields_are_picked_in_the_order_asked_for() {
        let row = row(&[Some("a"), None, Some(""), Some("bcd")]);
        let mut values = [Some(&b"of an earlier row"[..]); 4];
        assert_eq!(pick(&row, &[3, 1, 0, 2], &mut values), Some(row.len() - 1));
        assert_eq!(values, [Some(&b"bcd"[..]), None, Some(b"a"), Some(b"")]);
    }

    #[test]
    fn a_row_that_is_cut_short_or_lacks_a_field_is_none() {
        let row = row(&[Some("a"), Some("bcd")]);
        for length in 0..row.len() - 1 {
            assert_eq!(pick(&row[..length], &[0], &mut [None]), None, "{length}");
        }
        assert_eq!(pick(&row, &[2], &mut [None]), None);
        assert_eq!(pick(&row, &[], &mut []), Some(row.len() - 1));
    }
}
