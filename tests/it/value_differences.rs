//! The differential test of values: for every column type, texts picked by hand and generated ones are read here and by
//! the server, and verdict and value are the same, but for a short list of liberties, which docs/loading.md publishes.
//!
//! The server's verdict comes from the assignment of each text to a variable of the type, which calls the type's input
//! function as COPY does; what it takes goes through a COPY of CSV, what is read here through a binary one.

use std::fmt::Write;

use bytes::Bytes;
use futures_util::SinkExt;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use seedrow::copy::format::{begin_row, fixed};
use seedrow::copy::{ColumnReader, CopyFormat, DataType, Scalar, Unread};
use seedrow::dataset::spellings::Spellings;
use seedrow::postgres::catalog::{self, Scope};
use tokio_postgres::Client;

use crate::column_types::{SETUP, TEXTS, TYPES};
use crate::support::{Db, block_on, connect};

/// Texts generated for each type.
const GENERATED: usize = 320;

/// What a text is made of, by what the names of types contain: near enough to what the type takes that many are right.
const GRAMMARS: &[(&[&str], &[&str])] = &[
    (
        &["bool"],
        &["( ?)(t|f|tr|true|TRUE|yes|ye|no|of|on|off|0|1|o|null)( ?)"],
    ),
    (
        &["smallint", "integer", "bigint", "small", "oid"],
        &[
            "( |\t)?[+-]?[0-9]{1,20} ?",
            "[+-]?[0-9]{0,3}(\\.|_|e|,)?[0-9]{0,2}",
            "(32767|32768|2147483647|2147483648|9223372036854775807)",
        ],
    ),
    (
        &["real", "double", "numeric", "money", "small"],
        &[
            " ?[+-]?[0-9]{0,12}\\.?[0-9]{0,8}(e[+-]?[0-9]{1,3})? ?",
            "[+-]?(nan|NaN|inf|Infinity|-inf|infinit|in)",
            "[$€]?[0-9]{1,3}(,[0-9]{3}){0,2}(\\.[0-9]{2})?",
        ],
    ),
    (
        &["text", "char", "name", "varchar"],
        &["[a-zé€ ]{0,6}", "[ -~]{0,8}", "[a-z]{2,4} {0,3}"],
    ),
    (
        &["date", "timestamp"],
        &[
            "(19|20|21)?[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[0-2])",
            "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[T ](0[0-9]|1[0-9]|2[0-5]|[0-9]):[0-5][0-9](:[0-6][0-9](\\.[0-9]{1,8})?)?( ?(Z|UTC|[+-][01][0-9](:?[0-5][0-9])?|AM|PM|pm))?",
            "[0-9]{1,2}(/|-|\\.)[0-9]{1,2}(/|-|\\.)([0-9]{2}|(19|20)[0-9]{2})",
            "(19|20)[0-9]{2}(/|\\.)[0-9]{1,2}(/|\\.)[0-9]{1,2}( [0-9]{1,2}:[0-9]{2} ?([AP]M)?)?",
            "(Jan|feb|MARCH|Sept|June|jul|Dec|Foo)(-| )[0-9]{1,2},?(-| )([0-9]{2}|(19|20)[0-9]{2})",
            "[0-9]{1,2}(-| )(Jan|feb|MARCH|Sept|June|jul|Dec)(-| )([0-9]{2}|(19|20)[0-9]{2})( 12:00)?",
            "(19|20)[0-9]{2}-(Jan|Feb|may)-[0-9]{1,2}",
            "[0-9]{4,10}",
            "(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9])(T[0-9]{6})?",
            "[0-9]{1,5}-0[1-9]-1[0-9]( BC| AD)?",
        ],
    ),
    (
        &["time", "interval"],
        &[
            "[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\\.[0-9]{1,8})?)? ?(AM|PM|am|Z|UTC|[+-][0-9]{2}(:[0-9]{2})?)?",
            "(-|\\+)?[0-9]{1,3} (years?|mons?|days?|weeks?)( (-)?[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?( ago)?",
            "P([0-9]Y)?([0-9]M)?(T[0-9]H)?",
        ],
    ),
    (
        &["uuid"],
        &["\\{?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{11,13}\\}?"],
    ),
    (
        &["json"],
        &[
            "\\{\"[a-z]{1,3}\": ?(1|null|\"x\"|\\[1, ?2\\])(,)?\\}",
            "\\[([0-9]{1,3},?){0,4}\\]",
            "\"[a-z\\\\u0-9]{0,6}\"",
            "-?[0-9]{1,3}(\\.[0-9]{0,2})?(e[0-9]{0,2})?",
        ],
    ),
    (
        &["bytea"],
        &[
            "\\\\x([0-9a-f]{2} ?){0,4}[0-9a-g]?",
            "[a-z\\\\]{0,4}(\\\\[0-4][0-7]{2})?",
        ],
    ),
    (
        &["inet", "cidr"],
        &[
            "[0-9]{1,3}(\\.[0-9]{1,3}){1,3}(/[0-9]{1,2})?",
            "([0-9a-f]{0,4}:){2,8}[0-9a-f]{0,4}(/[0-9]{1,3})?",
            "(10|192\\.168|172\\.16\\.0)(\\.0){0,2}/(8|12|16|24|32)",
        ],
    ),
    (
        &["macaddr"],
        &[
            "([0-9a-f]{2}[:-]){5,7}[0-9a-fA-F]{1,2}",
            "[0-9a-f]{4}\\.[0-9a-f]{4}\\.[0-9a-f]{4}",
            "[0-9a-f]{6}[:-]?[0-9a-f]{6}",
        ],
    ),
    (&["bit"], &["[01]{0,6}", "[bBxX][0-9a-fA-F]{0,2}"]),
    (&["mood"], &["(sad|ok|OK|so, so|1|2| ok)"]),
    (
        &["[]", "moods"],
        &[
            "\\{((1|-2|a|NULL|sad|\"x\"|2024-02-29|1\\.5),? ?){0,3}\\}",
            "(\\[0:1\\]=)?\\{[0-9],[0-9]\\}?",
        ],
    ),
    (
        &["range"],
        &[
            "[\\[(] ?[0-9]{0,3},[0-9]{0,3} ?[\\])]",
            "[\\[(](2024-0[1-3]-1[0-9])?,(2024-0[4-6]-1[0-9])?[\\])]",
            "[\\[(][a-c]?,[d-f]?[\\])]",
            "(empty|Empty|emp)",
        ],
    ),
    (
        &["multirange"],
        &[
            "\\{([\\[(][0-9]{1,2},[0-9]{2}[\\])],? ?){0,3}\\}",
            "\\{\\[2024-01-01,2024-02-0[1-9]\\)\\}",
        ],
    ),
    (&["point", "pair"], &["\\(?[0-9]{1,2},[0-9a]{0,2}\\)?"]),
    (
        &["ts", "pg_lsn"],
        &[
            "[a-z']{0,4}(:[0-9]{1,2}[A-D]?)? ?[a-z&|!]{0,4}",
            "[0-9A-F]{1,9}/[0-9A-F]{1,9}",
        ],
    ),
];

/// The texts of a type: those picked by hand, and generated ones, some of which have a character changed.
fn texts(type_name: &str) -> Vec<String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[42; 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let applies = |names: &&[&str]| names.iter().any(|name| type_name.contains(name));
    let patterns: Vec<&str> = GRAMMARS
        .iter()
        .filter(|(names, _)| applies(names))
        .flat_map(|(_, patterns)| patterns.iter().copied())
        .collect();
    assert!(!patterns.is_empty(), "{type_name} has no grammar");
    let picked = TEXTS.iter().chain(&["0x1p3"]);
    let mut texts: Vec<String> = picked.map(|&text| text.to_owned()).collect();
    let odd = ["", " ", "0", "9", "-", ".", ",", "x", "'", "é", ":"];
    let change = (0..4u8, any::<prop::sample::Index>(), 0..odd.len());
    let strategies: Vec<_> = patterns
        .iter()
        .map(|pattern| proptest::string::string_regex(pattern).unwrap())
        .collect();
    for number in 0..GENERATED {
        let strategy = &strategies[number % strategies.len()];
        let mut text = strategy.new_tree(&mut runner).unwrap().current();
        let (kind, at, put) = change.new_tree(&mut runner).unwrap().current();
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        if kind == 0 && !places.is_empty() {
            let at = *at.get(&places);
            let end = at + text[at..].chars().next().unwrap().len_utf8();
            text.replace_range(at..end, odd[put]);
        }
        texts.push(text);
    }
    texts
}

/// Where seedrow's verdict differs from the server's, on purpose: docs/loading.md, "How values are read".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Liberty {
    /// `42.0` in a column of whole numbers is 42.
    WholeFraction,
    /// `3/4/2024` is refused where styles read different days.
    AmbiguousDate,
    /// `0x1p3` in a column of floating-point numbers is refused.
    HexadecimalFloat,
    /// A bare number that isn't a date of six or eight digits is refused: Postgres reads `1596080407` as a day in 159608.
    BareNumber,
}

fn liberty(data_type: &DataType, text: &str, read: &Result<Vec<u8>, Unread>) -> Option<Liberty> {
    let text = text.trim();
    match (data_type.scalar()?, read) {
        (Scalar::Int2 | Scalar::Int4 | Scalar::Int8, Ok(_)) => {
            text.contains('.').then_some(Liberty::WholeFraction)
        }
        (Scalar::Float4 | Scalar::Float8, Err(Unread::Invalid(_))) => {
            text.contains("0x").then_some(Liberty::HexadecimalFloat)
        }
        (Scalar::Date | Scalar::Timestamp | Scalar::Timestamptz, Err(Unread::Invalid(reason))) => {
            let number = text.parse::<f64>().is_ok();
            match reason.contains("could be") {
                true => Some(Liberty::AmbiguousDate),
                false => number.then_some(Liberty::BareNumber),
            }
        }
        _ => None,
    }
}

/// How the texts of a type came out.
#[derive(Default)]
struct Counts {
    texts: usize,
    taken: usize,
    rejected: usize,
    undecided: usize,
    liberties: Vec<Liberty>,
}

async fn copy(
    client: &Client,
    table: &str,
    format: CopyFormat,
    rows: &[u8],
) -> Result<u64, tokio_postgres::Error> {
    let statement = format!("COPY {table} FROM STDIN ({})", format.option());
    let sink = client.copy_in(&statement).await?;
    let mut sink = std::pin::pin!(sink);
    let bytes = [format.prologue(), rows, format.epilogue()].concat();
    // An error is reported at the end.
    let _ = sink.send(Bytes::from(bytes)).await;
    sink.finish().await
}

/// For each text whether the server takes it.
async fn verdicts(client: &Client, type_name: &str, texts: &[String]) -> Vec<bool> {
    let function = format!(
        "CREATE OR REPLACE FUNCTION pg_temp.taken(texts text[]) RETURNS boolean[] LANGUAGE plpgsql AS $f$
        DECLARE
            value {type_name};
            verdicts boolean[] := '{{}}';
        BEGIN
            FOR number IN 1..cardinality(texts) LOOP
                BEGIN
                    value := texts[number];
                    verdicts[number] := true;
                EXCEPTION WHEN OTHERS THEN
                    verdicts[number] := false;
                END;
            END LOOP;
            RETURN verdicts;
        END $f$"
    );
    client.batch_execute(&function).await.unwrap();
    let sql = "SELECT pg_temp.taken($1)";
    client.query_one(sql, &[&texts]).await.unwrap().get(0)
}

async fn data_type(client: &Client, table: &str) -> DataType {
    let oid = catalog::find(client, None, table).await.unwrap().unwrap();
    let columns = catalog::columns(client, Scope::Tables(&[oid])).await;
    columns.unwrap()[1].data_type.clone()
}

async fn compare(
    client: &Client,
    number: usize,
    type_name: &str,
    wrong: &mut Vec<String>,
) -> Counts {
    let (csv, binary) = (format!("csv{number}"), format!("binary{number}"));
    let create = format!(
        "CREATE TABLE {csv} (n integer, v {type_name}); CREATE TABLE {binary} (n integer, v {type_name})"
    );
    client.batch_execute(&create).await.unwrap();
    let data_type = data_type(client, &binary).await;
    let reader = ColumnReader::new(&data_type, &Spellings::default());
    let texts = texts(type_name);
    let verdicts = verdicts(client, type_name, &texts).await;
    let mut counts = Counts {
        texts: texts.len(),
        ..Counts::default()
    };
    let (mut rows, mut lines) = (Vec::new(), String::new());
    for (at, (text, &taken)) in texts.iter().zip(&verdicts).enumerate() {
        let mut field = Vec::new();
        let read = reader
            .write_binary(text.as_bytes(), &mut field)
            .map(|()| field);
        let mut row = Vec::new();
        if let Ok(field) = &read {
            begin_row(2, &mut row);
            fixed(i32::try_from(at).unwrap().to_be_bytes(), &mut row);
            row.extend(field);
        }
        let agrees = match &read {
            // A domain's CHECK and a range's order are the server's to judge, in binary too.
            Ok(_) => {
                taken
                    || copy(client, &binary, CopyFormat::Binary, &row)
                        .await
                        .is_err()
            }
            Err(Unread::Invalid(_)) => !taken,
            Err(Unread::Undecided) => true,
        };
        match &read {
            Ok(_) => counts.taken += 1,
            Err(Unread::Invalid(_)) => counts.rejected += 1,
            Err(Unread::Undecided) => counts.undecided += 1,
        }
        if !agrees {
            let delete = format!("DELETE FROM {binary} WHERE n = {at}");
            client.batch_execute(&delete).await.unwrap();
            match liberty(&data_type, text, &read) {
                Some(liberty) => counts.liberties.push(liberty),
                None => wrong.push(format!(
                    "{type_name}: {text:?} is {read:?}, and the server takes it: {taken}"
                )),
            }
            continue;
        }
        if taken && read.is_ok() {
            rows.extend(row);
            writeln!(lines, "{at},\"{}\"", text.replace('"', "\"\"")).unwrap();
        }
    }
    for (table, format, rows) in [
        (&csv, CopyFormat::Csv, lines.as_bytes()),
        (&binary, CopyFormat::Binary, &rows[..]),
    ] {
        if let Err(error) = copy(client, table, format, rows).await {
            wrong.push(format!("{type_name}, {format:?}: {error:?}"));
        }
    }
    let sql = format!(
        "SELECT n, concat_ws(' there, here ', {csv}.v::text, {binary}.v::text) FROM {csv} FULL JOIN {binary} USING (n)
        WHERE {csv}.v::text IS DISTINCT FROM {binary}.v::text"
    );
    for row in client.query(&sql, &[]).await.unwrap() {
        let at = usize::try_from(row.get::<_, i32>(0)).unwrap();
        wrong.push(format!(
            "{type_name}: {:?} is {}",
            texts[at],
            row.get::<_, String>(1)
        ));
    }
    counts
}

#[test]
fn verdicts_and_values_are_the_servers_own() {
    let db = Db::new("value_differences");
    let (mut wrong, mut all) = (Vec::new(), 0);
    let mut liberties = Vec::new();
    block_on(async {
        let client = connect(&db.url()).await;
        client.batch_execute("SET TimeZone = 'UTC'").await.unwrap();
        client.batch_execute(SETUP).await.unwrap();
        println!(
            "{:24} {:>6} {:>6} {:>8} {:>9} {:>9}",
            "type", "texts", "taken", "rejected", "undecided", "liberties"
        );
        for (number, type_name) in TYPES.iter().enumerate() {
            let counts = compare(&client, number, type_name, &mut wrong).await;
            println!(
                "{type_name:24} {:6} {:6} {:8} {:9} {:9}",
                counts.texts,
                counts.taken,
                counts.rejected,
                counts.undecided,
                counts.liberties.len()
            );
            all += counts.texts;
            liberties.extend(counts.liberties);
        }
    });
    println!("{all} texts");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(all >= 20_000, "{all} texts");
    liberties.sort();
    liberties.dedup();
    assert_eq!(
        liberties,
        [
            Liberty::WholeFraction,
            Liberty::AmbiguousDate,
            Liberty::HexadecimalFloat,
            Liberty::BareNumber
        ],
        "each liberty is taken by some text"
    );
}
