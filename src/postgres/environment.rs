//! What resolving a target reads besides the options: variables, files and the user's name, as a value that tests make
//! themselves.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::account;

/// Where variables, files and the user's name come from.
pub struct Environment<'a> {
    /// An environment variable's value.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// A file's text.
    pub read_file: &'a dyn Fn(&Path) -> io::Result<String>,
    /// A file's kind, permissions and owner.
    pub file_access: &'a dyn Fn(&Path) -> io::Result<FileAccess>,
    /// The operating system's name for the user that runs this process.
    pub user: Option<String>,
}

impl Environment<'static> {
    /// That of this process.
    pub fn of_process() -> Environment<'static> {
        Environment {
            variable: &|name| env::var(name).ok(),
            read_file: &|path| fs::read_to_string(path),
            file_access: &FileAccess::of,
            user: account::user_name(|name| env::var(name).ok()),
        }
    }
}

impl Environment<'_> {
    /// A variable's value; empty counts as unset, since CI systems set what they leave out to nothing.
    pub fn get(&self, variable: &str) -> Option<String> {
        (self.variable)(variable).filter(|value| !value.is_empty())
    }
}

/// A file's kind, permissions and owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAccess {
    /// Kind and permissions, as stat(2) has them.
    pub mode: u32,
    /// The owner's uid.
    pub owner: u32,
}

impl FileAccess {
    /// That of the file that a path leads to, symbolic links followed.
    pub fn of(path: &Path) -> io::Result<FileAccess> {
        let metadata = fs::metadata(path)?;
        Ok(FileAccess {
            mode: metadata.mode(),
            owner: metadata.uid(),
        })
    }

    /// Whether it is a regular file.
    pub fn is_file(self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }
}
