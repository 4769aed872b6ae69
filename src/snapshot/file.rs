//! The form of a snapshot's file, which is insta's: a head in YAML between lines of `---`, then the contents.
//!
//! Written by hand, since the library writes snapshots in assertions of tests alone, and is a few lines long; `tests/cli/snapshots.rs`
//! holds what is written to insta's own reader, and to `cargo insta` where that is installed.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

/// More than any snapshot that was written here.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// A snapshot and what it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    source: String,
    title: String,
    /// The trial's ID, where the head says it.
    pub(super) trial: Option<String>,
    /// Without the line break at the end.
    pub(super) contents: String,
}

impl File {
    pub(super) fn new(source: &str, title: &str, trial: &str, contents: String) -> Self {
        Self { source: source.to_owned(), title: title.to_owned(), trial: Some(trial.to_owned()), contents }
    }

    /// Reads a snapshot; `None` where there is none.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match crate::file::text(path, MOST_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text?.replace("\r\n", "\n"),
        };
        let no_head =
            || io::Error::new(ErrorKind::InvalidData, "it is no snapshot: a head between lines of `---` is missing");
        let (head, contents) =
            text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).ok_or_else(no_head)?;
        let trial = head.lines().find_map(|line| line.strip_prefix("expression: "));
        let trial = trial.map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.trim_matches('"').to_owned()));
        let contents = contents.trim_end_matches('\n').to_owned();
        Ok(Some(Self { source: String::new(), title: String::new(), trial, contents }))
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        // A text of JSON is one of YAML.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let trial = self.trial.as_deref().unwrap_or_default();
        let head = format!(
            "source: {}\ndescription: {}\nexpression: {}",
            quoted(&self.source),
            quoted(&self.title),
            quoted(trial)
        );
        fs::write(path, format!("---\n{head}\n---\n{}\n", self.contents))
    }
}
