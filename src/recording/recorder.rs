//! Writing live traffic as a recording of our own form.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

use serde_json::Value;

use super::{
    RecordingError,
    lines::{Line, LineRequest, LineResponse},
};
use crate::{
    event::{Event, Transcript},
    schema::duplicates,
};

/// Writes live traffic as a recording; what it is given has no secrets left in it.
#[derive(Debug)]
pub struct Recorder {
    file: BufWriter<File>,
    path: String,
    run: String,
    exchanges: usize,
}

impl Recorder {
    /// Begins a recording at `path`.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn create(path: &Path) -> Result<Self, RecordingError> {
        let shown = path.display().to_string();
        let failed = |source| RecordingError::Io(shown.clone(), source);
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let file = BufWriter::new(File::create(path).map_err(failed)?);
        Ok(Self { file, path: shown, run: String::new(), exchanges: 0 })
    }

    /// Takes the next event of a run; the footer flushes the file.
    ///
    /// # Errors
    /// A full disk and the like.
    pub fn take(&mut self, event: &Event) -> Result<(), RecordingError> {
        match event {
            Event::RunStarted(header) => self.run.clone_from(&header.run),
            Event::StepFinished(step) => {
                if let Some(exchange) = &step.exchange {
                    self.write(exchange, &step.trial, &step.principal)?;
                }
            }
            Event::RunFinished(_) => self.finish()?,
            Event::TrialStarted(_)
            | Event::TrialFinished(_)
            | Event::Leaked(_)
            | Event::MayBeLeft(_)
            | Event::Waited(_)
            | Event::Preflight(_)
            | Event::SnapshotDrifted(_)
            | Event::NotBegun(_) => {}
        }
        Ok(())
    }

    /// Writes one exchange; `source` says what it was part of.
    ///
    /// # Errors
    /// A full disk and the like.
    pub(crate) fn write(&mut self, exchange: &Transcript, source: &str, principal: &str) -> Result<(), RecordingError> {
        let line = Line {
            id: Some(format!("{}#{}", self.run, self.exchanges)),
            source: Some(source.to_owned()),
            principal: Some(principal.to_owned()),
            request: LineRequest {
                method: exchange.request.method.clone(),
                url: exchange.request.url.to_string(),
                headers: lists(&exchange.request.headers),
                body: body(exchange.request.body.as_ref(), exchange.request.cut_from),
                cut_from: exchange.request.cut_from,
            },
            response: LineResponse {
                status: Some(exchange.response.status),
                headers: lists(&exchange.response.headers),
                body: body(exchange.response.body.as_ref(), exchange.response.cut_from),
                cut_from: exchange.response.cut_from,
            },
        };
        self.exchanges += 1;
        let failed = |source| RecordingError::Io(self.path.clone(), source);
        serde_json::to_writer(&mut self.file, &line).map_err(|error| failed(error.into()))?;
        self.file.write_all(b"\n").map_err(failed)
    }

    /// Flushes what was written.
    ///
    /// # Errors
    /// A full disk and the like.
    pub(crate) fn finish(&mut self) -> Result<(), RecordingError> {
        self.file.flush().map_err(|source| RecordingError::Io(self.path.clone(), source))
    }
}

fn lists(headers: &[(crate::secret::Redacted, crate::secret::Redacted)]) -> BTreeMap<String, Vec<String>> {
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        lists.entry(name.as_str().to_ascii_lowercase()).or_default().push(value.to_string());
    }
    lists
}

/// JSON where it is JSON and has no key twice, else the text; nothing where it was cut, since half a body is another one.
fn body(text: Option<&crate::secret::Redacted>, cut_from: Option<usize>) -> Value {
    let json =
        |text: &str| serde_json::from_str(text).ok().filter(|value| duplicates(text.as_bytes(), value).is_empty());
    text.filter(|_| cut_from.is_none())
        .map_or(Value::Null, |text| json(text.as_str()).unwrap_or_else(|| Value::String(text.to_string())))
}
