//! Recorded traffic in JSON Lines, read and written: one exchange a line, `{ id, source, principal, request: { method, url, headers, body },
//! response: { status, headers, body } }`, headers as name → list of values, bodies as JSON, text or null.
//!
//! Owns the form. What an exchange says about the target is `verify`'s and `replay`'s.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::Path,
};

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    event::{Event, Transcript},
    http::Answer,
};

/// A longer line than any recording of this API has.
const MAX_LINE: u64 = 16 * 1024 * 1024;

/// A recording that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The operating system's refusal.
    #[error("cannot use {path}")]
    Io {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A line that is no exchange.
    #[error("{path}:{line}: not a recorded exchange: {reason}")]
    Line {
        /// The file.
        path: String,
        /// From 1.
        line: usize,
        /// What the reader says.
        reason: String,
    },
    /// A file without a line.
    #[error("{path}: there is no exchange in it")]
    Empty {
        /// The file.
        path: String,
    },
}

/// An exchange as it was recorded.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// The recording's own ID of it, or `FILE:LINE`.
    pub(crate) id: String,
    /// `FILE:LINE`.
    pub(crate) place: String,
    pub(crate) principal: Option<String>,
    pub(crate) method: String,
    pub(crate) url: reqwest::Url,
    /// The body of the request; `None` where the recording holds none.
    pub(crate) body: Option<Value>,
    pub(crate) content_type: Option<String>,
    pub(crate) answer: Answer,
}

impl Recorded {
    /// When the answer was given, as its `Date` says.
    pub(crate) fn date(&self) -> Option<DateTime<FixedOffset>> {
        DateTime::parse_from_rfc2822(&self.answer.header("Date")?).ok()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Who sent it, by the name of the suite's vocabulary; only our own recordings say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    principal: Option<String>,
    request: LineRequest,
    response: LineResponse,
}

#[derive(Debug, Serialize, Deserialize)]
struct LineRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    body: Value,
}

#[derive(Debug, Serialize, Deserialize)]
struct LineResponse {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    body: Value,
}

/// Reads a recording and hands on its exchanges in order.
///
/// # Errors
/// A file or a line that cannot be read; what came before has been handed on.
pub(crate) fn read(path: &Path, mut take: impl FnMut(Recorded)) -> Result<(), RecordingError> {
    let shown = path.display().to_string();
    let failed = |source| RecordingError::Io { path: shown.clone(), source };
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let (mut text, mut line, mut exchanges) = (Vec::new(), 0, 0_usize);
    loop {
        text.clear();
        line += 1;
        let read = Read::take(&mut reader, MAX_LINE).read_until(b'\n', &mut text).map_err(failed)?;
        if read == 0 {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let refused = |reason: String| RecordingError::Line { path: shown.clone(), line, reason };
        let recorded: Line = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
        exchanges += 1;
        take(exchange(recorded, format!("{shown}:{line}")).map_err(refused)?);
    }
    if exchanges == 0 { Err(RecordingError::Empty { path: shown }) } else { Ok(()) }
}

fn exchange(line: Line, place: String) -> Result<Recorded, String> {
    let url = reqwest::Url::parse(&line.request.url).map_err(|error| format!("`request.url`: {error}"))?;
    let body = match line.response.body {
        Value::Null => Vec::new(),
        Value::String(text) => text.into_bytes(),
        value => value.to_string().into_bytes(),
    };
    let headers = line.response.headers.into_iter();
    let headers = headers.flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    let content_type = |(name, values): (&String, &Vec<String>)| {
        name.eq_ignore_ascii_case("content-type").then(|| values.first().cloned()).flatten()
    };
    Ok(Recorded {
        id: line.id.unwrap_or_else(|| place.clone()),
        place,
        principal: line.principal,
        content_type: line.request.headers.iter().find_map(content_type),
        method: line.request.method,
        url,
        body: Some(line.request.body).filter(|body| !body.is_null()),
        answer: Answer::new(line.response.status, headers.collect(), body),
    })
}

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
        let failed = |source| RecordingError::Io { path: shown.clone(), source };
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
            | Event::Waited(_)
            | Event::Preflight(_) => {}
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
                body: body(exchange.request.body.as_ref()),
            },
            response: LineResponse {
                status: exchange.response.status,
                headers: lists(&exchange.response.headers),
                body: body(exchange.response.body.as_ref()),
            },
        };
        self.exchanges += 1;
        let failed = |source| RecordingError::Io { path: self.path.clone(), source };
        serde_json::to_writer(&mut self.file, &line).map_err(|error| failed(error.into()))?;
        self.file.write_all(b"\n").map_err(failed)
    }

    /// Flushes what was written.
    ///
    /// # Errors
    /// A full disk and the like.
    pub(crate) fn finish(&mut self) -> Result<(), RecordingError> {
        self.file.flush().map_err(|source| RecordingError::Io { path: self.path.clone(), source })
    }
}

fn lists(headers: &[(String, crate::secret::Redacted)]) -> BTreeMap<String, Vec<String>> {
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        lists.entry(name.to_ascii_lowercase()).or_default().push(value.to_string());
    }
    lists
}

/// JSON where it is JSON, else the text.
fn body(text: Option<&crate::secret::Redacted>) -> Value {
    text.map_or(Value::Null, |text| {
        serde_json::from_str(text.as_str()).unwrap_or_else(|_| Value::String(text.to_string()))
    })
}
