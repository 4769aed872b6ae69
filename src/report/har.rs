//! HAR 1.2: every exchange of a run, for the network panel of a browser. A page is a trial.
//!
//! Secrets were taken out before: cookies and tokens are not in it. Bodies are as they came, since JSON holds any text; of one that was
//! cut, its length and a comment are left, so that nobody takes its beginning for the whole.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    FailOn, Report,
    text::{printable_json, without_nulls},
};
use crate::{
    event::{StepFinished, Transcript},
    secret::Redacted,
};

/// What no URL has unescaped.
const NOT_IN_URLS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: Value,
    pages: Vec<Value>,
    entries: Entries<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

/// The exchanges, each made into JSON as it is written: all at once, they would be in memory twice.
struct Entries<'a>(Vec<(&'a StepFinished, &'a Transcript)>, DateTime<FixedOffset>);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(step, exchange)| entry(step, exchange, self.1)))
    }
}

/// Writes the report of a run, which must have been told to keep its exchanges.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, mut writer: impl Write) -> io::Result<()> {
    let began = report.header.as_ref().and_then(|header| DateTime::parse_from_rfc3339(&header.started).ok());
    let began = began.unwrap_or_default();
    let mut steps: Vec<(&StepFinished, &Transcript)> =
        report.exchanges.iter().filter_map(|step| Some((step, step.exchange.as_ref()?))).collect();
    steps.sort_by(|(a, one), (b, other)| {
        let times = one.started_ms.total_cmp(&other.started_ms);
        times.then_with(|| (&a.trial, a.attempt, a.phase, a.step).cmp(&(&b.trial, b.attempt, b.phase, b.step)))
    });
    let mut pages: BTreeMap<&str, Value> = BTreeMap::new();
    for (step, exchange) in &steps {
        let started = || time(began, exchange.started_ms);
        pages.entry(&step.trial).or_insert_with(
            || json!({ "startedDateTime": started(), "id": step.trial, "title": step.trial, "pageTimings": {} }),
        );
    }
    let version = report.header.as_ref().map_or("", |header| header.program.as_str());
    let log = Log {
        version: "1.2",
        creator: json!({ "name": "okta-conformance", "version": version }),
        pages: pages.into_values().collect(),
        entries: Entries(steps, began),
        comment: (!report.not_begun.is_empty()).then(|| report.sentence(FailOn::default())),
    };
    writeln!(writer, "{}", printable_json(serde_json::to_string(&BTreeMap::from([("log", log)]))?))
}

fn entry(step: &StepFinished, exchange: &Transcript, began: DateTime<FixedOffset>) -> Value {
    let (request, response) = (&exchange.request, &exchange.response);
    // The body, if it is the whole.
    let text = |body: &'_ Redacted, cut_from: Option<usize>| cut_from.is_none().then(|| body.as_str().to_owned());
    let size = |body: &Option<Redacted>, cut_from: Option<usize>| {
        cut_from.unwrap_or_else(|| body.as_ref().map_or(0, |body| body.as_str().len()))
    };
    let comment =
        |cut_from: Option<usize>| cut_from.map(|bytes| format!("a body of {bytes} bytes, which was not kept"));
    let url = utf8_percent_encode(request.url.as_str(), NOT_IN_URLS).to_string();
    let posted = request.body.as_ref().map(|body| {
        without_nulls(json!({
            "mimeType": header(&request.headers, "content-type"),
            "text": text(body, request.cut_from).unwrap_or_default(),
            "comment": comment(request.cut_from),
        }))
    });
    let content = without_nulls(json!({
        "size": size(&response.body, response.cut_from),
        "mimeType": header(&response.headers, "content-type"),
        "text": response.body.as_ref().and_then(|body| text(body, response.cut_from)),
        "comment": comment(response.cut_from),
    }));
    json!({
        "pageref": step.trial,
        "startedDateTime": time(began, exchange.started_ms),
        "time": exchange.duration_ms,
        "request": without_nulls(json!({
            "method": request.method,
            "url": url,
            "httpVersion": "unknown",
            "cookies": [],
            "headers": pairs(&request.headers),
            "queryString": query(&url),
            "postData": posted,
            "headersSize": -1,
            "bodySize": size(&request.body, request.cut_from),
        })),
        "response": {
            "status": response.status,
            "statusText": "",
            "httpVersion": "unknown",
            "cookies": [],
            "headers": pairs(&response.headers),
            "content": content,
            "redirectURL": header(&response.headers, "location"),
            "headersSize": -1,
            "bodySize": size(&response.body, response.cut_from),
        },
        "cache": {},
        // The client sees the whole of an exchange only.
        "timings": { "send": 0.0, "wait": exchange.duration_ms, "receive": 0.0 },
        "comment": format!("{} {}, attempt {}: {}", step.phase.name(), step.step, step.attempt, step.call),
        "_principal": step.principal,
    })
}

fn time(began: DateTime<FixedOffset>, milliseconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "no run lasts for thousands of years; more saturates")]
    let since = TimeDelta::try_milliseconds(milliseconds as i64).unwrap_or_default();
    began.checked_add_signed(since).unwrap_or(began).to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn header<'a>(headers: &'a [(Redacted, Redacted)], name: &str) -> &'a str {
    headers.iter().find(|(key, _)| key.as_str().eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_str())
}

fn pairs(headers: &[(Redacted, Redacted)]) -> Vec<Value> {
    headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// Names and values as they are meant: `a+b=%20` is `a b` and a space.
fn query(url: &str) -> Vec<Value> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let query = url.split_once('?').map_or("", |(_, rest)| rest.split('#').next().unwrap_or_default());
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| json!({ "name": decoded(name), "value": decoded(value) })).collect()
}
