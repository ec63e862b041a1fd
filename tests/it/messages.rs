//! Messages on stderr: exact texts, no passwords, no panic when stderr is closed.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use crate::support::{
    Db, PrivateHome, SEEDROW, Workdir, command, eventually, not_run, run, seedrow,
};
use rustix::process::{Pid, Signal, kill_process};

/// The exit code when every write to stderr fails.
fn code_without_stderr(mut command: Command) -> Option<i32> {
    let full = File::options().write(true).open("/dev/full").unwrap();
    command.stdout(Stdio::null()).stderr(full);
    command.status().unwrap().code()
}

#[test]
fn exit_codes_stand_when_stderr_cannot_be_written() {
    let dir = Workdir::new("full");
    let out = dir.path("out").display().to_string();
    let cases: [(&[&str], i32); 6] = [
        (&["generate", "--rows", "20", "--out", &out], 0),
        (&["load", "/nope"], 2),
        (&["nonsense"], 2),
        (&[], 2),
        (&["db", "url", "--home", &out], 0),
        (&["--help"], 0),
    ];
    for (args, code) in cases {
        assert_eq!(code_without_stderr(command(args)), Some(code), "{args:?}");
    }
}

#[test]
fn a_full_stdout_is_an_error_of_its_own() {
    let home = PrivateHome::new("full_stdout");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = home.command(["status"]).stdout(full).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("could not write to stdout"), "{stderr}");
}

#[test]
fn arguments_need_not_be_utf8() {
    let db = Db::new("arguments_need_not_be_utf8");
    let dir = Workdir::new("not_utf8");
    let folder = OsStr::from_bytes(b"caf\xe9");
    if fs::create_dir(dir.path("").join(folder)).is_err() {
        not_run("this file system takes UTF-8 names only");
        return;
    }
    let text = OsStr::new;
    dir.seedrow([text("generate"), text("--rows=20"), text("--out"), folder])
        .exits(0);
    let url = format!("--url={}", db.url());
    dir.seedrow([text("load"), folder, text(&url)]).exits(0);
}

#[test]
fn passwords_are_not_repeated_from_the_wrong_place() {
    let dir = Workdir::new("misplaced");
    for secret in [
        "postgres://u:S3CRET@h/db",
        "postgres://u:S3 CRET@h/db",
        "postgres://h/db?pass%77ord=S3CRET",
        "host=h password = S3CRET",
    ] {
        let cases: [&[&str]; 9] = [
            &["load", secret],
            &["run", "--dataset", secret],
            &["generate", "--out", "out", "--dataset", secret],
            &["generate", "--rows", "900G", "--out", secret],
            &["datasets", secret],
            &["check", secret],
            &["index", "--url", "host", secret],
            &["load", "data", "--wait", secret],
            &["run", &format!("--rows={secret}")],
        ];
        for args in cases {
            dir.seedrow(args).exits(2).lacks("S3").lacks("CRET");
        }
    }
    dir.seedrow(["check", "postgres://u:S3CRET@h/db"])
        .stderr_has("unexpected argument 'postgres://u@h/db' found")
        .stderr_has("Usage: seedrow check");
}

#[test]
fn an_empty_home_variable_counts_as_unset() {
    let dir = Workdir::new("empty_home");
    let mut status = command(["db", "url"]);
    status
        .env("SEEDROW_HOME", "")
        .env("HOME", dir.path(""))
        .env_remove("XDG_DATA_HOME");
    run(status).exits(0).stdout_has("seedrow");
    let mut status = command(["db", "url"]);
    status.env("SEEDROW_HOME", dir.path("elsewhere"));
    run(status).exits(0).stdout_has("elsewhere");
}

#[test]
fn usage_names_what_was_typed() {
    seedrow(["load"])
        .exits(2)
        .stderr_has("Usage: seedrow load <DIR>")
        .lacks("--home");
}

#[test]
fn an_interrupt_leaves_no_empty_line_off_a_terminal() {
    let dir = Workdir::new("interrupt");
    let child = Command::new(SEEDROW)
        .args(["generate", "--rows", "1M", "--out", "out", "--jobs", "1"])
        .current_dir(dir.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("files are written", || dir.path("out").exists());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("\nseedrow: interrupted; "), "{stderr}");
    assert!(!stderr.contains("\n\n"), "{stderr}");
}

#[test]
fn one_file_is_one_file() {
    let dir = Workdir::new("one_file");
    let args = ["generate", "--rows", "20", "--out", "out"];
    dir.seedrow(args.iter().chain(&["--tables", "products"]))
        .exits(0)
        .stderr_has("20 rows in 1 file, about ");
}

#[test]
fn a_misspelled_dataset_is_answered_with_the_nearest() {
    for args in [["datasets", "catalgo"], ["run", "--dataset=catalgo"]] {
        seedrow(args)
            .exits(2)
            .stderr_has("there is no built-in dataset `catalgo`; did you mean `catalog`?");
    }
}
