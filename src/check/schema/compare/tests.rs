use super::*;
use crate::copy::Scalar;
use crate::index::samples;

fn column(name: &str, type_name: &str) -> Column {
    Column {
        table: 1,
        name: name.into(),
        number: 1,
        type_name: type_name.into(),
        data_type: Scalar::Int4.into(),
        not_null: false,
        default: ColumnDefault::Nothing,
    }
}

fn constraint(name: &str, kind: ConstraintKind, columns: &[&str], definition: &str) -> Constraint {
    Constraint {
        oid: 1,
        name: name.into(),
        kind,
        table: TableName::new("public", "child"),
        table_oid: 1,
        columns: columns.iter().map(|it| (*it).to_owned()).collect(),
        validated: true,
        definition: definition.into(),
    }
}

fn table() -> TableDefinition {
    let index = |definition: &str| Index {
        definition: definition.into(),
        ..samples::index("child_at", &[3])
    };
    let key = ForeignKey {
        definition: "FOREIGN KEY (c1) REFERENCES public.parent(id)".into(),
        ..samples::foreign_key(&[1])
    };
    TableDefinition {
        oid: 1,
        name: TableName::new("public", "child"),
        columns: vec![column("id", "integer"), column("c1", "bigint")],
        constraints: vec![
            constraint(
                "child_pkey",
                ConstraintKind::PrimaryKey,
                &["id"],
                "PRIMARY KEY (id)",
            ),
            constraint(
                "positive",
                ConstraintKind::Check,
                &["c1"],
                "CHECK ((c1 > 0))",
            ),
        ],
        foreign_keys: vec![key],
        indexes: vec![index(
            "CREATE INDEX child_at ON public.child USING btree (at)",
        )],
    }
}

fn findings(change: impl FnOnce(&mut Schema)) -> Vec<Finding> {
    let wanted = Schema {
        tables: vec![table()],
    };
    let mut live = wanted.clone();
    change(&mut live);
    compare(&wanted, &live, "public", true)
}

/// The finding for one change of the live table: rule, message and DDL.
fn one(change: impl FnOnce(&mut TableDefinition)) -> (&'static str, String, String) {
    let mut findings = findings(|schema| change(&mut schema.tables[0]));
    assert_eq!(findings.len(), 1, "{findings:?}");
    let finding = findings.remove(0);
    assert_eq!(finding.severity, Severity::Fail);
    (finding.rule, finding.message, finding.help)
}

#[test]
fn the_same_is_no_finding() {
    assert_eq!(findings(|_| ()), []);
    let renamed = findings(|schema| {
        let table = &mut schema.tables[0];
        table.constraints[1].name = "other".into();
        table.foreign_keys[0].name = "other_fkey".into();
        table.foreign_keys[0].definition += " NOT VALID";
        table.indexes[0].name = "other_idx".into();
        table.indexes[0].definition =
            "CREATE INDEX other_idx ON public.child USING btree (at)".into();
    });
    assert_eq!(
        renamed,
        [],
        "names don't matter, and validation has a rule of its own"
    );
}

#[test]
fn each_difference_comes_with_its_ddl() {
    let has_finding =
        |found: (&'static str, String, String), rule: &str, message: &str, help: &str| {
            assert_eq!((found.0, &*found.1, &*found.2), (rule, message, help));
        };
    has_finding(
        one(|it| drop(it.columns.remove(1))),
        "column-missing",
        "column child.c1 is missing",
        "ALTER TABLE public.child ADD COLUMN c1 bigint;",
    );
    has_finding(
        one(|it| it.columns.push(column("Note", "text"))),
        "column-extra",
        "column child.\"Note\" isn't in the DDL",
        "ALTER TABLE public.child DROP COLUMN \"Note\";",
    );
    has_finding(
        one(|it| it.columns[1].type_name = "integer".into()),
        "column-type",
        "column child.c1 is of type integer, and should be bigint",
        "ALTER TABLE public.child ALTER COLUMN c1 TYPE bigint USING c1::bigint;",
    );
    has_finding(
        one(|it| it.columns[1].default = ColumnDefault::Expression("7".into())),
        "column-default",
        "column child.c1 has the default 7, and should have no default",
        "ALTER TABLE public.child ALTER COLUMN c1 DROP DEFAULT;",
    );
    has_finding(
        one(|it| it.columns[1].not_null = true),
        "column-null",
        "column child.c1 rejects NULL, and should accept it",
        "ALTER TABLE public.child ALTER COLUMN c1 DROP NOT NULL;",
    );
    has_finding(
        one(|it| drop(it.constraints.remove(0))),
        "constraint-missing",
        "child lacks PRIMARY KEY (id)",
        "ALTER TABLE public.child ADD CONSTRAINT child_pkey PRIMARY KEY (id);",
    );
    has_finding(
        one(|it| it.foreign_keys[0].definition += " ON DELETE CASCADE"),
        "constraint-differs",
        "constraint child_c1_fkey of child is FOREIGN KEY (c1) REFERENCES public.parent(id) ON DELETE CASCADE, and \
         should be FOREIGN KEY (c1) REFERENCES public.parent(id)",
        "ALTER TABLE public.child DROP CONSTRAINT child_c1_fkey, \
         ADD CONSTRAINT child_c1_fkey FOREIGN KEY (c1) REFERENCES public.parent(id);",
    );
    has_finding(
        one(|it| {
            let check = constraint("small", ConstraintKind::Check, &["c1"], "CHECK ((c1 < 9))");
            it.constraints.push(check);
        }),
        "constraint-extra",
        "constraint small of child isn't in the DDL: CHECK ((c1 < 9))",
        "ALTER TABLE public.child DROP CONSTRAINT small;",
    );
    has_finding(
        one(|it| it.indexes.clear()),
        "index-missing",
        "index child_at of child is missing",
        "CREATE INDEX child_at ON public.child USING btree (at);",
    );
    has_finding(
        one(|it| {
            it.indexes[0].definition =
                "CREATE INDEX child_at ON public.child USING hash (at)".into()
        }),
        "index-differs",
        "index child_at is on public.child USING hash (at), and should be on public.child USING btree (at)",
        "DROP INDEX public.child_at; CREATE INDEX child_at ON public.child USING btree (at);",
    );
}

#[test]
fn a_missing_table_is_made_whole() {
    let found = findings(|schema| schema.tables.clear());
    assert_eq!(found[0].rule, "table-missing");
    assert_eq!(
        found[0].help,
        "CREATE TABLE public.child (id integer, c1 bigint, CONSTRAINT child_pkey PRIMARY KEY (id), \
         CONSTRAINT positive CHECK ((c1 > 0))); \
         ALTER TABLE public.child ADD CONSTRAINT child_c1_fkey FOREIGN KEY (c1) REFERENCES public.parent(id); \
         CREATE INDEX child_at ON public.child USING btree (at);"
    );
}

#[test]
fn missing_parents_come_before_their_children() {
    let parent = TableDefinition {
        name: TableName::new("public", "parent"),
        foreign_keys: vec![],
        ..table()
    };
    let wanted = Schema {
        tables: vec![table(), parent],
    };
    let found = compare(&wanted, &Schema::default(), "public", true);
    let messages: Vec<&str> = found.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        ["table parent is missing", "table child is missing"]
    );
}

#[test]
fn a_table_too_many_warns_in_the_same_schema_alone() {
    let found = findings(|schema| {
        for schema_name in ["public", "other"] {
            schema.tables.push(TableDefinition {
                name: TableName::new(schema_name, "audit"),
                ..table()
            });
        }
    });
    let messages: Vec<(&str, Severity)> = found.iter().map(|it| (it.rule, it.severity)).collect();
    assert_eq!(messages, [("table-extra", Severity::Warn)]);
}
