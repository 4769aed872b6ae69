//! What a run is about to make on a target, has made and not removed yet, and has to put back: on disk before the request goes out.
//!
//! A run that is killed leaves its ledger behind; the next run says so, and `sweep` looks for what is in it. A line is an entry, what came of
//! one, or its end; a ledger in which everything has ended is deleted. Owns the lines and what they mean; writing is `writer`'s, reading
//! `remains`'s. What may be removed because of an entry, `sweep` decides.

mod remains;
mod writer;

use std::{
    cell::RefCell,
    fs, io,
    path::{Path, PathBuf},
};

pub(crate) use remains::Entry;
pub use remains::{Found, Remains, remains};
use serde::{Deserialize, Serialize};

use self::writer::Writer;

/// Where ledgers lie unless told otherwise.
pub const DIRECTORY: &str = "reports/ledgers";

/// A ledger that cannot be kept or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} the ledger {path}")]
pub struct LedgerError {
    verb: &'static str,
    path: String,
    #[source]
    source: io::Error,
}

impl LedgerError {
    fn keep(path: &Path, source: io::Error) -> Self {
        Self { verb: "keep", path: path.display().to_string(), source }
    }
}

/// The ledger of a run.
pub fn file_of(directory: &Path, run: &str) -> PathBuf {
    directory.join(format!("{run}.jsonl"))
}

/// Deletes the ledgers of these runs.
///
/// # Errors
/// A file that cannot be deleted.
pub fn forget(remains: &[PathBuf]) -> Result<(), LedgerError> {
    remains.iter().try_for_each(|path| fs::remove_file(path).map_err(|source| LedgerError::keep(path, source)))
}

/// The request that removes something, or puts it back as it was.
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

/// A request that may make something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The method.
    pub method: String,
    /// The path on the target, as a server may read it.
    pub path: String,
    /// What the thing is to be called; none where the request does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who sends it.
    pub principal: String,
    /// The trial that sends it.
    pub trial: String,
}

/// A request that changes something that was there before, and the one that puts it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The method.
    pub method: String,
    /// The path on the target, as a server may read it.
    pub path: String,
    /// Puts it back.
    pub restore: Removal,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ledger")]
enum Line {
    Run {
        origin: String,
        run: String,
        names: String,
        started: String,
        /// Tells suites apart by what they make and how that is found; ledgers of old have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suite: Option<String>,
    },
    /// About to be sent.
    Intent {
        number: usize,
        intent: Intent,
    },
    /// About to be sent.
    Change {
        number: usize,
        change: Change,
    },
    /// No answer came in time: the target may still carry it out.
    Late {
        number: usize,
    },
    /// What came of an intent, or of a step that says itself what removes it.
    Made {
        number: usize,
        removal: Removal,
    },
    Gone {
        number: usize,
    },
}

/// Which run a ledger is of.
#[derive(Debug, Clone)]
pub struct Run {
    /// The target.
    pub origin: String,
    /// The run's ID.
    pub run: String,
    /// What the names of the things that it makes begin with.
    pub names: String,
    /// Tells suites apart by what they make and how that is found.
    pub suite: String,
}

/// The ledger of a run that is going on.
#[derive(Debug)]
pub struct Ledger {
    state: RefCell<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    run: Run,
    /// Started before the first write to the target: a run that writes nothing leaves nothing.
    writer: Option<Writer>,
    entries: usize,
    left: usize,
}

impl Ledger {
    /// A ledger in `directory`.
    pub fn new(directory: &Path, run: Run) -> Self {
        let path = file_of(directory, &run.run);
        Self { state: RefCell::new(Some(Open { path, run, writer: None, entries: 0, left: 0 })) }
    }

    /// No ledger, for a target that ends with the run.
    pub fn none() -> Self {
        Self { state: RefCell::new(None) }
    }

    /// Notes what is about to be made; gives the entry's number. What is noted survives the machine once this is over, and suffices to find
    /// the thing by its name.
    ///
    /// # Errors
    /// A place that cannot be written: then the request must not go out.
    pub(crate) async fn intend(&self, intent: Intent) -> Result<usize, LedgerError> {
        self.enter(|number| Line::Intent { number, intent }).await
    }

    /// Notes what is about to be changed, and what puts it back.
    ///
    /// # Errors
    /// As [`Self::intend`].
    pub(crate) async fn change(&self, change: Change) -> Result<usize, LedgerError> {
        self.enter(|number| Line::Change { number, change }).await
    }

    async fn enter(&self, line: impl FnOnce(usize) -> Line) -> Result<usize, LedgerError> {
        let (number, synced, path) = {
            let mut state = self.state.borrow_mut();
            let Some(open) = state.as_mut() else { return Ok(0) };
            let number = open.number();
            let line = line(number);
            (number, open.writer()?.synced(&line), open.path.clone())
        };
        synced.await.map_err(|source| LedgerError::keep(&path, source))?;
        Ok(number)
    }

    /// Notes what removes the thing of a step that says so itself; gives the entry's number.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub(crate) fn enter_made(&self, removal: Removal) -> Result<usize, LedgerError> {
        let mut state = self.state.borrow_mut();
        let Some(open) = state.as_mut() else { return Ok(0) };
        let number = open.number();
        open.writer()?.write(&Line::Made { number, removal });
        Ok(number)
    }

    /// Notes what removes the thing that an intent has made.
    pub(crate) fn made(&self, number: usize, removal: Removal) {
        self.note(&Line::Made { number, removal });
    }

    /// Notes that an intent had no answer in time.
    pub(crate) fn late(&self, number: usize) {
        self.note(&Line::Late { number });
    }

    /// Notes that an entry has ended: its thing was not made, or is gone, or is as it was.
    pub(crate) fn gone(&self, number: usize) {
        if let Some(open) = self.state.borrow_mut().as_mut() {
            open.left = open.left.saturating_sub(1);
        }
        self.note(&Line::Gone { number });
    }

    /// Written, and not waited for: a line that is lost leaves an entry that says too much rather than too little.
    fn note(&self, line: &Line) {
        if let Some(writer) = self.state.borrow().as_ref().and_then(|open| open.writer.as_ref()) {
            writer.write(line);
        }
    }

    /// Closes the ledger; one in which nothing is left is deleted. Says whether something is.
    ///
    /// # Errors
    /// A file that cannot be deleted.
    pub fn close(&self) -> Result<bool, LedgerError> {
        let Some(open) = self.state.borrow_mut().take() else { return Ok(false) };
        let Some(writer) = open.writer else { return Ok(false) };
        // Locked until it is deleted.
        let _file = writer.finish();
        if open.left > 0 {
            return Ok(true);
        }
        fs::remove_file(&open.path).map_err(|source| LedgerError::keep(&open.path, source))?;
        Ok(false)
    }
}

impl Open {
    /// The number of a new entry.
    fn number(&mut self) -> usize {
        (self.entries, self.left) = (self.entries + 1, self.left + 1);
        self.entries
    }

    fn writer(&mut self) -> Result<&Writer, LedgerError> {
        if self.writer.is_none() {
            let Run { origin, run, names, suite } = self.run.clone();
            let started = chrono::Utc::now().to_rfc3339();
            let first = Line::Run { origin, run, names, started, suite: Some(suite) };
            let started = Writer::start(&self.path, &first);
            self.writer = Some(started.map_err(|source| LedgerError::keep(&self.path, source))?);
        }
        // It was made just now, where it was not there.
        self.writer.as_ref().ok_or_else(|| LedgerError::keep(&self.path, io::ErrorKind::NotFound.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn run() -> Run {
        let (origin, run, names) = ("http://a".to_owned(), "abc234".to_owned(), "okc_abc234_".to_owned());
        Run { origin, run, names, suite: "s".to_owned() }
    }

    pub(super) fn removal(path: &str) -> Removal {
        Removal {
            method: "DELETE".into(),
            path: path.into(),
            body: None,
            principal: "manager".into(),
            trial: "a/b/c".into(),
        }
    }

    fn intent(name: &str) -> Intent {
        Intent {
            method: "POST".into(),
            path: "/things".into(),
            name: Some(name.into()),
            principal: "manager".into(),
            trial: "a/b/c".into(),
        }
    }

    fn paths(remains: &Remains) -> Vec<String> {
        let path = |entry: &Entry| match entry {
            Entry::Made(removal) => removal.path.clone(),
            Entry::Intent { intent, .. } => intent.name.clone().unwrap_or_default(),
            Entry::Change(change) => change.path.clone(),
        };
        remains.entries.iter().map(path).collect()
    }

    #[tokio::test]
    async fn what_is_not_gone_is_left_the_last_first() {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(directory.path(), run());
        let first = ledger.enter_made(removal("/1")).expect("written");
        let second = ledger.intend(intent("two")).await.expect("written");
        ledger.intend(intent("three")).await.expect("written");
        ledger.made(second, removal("/2"));
        ledger.gone(first);
        assert!(remains(directory.path(), "http://a").remains.is_empty(), "the run is going on");
        assert!(ledger.close().expect("closed"), "something is left");
        let left = remains(directory.path(), "http://a").remains;
        assert_eq!(left.iter().flat_map(paths).collect::<Vec<_>>(), ["three", "/2"]);
        assert!(remains(directory.path(), "http://b").remains.is_empty(), "of another target");
    }

    #[tokio::test]
    async fn a_ledger_in_which_all_is_gone_is_deleted() {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(directory.path(), run());
        let number = ledger.intend(intent("one")).await.expect("written");
        ledger.gone(number);
        assert!(!ledger.close().expect("closed"));
        assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 0);
    }

    #[test]
    fn what_stands_behind_a_broken_line_is_not_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(directory.path(), run());
        ledger.enter_made(removal("/1")).expect("written");
        ledger.enter_made(removal("/2")).expect("written");
        ledger.close().expect("closed");
        let path = directory.path().join("abc234.jsonl");
        let text = fs::read_to_string(&path).expect("a file");
        fs::write(&path, text.replacen("\"made\"", "\"mad", 1)).expect("written");
        let found = remains(directory.path(), "http://a");
        assert_eq!(paths(&found.remains[0]), ["/2"]);
        assert_eq!((found.remains[0].whole, found.unread.len()), (false, 1));
    }

    #[test]
    fn a_line_that_was_cut_short_ends_the_ledger() {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(directory.path(), run());
        ledger.enter_made(removal("/1")).expect("written");
        ledger.close().expect("closed");
        let path = directory.path().join("abc234.jsonl");
        let mut text = fs::read_to_string(&path).expect("a file");
        text.push_str("{\"ledger\":\"made\",\"num");
        fs::write(&path, text).expect("written");
        assert_eq!(paths(&remains(directory.path(), "http://a").remains[0]), ["/1"]);
    }

    #[test]
    fn what_is_no_ledger_is_told() {
        for bytes in
            [&b""[..], b"\n", b"{\"ledger\":\"run\",\"ori", &[0; 4096], b"{\"ledger\":\"gone\",\"number\":1}\n"]
        {
            let directory = tempfile::tempdir().expect("a directory");
            fs::write(directory.path().join("abc234.jsonl"), bytes).expect("written");
            let found = remains(directory.path(), "http://a");
            assert_eq!((found.remains.len(), found.unread.len()), (0, 1), "{bytes:?}");
        }
    }
}
