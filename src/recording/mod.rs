//! Recorded traffic: our own form read and written, the forms of others read.
//!
//! Owns the forms and telling them apart, by what is in a file and not by its name. What an exchange says about the target is `verify`'s
//! and `replay`'s.

mod cassette;
mod coding;
mod form;
mod har;
mod lines;
mod recorder;

use std::{
    fmt,
    io::{self, BufReader, Cursor, Read},
    path::Path,
};

use chrono::{DateTime, FixedOffset};
pub use recorder::Recorder;
use reqwest::Url;
use serde::{
    Deserializer,
    de::{self, Unexpected, Visitor},
};
use serde_json::Value;

use self::form::Form;
use crate::{
    file,
    http::Answer,
    volume::{MOST_VALUES, is_too_much, values},
};

/// More than a recording that is read as a whole may have, in bytes: one of this API has a few megabytes.
const MAX_DOCUMENT: u64 = 64 * 1024 * 1024;

/// More values of JSON than such a recording has: each exchange has some hundred.
const MOST_IN_DOCUMENT: usize = 2_000_000;

/// A recording that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The operating system's refusal.
    #[error("cannot use {0}")]
    Io(String, #[source] io::Error),
    /// Of none of the forms.
    #[error("{0}: not a recording: neither JSON Lines nor HAR nor a cassette of go-vcr or vcrpy")]
    Unknown(String),
    /// A line that is no exchange.
    #[error("{0}:{1}: not a recorded exchange: {2}")]
    Line(String, usize, String),
    /// A HAR or a cassette that breaks its form; the place is the file, with line and column, or with the number of the exchange behind `#`,
    /// where they are known.
    #[error("{0}: not {1}: {2}")]
    Document(String, &'static str, String),
    /// A file without an exchange.
    #[error("{0}: there is no exchange in it")]
    Empty(String),
}

/// An exchange as it was recorded.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// The recording's own ID of it, or its place.
    pub(crate) id: String,
    /// `FILE:LINE`; in a HAR or a cassette `FILE#N`, for the Nth exchange.
    pub(crate) place: String,
    pub(crate) principal: Option<String>,
    /// What it was part of; only our own form says it.
    pub(crate) source: Option<String>,
    pub(crate) method: String,
    pub(crate) url: Url,
    /// The body of the request; `None` where the recording holds none.
    pub(crate) body: Option<Value>,
    pub(crate) content_type: Option<String>,
    pub(crate) answer: Answer,
    /// When the recording says that the request was sent.
    at: Option<DateTime<FixedOffset>>,
}

impl Recorded {
    /// When the answer was given, as its `Date` says, or else as the recording does.
    pub(crate) fn date(&self) -> Option<DateTime<FixedOffset>> {
        let told = self.answer.header("Date").and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
        told.or(self.at)
    }
}

/// An exchange as any of the forms has it.
struct Exchange {
    method: String,
    url: String,
    sent_headers: Vec<(String, String)>,
    sent: Option<Value>,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    at: Option<DateTime<FixedOffset>>,
}

impl Exchange {
    /// With its place; or why it cannot be used, in which `url` names where its URL stands.
    fn at(self, place: String, url: &str) -> Result<Recorded, String> {
        let url = Url::parse(&self.url).map_err(|error| format!("{url}: {error}"))?;
        if is_too_much(&self.body) {
            return Err(format!("a body of more than {MOST_VALUES} values, the limit"));
        }
        let mut sent = self.sent_headers.into_iter();
        Ok(Recorded {
            id: place.clone(),
            place,
            principal: None,
            source: None,
            method: self.method,
            url,
            body: self.sent,
            content_type: sent.find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| value),
            answer: Answer::new(self.status, self.headers, self.body),
            at: self.at,
        })
    }
}

/// What is said where an answer has none, in every form.
const NO_STATUS: &str = "the answer has no status";

/// Reads a status. None: browsers write 0, some proxies -1, where no answer came.
fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    deserializer.deserialize_any(Status)
}

struct Status;

impl Visitor<'_> for Status {
    type Value = Option<u16>;

    /// RFC 9110, section 15: three digits.
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a status, which is a number from 100 to 999")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Option<u16>, E> {
        match u16::try_from(number) {
            Ok(status @ 100..=999) => Ok(Some(status)),
            _ if number <= 0 => Ok(None),
            _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Option<u16>, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<u16>, E> {
        Ok(None)
    }
}

/// What a request sent: JSON where it is JSON, else the text. Bytes that are no text cannot be sent again, and are as good as none.
fn sent(body: Vec<u8>) -> Option<Value> {
    if body.is_empty() {
        return None;
    }
    let json = if is_too_much(&body) { None } else { serde_json::from_slice(&body).ok() };
    json.or_else(|| String::from_utf8(body).ok().map(Value::String))
}

/// Why a document cannot be read.
struct Broken {
    place: Place,
    reason: String,
}

enum Place {
    /// Line and column, from 1.
    Position(u64, u64),
    /// The number of the exchange, from 1.
    Exchange(usize),
    Unknown,
}

impl Broken {
    fn of(index: usize, reason: String) -> Self {
        Self { place: Place::Exchange(index + 1), reason }
    }
}

impl From<serde_json::Error> for Broken {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        // The place is told once.
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned();
        Self { place: Place::Position(error.line() as u64, error.column() as u64), reason }
    }
}

/// Reads a recording, hands on its exchanges in order, and says how many it passed over because their answers were not kept.
///
/// # Errors
/// A file that cannot be read. Of JSON Lines, what came before the line that cannot be read has been handed on; of the other forms nothing.
pub(crate) fn read(path: &Path, mut take: impl FnMut(Recorded)) -> Result<usize, RecordingError> {
    let shown = path.display().to_string();
    let failed = |source| RecordingError::Io(shown.clone(), source);
    let file = file::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    read_from(file, length, shown, &mut take)
}

/// As [`read`], of what is open already and has about so many bytes.
pub(crate) fn read_from(
    mut input: impl Read,
    length: u64,
    shown: String,
    take: &mut impl FnMut(Recorded),
) -> Result<usize, RecordingError> {
    let failed = |source| RecordingError::Io(shown.clone(), source);
    let (form, head) = form::recognise(&mut input).map_err(failed)?;
    let input = Cursor::new(head).chain(input);
    let (exchanges, passed_over) = match form {
        Form::Empty => (0, 0),
        Form::Unknown => return Err(RecordingError::Unknown(shown)),
        Form::Lines => lines::read(BufReader::new(input), &shown, take)?,
        Form::Har => document(input, length, &shown, "a HAR", har::read, take)?,
        Form::JsonCassette => document(input, length, &shown, "a cassette", cassette::read_json, take)?,
        Form::YamlCassette => document(input, length, &shown, "a cassette", cassette::read_yaml, take)?,
    };
    if exchanges == 0 { Err(RecordingError::Empty(shown)) } else { Ok(passed_over) }
}

/// Reads a form that has all exchanges in one document.
fn document(
    input: impl Read,
    length: u64,
    path: &str,
    form: &'static str,
    read: impl Fn(&[u8]) -> Result<Vec<Option<Exchange>>, Broken>,
    take: impl FnMut(Recorded),
) -> Result<(usize, usize), RecordingError> {
    // One that grew would be there twice for a moment.
    let mut text = Vec::with_capacity(usize::try_from(length.min(MAX_DOCUMENT)).unwrap_or_default() + 1);
    let failed = |source| RecordingError::Io(path.to_owned(), source);
    input.take(MAX_DOCUMENT + 1).read_to_end(&mut text).map_err(failed)?;
    let refused = |place: String, reason: String| RecordingError::Document(place, form, reason);
    if text.len() as u64 > MAX_DOCUMENT {
        return Err(refused(path.to_owned(), format!("it has more than {} MiB", MAX_DOCUMENT / 1024 / 1024)));
    }
    if values(&text) > MOST_IN_DOCUMENT {
        return Err(refused(path.to_owned(), format!("it has more than {MOST_IN_DOCUMENT} values, the limit")));
    }
    let exchanges = read(text.strip_prefix(form::BYTE_ORDER_MARK).unwrap_or(&text)).map_err(|fault| {
        let place = match fault.place {
            Place::Position(line, column) => format!("{path}:{line}:{column}"),
            Place::Exchange(number) => format!("{path}#{number}"),
            Place::Unknown => path.to_owned(),
        };
        refused(place, fault.reason)
    })?;
    drop(text);
    let all = exchanges.len();
    let whole = exchanges.into_iter().enumerate().filter_map(|(index, exchange)| Some((index, exchange?)));
    let recorded = whole.map(|(index, exchange)| {
        let place = format!("{path}#{}", index + 1);
        exchange.at(place.clone(), "the URL").map_err(|reason| refused(place, reason))
    });
    let recorded = recorded.collect::<Result<Vec<_>, _>>()?;
    let counts = (recorded.len(), all - recorded.len());
    recorded.into_iter().for_each(take);
    Ok(counts)
}
