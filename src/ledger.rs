//! What a run has made on a target and not removed yet, on disk before the next request is sent.
//!
//! A run that is killed leaves its ledger behind; the next run says so, and `sweep` removes what is in it. A line is an entry or the
//! end of one; a ledger in which everything has ended is deleted.

use std::{
    cell::RefCell,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::file;

/// Where ledgers lie unless told otherwise.
pub const DIRECTORY: &str = "reports/ledgers";

/// A ledger that cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} the ledger {path}")]
pub struct LedgerError {
    verb: &'static str,
    path: String,
    #[source]
    source: io::Error,
}

/// Deletes the ledgers of these runs.
///
/// # Errors
/// A file that cannot be deleted.
pub fn forget(remains: &[PathBuf]) -> Result<(), LedgerError> {
    remains.iter().try_for_each(|path| fs::remove_file(path).map_err(|source| LedgerError::new(path, source)))
}

impl LedgerError {
    fn new(path: &Path, source: io::Error) -> Self {
        Self { verb: "keep", path: path.display().to_string(), source }
    }
}

/// The request that removes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The method.
    pub method: String,
    /// Path and query on the target, without secrets.
    pub path: String,
    /// What is sent with it, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Who may do it.
    pub principal: String,
    /// The trial that made the thing.
    pub trial: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ledger")]
enum Line {
    Run { origin: String, run: String, names: String, started: String },
    Made { number: usize, removal: Removal },
    Gone { number: usize },
}

/// The ledger of a run that is going on.
#[derive(Debug)]
pub struct Ledger {
    state: RefCell<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    directory: PathBuf,
    path: PathBuf,
    origin: String,
    run: String,
    names: String,
    /// Made before the first write to the target: a run that writes nothing leaves nothing. Locked while the run goes on.
    file: Option<File>,
    made: usize,
    left: usize,
}

impl Ledger {
    /// A ledger in `directory`, for the run called `run` against `origin`, which gives names that begin with `names`.
    pub fn new(directory: &Path, origin: &str, run: &str, names: &str) -> Self {
        let open = Open {
            directory: directory.to_owned(),
            path: directory.join(format!("{run}.jsonl")),
            origin: origin.to_owned(),
            run: run.to_owned(),
            names: names.to_owned(),
            file: None,
            made: 0,
            left: 0,
        };
        Self { state: RefCell::new(Some(open)) }
    }

    /// No ledger, for a target that ends with the run.
    pub fn none() -> Self {
        Self { state: RefCell::new(None) }
    }

    /// Notes that the run is about to write to the target: what it makes can be found by its name from now on, also if the answer
    /// never comes.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub(crate) fn begin(&self) -> Result<(), LedgerError> {
        self.state.borrow_mut().as_mut().map_or(Ok(()), Open::begin)
    }

    /// Notes what removes something, before anything else is sent; gives the entry's number.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub(crate) fn made(&self, removal: Removal) -> Result<usize, LedgerError> {
        let mut state = self.state.borrow_mut();
        let Some(open) = state.as_mut() else { return Ok(0) };
        open.made += 1;
        open.left += 1;
        let number = open.made;
        open.write(&Line::Made { number, removal })?;
        Ok(number)
    }

    /// Notes that an entry's thing is gone.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub(crate) fn gone(&self, number: usize) -> Result<(), LedgerError> {
        let mut state = self.state.borrow_mut();
        let Some(open) = state.as_mut() else { return Ok(()) };
        open.left = open.left.saturating_sub(1);
        open.write(&Line::Gone { number })
    }

    /// Closes the ledger; one in which nothing is left is deleted.
    ///
    /// # Errors
    /// A file that cannot be deleted.
    pub fn close(&self) -> Result<(), LedgerError> {
        let Some(open) = self.state.borrow_mut().take() else { return Ok(()) };
        if open.file.is_some() && open.left == 0 {
            fs::remove_file(&open.path).map_err(|source| open.error(source))?;
        }
        Ok(())
    }
}

impl Open {
    fn error(&self, source: io::Error) -> LedgerError {
        LedgerError::new(&self.path, source)
    }

    fn begin(&mut self) -> Result<(), LedgerError> {
        if self.file.is_some() {
            return Ok(());
        }
        fs::create_dir_all(&self.directory).map_err(|source| self.error(source))?;
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        let file = file.map_err(|source| self.error(source))?;
        // Held until the process ends, however it ends: nobody sweeps a run that is going on.
        file.lock().map_err(|source| self.error(source))?;
        self.file = Some(file);
        let started = chrono::Utc::now().to_rfc3339();
        let (origin, run, names) = (self.origin.clone(), self.run.clone(), self.names.clone());
        self.write(&Line::Run { origin, run, names, started })
    }

    fn write(&mut self, line: &Line) -> Result<(), LedgerError> {
        self.begin()?;
        let mut text = serde_json::to_string(line).map_err(|error| self.error(error.into()))?;
        text.push('\n');
        // One call, without a buffer: what is written survives the process. What was made must be known also after the machine has failed.
        let lasting = !matches!(line, Line::Gone { .. });
        let write = |file: &mut File| {
            file.write_all(text.as_bytes())?;
            if lasting { file.sync_data() } else { Ok(()) }
        };
        let written = self.file.as_mut().map_or(Ok(()), write);
        written.map_err(|source| self.error(source))
    }
}

/// What a run that did not come to its end has left.
#[derive(Debug)]
pub struct Remains {
    /// The ledger's file.
    pub path: PathBuf,
    /// The target.
    pub origin: String,
    /// The run.
    pub run: String,
    /// What the names of the things that it made begin with. One whose answer never came is in no ledger, but has its name. None where
    /// the file says something else than a run does: whatever is called so would be removed.
    pub names: Option<String>,
    /// What is not known to be gone, the last made first.
    pub removals: Vec<Removal>,
    /// Whether each line was read but the last, which a killed run may have cut short.
    pub whole: bool,
}

/// What the ledgers say.
#[derive(Debug, Default)]
pub struct Found {
    /// What runs have left.
    pub remains: Vec<Remains>,
    /// What could not be read, or not as a whole.
    pub unread: Vec<LedgerError>,
}

/// The ledgers in `directory` of runs against `origin` that did not come to their end and are not going on. A line that was cut short is the
/// last that its run wrote.
pub fn remains(directory: &Path, origin: &str) -> Found {
    let failed = |source| LedgerError { verb: "read", path: directory.display().to_string(), source };
    let mut found = Found::default();
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            found.unread.extend((error.kind() != io::ErrorKind::NotFound).then(|| failed(error)));
            return found;
        }
    };
    for entry in entries {
        let read = entry.map_err(failed).and_then(|entry| {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") { read(&path) } else { Ok(None) }
        });
        match read {
            Ok(remains) => {
                let Some(remains) = remains.filter(|remains| remains.origin == origin) else { continue };
                if !remains.whole {
                    let path = remains.path.display().to_string();
                    found.unread.push(LedgerError { verb: "read all of", path, source: broken() });
                }
                found.remains.push(remains);
            }
            Err(error) => found.unread.push(error),
        }
    }
    found.remains.sort_by(|a, b| a.path.cmp(&b.path));
    found.unread.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether names that begin so are those of the run alone: `PREFIX_RUN_`, with a prefix of three characters or more.
fn are_names(names: &str, run: &str) -> bool {
    let prefix = names.strip_suffix(&format!("_{run}_"));
    run.len() >= 4 && prefix.is_some_and(|prefix| prefix.len() >= 3)
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "there are lines in it that no run writes")
}

fn read(path: &Path) -> Result<Option<Remains>, LedgerError> {
    let failed = |source| LedgerError { verb: "read", path: path.display().to_string(), source };
    let file = match file::open(path) {
        Ok(file) => file,
        // Its run has ended meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let mut remains: Option<Remains> = None;
    let mut made: Vec<(usize, Removal)> = Vec::new();
    let mut whole = true;
    let mut lines = BufReader::new(file).split(b'\n').peekable();
    while let Some(line) = lines.next() {
        let Ok(line) = serde_json::from_slice::<Line>(&line.map_err(failed)?) else {
            whole &= lines.peek().is_none();
            continue;
        };
        match line {
            Line::Run { origin, run, names, .. } => {
                let names = Some(names).filter(|names| are_names(names, &run));
                remains = Some(Remains { path: path.to_owned(), origin, run, names, removals: Vec::new(), whole });
            }
            Line::Made { number, removal } => made.push((number, removal)),
            Line::Gone { number } => made.retain(|(other, _)| *other != number),
        }
    }
    if let Some(remains) = &mut remains {
        remains.removals = made.into_iter().rev().map(|(_, removal)| removal).collect();
        remains.whole = whole;
    } else if !whole {
        return Err(failed(broken()));
    }
    Ok(remains)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removal(path: &str) -> Removal {
        Removal {
            method: "DELETE".into(),
            path: path.into(),
            body: None,
            principal: "manager".into(),
            trial: "a/b/c".into(),
        }
    }

    #[test]
    fn what_is_not_gone_is_left_the_last_first() {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(directory.path(), "http://a", "run1", "okc_run1_");
        let first = ledger.made(removal("/1")).expect("written");
        ledger.made(removal("/2")).expect("written");
        ledger.made(removal("/3")).expect("written");
        ledger.gone(first).expect("written");
        assert!(remains(directory.path(), "http://a").remains.is_empty(), "the run is going on");
        ledger.close().expect("closed");
        assert!(directory.path().join("run1.jsonl").exists(), "something is left");
        let left = remains(directory.path(), "http://a").remains;
        let paths: Vec<&str> = left.iter().flat_map(|left| &left.removals).map(|left| left.path.as_str()).collect();
        assert_eq!(paths, ["/3", "/2"]);
        assert!(remains(directory.path(), "http://b").remains.is_empty(), "of another target");
    }

    #[test]
    fn a_ledger_in_which_all_is_gone_is_deleted() {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(directory.path(), "http://a", "run1", "okc_run1_");
        let number = ledger.made(removal("/1")).expect("written");
        ledger.gone(number).expect("written");
        ledger.close().expect("closed");
        assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 0);
    }

    #[test]
    fn what_stands_behind_a_broken_line_is_not_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(directory.path(), "http://a", "run1", "okc_run1_");
        ledger.made(removal("/1")).expect("written");
        ledger.made(removal("/2")).expect("written");
        ledger.close().expect("closed");
        let path = directory.path().join("run1.jsonl");
        let text = fs::read_to_string(&path).expect("a file");
        fs::write(&path, text.replacen("\"made\"", "\"mad", 1)).expect("written");
        let found = remains(directory.path(), "http://a");
        assert_eq!(found.remains[0].removals.iter().map(|removal| removal.path.as_str()).collect::<Vec<_>>(), ["/2"]);
        assert_eq!((found.remains[0].whole, found.unread.len()), (false, 1));
    }

    #[test]
    fn a_line_that_was_cut_short_ends_the_ledger() {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(directory.path(), "http://a", "run1", "okc_run1_");
        ledger.made(removal("/1")).expect("written");
        ledger.close().expect("closed");
        let path = directory.path().join("run1.jsonl");
        let mut text = fs::read_to_string(&path).expect("a file");
        text.push_str("{\"ledger\":\"made\",\"num");
        fs::write(&path, text).expect("written");
        assert_eq!(remains(directory.path(), "http://a").remains[0].removals.len(), 1);
    }
}
