//! README.md, CONTRIBUTING.md and docs/: every command in them is run or parsed, and every link leads somewhere.
//!
//! A document is a session: its console blocks are run in order, in one directory and against one embedded server of its
//! own, and what they print is compared with the document, times and sizes masked. With SEEDROW_DOCS=write outputs that
//! differ are written into the document instead, with SEEDROW_DOCS=rewrite (scripts/transcripts) all of them.

mod markdown;
mod mask;
mod session;
mod usage;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use markdown::{Block, Document, Kind};

/// One test per document, so that they run at the same time.
macro_rules! documents {
    ($($name:ident: $path:literal,)*) => {
        const DOCUMENTS: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $name() {
                session::run(&Document::read(&root(), $path), stringify!($name));
            }
        )*
    };
}

documents! {
    readme: "README.md",
    contributing: "CONTRIBUTING.md",
    any_schema: "docs/any-schema.md",
    architecture: "docs/architecture.md",
    checks: "docs/checks.md",
    ci: "docs/ci.md",
    citus: "docs/citus.md",
    compare: "docs/compare.md",
    datasets: "docs/datasets.md",
    deploy: "docs/deploy.md",
    loading: "docs/loading.md",
    performance: "docs/performance.md",
    resume: "docs/resume.md",
    scale: "docs/scale.md",
    serving: "docs/serving.md",
    stress: "docs/stress.md",
    troubleshooting: "docs/troubleshooting.md",
    twin: "docs/twin.md",
}

/// The repository's root.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn all() -> Vec<Document> {
    let root = root();
    DOCUMENTS
        .iter()
        .map(|path| Document::read(&root, path))
        .collect()
}

#[test]
fn every_document_is_tested() {
    let entries = std::fs::read_dir(root().join("docs")).unwrap();
    let found: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    let tested = DOCUMENTS.iter().map(|path| path.to_string());
    let tested: BTreeSet<String> = tested.filter(|path| path.starts_with("docs/")).collect();
    assert_eq!(found, tested);
}

#[test]
fn a_block_that_is_not_run_says_why() {
    let (mut commands, mut skipped) = (0, Vec::new());
    for document in all() {
        for block in document.blocks() {
            match (&block.kind, &block.skip) {
                (Kind::Console, None) => commands += block.commands().len(),
                (Kind::Console | Kind::Shell, Some(reason)) => {
                    skipped.push(format!("{} ({reason})", document.place(block.line)));
                }
                (Kind::Shell, None) => panic!(
                    "{}: a block of commands that is not run: make it a console block, or write \
                     <!-- skip: REASON --> above it",
                    document.place(block.line)
                ),
                (Kind::Other, _) => {}
            }
        }
    }
    // Not println, which the test harness captures.
    let line = format!(
        "docs: {commands} commands are run, {} blocks are not: {}\n",
        skipped.len(),
        skipped.join(", ")
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// What a reader sees first fits every screen.
#[test]
fn the_readme_is_short_and_its_transcripts_are_narrow() {
    let readme = Document::read(&root(), "README.md");
    assert!(readme.lines.len() <= 220, "{} lines", readme.lines.len());
    let consoles = readme.blocks().filter(|block| block.kind == Kind::Console);
    let wide = consoles.flat_map(|block| &block.lines);
    let wide: Vec<&String> = wide.filter(|line| line.chars().count() > 100).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn commands_and_options_exist() {
    let mistakes: Vec<String> = all()
        .iter()
        .flat_map(|document| {
            let in_blocks = document.blocks().flat_map(Block::lines_with_commands);
            let in_text = document.spans();
            let all = in_blocks.chain(in_text);
            all.filter_map(|(line, text)| {
                let mistake = usage::mistake(&text)?;
                Some(format!("{}: `{text}`: {mistake}", document.place(line)))
            })
            .collect::<Vec<_>>()
        })
        .collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn examples_in_help_texts_parse() {
    let mistakes = usage::examples()
        .into_iter()
        .filter_map(|example| Some(format!("{example}: {}", usage::mistake(&example)?)));
    let mistakes: Vec<String> = mistakes.collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn links_and_paths_lead_somewhere() {
    let mut broken = Vec::new();
    for document in all() {
        for (line, target) in document.links() {
            if !leads_somewhere(&document, &target) {
                broken.push(format!("{}: {target}", document.place(line)));
            }
        }
        for (line, text) in document.spans() {
            let is_path = ["src/", "tests/", "data/", "sql/", "scripts/", "benches/"]
                .iter()
                .any(|folder| text.starts_with(folder));
            let path = text.split(' ').next().unwrap_or_default();
            if is_path && !path.contains("NAME") && !root().join(path).exists() {
                broken.push(format!("{}: {path}", document.place(line)));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn leads_somewhere(document: &Document, target: &str) -> bool {
    if target.starts_with("https://") {
        return true;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
    let path = match path {
        "" => PathBuf::from(&document.path),
        path => folder.join(path),
    };
    let whole = root().join(&path);
    if anchor.is_empty() || !whole.exists() {
        return whole.exists();
    }
    let linked = Document::read(&root(), &path.display().to_string());
    linked.anchors().any(|it| it == anchor)
}

/// The table of modules in docs/architecture.md has lib.rs' modules in its order.
#[test]
fn modules_are_documented_in_order() {
    let document = Document::read(&root(), "docs/architecture.md");
    let rows = document
        .lines
        .iter()
        .filter(|line| line.starts_with("| `src/"));
    let documented: Vec<String> = rows
        .filter_map(|row| {
            let path = row.split('`').nth(1)?.strip_prefix("src/")?;
            Some(path.trim_end_matches(".rs").trim_end_matches('/').into())
        })
        .filter(|name| !["main", "lib"].contains(&String::as_str(name)))
        .collect();
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let modules: Vec<&str> = modules.map(|name| name.trim_end_matches(';')).collect();
    assert_eq!(documented, modules);
}

/// The titles are what readers search for, so each is a message of the program, or of the server where it says so.
#[test]
fn troubleshooting_is_titled_by_messages() {
    let document = Document::read(&root(), "docs/troubleshooting.md");
    let sources = usage::sources(&root().join("src"));
    let outputs = document.blocks().flat_map(Block::outputs);
    let outputs = outputs.map(|line| line.replace('`', ""));
    let known: Vec<String> = sources.into_iter().chain(outputs).collect();
    let unknown = document.titles().filter(|title| {
        let parts: Vec<&str> = title.split('…').map(str::trim).collect();
        !known.iter().any(|text| has_in_order(text, &parts))
    });
    let unknown: Vec<String> = unknown.collect();
    assert!(
        unknown.is_empty(),
        "no message has these words:\n{}",
        unknown.join("\n")
    );
}

/// The table between `<!-- rules -->` and `<!-- /rules -->` is made from the one in the code.
#[test]
fn the_table_of_rules_is_the_codes() {
    let path = root().join("docs/checks.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- rules -->\n").unwrap();
    let (documented, after) = rest.split_once("<!-- /rules -->").unwrap();
    let table = seedrow::check::markdown_table();
    if session::writes() {
        let text = format!("{before}<!-- rules -->\n{table}<!-- /rules -->{after}");
        std::fs::write(path, text).unwrap();
    } else {
        assert_eq!(documented, table, "scripts/transcripts writes it again");
    }
}

fn has_in_order(text: &str, parts: &[&str]) -> bool {
    let mut rest = text;
    parts.iter().all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}
