//! HAR 1.2: every exchange of a run, for the network panel of a browser, written as it comes: all of them are more than memory should hold. A
//! page is a trial.
//!
//! Secrets were taken out before: cookies and tokens are not in it. Bodies are as they came, since JSON holds any text; of one that was
//! cut, its length and a comment are left, so that nobody takes its beginning for the whole. Exchanges stand in the order in which their
//! steps ended, which is nearly that in which they began.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::text::{printable_json, without_nulls};
use crate::{
    event::{Event, StepFinished, Transcript},
    secret::Redacted,
};

/// What no URL has unescaped.
const NOT_IN_URLS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Writes the exchanges of a run, or of its parts one after the other.
pub struct HarWriter<W> {
    out: W,
    /// When the part began that is being taken.
    began: DateTime<FixedOffset>,
    /// When the first exchange of each trial began.
    pages: BTreeMap<String, String>,
    /// What separates the next entry from what is there.
    between: &'static str,
    begun: bool,
}

impl<W: Write> HarWriter<W> {
    /// A HAR in which nothing is yet.
    pub fn new(out: W) -> Self {
        Self { out, began: DateTime::default(), pages: BTreeMap::new(), between: "", begun: false }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn take(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::RunStarted(header) => {
                self.began = DateTime::parse_from_rfc3339(&header.started).unwrap_or_default();
                self.begin(&header.program)
            }
            Event::StepFinished(step) => step.exchange.as_ref().map_or(Ok(()), |exchange| self.entry(step, exchange)),
            Event::TrialStarted(_)
            | Event::TrialFinished(_)
            | Event::Leaked(_)
            | Event::MayBeLeft(_)
            | Event::Waited(_)
            | Event::Preflight(_)
            | Event::SnapshotDrifted(_)
            | Event::NotBegun(_)
            | Event::RunFinished(_) => Ok(()),
        }
    }

    fn begin(&mut self, version: &str) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let creator = json!({ "name": "okta-conformance", "version": version });
        write!(self.out, "{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":[")
    }

    fn entry(&mut self, step: &StepFinished, exchange: &Transcript) -> io::Result<()> {
        self.begin("")?;
        if !self.pages.contains_key(&step.trial) {
            self.pages.insert(step.trial.clone(), time(self.began, exchange.started_ms));
        }
        let entry = printable_json(entry(step, exchange, self.began).to_string());
        write!(self.out, "{}\n{entry}", std::mem::replace(&mut self.between, ","))
    }

    /// Ends the HAR, with what is to be said of the whole; gives back where it was written.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn finish(mut self, comment: Option<&str>) -> io::Result<W> {
        self.begin("")?;
        let pages: Vec<Value> = self.pages.iter().map(|(trial, started)| page(trial, started)).collect();
        let end = without_nulls(json!({ "pages": pages, "comment": comment }));
        // The object goes on where the entries end.
        writeln!(self.out, "\n],{}}}", &printable_json(end.to_string())[1..])?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn page(trial: &str, started: &str) -> Value {
    json!({ "startedDateTime": started, "id": trial, "title": trial, "pageTimings": {} })
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
