//! Our own form: JSON Lines, one exchange a line, `{ id, source, principal, request: { method, url, headers, body }, response: { status,
//! headers, body } }`, headers as name → list of values, bodies as JSON, text or null; of a body that was too long to be kept, `cut_from` says
//! how long it was. Read line by line, however long the file is.

use std::{
    collections::BTreeMap,
    io::{BufRead, Read},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Exchange, NO_STATUS, Recorded, RecordingError, form::BYTE_ORDER_MARK};
use crate::volume::{MOST_VALUES, is_too_much};

/// A longer line than any recording of this API has.
const MAX_LINE: u64 = 16 * 1024 * 1024;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    /// Who sent it, by the name of the suite's vocabulary; only our own recordings say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) principal: Option<String>,
    pub(super) request: LineRequest,
    pub(super) response: LineResponse,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LineRequest {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) body: Value,
    /// How long the body was, in bytes, where it was too long to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cut_from: Option<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LineResponse {
    #[serde(deserialize_with = "super::status")]
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) body: Value,
    /// How long the body was, in bytes, where it was too long to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cut_from: Option<usize>,
}

/// Hands on the exchanges in order, and says how many there were, and how many of which not all was kept.
pub(super) fn read(
    mut input: impl BufRead,
    path: &str,
    take: &mut impl FnMut(Recorded),
) -> Result<(usize, usize), RecordingError> {
    let failed = |source| RecordingError::Io(path.to_owned(), source);
    let (mut text, mut line, mut exchanges, mut passed_over) = (Vec::new(), 0, 0, 0);
    loop {
        text.clear();
        line += 1;
        if Read::take(&mut input, MAX_LINE + 1).read_until(b'\n', &mut text).map_err(failed)? == 0 {
            return Ok((exchanges, passed_over));
        }
        let refused = |reason: String| RecordingError::Line(path.to_owned(), line, reason);
        if text.len() as u64 > MAX_LINE {
            return Err(refused(format!("it has more than {} MiB", MAX_LINE / 1024 / 1024)));
        }
        let marked = Some(text.as_slice()).filter(|_| line == 1).and_then(|text| text.strip_prefix(BYTE_ORDER_MARK));
        let text = marked.unwrap_or(&text);
        if text.trim_ascii().is_empty() {
            continue;
        }
        if is_too_much(text) {
            return Err(refused(format!("it has more than {MOST_VALUES} values, the limit")));
        }
        let recorded: Line = serde_json::from_slice(text).map_err(|error| refused(error.to_string()))?;
        if recorded.request.cut_from.or(recorded.response.cut_from).is_some() {
            passed_over += 1;
            continue;
        }
        exchanges += 1;
        take(exchange(recorded, format!("{path}:{line}")).map_err(refused)?);
    }
}

fn exchange(line: Line, place: String) -> Result<Recorded, String> {
    let body = match line.response.body {
        Value::Null => Vec::new(),
        Value::String(text) => text.into_bytes(),
        value => value.to_string().into_bytes(),
    };
    let flat = |headers: BTreeMap<String, Vec<String>>| {
        headers.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
    };
    let recorded = Exchange {
        method: line.request.method,
        url: line.request.url,
        sent_headers: flat(line.request.headers).collect(),
        sent: Some(line.request.body).filter(|body| !body.is_null()),
        request_kept: true,
        status: line.response.status.ok_or(NO_STATUS)?,
        headers: flat(line.response.headers).collect(),
        body,
        at: None,
    };
    let recorded = recorded.at(place, "`request.url`")?;
    Ok(Recorded { id: line.id.unwrap_or(recorded.id), principal: line.principal, source: line.source, ..recorded })
}
