//! The account of any file adds up, whatever bytes it is made of.
#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use crate::dataset::Dataset;
use crate::dataset::record_format::FormatOptions;
use crate::load::account::Account;
use crate::load::source::check_only::check_only;
use crate::load::source::options::FileOptions;
use crate::load::source::rejects::{MaxRejects, Rejects};
use crate::load::source::scope::Scoped;
use crate::load::{Input, NamedBy, NamedFile, Overrides};
use crate::progress::Progress;

/// Reads bytes as a table's file; the account, and the rejected records as they were written.
fn account(table: &str, bytes: &[u8]) -> anyhow::Result<(Account, usize)> {
    account_of(table, bytes, None)
}

fn account_of(
    table: &str,
    bytes: &[u8],
    one_line: Option<bool>,
) -> anyhow::Result<(Account, usize)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("in.csv");
    std::fs::write(&path, bytes)?;
    let dataset = Dataset::open("catalog")?;
    let tables = dataset.select(Some(&[table.to_owned()]))?;
    let overrides = Overrides {
        files: vec![NamedFile {
            table: table.to_owned(),
            path,
            named_by: NamedBy::File,
        }],
        options: FileOptions {
            formats: vec![Scoped {
                scope: None,
                value: FormatOptions {
                    one_line,
                    ..FormatOptions::default()
                },
            }],
            spellings: Vec::new(),
        },
        ..Overrides::default()
    };
    let input = Input::find(&dataset, None, &tables, &overrides)?;
    let aside = folder.path().join("rejects");
    let rejects = Rejects::new(&aside, MaxRejects::Count(u64::MAX), input.paths());
    let stop = AtomicBool::new(false);
    let accounts = check_only(
        &dataset,
        &input,
        None,
        &rejects,
        &Progress::new(true),
        &stop,
    )?;
    let written = std::fs::read(aside.join(format!("{table}.csv"))).unwrap_or_default();
    Ok((accounts[0].clone(), written.len()))
}

/// Read, loaded, rejected, dropped, repaired.
fn counts(table: &str, bytes: &[u8]) -> [u64; 5] {
    let (account, _) = account(table, bytes).unwrap();
    let Account {
        read,
        loaded,
        rejected,
        dropped,
        repaired,
        ..
    } = account;
    [read, loaded, rejected, dropped, repaired]
}

#[test]
fn each_kind_of_dirt_is_accounted_for() {
    let related = |text: &str| {
        let file = format!("id,current_product_id,related_product_id\n{text}");
        counts("related", file.as_bytes())
    };
    let corpus: &[(&str, [u64; 5])] = &[
        ("", [0, 0, 0, 0, 0]),
        ("1,2,3", [1, 1, 0, 0, 0]),
        ("1,2,3\r\n\r\n\n2, 3 ,\"4\"\r", [2, 2, 0, 0, 0]),
        ("1,2,0\n2,2,00\n3,2,\"0\"\n4,2,0.0\n", [4, 0, 0, 4, 0]),
        ("355,46,\"11\", 11\n", [1, 0, 1, 0, 0]),
        ("1,2,\"3\n2,3,4\n", [2, 2, 0, 0, 1]),
        ("1,\"2,3\n2,3,4\n", [2, 1, 1, 0, 0]),
        ("1,\"2\"x,3\n2,3,4\n", [2, 1, 1, 0, 0]),
        ("1,2\n2,3,4,5\n,,\n", [3, 1, 2, 0, 0]),
        (
            "1,2,99999999999999999999\n1,2,1e3\n1,2,0x1F\n",
            [3, 0, 3, 0, 0],
        ),
        ("1,2,\0\n1,2,\u{661}\n1,2,null\n", [3, 1, 2, 0, 0]),
        (
            "id,current_product_id,related_product_id\n",
            [1, 0, 1, 0, 0],
        ),
        ("\u{feff}1,2,3\n", [1, 0, 1, 0, 0]),
    ];
    for (text, expected) in corpus {
        assert_eq!(related(text), *expected, "{text:?}");
    }
    let features = |value: &[u8]| {
        let file = [b"id,product_id,feature,value\n1,1,", value, b",x\n"].concat();
        counts("features", &file)
    };
    assert_eq!(features(b"caf\xc3\xa9"), [1, 1, 0, 0, 0]);
    assert_eq!(features(b"caf\xe9"), [1, 0, 1, 0, 0]);
    assert_eq!(features(b"a\0b"), [1, 0, 1, 0, 0]);
    let products = b"id,name,slogan,description,category,default_price\n1,a,\"two\nlines\",b,c,5\n2,a,\"open,b,c,5\n3,a,b,c,d,5\n";
    assert_eq!(counts("products", products), [3, 2, 1, 0, 0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_account_of_any_bytes_adds_up(
        bytes in prop::collection::vec(
            prop_oneof![
                3 => Just(b','), 2 => Just(b'\n'), 1 => Just(b'\r'), 2 => Just(b'"'), 4 => Just(b'1'), 1 => Just(b'0'), 1 => prop::num::u8::ANY
            ],
            0..400,
        ),
        products in any::<bool>(),
        one_line in any::<bool>(),
    ) {
        let (table, header) = match products {
            true => ("products", "id,name,slogan,description,category,default_price\n"),
            false => ("related", "id,current_product_id,related_product_id\n"),
        };
        let file = [header.as_bytes(), &bytes].concat();
        let (account, aside) = account_of(table, &file, one_line.then_some(true)).unwrap();
        prop_assert!(account.ensure_adds_up().is_ok());
        prop_assert_eq!(account.rejected > 0, aside > 0);
        if one_line {
            let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
            prop_assert_eq!(account.read, lines.filter(|line| !line.is_empty()).count() as u64);
        }
    }

    #[test]
    fn a_header_of_any_bytes_is_read_or_refused(bytes in prop::collection::vec(prop::num::u8::ANY, 0..100)) {
        let _ = account("related", &bytes);
    }
}
