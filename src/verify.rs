//! Judging recorded traffic: each exchange is matched to its operation and held to the contract, without sending anything.
//!
//! Owns the reading of recordings in JSON Lines: one exchange a line, `{ id, source, request: { method, url, headers, body },
//! response: { status, headers, body } }`, headers as name → list of values, bodies as JSON, text or null.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    check::{False, Headers, Verdict, judge_body, judge_headers},
    event::{Drift, Mismatch},
    http::Answer,
    level::Level,
    plan::Plan,
    run::Describer,
    secret::Redactor,
};

/// A longer line than any recording of this API has.
const MAX_LINE: u64 = 16 * 1024 * 1024;

/// A recording that cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The operating system's refusal.
    #[error("cannot read {path}")]
    Read {
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

#[derive(Debug, Deserialize)]
struct Recorded {
    #[serde(default)]
    id: Option<String>,
    request: RecordedRequest,
    response: RecordedResponse,
}

#[derive(Debug, Deserialize)]
struct RecordedRequest {
    method: String,
    url: String,
}

#[derive(Debug, Deserialize)]
struct RecordedResponse {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    body: Value,
}

/// What became of one exchange.
#[derive(Debug)]
pub struct Judged {
    /// `FILE:LINE`.
    pub place: String,
    /// The ID that the recording gives it.
    pub id: Option<String>,
    /// The operation; `None` for one that the suite does not describe.
    pub operation: Option<String>,
    /// Method and path.
    pub call: String,
    /// False checks.
    pub mismatches: Vec<Mismatch>,
    /// What no document describes.
    pub drift: Vec<Drift>,
    /// Whether headers that are missing could be judged.
    pub headers: bool,
}

impl Judged {
    /// Whether a check of level `must` is false.
    pub fn failed(&self) -> bool {
        self.mismatches.iter().any(|mismatch| mismatch.level == Level::Must)
    }
}

/// Judges every exchange of a file, in order.
///
/// # Errors
/// A file or a line that cannot be read; what came before has been judged.
pub fn verify(path: &Path, plan: &Plan, mut take: impl FnMut(Judged)) -> Result<(), RecordingError> {
    let shown = path.display().to_string();
    let failed = |source| RecordingError::Read { path: shown.clone(), source };
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let redactor = Redactor::new([]);
    let describer = Describer { redactor: &redactor, requirements: &plan.requirements };
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
        let recorded: Recorded = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
        exchanges += 1;
        take(judge(recorded, format!("{shown}:{line}"), plan, &describer).map_err(refused)?);
    }
    if exchanges == 0 { Err(RecordingError::Empty { path: shown }) } else { Ok(()) }
}

fn judge(recorded: Recorded, place: String, plan: &Plan, describer: &Describer<'_>) -> Result<Judged, String> {
    let url = reqwest::Url::parse(&recorded.request.url).map_err(|error| format!("`request.url`: {error}"))?;
    let method = recorded.request.method;
    let operation = plan.operation(&method, url.path());
    let call = format!("{method} {}", url.path());
    let mut judged = Judged {
        place,
        id: recorded.id,
        operation: operation.map(|operation| operation.id.clone()),
        call,
        mismatches: Vec::new(),
        drift: Vec::new(),
        headers: false,
    };
    let Some(operation) = operation else { return Ok(judged) };
    let answer = answer(recorded.response);
    let contract = &plan.contract;
    judged.headers = contract.recorded_with.as_ref().is_some_and(|name| answer.header(name).is_some());
    let mut verdict = Verdict::default();
    verdict.checks.count(Level::Must);
    if !operation.documents(answer.status) {
        verdict.falses.push(False {
            check: "status".to_owned(),
            level: Level::Must,
            requirements: vec![contract.status.clone()],
            span: None,
            pointer: None,
            expected: format!("a status that {} documents", operation.id),
            actual: answer.status.to_string(),
        });
    }
    verdict.add(judge_body(&answer, operation, contract, &[], Level::Must));
    if operation.contract {
        verdict.add(judge_headers(&answer, contract, Headers::Recorded));
    }
    judged.mismatches = describer.mismatches(&verdict, None);
    judged.drift = describer.drift(&verdict, &operation.id);
    Ok(judged)
}

fn answer(response: RecordedResponse) -> Answer {
    let body = match response.body {
        Value::Null => Vec::new(),
        Value::String(text) => text.into_bytes(),
        value => value.to_string().into_bytes(),
    };
    let headers = response
        .headers
        .into_iter()
        .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    Answer::new(response.status, headers.collect(), body)
}
