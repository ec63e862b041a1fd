//! The target and, in a release, the commit, for `--version`.
//!
//! Debug builds name no commit: they would be compiled anew after each one.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=SEEDROW_COMMIT");
    let target = env::var("TARGET").unwrap_or_default();
    let is_release = env::var("PROFILE").is_ok_and(|it| it == "release");
    let commit = match env::var("SEEDROW_COMMIT") {
        Ok(commit) if !commit.is_empty() => Some(commit),
        _ if is_release => commit(),
        _ => None,
    };
    let build = match commit {
        Some(commit) => format!("{commit}, {target}"),
        None => target,
    };
    println!("cargo::rustc-env=SEEDROW_BUILD={build}");
    // A debug build has 200,000 addresses that each start of a position-independent program corrects: a third of the time that
    // it takes to start, and the tests start it thousands of times.
    let is_gnu = env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|it| it == "gnu");
    if is_gnu && env::var("PROFILE").is_ok_and(|it| it == "debug") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

/// The commit and its day; `None` without git, as in an archive of the source.
fn commit() -> Option<String> {
    let folder = env::var("CARGO_MANIFEST_DIR").ok()?;
    // An archive may be unpacked within another repository.
    if !Path::new(&folder).join(".git").exists() {
        return None;
    }
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(&folder)
            .args(args)
            .output();
        let output = output.ok().filter(|it| it.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(text.trim().to_owned()).filter(|it| !it.is_empty())
    };
    for file in ["HEAD", "index"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["log", "-1", "--format=%h %cs"])
}
