use super::*;

/// Connection strings as typed, and what is shown of them.
const SPELLINGS: &[(&str, &str)] = &[
    (
        "postgresql://app:S3CRET@host/db",
        "postgresql://app@host/db",
    ),
    (
        "postgres://app:S3CRET@h1:1,[::1]:2/db?sslmode=require",
        "postgres://app@h1:1,[::1]:2/db?sslmode=require",
    ),
    ("postgres://:S3CRET@host", "postgres://host"),
    ("postgres://a%40b:S3%40CRET@host", "postgres://a%40b@host"),
    ("postgres://app:S3:S3CRET@host", "postgres://app@host"),
    ("postgres://app:S3 CRET@host", "postgres://app@host"),
    ("postgres://h/db?password=S3CRET", "postgres://h/db"),
    ("postgres://h/db?pass%77ord=S3CRET", "postgres://h/db"),
    (
        "postgres://h/db?port=1&password=S3 CRET&user=u",
        "postgres://h/db?port=1&user=u",
    ),
    ("postgres://h/db?sslpassword=S3CRET", "postgres://h/db"),
    (
        "  postgres://h/db?password=S3CRET&host=/x",
        "postgres://h/db?host=/x",
    ),
    (
        "postgres://h/db?user=u&%70assword=S3%20CRET",
        "postgres://h/db?user=u",
    ),
    ("host=h password=S3CRET user=u", "host=h user=u"),
    ("host=h password = S3CRET user = u", "host=h user=u"),
    ("host=h\tpassword\t=\tS3CRET", "host=h"),
    ("password=S3\\ CRET host=h", "host=h"),
    ("password='S3 \\'CRET' host='my host'", "host='my host'"),
    ("password = 'S3\\\\CRET' options=a\\'b", "options=a\\'b"),
    ("host=h sslpassword='S3CRET' password=''", "host=h"),
    ("password=S3://CRET host=h", "host=h"),
    ("password=S3@CRET host=h", "host=h"),
    // What can't be read.
    ("postgres://app:S3@CRET@host/db", "postgres://…"),
    ("postgres://app:S3/CRET@host/db", "postgres://…"),
    ("postgres://app:S3?CRET@host/db?x=1", "postgres://…"),
    ("postgres://app:S3%CRET@host", "postgres://…"),
    ("postgres://h?password=S3CRET@h", "postgres://…"),
    ("postgres://h/db?x=1&pass%77ord=S3CRET", "postgres://…"),
    ("POSTGRES://app:S3CRET@host", "POSTGRES://…"),
    ("jdbc:postgresql://h/db?password=S3CRET", "…"),
    ("host=h PASSWORD=S3CRET", "…"),
    ("host=h password = 'S3CRET", "…"),
    ("hots=h password = S3CRET", "…"),
];

#[test]
fn passwords_are_left_out_however_they_are_spelled() {
    for (typed, shown) in SPELLINGS {
        assert_eq!(without_password(typed), *shown, "{typed}");
        let option = format!("--url={typed}");
        assert_eq!(without_password(&option), format!("--url={shown}"));
    }
}

#[test]
fn what_is_shown_leads_to_the_same_place() {
    for (typed, shown) in SPELLINGS.iter().filter(|(_, shown)| !shown.contains('…')) {
        let mut expected = conninfo::parse(typed).unwrap();
        expected.retain(|name, _| !SECRETS.contains(name));
        assert_eq!(conninfo::parse(shown).unwrap(), expected, "{typed}");
    }
}

#[test]
fn words_without_a_password_stay_as_they_are() {
    for word in [
        "load",
        "--rows=10M",
        "postgres://h/db",
        "postgres:///db?host=/x&port=1",
        " host = h ",
        "--file=photos=old/photos.csv",
        "passwords=data/passwords.csv",
        "a://b",
        "caf\u{fffd}",
        "",
    ] {
        assert_eq!(without_password(word), word);
    }
}

#[test]
fn messages_hide_the_typed_words_they_repeat() {
    for (typed, _) in SPELLINGS {
        for word in [(*typed).to_owned(), format!("--wait={typed}")] {
            for spelled in spellings(typed) {
                let message = format!("could not read '{spelled}': no such file");
                let shown = hide_in(&message, &replacements(std::iter::once(word.clone())));
                assert!(
                    !shown.contains("S3") && !shown.contains("CRET"),
                    "{typed}: {shown}"
                );
                assert!(shown.ends_with("no such file"), "{shown}");
            }
        }
    }
}

#[test]
fn messages_hide_what_was_not_typed() {
    let cases = [
        (
            "at 'postgres://u:S3@CRET@h/db': x",
            "at 'postgres://u:…@h/db': x",
        ),
        (
            "/tmp/postgres:/u:S3CRET@h/db has",
            "/tmp/postgres:/u:…@h/db has",
        ),
        (
            "two a://b:S3CRET@c and d://e:S3CRET@f",
            "two a://b:…@c and d://e:…@f",
        ),
        (
            "value 'host=h password=S3CRET' for x",
            "value 'host=h password=…' for x",
        ),
        ("PASSWORD = S3CRET, user=u", "PASSWORD = …, user=u"),
        ("password='S3 CRET' user=u", "password=… user=u"),
        ("x?password=S3CRET&y=1", "x?password=…&y=1"),
        (
            "\x1b[33mpassword=S3CRET\x1b[0m'",
            "\x1b[33mpassword=…\x1b[0m'",
        ),
        ("`password=S3CRET`", "`password=…`"),
        (
            "password authentication failed for user \"u\"",
            "password authentication failed for user \"u\"",
        ),
        (
            "see https://no-color.org and a@b",
            "see https://no-color.org and a@b",
        ),
    ];
    for (message, shown) in cases {
        assert_eq!(hide_in(message, &[]), shown);
    }
}
