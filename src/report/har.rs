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
use serde::Serialize;

use super::{FailOn, Report, text::printable_json};
use crate::{
    event::{StepFinished, Transcript},
    secret::Redacted,
};

/// What no URL has unescaped.
const NOT_IN_URLS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

#[derive(Serialize)]
struct Har<'a> {
    log: Log<'a>,
}

#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: Creator<'a>,
    pages: Vec<Page<'a>>,
    entries: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize)]
struct Creator<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    started_date_time: String,
    id: &'a str,
    title: &'a str,
    #[serde(rename = "pageTimings")]
    timings: Empty,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    pageref: &'a str,
    started_date_time: String,
    time: f64,
    request: Request<'a>,
    response: Response<'a>,
    cache: Empty,
    timings: Timings,
    /// Which step of which trial it was.
    comment: String,
    #[serde(rename = "_principal")]
    principal: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    method: &'a str,
    url: String,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<Pair<'a>>,
    query_string: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'a>>,
    headers_size: i64,
    body_size: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    status: u16,
    status_text: &'static str,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<Pair<'a>>,
    content: Content<'a>,
    #[serde(rename = "redirectURL")]
    redirect_url: &'a str,
    headers_size: i64,
    body_size: usize,
}

#[derive(Serialize)]
struct Pair<'a> {
    name: String,
    value: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData<'a> {
    mime_type: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    size: usize,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

/// An object that the form asks for and that says nothing.
#[derive(Serialize)]
struct Empty {}

/// The client sees the whole of an exchange only.
#[derive(Serialize)]
struct Timings {
    send: f64,
    wait: f64,
    receive: f64,
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
    let mut pages: BTreeMap<&str, Page<'_>> = BTreeMap::new();
    for (step, exchange) in &steps {
        pages.entry(&step.trial).or_insert_with(|| Page {
            started_date_time: time(began, exchange.started_ms),
            id: &step.trial,
            title: &step.trial,
            timings: Empty {},
        });
    }
    let version = report.header.as_ref().map_or("", |header| header.program.as_str());
    let log = Log {
        version: "1.2",
        creator: Creator { name: "okta-conformance", version },
        pages: pages.into_values().collect(),
        comment: (!report.not_begun.is_empty()).then(|| report.sentence(FailOn::default())),
        entries: steps.into_iter().map(|(step, exchange)| entry(step, exchange, began)).collect(),
    };
    writeln!(writer, "{}", printable_json(serde_json::to_string(&Har { log })?))
}

/// The body, if it is the whole.
fn text(body: &Redacted, cut_from: Option<usize>) -> Option<&str> {
    cut_from.is_none().then_some(body.as_str())
}

fn entry<'a>(step: &'a StepFinished, exchange: &'a Transcript, began: DateTime<FixedOffset>) -> Entry<'a> {
    let (request, response) = (&exchange.request, &exchange.response);
    let size = |body: &Option<Redacted>, cut_from: Option<usize>| {
        cut_from.unwrap_or_else(|| body.as_ref().map_or(0, |body| body.as_str().len()))
    };
    let comment =
        |cut_from: Option<usize>| cut_from.map(|bytes| format!("a body of {bytes} bytes, which was not kept"));
    let url = utf8_percent_encode(request.url.as_str(), NOT_IN_URLS).to_string();
    let post_data = request.body.as_ref().map(|body| PostData {
        mime_type: header(&request.headers, "content-type"),
        text: text(body, request.cut_from).unwrap_or_default(),
        comment: comment(request.cut_from),
    });
    Entry {
        pageref: &step.trial,
        started_date_time: time(began, exchange.started_ms),
        time: exchange.duration_ms,
        request: Request {
            method: &request.method,
            query_string: query(&url),
            url,
            http_version: "unknown",
            cookies: [],
            headers: pairs(&request.headers),
            post_data,
            headers_size: -1,
            body_size: size(&request.body, request.cut_from),
        },
        response: Response {
            status: response.status,
            status_text: "",
            http_version: "unknown",
            cookies: [],
            headers: pairs(&response.headers),
            content: Content {
                size: size(&response.body, response.cut_from),
                mime_type: header(&response.headers, "content-type"),
                text: response.body.as_ref().and_then(|body| text(body, response.cut_from)),
                comment: comment(response.cut_from),
            },
            redirect_url: header(&response.headers, "location"),
            headers_size: -1,
            body_size: size(&response.body, response.cut_from),
        },
        cache: Empty {},
        timings: Timings { send: 0.0, wait: exchange.duration_ms, receive: 0.0 },
        comment: format!("{} {}, attempt {}: {}", step.phase.name(), step.step, step.attempt, step.call),
        principal: &step.principal,
    }
}

fn time(began: DateTime<FixedOffset>, milliseconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "no run lasts for thousands of years; more saturates")]
    let since = TimeDelta::try_milliseconds(milliseconds as i64).unwrap_or_default();
    began.checked_add_signed(since).unwrap_or(began).to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn header<'a>(headers: &'a [(Redacted, Redacted)], name: &str) -> &'a str {
    headers.iter().find(|(key, _)| key.as_str().eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_str())
}

fn pairs(headers: &[(Redacted, Redacted)]) -> Vec<Pair<'_>> {
    headers.iter().map(|(name, value)| Pair { name: name.to_string(), value: value.as_str().into() }).collect()
}

/// Names and values as they are meant: `a+b=%20` is `a b` and a space.
fn query(url: &str) -> Vec<Pair<'static>> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let query = url.split_once('?').map_or("", |(_, rest)| rest.split('#').next().unwrap_or_default());
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Pair { name: decoded(name), value: decoded(value).into() }
        })
        .collect()
}
