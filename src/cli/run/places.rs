//! Where a run writes, found out before its first request: a run that notices later that it cannot keep its ledger, or tell how it ended, has
//! changed a target for nothing.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{Arguments, EVENTS};
use crate::{
    cli::{CommandError, Mistake},
    ledger,
    report::quoted,
};

/// Where the ledger of a run is kept.
#[derive(Debug)]
pub(super) struct Ledgers {
    pub(super) directory: PathBuf,
    /// Whether whoever sweeps has to name it.
    named: bool,
}

impl Ledgers {
    /// What was named, or the usual directory, or one beside the event stream where that cannot be written.
    pub(super) fn find(arguments: &Arguments, run: &str) -> Result<Self, CommandError> {
        if let Some(directory) = arguments.ledgers.clone() {
            return match writable(&directory, run) {
                Ok(()) => Ok(Self { directory, named: true }),
                Err(error) => Err(Mistake::boxed(format!(
                    "cannot write the ledger in {} (use `--ledgers DIR` for another directory): {error}",
                    directory.display()
                ))),
            };
        }
        let usual = PathBuf::from(ledger::DIRECTORY);
        let Err(error) = writable(&usual, run) else { return Ok(Self { directory: usual, named: false }) };
        let mut refused = format!("in {}: {error}", usual.display());
        if let Some(directory) = beside(&arguments.events).filter(|directory| *directory != usual) {
            match writable(&directory, run) {
                Ok(()) => return Ok(Self { directory, named: true }),
                Err(error) => refused = format!("{refused}; in {}: {error}", directory.display()),
            }
        }
        Err(Mistake::boxed(format!(
            "cannot write the ledger, so nothing was sent (use `--ledgers DIR` for another directory): {refused}"
        )))
    }

    /// The command that removes what a run with these arguments leaves, to be copied into a shell.
    pub(super) fn sweep(&self, arguments: &Arguments) -> String {
        let command = format!("okta-conformance sweep --target {}", quoted(&arguments.target));
        let paths = [
            ("--settings", arguments.settings.as_deref()),
            ("--suite", arguments.choice.suite.as_deref()),
            ("--ledgers", Some(self.directory.as_path()).filter(|_| self.named)),
        ];
        with_paths(command, &paths)
    }
}

/// `okta-conformance explain` with the flags that a run with these arguments needs; the ID of a trial follows.
pub(super) fn explain(arguments: &Arguments) -> String {
    // A stream that is no file cannot be read again.
    let events = Some(arguments.events.as_str()).filter(|events| *events != EVENTS && beside(events).is_some());
    let paths = [("--suite", arguments.choice.suite.as_deref()), ("--events", events.map(Path::new))];
    with_paths("okta-conformance explain".to_owned(), &paths)
}

/// A command with the flags that have a path.
fn with_paths(command: String, paths: &[(&str, Option<&Path>)]) -> String {
    let given = paths.iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?)));
    given.fold(command, |command, (flag, path)| format!("{command} {flag} {}", quoted(&path.display().to_string())))
}

/// The directory of ledgers beside an event stream; a stream that is no file has none.
pub(super) fn beside(events: &str) -> Option<PathBuf> {
    let path = Path::new(events);
    let special =
        events == "none" || path.starts_with("/dev") || fs::metadata(path).is_ok_and(|found| !found.is_file());
    (!special).then(|| path.with_file_name("ledgers"))
}

/// Another stream beside one: `events.reference.jsonl` beside `events.jsonl`.
pub(super) fn named_beside(events: &str, what: &str) -> String {
    let path = Path::new(events);
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name).display().to_string()
}

/// Whether all reports can be written, as far as that can be told before there is anything to write.
pub(super) fn probe(arguments: &Arguments, run: &str) -> Result<(), CommandError> {
    let reports = arguments.report.iter().filter_map(|to| to.path.as_ref());
    for path in reports.chain(&arguments.propose_known_failures) {
        let probed = match fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            // To open a pipe is to begin to write it.
            Ok(found) if !found.is_file() => Ok(()),
            Ok(_) | Err(_) => writable(path.parent().unwrap_or(Path::new("")), run),
        };
        probed.map_err(|error| Mistake::boxed(format!("cannot write the report {}: {error}", path.display())))?;
    }
    Ok(())
}

/// Whether files can be made in a directory, or in the one in which it would be made. Leaves nothing behind.
fn writable(directory: &Path, run: &str) -> io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let absolute = std::path::absolute(directory)?;
    // What cannot be looked at is there, for all that is known.
    let there = absolute.ancestors().find(|path| path.try_exists().unwrap_or(true)).unwrap_or(&absolute);
    if !there.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let probe = there.join(format!(".okta-conformance-{run}.part"));
    File::options().write(true).create_new(true).open(&probe)?;
    fs::remove_file(&probe)
}

/// Whether a run that has nothing to tell replaces the stream of an earlier one: where somebody asked for a stream, or there is one.
pub(super) fn replaces_stream(events: &str) -> bool {
    events != "none" && (events != EVENTS || Path::new(events).exists())
}
