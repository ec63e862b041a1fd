use super::*;

fn holder() -> Holder {
    Holder {
        identity: HolderIdentity::Session(4711),
        role: Some("shop".into()),
        application: Some("psql".into()),
        address: None,
        activity: Some(Activity {
            state: "idle in transaction".into(),
            transaction: Some(Duration::from_secs(42)),
            since: Some(Duration::from_secs(3)),
        }),
        statement: Some("UPDATE products SET name = 'x'".into()),
        locks: vec![HeldLock {
            mode: "RowExclusiveLock".into(),
            table: Some(TableName::new("public", "products")),
        }],
    }
}

#[test]
fn a_holder_is_one_line() {
    assert_eq!(
        holder().to_string(),
        "pid 4711 (app \"psql\", role shop, idle in transaction, started 42 s ago): UPDATE products SET name = 'x', \
         holds RowExclusiveLock on public.products"
    );
}

#[test]
fn details_hidden_from_the_role_are_left_out() {
    let hidden = Holder {
        application: None,
        activity: None,
        statement: None,
        ..holder()
    };
    assert_eq!(
        hidden.to_string(),
        "pid 4711 (role shop, its state is hidden from this role), holds RowExclusiveLock on public.products"
    );
}

#[test]
fn server_processes_and_prepared_transactions_are_distinguished() {
    let vacuum = Holder {
        identity: HolderIdentity::Process(7, "autovacuum worker".into()),
        role: None,
        application: None,
        activity: None,
        statement: Some("autovacuum: VACUUM public.products".into()),
        ..holder()
    };
    assert_eq!(
        vacuum.to_string(),
        "pid 7 (autovacuum worker): autovacuum: VACUUM public.products, holds RowExclusiveLock on public.products"
    );
    let prepared = Holder {
        identity: HolderIdentity::Prepared("order 7".into()),
        statement: None,
        ..holder()
    };
    assert!(
        prepared
            .to_string()
            .starts_with("prepared transaction \"order 7\" (")
    );
}

#[test]
fn statements_are_cut_to_their_first_line_without_control_characters() {
    assert_eq!(first_line("\n  SELECT 1\nFROM x"), "SELECT 1");
    assert_eq!(first_line("SELECT '\u{1b}[2J'"), "SELECT ' [2J'");
    let long = first_line(&"é".repeat(200));
    assert_eq!(long.chars().count(), STATEMENT + 1);
    assert!(long.ends_with('…'));
    assert_eq!(first_line(" \n "), "");
}

#[test]
fn keys_have_two_halves() {
    assert_eq!(halves(0x5EED_0000_0000_0001), (0x5EED_0000, 1));
    assert_eq!(halves(-1), (u32::MAX, u32::MAX));
}
