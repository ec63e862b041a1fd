use super::*;
use crate::index::survey::samples::{foreign_key, index};

fn plain(name: &str) -> IndexColumn {
    IndexColumn {
        name: name.to_owned(),
        number: 1,
        expression: None,
        collation: None,
    }
}

fn columns_proposed(keys: &[&[i16]]) -> Vec<String> {
    let keys: Vec<ForeignKey> = keys.iter().map(|columns| foreign_key(columns)).collect();
    let keys: Vec<&ForeignKey> = keys.iter().collect();
    propose(&keys, &[], &[], &mut HashMap::new())
        .iter()
        .map(|proposal| proposal.column_names().join(","))
        .collect()
}

#[test]
fn one_index_serves_keys_that_contain_one_another() {
    assert_eq!(columns_proposed(&[&[1]]), ["c1"]);
    assert_eq!(columns_proposed(&[&[1], &[2]]), ["c1", "c2"]);
    assert_eq!(columns_proposed(&[&[1, 2], &[1]]), ["c1,c2"]);
    assert_eq!(columns_proposed(&[&[1, 2], &[2]]), ["c2,c1"]);
    assert_eq!(columns_proposed(&[&[1], &[1]]), ["c1"]);
    assert_eq!(columns_proposed(&[&[1, 2], &[2, 1]]), ["c1,c2"]);
    assert_eq!(columns_proposed(&[&[3, 2, 1], &[1], &[2, 1]]), ["c1,c2,c3"]);
}

#[test]
fn finds_the_fewest_where_a_greedy_choice_would_not() {
    // (1) fits before both wider keys, (2) before one of them only.
    assert_eq!(
        columns_proposed(&[&[1], &[1, 2], &[1, 3], &[2]]).len(),
        2,
        "(1,3) and (2,1)"
    );
}

#[test]
fn an_index_that_is_there_and_does_not_serve_is_not_proposed_as_another() {
    let key = foreign_key(&[1, 2]);
    let twin = Index {
        definition: "CREATE INDEX x ON public.child USING btree (c1, c2)".into(),
        ..index("x", &[1, 2])
    };
    let proposals = propose(
        &[&key],
        &[],
        std::slice::from_ref(&twin),
        &mut HashMap::new(),
    );
    let found = (proposals[0].name.as_str(), proposals[0].existing);
    assert_eq!(found, ("x", Existing::Useless));
    let partial = Index {
        definition: format!("{} WHERE (c1 > 5)", twin.definition),
        ..twin
    };
    let proposals = propose(&[&key], &[], &[partial], &mut HashMap::new());
    assert_eq!(proposals[0].existing, Existing::Nothing);
}

#[test]
fn keys_that_are_compared_in_two_ways_share_no_index() {
    let key = foreign_key(&[1]);
    let mut cast = foreign_key(&[1]);
    cast.comparisons[0].needs_expression = true;
    cast.comparisons[0].expressions = vec!["(c1)::text".into()];
    let proposals = propose(&[&key, &cast], &[], &[], &mut HashMap::new());
    let columns: Vec<String> = proposals.iter().map(|it| it.shown("public")).collect();
    assert_eq!(columns, ["child(c1)", "child((c1)::text)"]);
}

#[test]
fn names_are_cut_on_a_character_and_never_collide() {
    let mut taken = HashSet::from(["t_a_idx".to_owned()]);
    let columns = [plain("a")];
    assert_eq!(free_name("t", &columns, &mut taken), "t_a_idx1");
    assert_eq!(free_name("t", &columns, &mut taken), "t_a_idx2");
    let long = "ü".repeat(40);
    let name = free_name(&long, &columns, &mut taken);
    assert_eq!(name, format!("{}_idx", "ü".repeat(29)));
    let again = free_name(&long, &columns, &mut taken);
    assert!(
        again.len() <= NAME_BYTES && again.ends_with("_idx1"),
        "{again}"
    );
}

#[test]
fn ddl_quotes_names() {
    let proposal = Proposal {
        name: "Order Items_order_idx".into(),
        table: TableName::new("shop", "Order Items"),
        kind: TableKind::Ordinary,
        table_bytes: 0,
        columns: vec![
            plain("order"),
            IndexColumn {
                expression: Some("(line)::text".into()),
                collation: Some("pg_catalog.\"C\"".into()),
                ..plain("line")
            },
        ],
        serves: vec![],
        existing: Existing::Nothing,
    };
    assert_eq!(
        proposal.ddl(BuildMode::Plain),
        r#"CREATE INDEX "Order Items_order_idx" ON shop."Order Items" ("order", ((line)::text) COLLATE pg_catalog."C")"#
    );
    assert!(
        proposal
            .ddl(BuildMode::Concurrently)
            .starts_with("CREATE INDEX CONCURRENTLY \"Order")
    );
}

#[test]
fn what_a_failed_build_left_is_built_anew() {
    let key = foreign_key(&[1]);
    let mut taken = HashMap::from([(
        "public".to_owned(),
        HashSet::from(["child_c1_idx".to_owned()]),
    )]);
    let mut ddl = |index: Index| {
        let proposals = propose(&[&key], &[], &[index], &mut taken.clone());
        taken.clear();
        proposals[0].ddl(BuildMode::Concurrently)
    };
    let failed = Index {
        valid: false,
        ..index("child_c1_idx", &[1])
    };
    assert_eq!(
        ddl(failed.clone()),
        "DROP INDEX CONCURRENTLY public.child_c1_idx; \
         CREATE INDEX CONCURRENTLY child_c1_idx ON public.child (c1)"
    );
    let others = [
        Index {
            name: "mine_idx".into(),
            ..failed.clone()
        },
        Index {
            unique: true,
            ..failed.clone()
        },
        Index {
            predicate: Some("(c1 > 0)".into()),
            ..failed.clone()
        },
        Index {
            key_columns: vec![2],
            ..failed.clone()
        },
        Index {
            valid: true,
            ..failed
        },
    ];
    for other in others {
        let ddl = ddl(other.clone());
        assert!(ddl.starts_with("CREATE INDEX"), "{other:?}: {ddl}");
    }
}
