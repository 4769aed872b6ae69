//! Where the events of a run go while it runs: the report's fold, the stream, a recording, the console.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, Write},
    path::{Path, PathBuf},
    pin::pin,
};

use super::{Arguments, ReportFormat, printed::Printed};
use crate::{
    cli::{CommandError, Format, out::out},
    event::{Event, Stop},
    recording::Recorder,
    report::{Console, Report, StreamWriter},
    run::Stopper,
    snapshot::{Snapshots, Unaccepted},
    target::Opened,
};

/// Everything that takes events.
pub(super) struct Outputs {
    pub(super) report: Report,
    pub(super) console: Console<Box<dyn Write>>,
    /// What the console printed; nothing of a run against the embedded mock, whose tokens end with it.
    pub(super) printed: Printed,
    stream: Option<StreamWriter>,
    recorder: Option<Recorder>,
    snapshots: Option<Snapshots>,
    trouble: Trouble,
}

impl Outputs {
    /// Opens what the arguments name.
    pub(super) fn open(arguments: &Arguments, opened: &Opened, color: bool) -> Result<Self, CommandError> {
        let stream = match arguments.events.as_str() {
            "none" => None,
            path => Some(StreamWriter::create(Path::new(path))?),
        };
        if let Some(directory) = &arguments.snapshots {
            Snapshots::prepare(directory)?;
        }
        let out: Box<dyn Write> = match arguments.format {
            Format::Text => Box::new(out()),
            Format::Json => Box::new(io::stderr().lock()),
        };
        let report = ReportFormat::report(arguments.report.iter().map(|to| to.format));
        let printed = Printed::default();
        let out = if opened.is_mock() { out } else { printed.keeping(out) };
        Ok(Self {
            printed,
            report: if arguments.baseline.is_some() { report } else { report.without_checks() },
            console: Console::new(out, arguments.style(color)),
            stream,
            recorder: arguments.record.as_deref().map(Recorder::create).transpose()?,
            snapshots: arguments.snapshots.as_deref().map(|directory| {
                let accepts = arguments.accept_snapshots;
                let unaccepted = if accepts { Unaccepted::Accepted } else { Unaccepted::Told };
                Snapshots::new(directory, &opened.target.name, unaccepted, opened.redactor.clone())
            }),
            trouble: Trouble::default(),
        })
    }

    /// Takes the next event, and what the snapshots say to it.
    pub(super) fn take(&mut self, event: &Event, stopper: &Stopper) {
        let found = match self.snapshots.as_mut().map(|snapshots| snapshots.take(event)) {
            Some(Ok(found)) => found,
            Some(Err(error)) => {
                self.trouble.note_written(Err(error.into()), stopper);
                Vec::new()
            }
            None => Vec::new(),
        };
        // Nothing follows the footer.
        let last = matches!(event, Event::RunFinished(_));
        if !last {
            self.put(event, stopper);
        }
        for event in &found {
            self.put(event, stopper);
        }
        if last {
            self.put(event, stopper);
        }
    }

    fn put(&mut self, event: &Event, stopper: &Stopper) {
        self.report.take(event);
        if let Some(stream) = &mut self.stream {
            self.trouble.note_written(stream.write(event).map_err(Into::into), stopper);
        }
        if let Some(recorder) = &mut self.recorder {
            self.trouble.note_written(recorder.take(event).map_err(Into::into), stopper);
        }
        self.trouble.note_console(self.console.take(event));
    }

    /// The files of snapshots that were written.
    pub(super) fn snapshots(&self) -> &[PathBuf] {
        self.snapshots.as_ref().map_or(&[], Snapshots::written)
    }

    /// What went wrong in writing, if anything did.
    pub(super) fn check(&mut self) -> Result<(), CommandError> {
        if let Some(Err(error)) = self.stream.take().map(StreamWriter::finish) {
            self.trouble.written.get_or_insert(error.into());
        }
        self.trouble.written.take().map_or(Ok(()), Err)
    }

    /// What went wrong in printing, if anything did: a run of which a part could not be read has not told how it ended. On stderr, what is
    /// for people stands beside what was asked for.
    pub(super) fn told(&mut self, format: Format) -> Result<(), CommandError> {
        let trouble = self.trouble.console.take().filter(|_| format == Format::Text);
        trouble.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Runs, and writes the events down whenever the run waits: answers that came together cost one write.
pub(super) async fn flushed_at_waits(running: impl Future<Output = ()>, outputs: &RefCell<Outputs>) {
    let mut running = pin!(running);
    poll_fn(|context| {
        let polled = running.as_mut().poll(context);
        if let Some(stream) = &mut outputs.borrow_mut().stream {
            stream.flush();
        }
        polled
    })
    .await;
}

/// What went wrong with the run's own outputs.
#[derive(Default)]
struct Trouble {
    written: Option<CommandError>,
    console: Option<io::Error>,
}

impl Trouble {
    /// A run that cannot be written down is stopped: it would say nothing.
    fn note_written(&mut self, written: Result<(), CommandError>, stopper: &Stopper) {
        if let Err(error) = written {
            self.written.get_or_insert(error);
            stopper.stop(Stop::Interrupt);
        }
    }

    /// A terminal that went away does not stop a run, whose reports are still wanted.
    fn note_console(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.console.get_or_insert(error);
        }
    }
}
