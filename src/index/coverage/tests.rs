use super::*;
use crate::index::survey::samples::{foreign_key, index};
use crate::postgres::TableName;

fn named(name: &str, make: impl Fn(String) -> CoverageVerdict) -> CoverageVerdict {
    make(name.to_owned())
}

/// One case a line: the key's columns, the indexes there are, and the verdict.
#[test]
fn judges_each_case() {
    let covered = named("x", |index| CoverageVerdict::Covered { index });
    let prefix = named("x", |index| CoverageVerdict::PrefixOnly { index });
    let behind = named("x", |index| CoverageVerdict::NonLeading { index });
    let partial = named("x", |index| CoverageVerdict::Partial { index });
    let invalid = named("x", |index| CoverageVerdict::Invalid { index });
    let not_null = |predicate: &str| Index {
        predicate: Some(predicate.to_owned()),
        ..index("x", &[1])
    };
    let broken = |change: fn(&mut Index)| {
        let mut broken = index("x", &[1]);
        change(&mut broken);
        broken
    };
    let method = |method: &str, columns: &[i16]| Index {
        method: method.to_owned(),
        ..index("x", columns)
    };
    let [method_unfit, class_unfit, collation_unfit] =
        [Unfit::Method, Unfit::OperatorClass, Unfit::Collation]
            .map(|why| named("x", |index| CoverageVerdict::Unfit { index, why }));
    #[rustfmt::skip]
    let cases: Vec<(&str, &[i16], Vec<Index>, &CoverageVerdict)> = vec![
        ("no index at all",           &[1],    vec![],                                              &CoverageVerdict::Uncovered),
        ("its own index",             &[1],    vec![index("x", &[1])],                              &covered),
        ("a wider index",             &[1],    vec![index("x", &[1, 2])],                           &covered),
        ("both columns",              &[1, 2], vec![index("x", &[1, 2])],                           &covered),
        ("both, the other way round", &[1, 2], vec![index("x", &[2, 1, 3])],                        &covered),
        ("one of two",                &[1, 2], vec![index("x", &[2])],                              &prefix),
        ("one of two, then another",  &[1, 2], vec![index("x", &[1, 3, 2])],                        &prefix),
        ("another column first",      &[1],    vec![index("x", &[2, 1])],                           &behind),
        ("an expression first",       &[1],    vec![index("x", &[0, 1])],                           &behind),
        ("an expression only",        &[1],    vec![index("x", &[0])],                              &CoverageVerdict::Uncovered),
        ("another column",            &[1],    vec![index("x", &[2])],                              &CoverageVerdict::Uncovered),
        ("partial on another column", &[1],    vec![not_null("(status = 'open'::text)")],           &partial),
        ("partial, more than needed", &[1],    vec![not_null("((c1 IS NOT NULL) AND (c2 > 0))")],   &partial),
        ("partial, but implied",      &[1],    vec![not_null("(c1 IS NOT NULL)")],                  &covered),
        ("partial, implied for both", &[1, 2], vec![Index { key_columns: vec![1, 2], ..not_null("((c1 IS NOT NULL) AND (c2 IS NOT NULL))") }], &covered),
        ("invalid",                   &[1],    vec![broken(|i| i.valid = false)],                   &invalid),
        ("not ready",                 &[1],    vec![broken(|i| i.ready = false)],                   &invalid),
        ("being dropped",             &[1],    vec![broken(|i| i.live = false)],                    &invalid),
        ("hash",                      &[1],    vec![method("hash", &[1])],                          &covered),
        ("hash on one of two",        &[1, 2], vec![method("hash", &[1])],                          &prefix),
        ("brin",                      &[1],    vec![method("brin", &[1])],                          &method_unfit),
        ("gin",                       &[1],    vec![method("gin", &[1])],                           &method_unfit),
        ("gist, another first",       &[1],    vec![method("gist", &[2, 1])],                       &CoverageVerdict::Uncovered),
        ("another operator class",    &[1],    vec![Index { families: vec![9], ..index("x", &[1]) }],          &class_unfit),
        ("another collation",         &[1],    vec![Index { collations: vec![9], ..index("x", &[1]) }],        &collation_unfit),
        ("a type without collation",  &[1],    vec![Index { collations: vec![0], ..index("x", &[1]) }],        &covered),
        ("the second collates oddly", &[1, 2], vec![Index { collations: vec![100, 9], ..index("x", &[1, 2]) }], &collation_unfit),
        ("a wider one's last does",   &[1],    vec![Index { collations: vec![100, 9], ..index("x", &[1, 2]) }], &covered),
        ("included columns",          &[1, 2], vec![index("x", &[1])],                              &prefix),
        ("unfit, but partial",        &[1],    vec![Index { families: vec![9], ..not_null("(c2 > 0)") }],      &class_unfit),
        ("the best of several",       &[1],    vec![index("y", &[2, 1]), index("x", &[1])],         &covered),
        ("another table's",           &[1],    vec![Index { table_oid: 99, ..index("x", &[1]) }],   &CoverageVerdict::Uncovered),
    ];
    for (case, columns, indexes, expected) in cases {
        assert_eq!(
            &verdict(&foreign_key(columns), &indexes),
            expected,
            "{case}"
        );
    }
}

#[test]
fn every_verdict_says_why() {
    let index = || "Odd Name".to_owned();
    for verdict in [
        CoverageVerdict::Covered { index: index() },
        CoverageVerdict::Invalid { index: index() },
        CoverageVerdict::Partial { index: index() },
        CoverageVerdict::PrefixOnly { index: index() },
        CoverageVerdict::NonLeading { index: index() },
        CoverageVerdict::Unfit {
            index: index(),
            why: Unfit::Method,
        },
        CoverageVerdict::Unfit {
            index: index(),
            why: Unfit::OperatorClass,
        },
        CoverageVerdict::Unfit {
            index: index(),
            why: Unfit::Collation,
        },
        CoverageVerdict::Unfit {
            index: index(),
            why: Unfit::Cast,
        },
    ] {
        assert!(verdict.reason().contains("\"Odd Name\""), "{verdict:?}");
    }
}

#[test]
fn partitions_may_have_an_index_each() {
    let part = |table_oid, number| Partition {
        table_oid,
        table: TableName::new("public", "part"),
        numbers: vec![number],
    };
    let key = ForeignKey {
        partitions: vec![part(11, 1), part(12, 5)],
        ..foreign_key(&[1])
    };
    let on = |table_oid, name: &str, number| Index {
        table_oid,
        ..index(name, &[number])
    };
    let both = [on(11, "a", 1), on(12, "b", 5)];
    assert_eq!(
        verdict(&key, &both),
        CoverageVerdict::CoveredInParts { partitions: 2 }
    );
    assert_eq!(verdict(&key, &both[..1]), CoverageVerdict::Uncovered);
    let wrong = [on(11, "a", 1), on(12, "b", 1)];
    assert_eq!(verdict(&key, &wrong), CoverageVerdict::Uncovered);
    let own = Index {
        valid: false,
        ..on(10, "whole", 1)
    };
    let invalid = CoverageVerdict::Invalid {
        index: "whole".into(),
    };
    assert_eq!(verdict(&key, &[own.clone(), both[0].clone()]), invalid);
    let [a, b] = both;
    assert!(verdict(&key, &[own, a, b]).is_covered());
}
