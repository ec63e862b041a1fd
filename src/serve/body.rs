//! A response's body with what is derived from it: its ETag, and itself compressed.

use std::io::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::HeaderValue;
use xxhash_rust::xxh3::xxh3_64;

/// Smaller bodies fit one packet anyway.
const SHORTEST_COMPRESSED: usize = 1_000;

/// A body; what is derived from it is computed when it is first asked for.
#[derive(Debug)]
pub struct Body {
    plain: Bytes,
    etag: OnceLock<HeaderValue>,
    gzip: OnceLock<Option<Bytes>>,
}

impl Body {
    /// Of these bytes.
    pub fn new(plain: Bytes) -> Body {
        Body {
            plain,
            etag: OnceLock::new(),
            gzip: OnceLock::new(),
        }
    }

    /// As it is.
    pub fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// Weak, since one tag holds for the plain and the compressed bytes.
    pub fn etag(&self) -> &HeaderValue {
        self.etag.get_or_init(|| {
            let tag = format!("W/\"{:016x}\"", xxh3_64(&self.plain));
            HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"\""))
        })
    }

    /// Compressed; `None` where that saves less than half, so that a body never takes more than one and a half times its
    /// length.
    pub fn gzip(&self) -> Option<&Bytes> {
        self.gzip.get_or_init(|| compress(&self.plain)).as_ref()
    }

    /// The most memory that it may take.
    pub fn weight(&self) -> u64 {
        let plain = self.plain.len() as u64;
        plain + plain / 2 + size_of::<Body>() as u64
    }
}

fn compress(plain: &[u8]) -> Option<Bytes> {
    if plain.len() < SHORTEST_COMPRESSED {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).ok()?;
    let mut compressed = encoder.finish().ok()?;
    compressed.shrink_to_fit();
    (compressed.len() <= plain.len() / 2).then(|| compressed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_shrinks_to_half_is_compressed() {
        let long = Body::new(Bytes::from("abc".repeat(1_000)));
        assert!(long.gzip().is_some_and(|it| it.len() < 200));
        assert!(Body::new(Bytes::from_static(b"{}")).gzip().is_none());
        let noise: Vec<u8> = (0..4_000_u64)
            .map(|n| xxh3_64(&n.to_le_bytes()).to_le_bytes()[0])
            .collect();
        assert!(Body::new(noise.into()).gzip().is_none());
    }

    #[test]
    fn equal_bytes_have_an_equal_tag() {
        let tag = |text: &'static str| {
            Body::new(Bytes::from_static(text.as_bytes()))
                .etag()
                .clone()
        };
        assert_eq!(tag("a"), tag("a"));
        assert_ne!(tag("a"), tag("b"));
    }
}
