//! From what happened to events: secrets out, places drawn, requirements with their evidence.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use super::milliseconds;
use crate::{
    brief::owned_text,
    check::{Found, Judgement},
    diagnostic::{Source, Span, excerpt},
    event::{
        Checks, Drift, Finding, Outcome, Place, RequirementText, Transcript, TranscriptRequest, TranscriptResponse,
        TrialFinished,
    },
    http::Exchange,
    level::Level,
    plan::Trial,
    secret::{Redacted, Redactor},
    signature::signature,
    suite::Requirement,
};

/// Makes events. The only way from raw traffic to anything that is written.
#[derive(Clone, Copy)]
pub(crate) struct Describer<'a> {
    pub(crate) redactor: &'a Redactor,
    pub(crate) requirements: &'a BTreeMap<String, Requirement>,
    /// The origin of the target, and what stands in the names of what the run makes: both are other ones in each run.
    pub(crate) names: (&'a str, &'a str),
    /// When the run began, or whatever it is that the exchanges are part of.
    pub(crate) began: Instant,
}

/// Where the step stands whose checks are described.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) source: &'a Arc<Source>,
    pub(crate) span: Span,
}

impl Describer<'_> {
    pub(crate) fn findings(&self, judgement: &Judgement<'_>, origin: Option<Origin<'_>>) -> Vec<Finding> {
        judgement.found.iter().map(|found| self.finding(found, origin)).collect()
    }

    /// What was observed, in a form that is the same in every run.
    pub(crate) fn signature(&self, found: &Found) -> Redacted {
        let (origin, run) = self.names;
        self.redactor.text(&signature(&found.check, found.pointer.as_deref(), &found.actual, origin, run))
    }

    /// A requirement with its evidence.
    pub(crate) fn requirement(&self, id: &str) -> Option<RequirementText> {
        let requirement = self.requirements.get(id)?;
        let (text, evidence, age) = (requirement.text.clone(), requirement.evidence(), Some(requirement.age()));
        Some(RequirementText { id: id.to_owned(), text, evidence, age })
    }

    pub(crate) fn finding(&self, found: &Found, origin: Option<Origin<'_>>) -> Finding {
        let place = origin.map(|origin| {
            let span = found.span.unwrap_or(origin.span);
            let label = if found.span.is_some() { "expected here" } else { "implied by this call" };
            let (line, column) = origin.source.position(span.start);
            let excerpt = excerpt(origin.source, span, label);
            Place { path: origin.source.path.clone(), line, column, excerpt }
        });
        let text = |text: String| self.redactor.owned(text);
        Finding {
            check: found.check.clone(),
            implied_by: found.implied_by.clone(),
            level: found.level,
            requirements: found.requirements.iter().filter_map(|id| self.requirement(id).map(Arc::new)).collect(),
            pointer: found.pointer.clone().map(text),
            expected: found.expected.clone().map(&text),
            actual: found.actual.clone().map(&text),
            signature: (found.level == Level::Must).then(|| self.signature(found)),
            place,
        }
    }

    pub(crate) fn drift(&self, judgement: &Judgement<'_>, call: &str) -> Vec<Drift> {
        let one = |drift: &crate::schema::Undescribed| Drift {
            call: call.to_owned(),
            pointer: self.redactor.text(&drift.pointer),
            value: self.redactor.text(&drift.value),
            explained: drift.explained.clone(),
        };
        judgement.drift.iter().map(one).collect()
    }

    /// Takes the exchange apart: its texts are most of what a run holds, and move on as they are. Of a long body only the beginning does.
    pub(crate) fn transcript(&self, mut exchange: Exchange) -> Transcript {
        exchange.answer.settle(self.redactor);
        let sent = exchange.request.body.len();
        let cut_from = exchange.request.shorten(self.redactor).then_some(sent);
        let body = |bytes: Vec<u8>| (!bytes.is_empty()).then(|| self.redactor.owned(owned_text(bytes)));
        Transcript {
            request: TranscriptRequest {
                method: exchange.request.method,
                url: self.redactor.owned(exchange.request.url),
                headers: self.redactor.owned_headers(exchange.request.headers),
                body: body(exchange.request.body),
                cut_from,
            },
            response: TranscriptResponse {
                cut_from: exchange.answer.cut(),
                withheld: Vec::new(),
                status: exchange.answer.status,
                headers: self.redactor.owned_headers(exchange.answer.headers),
                body: body(exchange.answer.body),
            },
            started_ms: milliseconds(exchange.started.saturating_duration_since(self.began)),
            duration_ms: milliseconds(exchange.duration),
        }
    }

    /// A trial that sends nothing.
    pub(crate) fn unstarted(&self, trial: &Trial, outcome: Outcome, reason: &str) -> TrialFinished {
        self.finished(trial, outcome, Some(reason))
    }

    /// The frame of a trial's last event; the trial fills in its counts.
    pub(crate) fn finished(&self, trial: &Trial, outcome: Outcome, reason: Option<&str>) -> TrialFinished {
        let (file, line) = trial.location();
        TrialFinished {
            trial: trial.id.clone(),
            aliases: trial.aliases.clone(),
            title: trial.title.clone(),
            file: file.to_owned(),
            line,
            profile: trial.profile.clone(),
            principal: trial.principal.clone(),
            requirements: Arc::clone(&trial.requirements),
            operations: trial.operations().into_iter().map(str::to_owned).collect(),
            outcome,
            signatures: Vec::new(),
            blocked_by: None,
            known: BTreeSet::new(),
            held: Arc::default(),
            departed: Arc::default(),
            earlier: Vec::new(),
            reason: reason.map(|reason| self.redactor.text(reason)),
            warnings: 0,
            notes: 0,
            checks: Checks::default(),
            made: Arc::default(),
            requests: 0,
            duration_ms: 0.0,
        }
    }
}
