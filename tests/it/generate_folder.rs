//! `seedrow generate` and its folder: what is refused, what is replaced, what an end before the end leaves, and how
//! much memory it takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Workdir, command, eventually, is_root, not_run, run, seedrow};

/// What a folder holds, by name, hidden entries included.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_folder_that_holds_files_is_refused_until_overwrite() {
    let dir = Workdir::new("overwrite");
    dir.write("out/notes.txt", "mine");
    let generate = |more: &[&str]| {
        let own = ["generate", "--rows", "20", "--out", "out"];
        dir.seedrow(own.iter().chain(more))
    };
    generate(&[])
        .exits(2)
        .stderr_has("out holds files already, notes.txt among them; --overwrite replaces them");
    assert_eq!(names(&dir.path("out")), ["notes.txt"]);
    generate(&["--overwrite"]).exits(0);
    assert_eq!(names(&dir.path("out")).len(), 8);
    generate(&[]).exits(2).stderr_has("holds files already");
    generate(&["--overwrite", "--tables", "styles,products"]).exits(0);
    let left = names(&dir.path("out"));
    assert_eq!(
        left,
        ["manifest.json", "notes.txt", "product.csv", "styles.csv"],
        "the older manifest's files go"
    );
    assert_eq!(dir.read("out/notes.txt"), "mine");
}

#[test]
fn overwriting_removes_nothing_outside_the_folder() {
    let dir = Workdir::new("outside");
    dir.write("precious.csv", "mine");
    let table =
        r#"{"name": "a", "file": "../precious.csv", "rows": 1, "bytes": 4, "checksum": ""}"#;
    let manifest = format!(
        r#"{{"format": 1, "seedrow": "0", "dataset": {{"name": "a", "hash": ""}}, "rows": 1, "seed": 1, "tables": [{table}]}}"#
    );
    dir.write("out/manifest.json", manifest);
    let args = [
        "generate",
        "--rows",
        "5",
        "--tables",
        "products",
        "--out",
        "out",
        "--overwrite",
    ];
    dir.seedrow(args).exits(0);
    assert_eq!(dir.read("precious.csv"), "mine");
    assert_eq!(names(&dir.path("out")), ["manifest.json", "product.csv"]);
}

#[test]
fn what_cannot_be_a_folder_is_refused() {
    let dir = Workdir::new("no_folder");
    dir.write("file", "mine");
    let generate = |out: &str| dir.seedrow(["generate", "--rows", "20", "--out", out]);
    generate("file")
        .exits(2)
        .stderr_has("file is a file; --out takes a folder");
    generate("file/in/it")
        .exits(2)
        .stderr_has("could not make the folder file/in/it: Not a directory");
    // Not even root can create files there.
    generate("/proc/nothing/here").exits(2).stderr_has("/proc");
    assert_eq!(dir.read("file"), "mine");
    if is_root() {
        not_run("root, whom no permission keeps out of a closed folder");
        return;
    }
    dir.write("closed/x", "");
    let close = |mode| {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir.path("closed"), fs::Permissions::from_mode(mode)).unwrap();
    };
    close(0o555);
    let refused = generate("closed/out");
    close(0o755);
    refused
        .exits(2)
        .stderr_has("could not make the folder closed/out: Permission denied");
}

#[test]
fn more_than_the_disk_holds_is_refused_at_once() {
    let dir = Workdir::new("no_room");
    let start = Instant::now();
    dir.seedrow(["generate", "--rows", "900G", "--out", "out"])
        .exits(2)
        .stderr_has("has room for")
        .stderr_has("are to come; give fewer --rows or choose another folder, on a larger disk");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    assert!(!dir.path("out").exists(), "a refused run makes no folder");
}

#[test]
fn rows_that_are_no_count_are_refused() {
    for rows in ["0", "-5", "10X", "", "1.5M"] {
        seedrow(["generate", &format!("--rows={rows}"), "--out", "never"])
            .exits(2)
            .stderr_has("expected a whole number above 0 such as 250k, 1_000_000 or 10M");
    }
    seedrow(["generate", "--rows", "-5", "--out", "never"])
        .exits(2)
        .stderr_has("-5");
}

#[test]
fn unknown_names_are_answered_with_known_ones() {
    let dir = Workdir::new("unknown");
    let generate =
        |option: &str, value: &str| dir.seedrow(["generate", option, value, "--out", "out"]);
    generate("--dataset", "katalog")
        .exits(2)
        .stderr_has("there is no built-in dataset `katalog`")
        .stderr_has("catalog");
    generate("--dataset", "no/such.toml")
        .exits(2)
        .stderr_has("could not read no/such.toml");
    generate("--tables", "fotos")
        .exits(2)
        .stderr_has("catalog has no table `fotos`; did you mean `photos`?");
    generate("--tables", "zzz")
        .exits(2)
        .stderr_has("there is products, features, styles");
    dir.write("schema.sql", "");
    let tables =
        "tables.v = { virtual = true, rows = 5 }\ntables.a = { rows = 5, columns.id = \"serial\" }";
    dir.write("own.toml", format!("schema = \"schema.sql\"\n{tables}"));
    dir.seedrow([
        "generate",
        "--dataset",
        "own.toml",
        "--tables",
        "v",
        "--out",
        "out",
    ])
    .exits(2)
    .stderr_has("`v` is a virtual table of own; it has no rows of its own");
    assert!(!dir.path("out").exists());
}

/// Starts a command and waits until `file` in the hidden folder of `out` has grown.
fn start_and_wait(mut command: Command, out: &Path, file: &str) -> Child {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("a growing file", || {
        let staging = hidden(out);
        staging.is_some_and(|folder| {
            fs::metadata(folder.join(file)).is_ok_and(|it| it.len() > 100_000)
        })
    });
    child
}

/// The hidden folder of `out`, where files are before they are whole.
fn hidden(out: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(out).ok()?.map(|entry| entry.unwrap());
    let is_hidden = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
    entries.find(is_hidden).map(|entry| entry.path())
}

#[test]
fn an_interrupt_leaves_nothing_half_written() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let dir = Workdir::new("interrupt");
        dir.write("out/notes.txt", "mine");
        let out = dir.path("out");
        let mut generate = command(["generate", "--rows", "2M", "--overwrite", "--out"]);
        generate.arg(&out);
        let child = start_and_wait(generate, &out, "product.csv");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{stderr}");
        assert_eq!(output.stdout, b"", "no result is claimed");
        let message = format!(
            "seedrow: interrupted; nothing half-written is left in {}",
            out.display()
        );
        assert!(stderr.contains(&message), "{stderr}");
        assert!(stderr.contains("the same command starts over"), "{stderr}");
        assert_eq!(names(&out), ["notes.txt"]);
    }
}

/// The largest amount of memory that a command has held, in MB.
fn peak_memory(mut command: Command) -> u64 {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0) / 1024);
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(ended.success(), "{command:?}: {ended}");
    peak
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_bounded_whatever_the_rows_and_threads() {
    let dir = Workdir::new("memory");
    let mut generate = command([
        "generate", "--rows", "250k", "--tables", "photos", "--jobs", "256", "--out",
    ]);
    generate.arg(dir.path("out"));
    let peak = peak_memory(generate);
    let written = fs::metadata(dir.path("out/photos.csv")).unwrap().len() >> 20;
    assert!(written > 300, "{written} MB prove nothing");
    assert!(
        (1..256).contains(&peak),
        "{peak} MB for {written} MB of rows"
    );
    fs::remove_dir_all(dir.path("out")).unwrap();
}

#[test]
fn the_same_command_works_after_a_kill() {
    let dir = Workdir::new("kill");
    let out = dir.path("out");
    let generate = || {
        let mut generate = command([
            "generate", "--rows", "40k", "--tables", "photos", "--jobs", "1", "--out",
        ]);
        generate.arg(&out);
        generate
    };
    let mut child = start_and_wait(generate(), &out, "photos.csv");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(hidden(&out).is_some(), "killed in time");
    assert_eq!(names(&out).len(), 1, "no file is there that isn't whole");
    run(generate()).exits(0);
    assert_eq!(names(&out), ["manifest.json", "photos.csv"]);
}
