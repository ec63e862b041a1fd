//! A Markdown document taken apart: fenced blocks with what HTML comments say of them, code spans, links, headings.

use std::path::Path;

/// A document, its lines as they are.
pub struct Document {
    /// Its path from the repository's root.
    pub path: String,
    /// Its lines.
    pub lines: Vec<String>,
    parts: Vec<Part>,
}

/// What is run, in order.
pub enum Part {
    /// A fenced block.
    Block(Block),
    /// A command that is run and not shown.
    Setup(String),
}

/// A fenced block.
pub struct Block {
    /// What it holds.
    pub kind: Kind,
    /// The number of its first line's fence, from 1.
    pub line: usize,
    /// The lines between the fences.
    pub lines: Vec<String>,
    /// Where its text is to be written.
    pub file: Option<File>,
    /// Why it is not run.
    pub skip: Option<String>,
    /// The program that it is run with, where that is installed.
    pub needs: Option<String>,
}

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Commands after `$ ` and what they print.
    Console,
    /// Commands alone.
    Shell,
    /// Anything else.
    Other,
}

/// A file that the reader is to write.
pub struct File {
    /// From the session's directory.
    pub path: String,
    /// Whether it is added to what is there.
    pub append: bool,
}

/// A command of a console block.
pub struct Command {
    /// As typed, without the prompt.
    pub text: String,
    /// The line it is on, from 1.
    pub line: usize,
    /// The exit code that the document states, else 0.
    pub exit: i32,
    /// What it prints, without empty lines at the end.
    pub output: Vec<String>,
}

impl Document {
    /// Reads and parses it.
    pub fn read(root: &Path, path: &str) -> Document {
        let text = std::fs::read_to_string(root.join(path))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        Document::parse(path, &text)
    }

    fn parse(path: &str, text: &str) -> Document {
        let lines: Vec<String> = text.lines().map(String::from).collect();
        let mut parts = Vec::new();
        let (mut file, mut skip, mut needs) = (None, None, None);
        let mut at = 0;
        while at < lines.len() {
            let line = &lines[at];
            if let Some(language) = line.strip_prefix("```") {
                let length = lines[at + 1..].iter().take_while(|it| *it != "```").count();
                parts.push(Part::Block(Block {
                    kind: match language {
                        "console" => Kind::Console,
                        "sh" | "bash" => Kind::Shell,
                        _ => Kind::Other,
                    },
                    line: at + 1,
                    lines: lines[at + 1..=at + length].to_vec(),
                    file: file.take(),
                    skip: skip.take(),
                    needs: needs.take(),
                }));
                at += length + 2;
                continue;
            }
            match directive(line) {
                Some(("file", path)) => {
                    file = Some(File {
                        path,
                        append: false,
                    })
                }
                Some(("append", path)) => file = Some(File { path, append: true }),
                Some(("skip", reason)) => skip = Some(reason),
                Some(("needs", program)) => needs = Some(program),
                Some(("setup", command)) => parts.push(Part::Setup(command)),
                Some((key, _)) => panic!("{path}, line {}: unknown comment {key:?}", at + 1),
                None => {}
            }
            at += 1;
        }
        Document {
            path: path.to_owned(),
            lines,
            parts,
        }
    }

    /// File and line, for messages.
    pub fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    /// What is run, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The fenced blocks.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.parts.iter().filter_map(|part| match part {
            Part::Block(block) => Some(block),
            Part::Setup(_) => None,
        })
    }

    /// The lines outside of fenced blocks, with their numbers.
    fn text(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut inside = false;
        self.lines.iter().enumerate().filter_map(move |(at, line)| {
            let fence = line.starts_with("```");
            inside ^= fence;
            (!inside && !fence).then_some((at + 1, line.as_str()))
        })
    }

    /// The code spans: what is between backticks.
    pub fn spans(&self) -> impl Iterator<Item = (usize, String)> {
        self.text().flat_map(|(number, line)| {
            let spans = line.split('`').skip(1).step_by(2);
            spans.map(move |span| (number, span.replace("\\|", "|")))
        })
    }

    /// The targets of links.
    pub fn links(&self) -> impl Iterator<Item = (usize, String)> {
        self.text().flat_map(|(number, line)| {
            let targets = line.split("](").skip(1).filter_map(|it| it.split_once(')'));
            targets.map(move |(target, _)| (number, target.to_owned()))
        })
    }

    fn headings(&self) -> impl Iterator<Item = &str> {
        let headings = self.text().filter(|(_, line)| line.starts_with('#'));
        headings.map(|(_, line)| line.trim_start_matches('#').trim())
    }

    /// The headings' anchors, as GitHub makes them.
    pub fn anchors(&self) -> impl Iterator<Item = String> {
        self.headings().map(|heading| {
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let kept: String = kept.collect();
            kept.to_lowercase().replace(' ', "-")
        })
    }

    /// The second-level headings that aren't messages of another program.
    pub fn titles(&self) -> impl Iterator<Item = String> {
        let headings = self.lines.iter().filter_map(|it| it.strip_prefix("## "));
        let own = headings.filter(|heading| !heading.ends_with("-->"));
        own.map(|heading| heading.replace('`', ""))
    }
}

impl Block {
    /// A console block's commands.
    pub fn commands(&self) -> Vec<Command> {
        if self.kind != Kind::Console {
            return Vec::new();
        }
        let mut commands: Vec<Command> = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(text), _) => commands.push(Command {
                    text: text.to_owned(),
                    line: self.line + 1 + at,
                    exit: stated_exit(text),
                    output: Vec::new(),
                }),
                (None, Some(command)) => command.output.push(line.clone()),
                (None, None) => panic!("line {}: an output without a command", self.line + 1),
            }
        }
        for command in &mut commands {
            while command.output.last().is_some_and(String::is_empty) {
                command.output.pop();
            }
        }
        commands
    }

    /// The lines that may hold commands, without their outputs.
    pub fn lines_with_commands(&self) -> Vec<(usize, String)> {
        let numbered = self.lines.iter().enumerate();
        let numbered = numbered.map(|(at, line)| (self.line + 1 + at, line));
        let commands = numbered.filter_map(|(number, line)| match self.kind {
            Kind::Console => Some((number, line.strip_prefix("$ ")?.to_owned())),
            _ => Some((number, line.trim_start_matches(['-', ' ']).to_owned())),
        });
        commands
            .map(|(number, line)| (number, line.replace("run: ", "")))
            .filter(|(_, line)| line.starts_with("seedrow "))
            .collect()
    }

    /// The lines of output.
    pub fn outputs(&self) -> Vec<String> {
        let commands = self.commands().into_iter();
        commands.flat_map(|command| command.output).collect()
    }
}

/// `seedrow check    # exits with 1`
fn stated_exit(command: &str) -> i32 {
    let stated = command.rsplit_once("# exits with ");
    stated.map_or(0, |(_, code)| code.trim().parse().unwrap())
}

/// `<!-- key: value -->`; other comments are nothing to us.
fn directive(line: &str) -> Option<(&str, String)> {
    let inner = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    let (key, value) = inner.split_once(": ")?;
    Some((key, value.to_owned()))
}

#[test]
fn blocks_know_their_comments_commands_and_outputs() {
    let text = "# T\n\n<!-- file: a/b.csv -->\n```csv\nid\n1\n```\n\n<!-- setup: true -->\n```console\n$ one\nout\n\n\
                $ two    # exits with 2\n```\n\n`seedrow db` and [a link](x.md#y)\n";
    let document = Document::parse("t.md", text);
    let blocks: Vec<&Block> = document.blocks().collect();
    assert_eq!(blocks[0].file.as_ref().unwrap().path, "a/b.csv");
    assert_eq!(blocks[0].lines, ["id", "1"]);
    let commands = blocks[1].commands();
    let seen: Vec<_> = commands
        .iter()
        .map(|it| (it.line, it.exit, it.output.join("|")))
        .collect();
    assert_eq!(seen, [(11, 0, "out".into()), (14, 2, String::new())]);
    assert_eq!(document.parts().len(), 3);
    assert_eq!(document.spans().next().unwrap(), (17, "seedrow db".into()));
    assert_eq!(document.links().next().unwrap(), (17, "x.md#y".into()));
    assert_eq!(document.anchors().next().unwrap(), "t");
}
