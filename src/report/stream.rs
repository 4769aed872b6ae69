//! The event stream on disk: JSON Lines, on disk whenever the run waits for something, read back with its header and footer checked.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use super::digest::Running;
use crate::{
    counted::counted,
    event::{self, Event, Outcome, RunStarted},
    file,
};

/// A line longer than any event that a run writes.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// A stream that cannot be written or read: its file, and what is the matter.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The operating system's refusal.
    #[error("cannot use {0}")]
    Io(String, #[source] io::Error),
    /// A place where no stream can be begun.
    #[error("cannot write the event stream {0} (`--events PATH` names another place, `--events none` none)")]
    Create(String, #[source] io::Error),
    /// Another run is writing it.
    #[error("another run is writing {0}: give this one another `--events PATH`, and its reports other paths")]
    Busy(String),
    /// A line, counted from 1, that is no event.
    #[error("{0}:{1}: not an event of a run: {2}")]
    Line(String, usize, String),
    /// Another program's, or another version's stream.
    #[error("{0}: the stream does not begin with the header of version 1 or {version} of its form", version = event::VERSION)]
    Header(String),
    /// Trials are missing, or there are too many: how many the header announces, and how many end.
    #[error(
        "{0}: the stream announces {trials} but holds the ends of {2}, or its footer disagrees: it was changed",
        trials = counted(*.1, "trial")
    )]
    Tally(String, usize, usize),
    /// A line, counted from 1, that is not the one that was written, or does not follow the one that was written before it.
    #[error(
        "{0}:{1}: this line was changed, or others before it are missing or not those that the run wrote (its `sum` does not fit)"
    )]
    Changed(String, usize),
    /// The run that wrote it did not come to its end.
    #[error("{0}: the stream has no footer: the run that wrote it was cut short, so it says nothing")]
    Footer(String),
}

/// Lines of this many bytes are written without waiting for more.
const MOST_PENDING: usize = 256 * 1024;

/// Writes events to a file.
pub struct StreamWriter {
    file: File,
    path: PathBuf,
    pending: Vec<u8>,
    digest: Running,
    trouble: Option<io::Error>,
}

impl StreamWriter {
    /// Begins a new stream at `path`; its directory is made if need be.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn create(path: &Path) -> Result<Self, StreamError> {
        let shown = || path.display().to_string();
        let begin = || {
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                fs::create_dir_all(parent)?;
            }
            let file = File::options().create(true).truncate(false).write(true).open(path)?;
            // Two runs into one file would leave neither; a pipe has a reader of its own.
            let is_file = file.metadata()?.is_file();
            let busy = is_file && file.try_lock().is_err();
            if is_file && !busy {
                file.set_len(0)?;
            }
            Ok((file, busy))
        };
        match begin().map_err(|source| StreamError::Create(shown(), source))? {
            (_, true) => Err(StreamError::Busy(shown())),
            (file, false) => {
                Ok(Self { file, path: path.to_owned(), pending: Vec::new(), digest: Running::default(), trouble: None })
            }
        }
    }

    /// Adds one event as one line, to be written by the next [`Self::flush`].
    ///
    /// # Errors
    /// A full disk and the like, met by now.
    pub fn write(&mut self, event: &Event) -> Result<(), StreamError> {
        let whole = self.pending.len();
        if let Err(error) = serde_json::to_writer(&mut self.pending, event) {
            self.pending.truncate(whole);
            self.trouble.get_or_insert(error.into());
        } else {
            self.digest.seal(&mut self.pending, whole);
            self.pending.push(b'\n');
        }
        if self.pending.len() > MOST_PENDING {
            self.flush();
        }
        self.check()
    }

    /// Hands all lines to the operating system. To be called whenever the run begins to wait, so that whatever ends it leaves a stream
    /// that is complete up to then. Trouble is told by the next call that can.
    pub fn flush(&mut self) {
        if !self.pending.is_empty() {
            if let Err(error) = self.file.write_all(&self.pending) {
                self.trouble.get_or_insert(error);
            }
            self.pending.clear();
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// A full disk and the like.
    pub fn finish(mut self) -> Result<(), StreamError> {
        self.flush();
        self.check()
    }

    fn check(&mut self) -> Result<(), StreamError> {
        let failed = |source| StreamError::Io(self.path.display().to_string(), source);
        self.trouble.take().map_or(Ok(()), |error| Err(failed(error)))
    }
}

/// Events as the lines of a stream.
pub(crate) fn sealed<'e>(events: impl Iterator<Item = &'e Event>) -> Vec<u8> {
    let (mut lines, mut digest) = (Vec::new(), Running::default());
    for event in events {
        let whole = lines.len();
        if serde_json::to_writer(&mut lines, event).is_ok() {
            digest.seal(&mut lines, whole);
            lines.push(b'\n');
        } else {
            lines.truncate(whole);
        }
    }
    lines
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Where a stream may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// At its footer alone.
    Footer,
    /// Anywhere, also in the middle of a line: the run that wrote it was killed, or writes on.
    Anywhere,
}

/// Reads a stream and hands on its events in order. One with a footer is held to it, wherever it may end.
///
/// # Errors
/// A file that is no stream, one that ends where it may not, or one whose trials are not those that its header and footer speak of.
pub fn read(path: &Path, ending: Ending, take: impl FnMut(&Event)) -> Result<(), StreamError> {
    let shown = path.display().to_string();
    let file = file::open(path).map_err(|source| StreamError::Io(shown.clone(), source))?;
    read_from(BufReader::new(file), shown, ending, take)
}

/// The header of a stream alone.
///
/// # Errors
/// A file that is no stream.
pub fn read_header(path: &Path) -> Result<RunStarted, StreamError> {
    let shown = path.display().to_string();
    let failed = |source| StreamError::Io(shown.clone(), source);
    let mut text = String::new();
    let reader = BufReader::new(file::open(path).map_err(failed)?);
    io::Read::take(reader, MAX_LINE).read_line(&mut text).map_err(failed)?;
    match serde_json::from_str(text.trim_end()) {
        Ok(Event::RunStarted(header)) if event::READ.contains(&header.version) => Ok(*header),
        _ => Err(StreamError::Header(shown)),
    }
}

/// Reads a stream that is open already.
pub(crate) fn read_from(
    mut reader: impl BufRead,
    shown: String,
    ending: Ending,
    mut take: impl FnMut(&Event),
) -> Result<(), StreamError> {
    let failed = |source| StreamError::Io(shown.clone(), source);
    let mut text = String::new();
    let (mut line, mut tally) = (0, Tally::default());
    // A stream of an older program has no digest, on none of its lines.
    let (mut digest, mut sealed) = (Running::default(), true);
    loop {
        text.clear();
        line += 1;
        let read = io::Read::take(&mut reader, MAX_LINE).read_line(&mut text).map_err(failed)?;
        if read == 0 {
            break;
        }
        let mut event: Event = match serde_json::from_str(text.trim_end()) {
            Ok(event) => event,
            Err(_) if line == 1 => return Err(StreamError::Header(shown)),
            Err(_) if ending == Ending::Anywhere && !text.ends_with('\n') => break,
            Err(error) => return Err(StreamError::Line(shown, line, error.to_string())),
        };
        let header = matches!(&event, Event::RunStarted(header) if event::READ.contains(&header.version));
        if header != (line == 1) {
            return Err(StreamError::Header(shown));
        }
        match digest.holds(text.trim_end()) {
            None if line == 1 => sealed = false,
            None if !sealed => {}
            Some(true) if sealed => {}
            None | Some(_) => return Err(StreamError::Changed(shown, line)),
        }
        tally.take(&event).map_err(|reason| StreamError::Line(shown.clone(), line, reason))?;
        if let Event::TrialFinished(finished) = &mut event
            && (finished.outcome, finished.warnings > 0) == (Outcome::Passed, true)
        {
            // As streams said it when there was no word for that.
            finished.outcome = Outcome::Warned;
        }
        take(&event);
    }
    match (ending, &tally.footer) {
        (Ending::Anywhere, None) if line == 1 => Err(StreamError::Header(shown)),
        (Ending::Anywhere, None) => Ok(()),
        _ => tally.check(shown),
    }
}

/// What a stream says of its trials in its header, in its footer, and trial by trial.
#[derive(Default)]
struct Tally {
    announced: usize,
    ended: BTreeSet<String>,
    outcomes: BTreeMap<String, usize>,
    footer: Option<BTreeMap<String, usize>>,
}

impl Tally {
    fn take(&mut self, event: &Event) -> Result<(), String> {
        if self.footer.is_some() {
            return Err("something follows the footer".to_owned());
        }
        match event {
            Event::RunStarted(header) => self.announced = header.trials,
            Event::TrialFinished(finished) => {
                *self.outcomes.entry(finished.outcome.name().to_owned()).or_default() += 1;
                if !self.ended.insert(finished.trial.clone()) {
                    return Err(format!("the trial {} ends twice", finished.trial));
                }
            }
            Event::RunFinished(footer) => self.footer = Some(footer.trials.clone()),
            _ => {}
        }
        Ok(())
    }

    fn check(self, path: String) -> Result<(), StreamError> {
        match self.footer {
            None => Err(StreamError::Footer(path)),
            Some(footer) if footer == self.outcomes && self.ended.len() == self.announced => Ok(()),
            Some(_) => Err(StreamError::Tally(path, self.announced, self.ended.len())),
        }
    }
}
