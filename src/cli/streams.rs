//! Event streams that the user names: one run in one stream, or in as many as it had parts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{CommandError, Mistake, run::Terms};
use crate::{
    event::Event,
    report::{Ending, Report, read_stream},
};

/// The files of a run, by what the user wrote: a file, several separated by commas them, or a directory of them.
pub(super) fn files_of(text: &str) -> Result<Vec<PathBuf>, CommandError> {
    let mut files = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        files.extend(files_at(Path::new(part))?);
    }
    if files.is_empty() { Err(Mistake::boxed(format!("`{text}` names no event stream"))) } else { Ok(files) }
}

/// The file, or the `.jsonl` files of the directory, by name.
pub(super) fn files_at(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let refused = |what: &str| Mistake::boxed(format!("{}: {what}", path.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| refused(&error.to_string()))? {
        let file = entry.map_err(|error| refused(&error.to_string()))?.path();
        // What a run wrote beside its stream is of another run: `events.reference.jsonl`, `events.rerun.jsonl`.
        let kind = file.file_stem().map(Path::new).and_then(Path::extension);
        let beside = kind.is_some_and(|kind| kind == "reference" || kind == "rerun");
        if file.is_file() && file.extension().is_some_and(|extension| extension == "jsonl") && !beside {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() { Err(refused("it has no event stream (`*.jsonl`)")) } else { Ok(files) }
}

/// The older run that is to be compared with, if one is named.
pub(super) fn baseline(text: Option<&str>, terms: &Terms) -> Result<Option<Report>, CommandError> {
    match text {
        Some(text) => {
            Ok(Some(merged(Report::default().without_messages(), &files_of(text)?, Ending::Anywhere, |_| {})?))
        }
        None => terms.compares().map_or(Ok(None), |flag| {
            Err(Mistake::boxed(format!("`{flag}` needs an older run to compare with: `--baseline EVENTS`")))
        }),
    }
}

/// One run from the streams of its parts, added to an empty report; `each` sees every event too.
pub(super) fn merged(
    mut report: Report,
    files: &[PathBuf],
    ending: Ending,
    mut each: impl FnMut(&Event),
) -> Result<Report, CommandError> {
    for path in files {
        let before = report.trials.len();
        let mut joined = Ok(());
        let take = |event: &Event| {
            if let Event::RunStarted(header) = event {
                joined = report.joins(header);
            }
            report.take(event);
            each(event);
        };
        read_stream(path, ending, take)?;
        joined.map_err(|error| Mistake::boxed(format!("{}: {error}", path.display())))?;
        let (old, new) = report.trials.split_at(before);
        if let Some(twice) = new.iter().find(|new| old.iter().any(|old| old.finished.trial == new.finished.trial)) {
            let trial = &twice.finished.trial;
            return Err(Mistake::boxed(format!(
                "{}: the trial {trial} is already in an earlier stream; streams that are merged are parts of one run",
                path.display()
            )));
        }
    }
    Ok(report)
}
