//! Rows in COPY's binary format, taken apart.

/// The fields of the first row, NULL being `None`, and its length; `None` when it isn't whole.
#[inline]
pub fn split<'b>(bytes: &'b [u8], fields: &mut Vec<Option<&'b [u8]>>) -> Option<usize> {
    fields.clear();
    let count = u16::from_be_bytes(*bytes.first_chunk()?);
    let mut at = 2;
    for _ in 0..count {
        let length = i32::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        at += 4;
        // NULL has a length below 0.
        let Ok(length) = usize::try_from(length) else {
            fields.push(None);
            continue;
        };
        fields.push(Some(bytes.get(at..at + length)?));
        at += length;
    }
    Some(at)
}
