//! Files: names, types and sizes of one entry.

use crate::infer::names::made::phrase;
use crate::infer::names::rule::Make::{By, Entry, Number};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::types::{INT, NUMBER, TEXT};

/// What a file is, as tables and words before a name say it.
const FILE: &[&str] = &[
    "attachment",
    "blob",
    "document_file",
    "download",
    "export",
    "file",
    "image",
    "import",
    "media",
    "photo",
    "picture",
    "upload",
    "video",
    "audio",
    "object",
    "artifact",
    "storage",
    "asset_file",
    "avatar",
];

/// Rules about files.
pub const RULES: &[Rule] = rules! {
    "file name|original name|original file name|attachment name|upload name|document name|image name|=attachment|media name|image file name|avatar file name|logo file name|photo file name"
        [] TEXT, 10 => Entry("files", 1), "a file", "uploads.file_name";
    "name|title" FILE TEXT, 10 => Entry("files", 1), "a file", "attachments.name";
    "mime type|content type|media type|mime|file content type|image content type|avatar content type" [] TEXT, 16 => Entry("files", 3), "a type of files", "uploads.mime_type";
    "extension|file extension|file type|file format" [] TEXT, 4 => Entry("files", 2), "a type of files", "uploads.extension";
    "format|type" FILE TEXT, 4 => Entry("files", 2), "a type of files", "files.format";
    "file path|storage path|storage key|object key|s 3 key|folder path|full path|directory|location path|upload path|document path|file location|relative path|source path|file key|disk path|folder"
        [] TEXT, 30 => By(path), "a path", "documents.file_path";
    "path|key|location|url path" FILE TEXT, 30 => By(path), "a path", "files.path";
    "file size|bytes|byte size|content length|size bytes|size in bytes|file size bytes|image file size|avatar file size|total bytes|bytes sent|bytes received|disk size|bytes used|storage used|data size|memory bytes|packed size|crate size"
        [] NUMBER, 0 => Number(200.0, 40_000.0, 50_000_000.0), "a size in bytes", "uploads.file_size";
    "size|length" FILE NUMBER, 0 => Number(200.0, 40_000.0, 50_000_000.0), "a size in bytes", "attachments.size";
    "size kb|size mb|file size kb|file size mb" [] INT, 0 => Number(1.0, 200.0, 50_000.0), "a size", "uploads.size_kb";
    "encoding|charset|character set" [] TEXT, 5 => crate::infer::names::rule::Make::Maker(|| crate::infer::names::made::one_of(&["utf-8"], &[])), "an encoding", "files.encoding";
};

fn path(scene: &Scene) -> Option<Made> {
    let (row, hidden) = scene.row();
    let shared = scene.entry("files", 1).hidden;
    let file = shared.first().map_or("files", |(name, _)| name);
    let template = match scene.column.unique {
        // The row's number leads, which makes it distinct.
        true => format!("uploads/{{{row}}}/{{{file}}}"),
        false => format!("uploads/{{tags}}/{{{row}}}/{{{file}}}"),
    };
    let mut made = Made::new(phrase(&[&template]));
    made.hidden = shared;
    Some(match hidden {
        Some((name, maker)) => made.with_hidden(&name, maker),
        None => made,
    })
}
