//! Reading the ledgers of runs that did not come to their end. A ledger is a file that anybody can write: it is read within limits, and what
//! cannot be read is told.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, BufRead, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

use super::{Change, Intent, LedgerError, Line, Removal};
use crate::{file, naming::Names};

/// A hundred times what a run with ten thousand trials writes.
const MOST: u64 = 64 * 1024 * 1024;

/// Longer than any line that a run writes: the largest body that one puts back something with, and more.
const LONGEST: u64 = 8 * 1024 * 1024;

/// What a run that did not come to its end has left.
#[derive(Debug)]
pub struct Remains {
    /// The ledger's file.
    pub path: PathBuf,
    /// The target.
    pub origin: String,
    /// The run.
    pub run: String,
    /// The names of the things that it makes. None where the file says something else than a run does: whatever is called so would be
    /// removed.
    pub(crate) names: Option<Names>,
    /// Tells suites apart by what they make and how that is found; ledgers of old do not say it.
    pub(crate) suite: Option<String>,
    /// What is not known to have ended, the last first.
    pub(crate) entries: Vec<Entry>,
    /// Whether each line was read but the last, which a killed run may have cut short.
    pub(crate) whole: bool,
}

/// What is not known to have ended.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// Something that may have been made; `late`: by a request without an answer in time, which the target may still carry out.
    Intent {
        intent: Intent,
        late: bool,
    },
    Change(Change),
    Made(Removal),
}

impl Remains {
    /// How many things are not known to have ended.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether everything is known to have ended.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
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
            found.unread.extend((error.kind() != ErrorKind::NotFound).then(|| failed(error)));
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

fn broken() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it has lines that no run writes")
}

fn read(path: &Path) -> Result<Option<Remains>, LedgerError> {
    let failed = |source| LedgerError { verb: "read", path: path.display().to_string(), source };
    let file = match file::open(path) {
        Ok(file) => file,
        // Its run has ended meanwhile.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    read_lines(path, file).map(Some).map_err(failed)
}

fn read_lines(path: &Path, file: File) -> io::Result<Remains> {
    if file.metadata()?.len() > MOST {
        let reason = format!("it is larger than {} MiB, the limit", MOST / 1024 / 1024);
        return Err(io::Error::new(ErrorKind::FileTooLarge, reason));
    }
    let mut reader = BufReader::new(file.take(MOST));
    let mut head = None;
    let mut entries: BTreeMap<usize, Entry> = BTreeMap::new();
    // The last line may be cut short; any other one that cannot be read means that something is unknown.
    let (mut whole, mut unread, mut any) = (true, false, false);
    let mut line = Vec::new();
    while line_of(&mut reader, &mut line)? {
        whole &= !unread;
        any = true;
        match serde_json::from_slice::<Line>(&line) {
            Ok(line) => take(line, path, &mut head, &mut entries),
            Err(_) if is_cut(&line) => unread = true,
            Err(_) => whole = false,
        }
    }
    let Some(mut remains) = head else {
        let reason = if any { "it does not start like a ledger" } else { "it is empty" };
        return Err(io::Error::new(
            ErrorKind::InvalidData,
            format!("{reason}, so it is not known what its run created"),
        ));
    };
    (remains.entries, remains.whole) = (entries.into_values().rev().collect(), whole);
    Ok(remains)
}

/// The next line, without its end; whether there is one.
fn line_of(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = reader.by_ref().take(LONGEST).read_until(b'\n', line)?;
    Ok(read > 0)
}

/// Whether a line may be the beginning of one that its run could not write to its end.
fn is_cut(line: &[u8]) -> bool {
    line.starts_with(b"{") && !line.contains(&0) && !line.ends_with(b"\n")
}

fn take(line: Line, path: &Path, head: &mut Option<Remains>, entries: &mut BTreeMap<usize, Entry>) {
    let mut enter = |number, entry| drop(entries.insert(number, entry));
    match line {
        Line::Run { origin, run, names, suite, .. } => {
            let names = Names::read(&names).filter(|read| *read == Names::of_run(prefix(&names, &run), &run));
            let (entries, whole) = (Vec::new(), true);
            *head = Some(Remains { path: path.to_owned(), origin, run, names, suite, entries, whole });
        }
        Line::Intent { number, intent } => enter(number, Entry::Intent { intent, late: false }),
        Line::Change { number, change } => enter(number, Entry::Change(change)),
        Line::Made { number, removal } => enter(number, Entry::Made(removal)),
        Line::Late { number } => {
            if let Some(Entry::Intent { late, .. }) = entries.get_mut(&number) {
                *late = true;
            }
        }
        Line::Gone { number } => drop(entries.remove(&number)),
    }
}

/// What stands before the run's ID in its names.
fn prefix<'n>(names: &'n str, run: &str) -> &'n str {
    names.strip_suffix('_').and_then(|names| names.strip_suffix(run)?.strip_suffix('_')).unwrap_or_default()
}
