//! `part-*.csv`: the files whose names match a pattern, sorted by name.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The files that a path means: itself, or those in its folder whose names match its own, in which `*` matches any
/// characters and `?` for one. A file of just that name comes first.
pub fn matching(path: &Path) -> Result<Vec<PathBuf>> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let Some(pattern) = name.filter(|name| name.contains(['*', '?']) && !path.exists()) else {
        return Ok(vec![path.to_owned()]);
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let read = folder.unwrap_or(Path::new("."));
    let entries =
        std::fs::read_dir(read).with_context(|| format!("could not read {}", read.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| matches(pattern.as_bytes(), name.as_bytes()))
        .collect();
    names.sort();
    ensure!(!names.is_empty(), "no file matches {}", path.display());
    let whole = |name: String| folder.map_or(PathBuf::from(&name), |folder| folder.join(&name));
    Ok(names.into_iter().map(whole).collect())
}

/// Whether a name matches a pattern. Hidden files match only where the pattern begins with a dot.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    matches_rest(pattern, name)
}

fn matches_rest(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|from| matches_rest(rest, &name[from..])),
        ([b'?', rest @ ..], [_, name @ ..]) => matches_rest(rest, name),
        ([wanted, rest @ ..], [byte, name @ ..]) if wanted == byte => matches_rest(rest, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns() {
        for (pattern, name, expected) in [
            ("part-*.csv", "part-1.csv", true),
            ("part-*.csv", "part-.csv", true),
            ("part-*.csv", "part-1.csv.gz", false),
            ("part-?.csv", "part-1.csv", true),
            ("part-?.csv", "part-10.csv", false),
            ("*", ".hidden", false),
            ("*a*b", "xxaxxbxb", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        }
    }
}
