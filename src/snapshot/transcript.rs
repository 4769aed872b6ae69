//! What a trial sent and got, as text that is the same in every run of the same behaviour.
//!
//! Left out is what is the moment's or the network's: times, counts of the rate limit, headers of transport. Of lists of the whole org, what
//! the trial has not made is left out too: it is other trials', or other people's.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::names::{Foreign, Names};
use crate::{
    brief::shortened,
    event::{Phase, StepFinished, Transcript, TranscriptResponse},
};

/// More of a body than a person reviews.
const MOST_BODY: usize = 64 * 1024;

/// In the place of a body that was not kept: how long it was may differ from run to run.
const TOO_LONG: &str = "| (a body too long to be kept)";

/// Headers of transport, of caches on the way, and of the client itself.
const LEFT_OUT: [&str; 17] = [
    "accept-encoding",
    "age",
    "alt-svc",
    "authorization",
    "connection",
    "content-length",
    "date",
    "dpop",
    "host",
    "keep-alive",
    "nel",
    "report-to",
    "server",
    "server-timing",
    "transfer-encoding",
    "user-agent",
    "via",
];

/// Headers whose value is the moment's.
const UNSTABLE: [&str; 9] = [
    "dpop-nonce",
    "etag",
    "last-modified",
    "retry-after",
    "set-cookie",
    "x-okta-request-id",
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
];

/// Writes the transcript of one attempt at a trial.
#[derive(Debug)]
pub(super) struct Writer {
    foreign: Arc<Foreign>,
    names: Names,
    /// Names that the trial gave and identifiers that it met otherwise than in a list of the org.
    own: BTreeSet<String>,
    text: String,
    /// The step that the last answer belongs to, and the items of its pages so far.
    page: Option<((Phase, usize), Vec<Value>)>,
    pub(super) attempt: usize,
    /// A request had no answer, so that the transcript is not all that the target would have said.
    pub(super) broken: bool,
}

impl Writer {
    pub(super) fn new(foreign: &Arc<Foreign>, attempt: usize) -> Self {
        Self {
            foreign: Arc::clone(foreign),
            names: Names::new(Arc::clone(foreign)),
            own: BTreeSet::new(),
            text: String::new(),
            page: None,
            attempt,
            broken: false,
        }
    }

    pub(super) fn take(&mut self, step: &StepFinished) {
        let Some(exchange) = &step.exchange else {
            self.broken |= step.fault.is_some();
            return;
        };
        let at = (step.phase, step.step);
        let url = exchange.request.url.as_str();
        let whole = exchange.response.body.as_ref().filter(|_| exchange.response.cut_from.is_none());
        let mut body = whole.and_then(|body| serde_json::from_str::<Value>(body.as_str()).ok());
        let sent = exchange.request.body.as_ref().map_or("", |body| body.as_str());
        self.own.extend([sent, url].into_iter().flat_map(|text| self.foreign.given(text)).map(str::to_owned));
        let of_org = self.foreign.is_of_the_org(url) && body.as_ref().is_some_and(Value::is_array);
        if let Some(body) = body.as_mut() {
            self.keep_own(body, of_org);
            self.names.learn(body);
        }
        if of_org && self.page.as_ref().is_some_and(|(of, _)| *of == at) {
            // A further page of a list of the org: where one ends and the next begins depends on what else there is.
            if let (Some((_, items)), Some(Value::Array(more))) = (&mut self.page, body) {
                items.extend(more);
            }
            return;
        }
        self.close();
        let phase = match step.phase {
            Phase::Given => "given",
            Phase::Steps => "step",
            Phase::Defer => "deferred",
        };
        let call = self.names.words(&step.call);
        self.line(&format!("## {phase} {}: {call} as {}", step.step, step.principal));
        self.request(exchange);
        self.response(&exchange.response, body, of_org.then_some(at));
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        self.close();
        self.text.trim_end().to_owned()
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Leaves in lists what is the trial's own, and notes that.
    fn keep_own(&mut self, body: &mut Value, of_org: bool) {
        if let Value::Array(items) = body {
            items.retain(|item| {
                let text = item.to_string();
                let others = self.foreign.given(&text).any(|name| !self.own.contains(name));
                let known = self.foreign.given(&text).next().is_some()
                    || item.get("id").and_then(Value::as_str).is_some_and(|id| self.own.contains(id));
                !others && (!of_org || known)
            });
        } else if let Some(id) = body.get("id").and_then(Value::as_str) {
            self.own.insert(id.to_owned());
        }
    }

    fn request(&mut self, exchange: &Transcript) {
        let request = &exchange.request;
        let url = request.url.as_str().replace(&format!("{}/", self.foreign.origin()), "/");
        let line = format!("{} {}", request.method, self.names.text(&url));
        self.line(&line);
        for (name, value) in &request.headers {
            let name = name.as_str().to_ascii_lowercase();
            let usual = value.as_str() == "application/json" && (name == "accept" || name == "content-type");
            if !usual && !LEFT_OUT.contains(&name.as_str()) {
                let line = format!("{name}: {}", self.names.text(value.as_str()));
                self.line(&line);
            }
        }
        if request.cut_from.is_some() {
            self.line(TOO_LONG);
        } else if let Some(body) = &request.body {
            match serde_json::from_str::<Value>(body.as_str()) {
                Ok(body) => self.json(&body),
                Err(_) => self.plain(body.as_str()),
            }
        }
    }

    fn response(&mut self, response: &TranscriptResponse, body: Option<Value>, page: Option<(Phase, usize)>) {
        self.line(&format!("-> {}", response.status));
        let mut headers: Vec<(String, &str)> =
            response.headers.iter().map(|(name, value)| (name.as_str().to_ascii_lowercase(), value.as_str())).collect();
        headers.sort_by(|a, b| a.0.cmp(&b.0));
        headers.dedup_by(|a, b| a.0 == b.0 && UNSTABLE.contains(&a.0.as_str()));
        for (name, value) in headers {
            // Which pages a list of the org has is not the trial's.
            if LEFT_OUT.contains(&name.as_str()) || (page.is_some() && name == "link") {
                continue;
            }
            let value = match name.as_str() {
                unstable if UNSTABLE.contains(&unstable) => "…".to_owned(),
                "link" => self.names.link(value),
                "location" | "www-authenticate" => self.names.text(value),
                _ => self.names.words(value),
            };
            self.line(&format!("{name}: {value}"));
        }
        match (body, page, &response.body) {
            (Some(Value::Array(items)), Some(page), _) => self.page = Some((page, items)),
            (Some(body), ..) => self.json(&body),
            (None, ..) if response.cut_from.is_some() => self.line(TOO_LONG),
            (None, _, Some(body)) => self.plain(body.as_str()),
            (None, _, None) => {}
        }
        if self.page.is_none() {
            self.line("");
        }
    }

    /// Writes the items of a list of the org, now that its pages are over.
    fn close(&mut self) {
        if let Some((_, items)) = self.page.take() {
            self.json(&Value::Array(items));
            self.line("");
        }
    }

    fn json(&mut self, body: &Value) {
        let named = self.names.value(body);
        self.cut(&format!("{named:#}"));
    }

    fn plain(&mut self, body: &str) {
        let named = self.names.text(body);
        // A line of the body that reads as one of ours is told apart by its beginning.
        let lines: Vec<String> = named.lines().map(|line| format!("| {line}")).collect();
        self.cut(&lines.join("\n"));
    }

    fn cut(&mut self, text: &str) {
        self.line(&shortened(text, MOST_BODY));
    }
}
