//! Snapshots of behaviour: what a target said in each trial, without what differs from run to run, in a file that a person has accepted.
//!
//! Owns when a trial has a snapshot, where it is kept and what becomes of a difference. A snapshot is a file of insta's form, so that
//! `cargo insta review` shows what is new and accepts it: `NAME.snap` is accepted, `NAME.snap.new` is not yet. What is in one is
//! `transcript`'s and `names`'.

mod names;
mod transcript;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use self::{names::Foreign, transcript::Writer};
use crate::{
    difference,
    event::{Bearing, Event, Outcome, RunFinished, SnapshotDrift, SnapshotKind, TrialFinished},
    secret::Redactor,
};

/// What may stand in the name of a file on every system; the rest is percent-encoded.
const FILE_NAME: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b'*')
    .add(b'/')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'|');

/// More than any snapshot that was written here.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// More lines of a difference than a person reads in a report; the files hold all of it.
const MOST_LINES: usize = 30;

/// A manifest for `cargo insta` alone.
const MANIFEST: &str = "\
# For `cargo insta review --manifest-path Cargo.toml`, which shows what is new in the snapshots beside it. There is no code.
[package]
name = \"snapshots\"
version = \"0.0.0\"
edition = \"2024\"
publish = false

[lib]
path = \"none.rs\"

[workspace]
";

/// What becomes of behaviour that nobody has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unaccepted {
    /// It is written beside the accepted one, and told.
    Told,
    /// It takes the place of the accepted one.
    Accepted,
}

/// A directory that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep snapshots: {path}")]
pub struct SnapshotError {
    path: String,
    #[source]
    source: io::Error,
}

/// Keeps the snapshots of one target.
#[derive(Debug)]
pub struct Snapshots {
    directory: PathBuf,
    unaccepted: Unaccepted,
    redactor: Redactor,
    /// What is the run's own, once its header has come.
    foreign: Option<Arc<Foreign>>,
    /// Whether the run has every trial of the suite.
    whole: bool,
    /// Trials that have begun and not ended.
    open: BTreeMap<String, Writer>,
    /// The files of the trials that ended.
    ended: BTreeSet<PathBuf>,
    written: Vec<PathBuf>,
}

impl Snapshots {
    /// Those below `directory`, in a directory of the target's own.
    pub fn new(directory: &Path, target: &str, unaccepted: Unaccepted, redactor: Redactor) -> Self {
        let target = target.split_once("://").map_or(target, |(_, host)| host);
        let name = utf8_percent_encode(target.trim_end_matches('/'), FILE_NAME).to_string();
        Self {
            directory: directory.join(name),
            unaccepted,
            redactor,
            foreign: None,
            whole: false,
            open: BTreeMap::new(),
            ended: BTreeSet::new(),
            written: Vec::new(),
        }
    }

    /// The files that were written.
    pub fn written(&self) -> &[PathBuf] {
        &self.written
    }

    /// Makes a place for the snapshots that cargo finds its way about in, as `cargo insta` asks for: where there is no manifest at the
    /// directory or above, one of a crate without code.
    ///
    /// # Errors
    /// A directory that cannot be written.
    pub fn prepare(directory: &Path) -> Result<(), SnapshotError> {
        fs::create_dir_all(directory).map_err(|source| refused(directory, source))?;
        let whole = directory.canonicalize().map_err(|source| refused(directory, source))?;
        if !whole.ancestors().any(|above| above.join("Cargo.toml").is_file()) {
            let manifest = directory.join("Cargo.toml");
            fs::write(&manifest, MANIFEST).map_err(|source| refused(&manifest, source))?;
        }
        Ok(())
    }

    /// Takes the next event, and tells what is not as accepted. What comes of the footer belongs before it.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn take(&mut self, event: &Event) -> Result<Vec<Event>, SnapshotError> {
        let drifted = match event {
            Event::RunStarted(header) => {
                self.whole = header.selection.is_whole() && header.shard.is_none();
                self.foreign = Some(Arc::new(Foreign::of(header)));
                Vec::new()
            }
            Event::StepFinished(step) => {
                if let Some(foreign) = &self.foreign {
                    let new = || Writer::new(foreign, step.attempt);
                    let writer = self.open.entry(step.trial.clone()).or_insert_with(new);
                    if step.attempt > writer.attempt {
                        *writer = new();
                    }
                    writer.take(step);
                }
                Vec::new()
            }
            Event::TrialFinished(finished) => {
                let writer = self.open.remove(&finished.trial);
                self.end(finished, writer)?.into_iter().collect()
            }
            Event::RunFinished(footer) => self.orphans(footer)?,
            Event::TrialStarted(_)
            | Event::Leaked(_)
            | Event::MayBeLeft(_)
            | Event::Waited(_)
            | Event::Preflight(_)
            | Event::SnapshotDrifted(_)
            | Event::NotBegun(_) => Vec::new(),
        };
        Ok(drifted.into_iter().map(Event::SnapshotDrifted).collect())
    }

    /// The file of a trial's accepted snapshot.
    fn file(&self, trial: &str) -> PathBuf {
        let mut path = self.directory.clone();
        path.extend(trial.split('/').map(|part| utf8_percent_encode(part, FILE_NAME).to_string()));
        path.as_mut_os_string().push(".snap");
        path
    }

    fn end(
        &mut self,
        finished: &TrialFinished,
        writer: Option<Writer>,
    ) -> Result<Option<SnapshotDrift>, SnapshotError> {
        let path = self.file(&finished.trial);
        self.ended.insert(path.clone());
        let Some(writer) = writer.filter(|writer| tells(finished.outcome) && !writer.broken) else { return Ok(None) };
        let new = File {
            source: finished.file.clone(),
            title: finished.title.clone(),
            trial: Some(finished.trial.clone()),
            contents: writer.finish(),
        };
        let accepted = File::read(&path).map_err(|source| refused(&path, source))?;
        let beside = path.with_extension("snap.new");
        let same = accepted.as_ref().is_some_and(|accepted| accepted.contents == new.contents);
        if same || self.unaccepted == Unaccepted::Accepted {
            remove(&beside)?;
            if !same {
                new.write(&path).map_err(|source| refused(&path, source))?;
                self.written.push(path);
            }
            return Ok(None);
        }
        new.write(&beside).map_err(|source| refused(&beside, source))?;
        self.written.push(beside);
        Ok(Some(SnapshotDrift {
            trial: finished.trial.clone(),
            kind: if accepted.is_some() { SnapshotKind::Changed } else { SnapshotKind::Missing },
            file: path.display().to_string(),
            difference: accepted.map(|accepted| self.redactor.text(&difference(&accepted.contents, &new.contents))),
        }))
    }

    /// Accepted snapshots of trials that no longer exist. A run that was told to leave trials out, or left some, cannot tell.
    fn orphans(&self, footer: &RunFinished) -> Result<Vec<SnapshotDrift>, SnapshotError> {
        let mut orphans = Vec::new();
        if !self.whole || footer.stopped.is_some() {
            return Ok(orphans);
        }
        let accepted = accepted_below(&self.directory)?;
        for path in accepted.into_iter().filter(|path| !self.ended.contains(path)) {
            if self.unaccepted == Unaccepted::Accepted {
                remove(&path)?;
                remove(&path.with_extension("snap.new"))?;
                continue;
            }
            let accepted = File::read(&path).map_err(|source| refused(&path, source))?;
            orphans.push(SnapshotDrift {
                trial: accepted.and_then(|file| file.trial).unwrap_or_default(),
                kind: SnapshotKind::Orphaned,
                file: path.display().to_string(),
                difference: None,
            });
        }
        Ok(orphans)
    }
}

/// A snapshot and what it is of, in insta's form: a head in YAML between lines of `---`, then the contents.
///
/// Written by hand, since the library writes snapshots in assertions of tests alone, and is a few lines long; `tests/cli/snapshots.rs`
/// holds what is written to insta's own reader, and to `cargo insta` where that is installed.
#[derive(Debug)]
struct File {
    source: String,
    title: String,
    /// The trial's ID, where the head says it.
    trial: Option<String>,
    /// Without the line break at the end.
    contents: String,
}

impl File {
    /// Reads a snapshot; `None` where there is none.
    fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match crate::file::text(path, MOST_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text?.replace("\r\n", "\n"),
        };
        let parts = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
        let (head, contents) = parts.ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidData, "it is no snapshot: a head between lines of `---` is missing")
        })?;
        let trial = head.lines().find_map(|line| line.strip_prefix("expression: "));
        let trial = trial.map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.trim_matches('"').to_owned()));
        let contents = contents.trim_end_matches('\n').to_owned();
        Ok(Some(Self { source: String::new(), title: String::new(), trial, contents }))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        // A text of JSON is one of YAML.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let [source, title, trial] = [&self.source, &self.title, self.trial.as_deref().unwrap_or_default()].map(quoted);
        let head = format!("source: {source}\ndescription: {title}\nexpression: {trial}");
        fs::write(path, format!("---\n{head}\n---\n{}\n", self.contents))
    }
}

/// Whether the trial came to its end, so that its transcript is what the target does.
fn tells(outcome: Outcome) -> bool {
    matches!(outcome.form().bearing, Bearing::Passes | Bearing::Fails)
}

fn refused(path: &Path, source: io::Error) -> SnapshotError {
    SnapshotError { path: path.display().to_string(), source }
}

fn remove(path: &Path) -> Result<(), SnapshotError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(path, error)),
        _ => Ok(()),
    }
}

/// Every `.snap` below a directory, by name.
fn accepted_below(directory: &Path) -> Result<Vec<PathBuf>, SnapshotError> {
    let (mut open, mut found) = (vec![directory.to_owned()], Vec::new());
    while let Some(directory) = open.pop() {
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(|source| refused(&directory, source))?,
        };
        for entry in entries {
            let entry = entry.map_err(|source| refused(&directory, source))?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(|source| refused(&directory, source))?);
            // Links are not followed: they may go round.
            if kind.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "snap") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The lines that differ, with one line around them.
fn difference(accepted: &str, new: &str) -> String {
    let lines = difference::lines(accepted, new, 1, "…").into_iter();
    let mut lines: Vec<String> = lines.map(|(tag, line)| format!("{} {line}", difference::sign(tag))).collect();
    if lines.len() > MOST_LINES {
        let more = lines.split_off(MOST_LINES).len();
        lines.push(format!("  and {more} more lines"));
    }
    lines.join("\n")
}
