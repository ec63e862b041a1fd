//! Triggers of loaded tables: they fire, or are skipped when told, and are afterwards what they were.

use crate::shop::{SCHEMA, Shop};

/// Triggers of each kind: before and after, for rows and statements, always, deferred, disabled.
const TRIGGERS: &str = "
CREATE TABLE audit (what text);
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.audit VALUES (TG_NAME); RETURN NULL; END $$;
CREATE TRIGGER shout BEFORE INSERT ON pets FOR EACH ROW EXECUTE FUNCTION shout();
CREATE TRIGGER \"log Rows\" AFTER INSERT ON pets FOR EACH ROW EXECUTE FUNCTION log();
CREATE TRIGGER log_statement AFTER INSERT ON pets FOR EACH STATEMENT EXECUTE FUNCTION log();
CREATE TRIGGER log_always AFTER INSERT ON pets FOR EACH STATEMENT EXECUTE FUNCTION log();
CREATE CONSTRAINT TRIGGER log_late AFTER INSERT ON pets DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION log();
CREATE TRIGGER log_not AFTER INSERT ON pets FOR EACH STATEMENT EXECUTE FUNCTION log();
CREATE TRIGGER log_delete AFTER DELETE ON pets FOR EACH ROW EXECUTE FUNCTION log();
ALTER TABLE pets ENABLE ALWAYS TRIGGER log_always;
ALTER TABLE pets DISABLE TRIGGER log_not;
";

const STATES: &str =
    "SELECT string_agg(concat_ws(' ', tgname, tgenabled), ', ' ORDER BY tgname) FROM pg_trigger
    WHERE tgrelid = 'pets'::regclass AND NOT tgisinternal";

#[track_caller]
fn shop(test: &str) -> (Shop, String) {
    let shop = Shop::new(test);
    shop.db.execute(&format!("{SCHEMA}; {TRIGGERS}"));
    let states = shop.db.value(STATES);
    (shop, states)
}

#[test]
fn triggers_fire_and_are_reported() {
    let (shop, states) = shop("fire");
    shop.load(&[]).exits(0).stderr_has(
        "triggers fire for the rows, --triggers off skips them: pets: log Rows (after each row), log_always (after the \
         statement), log_late (after each row), log_statement (after the statement), shout (before each row)",
    );
    let names = "SELECT string_agg(name, ' ' ORDER BY id) FROM pets";
    assert_eq!(shop.db.value(names), "REX MIA TOM");
    assert_eq!(shop.db.value("SELECT count(*) FROM audit"), "8");
    assert_eq!(shop.db.value(STATES), states);
}

#[test]
fn skipped_triggers_are_reported_and_enabled_as_they_were() {
    let (shop, states) = shop("skip");
    for commit in ["table", "segment"] {
        let more = ["--triggers", "off", "--replace", "--commit", commit];
        shop.load(&more)
            .exits(0)
            .stderr_has("triggers are skipped, and with them what they check and write: pets: ")
            .stdout_has("triggers did not fire for pets: log Rows (after each row), ");
        let names = "SELECT string_agg(name, ' ' ORDER BY id) FROM pets";
        assert_eq!(shop.db.value(names), "Rex Mia Tom");
        assert_eq!(shop.db.value("SELECT count(*) FROM audit"), "0");
        assert_eq!(shop.db.value(STATES), states);
    }
    shop.pets("id,owner_id,name,weight\n9,1,Ida,3\n");
    let more = [
        "--triggers",
        "off",
        "--append",
        "--tables",
        "pets",
        "--format",
        "json",
    ];
    let json = shop.load(&more).exits(0).json();
    assert!(
        json["skipped_triggers"][0]
            .as_str()
            .unwrap()
            .starts_with("pets: ")
    );
    assert_eq!(shop.db.value("SELECT count(*) FROM audit"), "0");
    assert_eq!(shop.db.value(STATES), states);
}

#[test]
fn a_load_that_fails_leaves_skipped_triggers_as_they_were() {
    let (shop, states) = shop("skip_fails");
    shop.pets("id,owner_id,name,weight\n1,7,Rex,30\n");
    shop.load(&["--triggers", "off"]).exits(2);
    assert_eq!(shop.db.value(STATES), states);
}
