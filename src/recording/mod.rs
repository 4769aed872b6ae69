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
mod stub;

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
    /// A line that is no exchange.
    #[error("{0}:{1}: not a recorded exchange: {2}")]
    Line(String, usize, String),
    /// A document that breaks its form, or is of none; the place is the file, with line and column, or with the number of the exchange behind `#`,
    /// where they are known. Of so many exchanges nothing can be read.
    #[error("{0}: not {1}: {2}")]
    Document(String, &'static str, String, usize),
    /// A file without an exchange that is whole; so many are not.
    #[error("{0}: there is no exchange in it")]
    Empty(String, usize),
}

impl RecordingError {
    /// How many exchanges of the file are not whole.
    pub(crate) fn passed_over(&self) -> usize {
        match self {
            Self::Empty(_, count) | Self::Document(_, _, _, count) => *count,
            Self::Io(..) | Self::Line(..) => 0,
        }
    }
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
    /// Whether what was sent is known whole, so that it can be sent again.
    pub(crate) request_kept: bool,
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
    request_kept: bool,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    at: Option<DateTime<FixedOffset>>,
}

impl Exchange {
    /// With its place; or why it cannot be used, in which `url` names where its URL stands.
    fn at(self, place: String, url: &str) -> Result<Recorded, String> {
        if self.url.is_empty() {
            return Err(format!("{url} is empty"));
        }
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
            request_kept: self.request_kept,
            content_type: sent.find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| value),
            answer: Answer::new(self.status, self.headers, self.body),
            at: self.at,
        })
    }
}

/// What a document holds: exchanges, `None` for those of which not all was kept, and why the others cannot be read.
type Entries = Vec<Result<Option<Exchange>, String>>;

/// What a recording has, but not whole or not readable.
#[derive(Debug, Default)]
pub struct PassedOver {
    /// How many exchanges.
    pub count: usize,
    /// Which of these cannot be read, and why: the first of them.
    pub unreadable: Vec<String>,
}

/// As many are named.
const MOST_NAMED: usize = 20;

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

/// RFC 9110, sections 9.3.2 and 15: an answer without a body, whatever else it says.
fn has_no_body(method: &str, status: u16) -> bool {
    method == "HEAD" || matches!(status, 100..=199 | 204 | 304)
}

/// Whether a message has no body though its headers say that it had one: whoever recorded it did not keep it.
fn is_lost(body: &[u8], headers: &[(String, String)]) -> bool {
    body.is_empty() && content_length(headers).is_some_and(|length| length > 0.0)
}

fn content_length(headers: &[(String, String)]) -> Option<f64> {
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, value)| value.trim().parse().ok())
}

/// A member that each exchange of a document in JSON has.
fn text(object: &Value, key: &'static str) -> Result<String, String> {
    object[key].as_str().map(str::to_owned).ok_or_else(|| format!("`{key}` is missing, or not a text"))
}

/// The lines of headers: a list of `{ name, value }`, or an object by name; the values texts, lists of them, or `{ equalTo }`. Some browsers
/// write several lines of one header as one value with line breaks.
fn headers(headers: &Value) -> Vec<(String, String)> {
    fn lines(value: &Value) -> Vec<String> {
        match value {
            Value::Null => vec![String::new()],
            Value::String(text) => text.split('\n').map(str::to_owned).collect(),
            Value::Array(values) => values.iter().flat_map(lines).collect(),
            Value::Object(matcher) => matcher.get("equalTo").map(lines).unwrap_or_default(),
            Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        }
    }
    let pairs: Vec<(&str, &Value)> = match headers {
        Value::Array(list) => list.iter().filter_map(|pair| Some((pair["name"].as_str()?, &pair["value"]))).collect(),
        Value::Object(names) => names.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    pairs.into_iter().flat_map(|(name, value)| lines(value).into_iter().map(|line| (name.to_owned(), line))).collect()
}

/// Why a document cannot be read.
struct Broken {
    /// Line and column, from 1, where they are known.
    place: Option<(u64, u64)>,
    reason: String,
}

impl Broken {
    fn whole(reason: impl Into<String>) -> Self {
        Self { place: None, reason: reason.into() }
    }
}

impl From<serde_json::Error> for Broken {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        // The place is told once.
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned();
        Self { place: Some((error.line() as u64, error.column() as u64)), reason }
    }
}

/// Reads a recording, hands on its exchanges in order, and says which it passed over.
///
/// # Errors
/// A file that cannot be read. Of JSON Lines, what came before the line that cannot be read has been handed on; of the other forms nothing.
pub(crate) fn read(path: &Path, mut take: impl FnMut(Recorded)) -> Result<PassedOver, RecordingError> {
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
) -> Result<PassedOver, RecordingError> {
    let failed = |source| RecordingError::Io(shown.clone(), source);
    let (form, head) = form::recognise(&mut input).map_err(failed)?;
    let input = Cursor::new(head).chain(input);
    match form {
        Form::Empty => Err(RecordingError::Empty(shown, 0)),
        Form::Unknown => Err(RecordingError::Document(shown, "a recording", form::NEITHER.to_owned(), 0)),
        Form::Lines => match lines::read(BufReader::new(input), &shown, take)? {
            (0, not_kept) => Err(RecordingError::Empty(shown, not_kept)),
            (_, count) => Ok(PassedOver { count, unreadable: Vec::new() }),
        },
        Form::Har => document(input, length, &shown, "a HAR", har::read, take),
        Form::Json => document(input, length, &shown, "a recording", form::read_json, take),
        Form::YamlCassette => document(input, length, &shown, "a cassette", cassette::read_yaml, take),
    }
}

/// Reads a form that has all exchanges in one document.
fn document(
    input: impl Read,
    length: u64,
    path: &str,
    form: &'static str,
    read: impl Fn(&[u8]) -> Result<Entries, Broken>,
    take: impl FnMut(Recorded),
) -> Result<PassedOver, RecordingError> {
    // One that grew would be there twice for a moment.
    let mut text = Vec::with_capacity(usize::try_from(length.min(MAX_DOCUMENT)).unwrap_or_default() + 1);
    let failed = |source| RecordingError::Io(path.to_owned(), source);
    input.take(MAX_DOCUMENT + 1).read_to_end(&mut text).map_err(failed)?;
    let refused = |place: String, reason: String| RecordingError::Document(place, form, reason, 0);
    if text.len() as u64 > MAX_DOCUMENT {
        return Err(refused(path.to_owned(), format!("it has more than {} MiB", MAX_DOCUMENT / 1024 / 1024)));
    }
    if values(&text) > MOST_IN_DOCUMENT {
        return Err(refused(path.to_owned(), format!("it has more than {MOST_IN_DOCUMENT} values, the limit")));
    }
    let entries = read(text.strip_prefix(form::BYTE_ORDER_MARK).unwrap_or(&text)).map_err(|fault| {
        let place = fault.place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        refused(format!("{path}{place}"), fault.reason)
    })?;
    drop(text);
    let (mut recorded, mut unreadable, mut not_kept) = (Vec::new(), Vec::new(), 0);
    for (index, entry) in entries.into_iter().enumerate() {
        let place = format!("{path}#{}", index + 1);
        let read = entry.and_then(|entry| entry.map(|exchange| exchange.at(place.clone(), "the URL")).transpose());
        match read {
            Ok(Some(exchange)) => recorded.push(exchange),
            Ok(None) => not_kept += 1,
            Err(reason) => unreadable.push((place, reason)),
        }
    }
    let count = not_kept + unreadable.len();
    if recorded.is_empty() {
        return Err(match unreadable.into_iter().next() {
            Some((place, reason)) => RecordingError::Document(place, form, reason, count),
            None => RecordingError::Empty(path.to_owned(), not_kept),
        });
    }
    recorded.into_iter().for_each(take);
    let named = unreadable.into_iter().take(MOST_NAMED);
    Ok(PassedOver { count, unreadable: named.map(|(place, reason)| format!("{place}: {reason}")).collect() })
}
