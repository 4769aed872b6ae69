//! What a run leaves that sends nothing: its reports and its event stream say so, lest those of an earlier run are taken for its own.

use std::{collections::BTreeSet, error::Error, path::Path};

use super::{Arguments, EVENTS, ReportTo, places::replaces_stream, reports::write_report, run_id};
use crate::{
    cli::{CommandError, Format, out::warn, with_causes},
    event::{self, Event, NotBegun, RunFinished, RunStarted},
    report::{Report, StreamError, StreamWriter},
    secret::Redacted,
    settings,
};

/// The events of a run without trials.
pub(super) struct Idle(Vec<Event>);

impl Idle {
    /// A run whose choice selects nothing of the suite with this hash.
    pub(super) fn nothing_ran(arguments: &Arguments, suite: String) -> Self {
        Self(vec![header(arguments, suite), footer()])
    }

    /// A run that ended before it began.
    pub(super) fn not_begun(arguments: &Arguments, reason: Redacted) -> Self {
        Self(vec![header(arguments, String::new()), Event::NotBegun(NotBegun { reason }), footer()])
    }

    /// Writes the stream and each report that was asked for. What cannot be written is told, unless that was what ended the run.
    /// Gives the report.
    pub(super) fn write(&self, arguments: &Arguments, cause: Option<&(dyn Error + 'static)>) -> Report {
        let mut seen = BTreeSet::new();
        let mut fresh = |path: &Path| std::path::absolute(path).map_or(true, |path| seen.insert(path));
        let told = |path: &Path, written: Result<(), CommandError>| {
            let Err(error) = written else { return };
            let known = cause.is_some_and(|cause| with_causes(cause) == with_causes(error.as_ref()));
            if !known && !is_busy(error.as_ref()) {
                let path = path.display();
                warn(&format!("a report of an earlier run may still be in {path}: {}", with_causes(error.as_ref())));
            }
        };
        let events = Path::new(&arguments.events);
        // A run that was to repeat another one and did not begin leaves the usual stream: it may be that one's.
        let may_be_repeated = arguments.choice.is_rerun() && arguments.events == EVENTS;
        if replaces_stream(&arguments.events) && !may_be_repeated && fresh(events) {
            told(events, self.stream(events).map_err(Into::into));
        }
        let mut report = Report::default();
        self.0.iter().for_each(|event| report.take(event));
        // The one object of the command is no report, and is not mixed with any.
        let to_stdout = |to: &&ReportTo| to.path.is_some() || arguments.format == Format::Text;
        for to in arguments.report.iter().filter(to_stdout) {
            let path = to.path.as_deref().unwrap_or(Path::new("-"));
            // Devices take what they are given.
            if to.path.is_none() || path.starts_with("/dev") || fresh(path) {
                told(path, write_report(to, &report, arguments.terms.fail_on()));
            }
        }
        report
    }

    fn stream(&self, path: &Path) -> Result<(), StreamError> {
        let mut stream = StreamWriter::create(path)?;
        self.0.iter().try_for_each(|event| stream.write(event))?;
        stream.finish()
    }
}

/// Whether the file is another run's, which is going on.
fn is_busy(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(StreamError::Busy(_)))
}

fn header(arguments: &Arguments, suite: String) -> Event {
    let shard = arguments.shard.or_else(|| settings::shard().ok().flatten());
    Event::RunStarted(Box::new(RunStarted {
        version: event::VERSION,
        run: run_id(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        suite,
        target: without_credentials(&arguments.target),
        started: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        jobs: 1,
        shard: shard.map(|shard| event::Shard { index: shard.index(), of: shard.total() }),
        selection: arguments.choice.selection(),
        scored: true,
        ..RunStarted::default()
    }))
}

/// A target as it was typed may be no target: somebody may have written a password into a URL.
fn without_credentials(target: &str) -> String {
    target.rsplit_once('@').map_or_else(|| target.to_owned(), |(_, host)| format!("***@{host}"))
}

fn footer() -> Event {
    Event::RunFinished(RunFinished::default())
}
