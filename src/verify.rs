//! Judging recorded traffic: each exchange is matched to its operation and held to the contract, without sending anything.

use std::{collections::BTreeSet, path::Path, time::Instant};

use chrono::NaiveDate;
use reqwest::Url;
use serde_json::Value;

use crate::{
    check::judge_recorded,
    event::{Checks, Drift, Finding, Transcript, TranscriptRequest, TranscriptResponse},
    http::Answer,
    level::Level,
    plan::Plan,
    recording::{PassedOver, Recorded, RecordingError, read},
    run::Describer,
    secret::{Redactor, may_hold_secrets},
    status::Speaker,
};

/// What became of one exchange.
#[derive(Debug)]
pub struct Judged {
    /// `FILE:LINE`, or `FILE#N` where a file is not a list of lines.
    pub place: String,
    /// The ID that the recording gives it.
    pub id: String,
    /// What it was part of, where the recording says so.
    pub source: Option<String>,
    /// The host that it was sent to.
    pub host: String,
    /// When the answer was given.
    pub day: Option<NaiveDate>,
    /// The operation; `None` for one that the suite does not describe.
    pub operation: Option<String>,
    /// Method and path.
    pub call: String,
    /// How many checks were made.
    pub checks: Checks,
    /// What was sent and what came, where that is wanted.
    pub exchange: Option<Transcript>,
    /// The requirements of which a check was true.
    pub held: BTreeSet<String>,
    /// What false checks saw.
    pub findings: Vec<Finding>,
    /// How many there are beside these, at least.
    pub left_out: usize,
    /// What no document describes.
    pub drift: Vec<Drift>,
    /// Whether headers that are missing could be judged.
    pub headers: bool,
    /// The status, where what stood before the service has answered: nothing was held to that.
    pub infrastructure: Option<u16>,
}

impl Judged {
    /// Whether a check of level `must` is false.
    pub fn failed(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Must)
    }
}

/// Judges every exchange of a file, in order, and says which were passed over. With `tells`, each has what was sent and what came.
///
/// # Errors
/// A file or a line that cannot be read; what came before has been judged.
pub fn verify(
    path: &Path,
    plan: &Plan,
    tells: bool,
    mut take: impl FnMut(Judged),
) -> Result<PassedOver, RecordingError> {
    judging(plan, tells, |judge| read(path, |recorded| take(judge(recorded))))
}

/// As [`verify`], of what is open already.
#[cfg(any(test, fuzzing))]
pub(crate) fn verify_from(
    input: impl std::io::Read,
    shown: String,
    plan: &Plan,
    mut take: impl FnMut(Judged),
) -> Result<PassedOver, RecordingError> {
    judging(plan, false, |judge| crate::recording::read_from(input, 0, shown, &mut |recorded| take(judge(recorded))))
}

fn judging<T>(plan: &Plan, tells: bool, work: impl FnOnce(&dyn Fn(Recorded) -> Judged) -> T) -> T {
    let redactor = Redactor::new([]);
    let describer =
        Describer { redactor: &redactor, requirements: &plan.requirements, names: ("", ""), began: Instant::now() };
    work(&|recorded| judge(recorded, plan, tells, &describer))
}

fn judge(recorded: Recorded, plan: &Plan, tells: bool, describer: &Describer<'_>) -> Judged {
    let day = recorded.date().map(|date| date.date_naive());
    let Recorded { id, place, source, method, url, body, answer, .. } = recorded;
    let operation = plan.operation(&method, url.path());
    let mut judged = Judged {
        place,
        id,
        source,
        host: url.host_str().unwrap_or_default().to_owned(),
        day,
        operation: operation.map(|operation| operation.id.clone()),
        call: format!("{method} {}", url.path()),
        checks: Checks::default(),
        exchange: None,
        held: BTreeSet::new(),
        findings: Vec::new(),
        left_out: 0,
        drift: Vec::new(),
        headers: false,
        infrastructure: None,
    };
    let Some(operation) = operation else { return judged };
    if Speaker::of(answer.status).is_infrastructure() && !operation.documents(answer.status) {
        judged.infrastructure = Some(answer.status);
        return judged;
    }
    if may_hold_secrets(&answer.body)
        && let Ok(body) = answer.json()
    {
        describer.redactor.learn_from(body);
    }
    if let Some(body) = body.as_ref().filter(|_| tells) {
        describer.redactor.learn_from(body);
    }
    let contract = &plan.contract;
    judged.headers = contract.recorded_with.as_ref().is_some_and(|name| answer.header(name).is_some());
    let judgement = judge_recorded(&answer, operation, plan);
    judged.left_out = judgement.left_out;
    judged.checks = judgement.checks;
    let held = judgement.results.iter().filter(|result| result.held());
    judged.held = held.flat_map(|result| result.check.requirements.iter().cloned()).collect();
    judged.findings = describer.findings(&judgement, None);
    judged.drift = describer.drift(&judgement, &operation.id);
    judged.exchange = tells.then(|| transcript(method, url, body, answer, describer.redactor));
    judged
}

/// What was recorded, without secrets. Headers of requests are not read.
fn transcript(method: String, url: Url, body: Option<Value>, answer: Answer, redactor: &Redactor) -> Transcript {
    let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| redactor.text(&String::from_utf8_lossy(bytes)));
    let mut answer = answer;
    answer.settle(redactor);
    Transcript {
        request: TranscriptRequest {
            method,
            url: redactor.owned(url.into()),
            headers: Vec::new(),
            body: body.map(|body| redactor.owned(body.to_string())),
            cut_from: None,
        },
        response: TranscriptResponse {
            cut_from: answer.cut(),
            withheld: Vec::new(),
            status: answer.status,
            body: text(&answer.body),
            headers: redactor.owned_headers(answer.headers),
        },
        started_ms: 0.0,
        duration_ms: 0.0,
    }
}
