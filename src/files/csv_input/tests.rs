use bzip2::write::BzEncoder;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use lzma_rust2::{XzOptions, XzWriter};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn xzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = XzWriter::new(Vec::new(), XzOptions::default()).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

fn zipped(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(text).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn open(bytes: &[u8], encoding: &str) -> Result<(Vec<u8>, u64)> {
    let path = spool(bytes, "bytes").unwrap();
    let said = (!encoding.is_empty()).then(|| Encoding::named(encoding).unwrap());
    let mut text = CsvInput::open(&path, "in.csv", said)?;
    let mut all = Vec::new();
    text.read_to_end(&mut all)?;
    Ok((all, text.bytes_read()))
}

fn refusal(bytes: &[u8], encoding: &str) -> String {
    let error = open(bytes, encoding).unwrap_err();
    crate::postgres::error::describe(&error).text
}

const TEXT: &[u8] = b"id,name\n1,x\n";

/// Compresses a text.
type Compress = fn(&[u8]) -> Vec<u8>;

#[test]
fn compressed_files_are_read_whatever_their_names() {
    let long = b"1,some text\n".repeat(100_000);
    for text in [TEXT, &long] {
        let all = [
            gzipped(text),
            zstandard(text),
            bzipped(text),
            xzipped(text),
            zipped(
                &[("a.csv", text), ("__MACOSX/._a.csv", b"x")],
                CompressionMethod::Deflated,
            ),
            zipped(&[("a.csv", text)], CompressionMethod::Stored),
        ];
        for bytes in all {
            let (found, read) = open(&bytes, "").unwrap();
            assert!(found == text, "{:?}", &bytes[..4]);
            assert!(read <= bytes.len() as u64);
        }
    }
    for plain in ["", "a", "id,name\n"] {
        let expected = (plain.as_bytes().to_vec(), plain.len() as u64);
        assert_eq!(open(plain.as_bytes(), "").unwrap(), expected);
    }
}

#[test]
fn several_streams_are_one_text() {
    let compressions: [Compress; 4] = [gzipped, zstandard, bzipped, xzipped];
    for compress in compressions {
        let both = [compress(TEXT), compress(b"2,y\n")].concat();
        let (text, read) = open(&both, "").unwrap();
        assert_eq!(text, b"id,name\n1,x\n2,y\n");
        assert_eq!(read, both.len() as u64);
    }
}

#[test]
fn truncated_and_damaged_files_are_errors() {
    let text = b"id,name\n".repeat(100);
    let whole = [
        gzipped(&text),
        zstandard(&text),
        bzipped(&text),
        xzipped(&text),
    ];
    for mut bytes in whole {
        bytes.truncate(bytes.len() - 6);
        assert!(open(&bytes, "").is_err(), "{:?}", &bytes[..4]);
    }
    let mut zip = zipped(&[("a.csv", TEXT)], CompressionMethod::Stored);
    zip[40] ^= 1;
    assert!(refusal(&zip, "").contains("its checksum is another"));
    zip.truncate(60);
    assert!(refusal(&zip, "").starts_with("could not read the zip archive"));
}

#[test]
fn what_is_no_text_is_named() {
    let two = zipped(
        &[("a.csv", TEXT), ("b\u{7}.csv", TEXT)],
        CompressionMethod::Stored,
    );
    assert!(
        refusal(&two, "").contains("holds 2 files, a.csv, b\\u{7}.csv; extract them first: unzip ")
    );
    let book = zipped(
        &[("a", b""), ("xl/workbook.xml", b"")],
        CompressionMethod::Stored,
    );
    assert!(refusal(&book, "").contains("is an Excel workbook; save its sheet as CSV"));
    let none = zipped(&[], CompressionMethod::Stored);
    assert!(refusal(&none, "").contains("holds no file"));
    assert!(refusal(b"PAR1\x15\x04", "").contains("is a Parquet file, not text"));
    let mut tar = vec![b'a'; 257];
    tar.extend_from_slice(b"ustar\0");
    assert!(refusal(&gzipped(&tar), "").contains("is a tar archive"));
}

#[test]
fn a_byte_order_mark_decides_the_encoding() {
    let le = b"\xff\xfea\0\xe9\0\n\0";
    let be = b"\xfe\xff\0a\0\xe9\0\n";
    for bytes in [&le[..], &be[..], &gzipped(le), &zstandard(be)] {
        assert_eq!(open(bytes, "").unwrap().0, "aé\n".as_bytes());
    }
    assert_eq!(open(le, "utf-16").unwrap().0, "aé\n".as_bytes());
    assert_eq!(open(&le[2..], "utf-16le").unwrap().0, "aé\n".as_bytes());
    assert_eq!(open(b"a\xe9", "latin1").unwrap().0, "aé".as_bytes());
    assert!(refusal(&le[2..], "").ends_with("use --encoding utf-16le"));
    assert!(refusal(&be[2..], "").ends_with("use --encoding utf-16be"));
    assert!(refusal(le, "utf-8").contains("byte-order mark of UTF-16, and utf-8 was given"));
    assert!(refusal(le, "latin1").contains("byte-order mark of UTF-16, and latin1 was given"));
    assert!(refusal(b"\xef\xbb\xbfa", "latin1").contains("byte-order mark of UTF-8"));
    assert!(refusal(b"\xff\xfe\0\0a\0\0\0", "").contains("is UTF-32"));
}

#[test]
fn a_plain_file_is_read_from_any_byte_on() {
    let path = spool(TEXT, "bytes").unwrap();
    let mut input = CsvInput::open(&path, "in.csv", None).unwrap();
    assert!(input.seek_to(8, "in.csv").unwrap());
    let mut rest = String::new();
    input.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), input.bytes_read()), ("1,x\n", 4));
    let error = input.seek_to(13, "in.csv").unwrap_err().to_string();
    assert!(error.starts_with("in.csv ends before byte 13"), "{error}");
    let path = spool(&*gzipped(b"1,x\n"), "bytes").unwrap();
    let mut input = CsvInput::open(&path, "in.csv", None).unwrap();
    assert!(!input.seek_to(2, "in.csv").unwrap());
}
