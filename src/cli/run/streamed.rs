//! Reports that are written while events come, since memory should not hold all that is in them: HAR.

use std::{
    fs,
    io::{self, BufWriter, Write},
};

use super::reports::{Place, ReportFormat, ReportTo};
use crate::{
    cli::{CommandError, out::format_out, told},
    event::Event,
    report::{FailOn, HarWriter, Report},
};

/// The reports of a run that are written while its events come.
pub(crate) struct StreamedReports(Vec<StreamedReport>);

struct StreamedReport {
    place: Option<Place>,
    /// `None` after a failure, and when it has ended.
    writer: Option<HarWriter<Sink>>,
    failed: Option<CommandError>,
}

/// Where a report is written.
enum Sink {
    File(BufWriter<fs::File>),
    /// Printed in the end: what a run prints meanwhile must not stand in it.
    Memory(Vec<u8>),
    Printed(BufWriter<Box<dyn Write>>),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Memory(memory) => memory.write(bytes),
            Self::Printed(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Memory(_) => Ok(()),
            Self::Printed(out) => out.flush(),
        }
    }
}

impl StreamedReports {
    /// Opens those among these reports. [`Self::finish`] says which cannot be opened.
    pub(crate) fn open(reports: &[ReportTo]) -> Self {
        Self(reports.iter().filter(|to| to.format.is_streamed()).map(StreamedReport::open).collect())
    }

    /// The same with the one that is printed, if it is one of them and nothing else is printed meanwhile.
    pub(crate) fn and_printed(mut self, format: ReportFormat) -> Self {
        if format.is_streamed() {
            let out: Box<dyn Write> = Box::new(format_out());
            let writer = Some(HarWriter::new(Sink::Printed(BufWriter::new(out))));
            self.0.push(StreamedReport { place: None, writer, failed: None });
        }
        self
    }

    /// Takes the next event.
    pub(crate) fn take(&mut self, event: &Event) {
        self.0.iter_mut().for_each(|report| report.take(event));
    }

    /// Ends all of them; says whether they are whole.
    pub(crate) fn finish(&mut self, report: &Report, fail_on: FailOn) -> bool {
        let comment = (!report.not_begun.is_empty()).then(|| report.sentence(fail_on));
        let mut whole = true;
        for streamed in &mut self.0 {
            whole &= told(streamed.finish(comment.as_deref()));
        }
        whole
    }
}

impl StreamedReport {
    fn open(to: &ReportTo) -> Self {
        let place = to.path.as_deref().map(Place::of);
        let sink = match place.as_ref().filter(|place| !place.special) {
            Some(place) => place.create().map(|file| Sink::File(BufWriter::new(file))),
            None => Ok(Sink::Memory(Vec::new())),
        };
        let (writer, failed) = match sink {
            Ok(sink) => (Some(HarWriter::new(sink)), None),
            Err(error) => (None, Some(error)),
        };
        Self { place, writer, failed }
    }

    fn take(&mut self, event: &Event) {
        if let Some(writer) = &mut self.writer
            && let Err(error) = writer.take(event)
        {
            (self.writer, self.failed) = (None, Some(error.into()));
        }
    }

    fn finish(&mut self, comment: Option<&str>) -> Result<(), CommandError> {
        let written = match (self.failed.take(), self.writer.take()) {
            (Some(error), _) => Err(error),
            (None, Some(writer)) => writer.finish(comment).map_err(Into::into).and_then(|sink| self.printed(sink)),
            (None, None) => Ok(()),
        };
        match &self.place {
            Some(place) => place.conclude(written),
            None => written,
        }
    }

    /// Hands over what was kept until the end.
    fn printed(&self, sink: Sink) -> Result<(), CommandError> {
        let Sink::Memory(memory) = sink else { return Ok(()) };
        match &self.place {
            Some(place) => Ok(place.create()?.write_all(&memory)?),
            None => Ok(format_out().write_all(&memory)?),
        }
    }
}

/// What was begun and not ended leaves nothing; what has ended is in its place.
impl Drop for StreamedReport {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            place.give_up();
        }
    }
}
