//! Where the events of a run go while it runs: the report's fold, the stream, a recording, the console. Before the run exits, its secrets are
//! looked for in all of these: there is none, unless a secret was written before it was known to be one.

use std::{
    cell::RefCell,
    error::Error,
    future::poll_fn,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    pin::pin,
    rc::Rc,
};

use super::{Arguments, StreamedReports, places::explain};
use crate::{
    cli::{
        CommandError, Format,
        out::{coloured_err, coloured_out, complain},
        with_causes,
    },
    event::Event,
    recording::Recorder,
    report::{Console, Report, StreamWriter},
    secret::Redactor,
    snapshot::{Snapshots, Unaccepted},
    targets::Opened,
};

/// Everything that takes events.
pub(super) struct Outputs {
    pub(super) report: Report,
    pub(super) console: Console<Box<dyn Write>>,
    /// What the console printed; nothing of a run against the embedded mock, whose tokens end with it.
    printed: Printed,
    stream: Option<StreamWriter>,
    pub(super) streamed: StreamedReports,
    recorder: Option<Recorder>,
    snapshots: Option<Snapshots>,
    /// Those of snapshots that were given up.
    written_snapshots: Vec<PathBuf>,
    trouble: Trouble,
}

impl Outputs {
    /// Opens what the arguments name.
    pub(super) fn open(
        arguments: &Arguments,
        opened: &Opened,
        sweep: String,
        color: bool,
    ) -> Result<Self, CommandError> {
        let stream = match arguments.events.as_str() {
            "none" => None,
            path => Some(StreamWriter::create(Path::new(path))?),
        };
        if let Some(directory) = &arguments.snapshots {
            Snapshots::prepare(directory)?;
        }
        let out: Box<dyn Write> = match arguments.format {
            // Its stream tells it, and what it is set beside.
            Format::Text | Format::Json if arguments.is_reference => Box::new(io::sink()),
            Format::Text => Box::new(coloured_out(color)),
            Format::Json => Box::new(coloured_err(color)),
        };
        let report = Report::default();
        let printed = Printed::default();
        let out = if opened.is_mock() { out } else { printed.keeping(out) };
        Ok(Self {
            printed,
            report: if arguments.baseline.is_some() { report } else { report.without_checks() },
            console: Console::new(out, arguments.style(color)).with_commands(sweep, explain(arguments)),
            stream,
            streamed: StreamedReports::open(&arguments.report),
            recorder: arguments.record.as_deref().map(Recorder::create).transpose()?,
            snapshots: arguments.snapshots.as_deref().map(|directory| {
                let accepts = arguments.accept_snapshots;
                let unaccepted = if accepts { Unaccepted::Accepted } else { Unaccepted::Told };
                Snapshots::new(directory, &opened.target.name, unaccepted, opened.redactor.clone())
            }),
            written_snapshots: Vec::new(),
            trouble: Trouble::default(),
        })
    }

    /// Takes the next event, and what the snapshots say to it.
    pub(super) fn take(&mut self, event: &Event) {
        let taken = self.snapshots.as_mut().map(|snapshots| snapshots.take(event));
        let found = self.trouble.note_written(taken.unwrap_or_else(|| Ok(Vec::new()))).unwrap_or_else(|| {
            self.written_snapshots = self.snapshots.take().map_or_else(Vec::new, |lost| lost.written().to_vec());
            Vec::new()
        });
        // Nothing follows the footer.
        let last = matches!(event, Event::RunFinished(_));
        if !last {
            self.put(event);
        }
        for event in &found {
            self.put(event);
        }
        if last {
            self.put(event);
        }
    }

    fn put(&mut self, event: &Event) {
        self.report.take(event);
        self.streamed.take(event);
        if let Some(stream) = &mut self.stream {
            let written = stream.write(event);
            if self.trouble.note_written(written).is_none() {
                self.stream = None;
            }
        }
        if let Some(recorder) = &mut self.recorder {
            let written = recorder.take(event);
            if self.trouble.note_written(written).is_none() {
                self.recorder = None;
            }
        }
        self.trouble.note_console(self.console.take(event));
    }

    /// The files of snapshots that were written.
    fn snapshots(&self) -> &[PathBuf] {
        self.snapshots.as_ref().map_or(&self.written_snapshots, Snapshots::written)
    }

    /// Writes what is left of the stream; says whether all that goes with the run was written.
    pub(super) fn finish(&mut self) -> bool {
        if let Some(stream) = self.stream.take() {
            self.trouble.note_written(stream.finish());
        }
        !self.trouble.unwritten
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
    /// Whether a file that goes with the run is not whole. It has been told.
    unwritten: bool,
    console: Option<io::Error>,
}

impl Trouble {
    /// A run goes on without what cannot be written: its reports do not need it. `None` where it could not.
    fn note_written<T>(&mut self, written: Result<T, impl Error + 'static>) -> Option<T> {
        written
            .map_err(|error| {
                complain(&format!("{}: the run goes on without it", with_causes(&error)));
                self.unwritten = true;
            })
            .ok()
    }

    /// A terminal that went away does not stop a run, whose reports are still wanted.
    fn note_console(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.console.get_or_insert(error);
        }
    }
}

/// More than anybody reads; what is printed after it is not looked through.
const MOST_PRINTED: usize = 16 * 1024 * 1024;

/// Copies what is written.
#[derive(Debug, Clone, Default)]
struct Printed(Rc<RefCell<Vec<u8>>>);

impl Printed {
    /// A writer that writes to `out` and keeps a copy.
    fn keeping(&self, out: Box<dyn Write>) -> Box<dyn Write> {
        Box::new(Keeping { out, printed: self.clone() })
    }

    /// All of it.
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

struct Keeping {
    out: Box<dyn Write>,
    printed: Printed,
}

impl Write for Keeping {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        let mut printed = self.printed.0.borrow_mut();
        let kept = written.min(MOST_PRINTED.saturating_sub(printed.len()));
        printed.extend_from_slice(&bytes[..kept]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a secret stands in a file of the run, or in what it printed; says where.
pub(super) fn secrets_written(
    arguments: &Arguments,
    ledger: &Path,
    outputs: &Outputs,
    redactor: &Redactor,
) -> Result<bool, CommandError> {
    let events = (arguments.events != "none").then(|| PathBuf::from(&arguments.events));
    let others = [&arguments.record, &arguments.propose_known_failures].into_iter().flatten().cloned();
    let reports = arguments.report.iter().filter_map(|to| to.path.clone());
    let mut found = redactor.finds(&outputs.printed.text());
    if found {
        complain("the output contains a secret: rotate it if others may have seen it");
    }
    for path in events
        .into_iter()
        .chain(others)
        .chain(reports)
        .chain([ledger.to_owned()])
        .chain(outputs.snapshots().iter().cloned())
    {
        match redactor.scan(&path) {
            Ok(None) => {}
            Ok(Some(at)) => {
                found = true;
                complain(&format!(
                    "{} contains a secret at byte {at}: delete the file, and rotate the secret if others may have seen it",
                    path.display()
                ));
            }
            // A run that left nothing has no ledger.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}
