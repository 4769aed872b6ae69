//! What `verify` and `replay` found, as the events of a run, so that every report format tells it: each recorded exchange is a trial.
//!
//! Owns the IDs of those trials and the frame of the events. What an exchange ended as is the commands' to say.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Instant,
};

use chrono::{SecondsFormat, Utc};

use super::run::{ReportTo, StreamedReports, write_reports};
use crate::{
    event::{
        self, Checks, Drift, Event, Finding, NotBegun, Outcome, Phase, RunFinished, RunStarted, StepFinished, Stop,
        Transcript, TrialFinished,
    },
    level::Level,
    naming::run_id,
    plan::Plan,
    report::{FailOn, Report},
    run::{documented, milliseconds},
    secret::Redactor,
};

/// Who sent what was recorded.
const PRINCIPAL: &str = "recorded";

/// The reports of a command that judges recorded exchanges; of none if none are wanted.
pub(super) struct Offline<'a> {
    reports: &'a [ReportTo],
    report: Report,
    streamed: StreamedReports,
    /// How many trials have each ID, or had it before it was told apart.
    ids: BTreeMap<String, usize>,
    began: Instant,
    outcomes: BTreeMap<String, usize>,
    redactor: Redactor,
}

/// A recorded exchange that was judged.
pub(super) struct Exchanged<'a> {
    /// `FILE:LINE`, or `FILE#N` where a file is not a list of lines.
    pub(super) place: &'a str,
    /// The operation; `None` for one that the suite does not describe.
    pub(super) operation: Option<&'a str>,
    /// What was recorded, in a sentence.
    pub(super) title: String,
    pub(super) outcome: Outcome,
    /// Why it is not a pass.
    pub(super) reason: Option<String>,
    pub(super) checks: Checks,
    pub(super) findings: Vec<Finding>,
    pub(super) drift: Vec<Drift>,
    /// The requirements of which a check was true.
    pub(super) held: BTreeSet<String>,
    pub(super) exchange: Option<Transcript>,
}

impl<'a> Offline<'a> {
    /// Begins the events; `target` is what answered. Whether they tell which requirements hold is `scored`.
    pub(super) fn begin(reports: &'a [ReportTo], plan: &Plan, target: &str, scored: bool) -> Self {
        let mut offline = Self {
            reports,
            report: Report::default().without_checks(),
            streamed: StreamedReports::open(reports),
            ids: BTreeMap::new(),
            began: Instant::now(),
            outcomes: BTreeMap::new(),
            redactor: Redactor::default(),
        };
        offline.put(&Event::RunStarted(Box::new(RunStarted {
            version: event::VERSION,
            run: run_id(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            suite: plan.suite_hash.clone(),
            target: target.to_owned(),
            started: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            jobs: 1,
            scored,
            principals: vec![PRINCIPAL.to_owned()],
            operations: plan
                .operations
                .iter()
                .filter(|operation| operation.contract)
                .map(|one| documented(one))
                .collect(),
            ..RunStarted::default()
        })));
        offline
    }

    /// Whether anything is to be written.
    pub(super) fn is_wanted(&self) -> bool {
        !self.reports.is_empty()
    }

    /// Takes an exchange.
    pub(super) fn take(&mut self, exchanged: Exchanged<'_>) {
        if !self.is_wanted() {
            return;
        }
        let (file, number) = exchanged.place.rsplit_once([':', '#']).unwrap_or((exchanged.place, ""));
        let trial = self.id(file, exchanged.operation.unwrap_or("outside"), number);
        let count = |level| exchanged.findings.iter().filter(|finding| finding.level == level).count();
        let (failed, warnings, notes) = (count(Level::Must), count(Level::Should), count(Level::Info));
        let departed = exchanged.findings.iter().filter(|finding| finding.level > Level::Info);
        let departed = departed.flat_map(|finding| finding.requirements.iter().map(|one| one.id.clone())).collect();
        let signatures = exchanged.findings.iter().filter_map(|finding| finding.signature.clone()).collect();
        let call = exchanged.operation.unwrap_or_default().to_owned();
        let first = exchanged.findings.iter().find(|finding| finding.level == Level::Must || failed == 0);
        let reason = exchanged.reason.or_else(|| first.map(Finding::headline));
        if exchanged.operation.is_some() {
            self.put(&Event::StepFinished(Box::new(StepFinished {
                trial: trial.clone(),
                phase: Phase::Steps,
                attempt: 1,
                step: 1,
                call: call.clone(),
                query: Vec::new(),
                principal: PRINCIPAL.to_owned(),
                requests: 1,
                checks: exchanged.checks,
                findings: exchanged.findings,
                left_out: 0,
                drift: exchanged.drift,
                exchange: exchanged.exchange,
                curl: None,
                fault: None,
            })));
        }
        *self.outcomes.entry(exchanged.outcome.name().to_owned()).or_default() += 1;
        let requirements: BTreeSet<String> = exchanged.held.union(&departed).cloned().collect();
        self.put(&Event::TrialFinished(Box::new(TrialFinished {
            trial,
            aliases: Vec::new(),
            title: exchanged.title,
            file: file.to_owned(),
            line: number.parse().unwrap_or(0),
            profile: PRINCIPAL.to_owned(),
            principal: PRINCIPAL.to_owned(),
            requirements: requirements.into_iter().collect(),
            operations: [call].into(),
            outcome: exchanged.outcome,
            signatures,
            blocked_by: None,
            known: BTreeSet::new(),
            held: Arc::new(exchanged.held),
            departed: Arc::new(departed),
            earlier: Vec::new(),
            reason: reason.filter(|_| exchanged.outcome != Outcome::Passed).map(|reason| self.redactor.owned(reason)),
            warnings,
            notes,
            checks: exchanged.checks,
            made: Arc::default(),
            requests: 1,
            duration_ms: 0.0,
        })));
    }

    /// Notes a file that cannot be read.
    pub(super) fn broken(&mut self, reason: &str) {
        self.put(&Event::NotBegun(NotBegun { reason: self.redactor.text(reason) }));
    }

    /// Writes the reports, of a command that was `stopped` or came to its end; says whether all are written.
    pub(super) fn finish(mut self, stopped: Option<Stop>) -> bool {
        let trials = self.report.trials.len();
        if let Some(header) = &mut self.report.header {
            // Known only now: recordings are read once.
            header.trials = trials;
        }
        let trials = std::mem::take(&mut self.outcomes);
        let requests = trials.values().sum();
        let duration_ms = milliseconds(self.began.elapsed());
        self.put(&Event::RunFinished(RunFinished { stopped, trials, requests, rate_limited: 0, duration_ms }));
        write_reports(self.reports, &mut self.streamed, &self.report, FailOn::default())
    }

    fn put(&mut self, event: &Event) {
        if self.is_wanted() {
            self.report.take(event);
            self.streamed.take(event);
        }
    }

    /// `recorded/FILE/OPERATION[N]`, for the Nth exchange of the file; of files with the same name each has its own.
    fn id(&mut self, file: &str, operation: &str, number: &str) -> String {
        let stem = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let [stem, operation] = [&*stem, operation].map(|text| text.chars().map(plain).collect::<String>());
        let id = format!("recorded/{stem}/{operation}[{number}]");
        let count = self.ids.entry(id.clone()).or_default();
        *count += 1;
        if *count == 1 { id } else { format!("recorded/{stem}/{operation}[{number}-{count}]") }
    }
}
