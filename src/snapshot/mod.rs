//! Snapshots of behaviour: what a target said in each trial, without what differs from run to run, in a file that a person has accepted.
//!
//! Owns when a trial has a snapshot, where it is kept and what becomes of a difference. A snapshot is a file of insta's form, so that
//! `cargo insta review` shows what is new and accepts it: `NAME.snap` is accepted, `NAME.snap.new` is not yet. What is in one is
//! `transcript`'s and `names`'.

mod file;
mod names;
mod transcript;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use similar::{ChangeTag, TextDiff};

use self::{file::File, transcript::Writer};
use crate::{
    event::{Bearing, Event, Outcome, RunFinished, RunStarted, SnapshotDrift, SnapshotKind, TrialFinished},
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
    run: Option<Run>,
    /// Trials that have begun and not ended.
    open: BTreeMap<String, Writer>,
    /// The files of the trials that ended.
    ended: BTreeSet<PathBuf>,
    written: Vec<PathBuf>,
}

/// What the header of a run says.
#[derive(Debug)]
struct Run {
    foreign: Arc<names::Foreign>,
    /// Whether it has every trial of the suite.
    whole: bool,
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
            run: None,
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
        match event {
            Event::RunStarted(header) => self.begin(header),
            Event::StepFinished(step) => {
                if let Some(run) = &self.run {
                    let new = || Writer::new(&run.foreign);
                    let writer = self.open.entry(step.trial.clone()).or_insert_with(new);
                    if step.attempt > writer.attempt {
                        *writer = new();
                        writer.attempt = step.attempt;
                    }
                    writer.take(step);
                }
            }
            Event::TrialFinished(finished) => {
                let writer = self.open.remove(&finished.trial);
                let found = self.end(finished, writer)?;
                return Ok(found.into_iter().map(Event::SnapshotDrifted).collect());
            }
            Event::RunFinished(footer) => {
                return Ok(self.orphans(footer)?.into_iter().map(Event::SnapshotDrifted).collect());
            }
            Event::TrialStarted(_)
            | Event::Leaked(_)
            | Event::MayBeLeft(_)
            | Event::Waited(_)
            | Event::Preflight(_)
            | Event::SnapshotDrifted(_)
            | Event::NotBegun(_) => {}
        }
        Ok(Vec::new())
    }

    fn begin(&mut self, header: &RunStarted) {
        let whole = header.selection.is_whole() && header.shard.is_none();
        self.run = Some(Run { foreign: Arc::new(names::Foreign::of(header)), whole });
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
        let new = File::new(&finished.file, &finished.title, &finished.trial, writer.finish());
        let accepted = File::read(&path).map_err(|source| refused(&path, source))?;
        let beside = path.with_extension("snap.new");
        if accepted.as_ref().is_some_and(|accepted| accepted.contents == new.contents) {
            remove(&beside)?;
            return Ok(None);
        }
        if self.unaccepted == Unaccepted::Accepted {
            remove(&beside)?;
            new.write(&path).map_err(|source| refused(&path, source))?;
            self.written.push(path);
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

    /// Accepted snapshots of trials that are no more. A run that was told to leave trials out, or left some, cannot tell.
    fn orphans(&self, footer: &RunFinished) -> Result<Vec<SnapshotDrift>, SnapshotError> {
        let whole = self.run.as_ref().is_some_and(|run| run.whole) && footer.stopped.is_none();
        if !whole {
            return Ok(Vec::new());
        }
        let mut orphans = Vec::new();
        for path in accepted_below(&self.directory)? {
            if self.ended.contains(&path) {
                continue;
            }
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
    let diff = TextDiff::configure().timeout(std::time::Duration::from_secs(2)).diff_lines(accepted, new);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(1).iter().enumerate() {
        if index > 0 {
            lines.push("  …".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            lines.push(format!("{sign} {}", change.value().trim_end_matches('\n')));
        }
    }
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("  and {more} more lines"));
    }
    lines.join("\n")
}
