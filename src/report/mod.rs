//! What a run was, folded from its events; every report is a function of this.
//!
//! Owns the fold, the verdict and the exit codes. It reads events alone and knows neither cases nor HTTP.

mod causes;
mod comparison;
mod console;
mod coverage;
mod ctrf;
mod details;
mod deviation;
mod digest;
mod failure;
mod github;
mod har;
mod html;
mod junit;
mod kept;
mod latency;
#[cfg(test)]
mod laws;
mod markdown;
mod openmetrics;
mod parity;
mod parts;
mod proposal;
mod score;
mod stream;
mod summary;
mod tap;
mod text;
mod trend;
mod verdict;
mod wrap;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use chrono::NaiveDate;

pub use causes::{Cause, CauseSummary, Check, Standing, What};
pub use comparison::{
    About, ChangeKind, ComparedRun, Comparison, Course, DriftChange, LostCheck, Note, TrialChange, former_ids,
};
pub use console::{Console, Style, quoted};
pub use coverage::{Answers, Coverage};
pub use ctrf::write as write_ctrf;
pub use deviation::{Deviation, DeviationKind};
pub use github::write as write_github;
pub use har::HarWriter;
pub use html::{write as write_html, write_trend};
pub use junit::{write as write_junit, write_strict as write_junit_strict};
pub use latency::{Latencies, LatencyChange, median, quantile};
pub use markdown::write as write_markdown;
pub use openmetrics::write as write_openmetrics;
pub use parity::{Agreement, Departure, NoParity, Parity, RequirementParity, Side};
pub use parts::{Part, PartsError};
pub use score::{Percent, RequirementStanding, Score, Tally};
pub(crate) use stream::read_from as read_stream_from;
pub(crate) use stream::sealed;
pub use stream::{Ending, StreamError, StreamWriter, read as read_stream, read_header};
pub use summary::{write_badge, write_json};
pub use tap::write as write_tap;
pub use text::{on_one_line, printable, printable_json};
pub use trend::{OperationCourse, Point, Shift, Shown, Streams, Trend, TrialCourse, Whose, grouped};
pub use verdict::{FailOn, Gate, Verdict};
pub use wrap::fit;

use kept::{Kept, once};

use crate::{
    event::{
        DocumentedOperation, Drift, Event, Finding, FindingPattern, KnownFinding, Leak, Outcome, Preflight,
        RequirementText, RunFinished, RunStarted, SnapshotDrift, StepFinished, Stop, TrialFinished,
    },
    finding::CheckKind,
    level::Level,
    secret::Redacted,
    signature::without_indices,
};

use strum::IntoStaticStr;

/// More kinds of drift than a service can have in a year.
const MOST_DRIFT: usize = 10_000;

/// More members of one thing that no document names: whoever makes up names for them has as many as there are answers, and they are one drift.
const MOST_SIBLINGS: usize = 16;

/// A run, or several that were merged.
#[derive(Debug, Default)]
pub struct Report {
    /// The header; of several streams, that of the first part to begin, with the trials of all.
    pub header: Option<RunStarted>,
    /// The trials in the order in which they ended.
    pub trials: Vec<TrialReport>,
    /// What could not be removed, in the order of the trials' IDs.
    pub leaks: Vec<Leak>,
    /// What trials may have made, and nothing tells whether they did.
    pub may_be_left: Vec<Leak>,
    /// What no document describes, each once.
    pub drift: BTreeMap<DriftKey, DriftCount>,
    /// Behaviour that is not as accepted.
    pub snapshots: Vec<SnapshotDrift>,
    /// Checks of level `info` that were false.
    pub notes: usize,
    /// The same, each once.
    pub noted: BTreeMap<NoteKey, Noted>,
    /// What the preflight found.
    pub preflight: Vec<Preflight>,
    /// Why the run, or parts of it, did not begin.
    pub not_begun: Vec<Redacted>,
    /// Seconds spent waiting for rate limits, all trials together.
    pub waited: f64,
    /// Which statuses were seen.
    pub coverage: Coverage,
    /// How long answers took.
    pub latencies: Latencies,
    /// What each stream says of its run.
    pub parts: Vec<Part>,
    /// The run beside an older one, where it is to be compared.
    pub comparison: Option<Box<Comparison>>,
    /// The run beside that of a reference, where it is to be set beside one.
    pub parity: Option<Box<Parity>>,
    /// The findings that known failures list: where, and whether a trial met them.
    known: BTreeMap<FindingPattern, (String, bool)>,
    kept: Kept,
    drops_checks: bool,
    all_parts: bool,
    common: Common,
    /// Steps of trials that have not ended yet.
    open: BTreeMap<String, Vec<StepFinished>>,
    footer: Option<RunFinished>,
}

/// A trial and what was wrong in it.
#[derive(Debug)]
pub struct TrialReport {
    /// Its last event.
    pub finished: TrialFinished,
    /// The steps with a false check of level `must` or `should`, or without an answer.
    pub failures: Vec<StepFinished>,
}

/// One thing that drifted: where, whatever the index in a list, and whether it is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DriftKey {
    /// The requirement that knows it.
    pub explained: Option<String>,
    /// JSON Pointer with `*` for every index.
    pub pointer: String,
    /// The operation.
    pub call: String,
}

/// How often something drifted, with an example.
#[derive(Debug, Clone)]
pub struct DriftCount {
    /// How many answers had it.
    pub count: usize,
    /// The first value in the order of texts.
    pub value: Redacted,
}

/// What makes two notes the same: operation, check, and where in the body.
type NoteKey = (String, CheckKind, String);

/// A false check of level `info`, with the trials that met it: what a run has learnt without holding anybody to it.
#[derive(Debug)]
pub struct Noted {
    /// The operation, or method and path.
    pub call: String,
    /// That of the first trial.
    pub example: Finding,
    /// The trials.
    pub trials: BTreeSet<String>,
}

impl TrialReport {
    /// Why the trial is not a pass.
    pub fn reason(&self) -> &str {
        self.finished.reason.as_ref().map_or("", Redacted::as_str)
    }

    /// What was wrong in its last attempt; what was wrong before is only told of trials that passed in the end.
    pub(crate) fn last_failures(&self) -> impl Iterator<Item = &StepFinished> {
        let last = self.failures.iter().map(|failure| failure.attempt).max();
        self.failures.iter().filter(move |failure| Some(failure.attempt) == last)
    }

    /// Every false check of level `must` or `should`.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.failures.iter().flat_map(|failure| &failure.findings)
    }

    /// Why the trial is not a pass, or else the first thing that was wrong in it, in a line.
    pub(crate) fn message(&self) -> String {
        let first = self.failures.iter().find_map(|failure| Some((failure, failure.findings.first()?)));
        match first.filter(|_| self.reason().is_empty()) {
            Some((failure, finding)) => format!("{}: {}", failure.call, on_one_line(&finding.headline())),
            None => self.reason().to_owned(),
        }
    }
}

/// What trials have in common, kept once: most of what is known of one is known of many.
#[derive(Debug, Default)]
struct Common {
    made: HashSet<Arc<BTreeMap<String, BTreeMap<String, usize>>>>,
    requirements: HashSet<Arc<BTreeSet<String>>>,
    lists: HashSet<Arc<[String]>>,
}

impl Common {
    fn share(&mut self, trial: &mut TrialFinished) {
        once(&mut self.made, &mut trial.made);
        for ids in [&mut trial.held, &mut trial.departed] {
            once(&mut self.requirements, ids);
        }
        for list in [&mut trial.requirements, &mut trial.operations] {
            once(&mut self.lists, list);
        }
    }
}

/// What is told of things on the target at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum LeftKind {
    Leaked,
    #[strum(serialize = "may be left")]
    MayBeLeft,
}

impl LeftKind {
    /// The word in reports.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// What the word means.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Leaked => "made by this run and not removed",
            Self::MayBeLeft => "it is not known whether the target made it",
        }
    }
}

/// What is left, or may be, in a line.
pub(crate) fn left_line(leak: &Leak) -> String {
    format!("{} ({}; {})", leak.call, leak.reason, leak.trial)
}

/// In the order of trials, since these end by chance; within a trial as they were found.
fn insert(leaks: &mut Vec<Leak>, leak: &Leak) {
    let at = leaks.partition_point(|other| other.trial <= leak.trial);
    leaks.insert(at, leak.clone());
}

impl Report {
    /// What is left on the target, and what may be, where there is any.
    pub(crate) fn left(&self) -> impl Iterator<Item = (LeftKind, &[Leak])> {
        let both = [(LeftKind::Leaked, self.leaks.as_slice()), (LeftKind::MayBeLeft, self.may_be_left.as_slice())];
        both.into_iter().filter(|(_, leaks)| !leaks.is_empty())
    }

    /// The same, one by one.
    pub(crate) fn each_left(&self) -> impl Iterator<Item = (LeftKind, &Leak)> {
        self.left().flat_map(|(kind, leaks)| leaks.iter().map(move |leak| (kind, leak)))
    }

    /// A report without the names of the checks that were made, which only a comparison needs: they are most of what is kept of a trial.
    #[must_use]
    pub fn without_checks(self) -> Self {
        Self { drops_checks: true, ..self }
    }

    /// A report without headers and bodies, which only reports for people show: they are most of what is kept of a trial that fails.
    #[must_use]
    pub fn without_messages(mut self) -> Self {
        self.kept.drops_messages = true;
        self
    }

    /// Takes the next event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::RunStarted(header) => self.begin(header),
            Event::TrialStarted(_) => {}
            Event::StepFinished(step) => {
                self.coverage.take(step);
                self.latencies.take(step);
                self.note(step);
                self.drift(&step.drift);
                if let Some(failure) = step.failure() {
                    let failure = self.kept.step(failure);
                    self.open.entry(step.trial.clone()).or_default().push(failure);
                }
            }
            Event::TrialFinished(finished) => {
                let failures = self.open.remove(&finished.trial).unwrap_or_default();
                let mut finished = (**finished).clone();
                self.meet(&finished.known);
                if self.drops_checks {
                    finished.made = Arc::default();
                }
                self.common.share(&mut finished);
                self.trials.push(TrialReport { finished, failures });
            }
            Event::Leaked(leak) => insert(&mut self.leaks, leak),
            Event::MayBeLeft(leak) => insert(&mut self.may_be_left, leak),
            Event::Waited(waited) => self.waited += waited.seconds,
            // Each part of a run asks the target the same first.
            Event::Preflight(finding) if self.preflight.contains(finding) => {}
            Event::Preflight(finding) => self.preflight.push(finding.clone()),
            Event::SnapshotDrifted(drift) => self.snapshots.push(drift.clone()),
            Event::NotBegun(not_begun) => self.not_begun.push(not_begun.reason.clone()),
            Event::RunFinished(footer) => self.end(footer),
        }
    }

    /// Notes which known failures a trial of the part that is read met. Parts may have their files in other places, so it is what entries say
    /// that tells them apart.
    fn meet(&mut self, known: &BTreeSet<usize>) {
        let listed = self.parts.last().map_or(&[][..], |part| &part.header.known);
        for one in known.iter().filter_map(|index| listed.get(*index)) {
            if let Some((_, met)) = self.known.get_mut(&one.finding) {
                *met = true;
            }
        }
    }

    /// Trials end in any order, and in another one where parts of a run are merged: which answer is the example is not up to that.
    fn drift(&mut self, drift: &[Drift]) {
        for drift in drift {
            let pointer = without_indices(drift.pointer.as_str());
            let mut key = DriftKey { explained: drift.explained.clone(), pointer, call: drift.call.clone() };
            let any = DriftKey { pointer: format!("{}/*", above(&key.pointer)), ..key.clone() };
            if self.drift.contains_key(&any) {
                key = any;
            } else if !self.drift.contains_key(&key) && key.explained.is_none() {
                key = self.with_siblings(key, any);
            }
            if self.drift.len() < MOST_DRIFT || self.drift.contains_key(&key) {
                self.count_drift(key, 1, &drift.value);
            }
        }
    }

    /// The key of a drift that was not met before; once a thing has too many of them, that of all.
    fn with_siblings(&mut self, key: DriftKey, any: DriftKey) -> DriftKey {
        let parent = format!("{}/", above(&key.pointer));
        let is = |other: &&DriftKey| {
            other.call == key.call
                && other.explained.is_none()
                && other.pointer.strip_prefix(&parent).is_some_and(|name| !name.contains('/'))
        };
        let siblings: Vec<DriftKey> = self.drift.keys().filter(is).cloned().collect();
        if siblings.len() < MOST_SIBLINGS {
            return key;
        }
        for sibling in siblings {
            if let Some(DriftCount { count, value }) = self.drift.remove(&sibling) {
                self.count_drift(any.clone(), count, &value);
            }
        }
        any
    }

    fn count_drift(&mut self, key: DriftKey, times: usize, value: &Redacted) {
        let count = self.drift.entry(key).or_insert_with(|| DriftCount { count: 0, value: value.clone() });
        count.count += times;
        if *value < count.value {
            count.value.clone_from(value);
        }
    }

    fn note(&mut self, step: &StepFinished) {
        for finding in step.findings.iter().filter(|finding| finding.level == Level::Info) {
            self.notes += 1;
            let pointer = without_indices(finding.pointer.as_ref().map_or("", Redacted::as_str));
            let new = || Noted { call: step.call.clone(), example: finding.clone(), trials: BTreeSet::new() };
            let note = self.noted.entry((step.call.clone(), finding.check.clone(), pointer)).or_insert_with(new);
            if note.trials.first().is_some_and(|first| step.trial < *first) {
                note.example = finding.clone();
            }
            note.trials.insert(step.trial.clone());
        }
    }

    fn begin(&mut self, header: &RunStarted) {
        self.parts.push(Part { header: header.clone(), ended: false });
        for KnownFinding { entry, finding } in &header.known {
            self.known.entry(finding.clone()).or_insert_with(|| (entry.clone(), false));
        }
        match &mut self.header {
            // Streams that are merged: the run began with the first of its parts, whichever is read first.
            Some(merged) => {
                let trials = merged.trials + header.trials;
                let requirements = united(&merged.requirements, &header.requirements);
                if (&header.started, &header.run) < (&merged.started, &merged.run) {
                    merged.clone_from(header);
                }
                // A part that did not begin may not know its suite.
                if merged.suite.is_empty() {
                    merged.suite.clone_from(&header.suite);
                }
                merged.trials = trials;
                merged.requirements = requirements;
            }
            None => self.header = Some(header.clone()),
        }
    }

    fn end(&mut self, footer: &RunFinished) {
        if let Some(part) = self.parts.last_mut() {
            part.ended = true;
        }
        match &mut self.footer {
            // Streams that are merged: counts add up, the longest time is the time.
            Some(sum) => {
                sum.stopped = sum.stopped.or(footer.stopped);
                sum.requests += footer.requests;
                sum.rate_limited += footer.rate_limited;
                sum.duration_ms = sum.duration_ms.max(footer.duration_ms);
            }
            None => self.footer = Some(footer.clone()),
        }
    }

    /// The operations of the suite.
    pub fn operations(&self) -> &[DocumentedOperation] {
        self.header.as_ref().map_or(&[], |header| &header.operations)
    }

    /// Compares the run, which is over, with an older one.
    pub fn compare_with(&mut self, baseline: &Self) {
        self.comparison = Some(Box::new(Comparison::of(baseline, self)));
    }

    /// Sets the run, which is over, beside that of a reference; `changes` tells which dated changes of the service are at a place in answers
    /// to an operation.
    ///
    /// # Errors
    /// A run that is not whole.
    pub fn set_beside(
        &mut self,
        reference: &Self,
        changes: impl Fn(&str, &str) -> Vec<(NaiveDate, String)>,
    ) -> Result<(), NoParity> {
        let mut parity = Parity::of(self, reference)?;
        parity.date(changes);
        self.parity = Some(Box::new(parity));
        Ok(())
    }

    /// The trials in the order of their IDs: what ends first is chance.
    pub fn sorted(&self) -> Vec<&TrialReport> {
        let mut trials: Vec<&TrialReport> = self.trials.iter().collect();
        trials.sort_by(|a, b| a.finished.trial.cmp(&b.finished.trial));
        trials
    }

    /// Why trials do not apply, and how many, the most frequent reason first.
    pub(crate) fn inapplicable(&self) -> Vec<(&str, usize)> {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for trial in self.trials.iter().filter(|trial| trial.finished.outcome == Outcome::NotApplicable) {
            *reasons.entry(trial.reason()).or_default() += 1;
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, count)| Reverse(*count));
        reasons
    }

    /// How many trials had this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.trials.iter().filter(|trial| trial.finished.outcome == outcome).count()
    }

    /// How many trials had each of the outcomes that there were, in the order of reports.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = (Outcome, usize)> {
        let counts = Outcome::ALL.iter().map(|outcome| (*outcome, self.count(*outcome)));
        counts.filter(|(_, count)| *count > 0)
    }

    /// Whether the files of its cases are in no directory of the user's, so that nothing can be shown beside their lines.
    pub(crate) fn is_of_embedded_suite(&self) -> bool {
        self.header.as_ref().is_some_and(|header| header.embedded)
    }

    /// Checks made.
    pub(crate) fn checks(&self) -> usize {
        self.trials.iter().map(|trial| trial.finished.checks.total()).sum()
    }

    /// When the first of its parts began.
    pub(crate) fn started(&self) -> Option<&String> {
        self.parts.iter().map(|part| &part.header.started).min()
    }

    /// The names of its runs, one a part.
    pub(crate) fn runs(&self) -> Vec<String> {
        self.parts.iter().map(|part| part.header.run.clone()).collect()
    }

    /// Whether every part came to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.parts.iter().all(|part| part.ended)
    }

    /// Requests sent.
    pub fn requests(&self) -> usize {
        self.footer.as_ref().map_or(0, |footer| footer.requests)
    }

    /// The time that the run took, in seconds.
    pub fn seconds(&self) -> f64 {
        self.footer.as_ref().map_or(0.0, |footer| footer.duration_ms / 1000.0)
    }

    /// Answers of 429 that nobody asked for.
    pub fn rate_limited(&self) -> usize {
        self.footer.as_ref().map_or(0, |footer| footer.rate_limited)
    }

    /// Why the run ended early, if it did.
    pub fn stopped(&self) -> Option<Stop> {
        self.footer.as_ref().and_then(|footer| footer.stopped)
    }

    /// False checks of level `should`.
    pub fn warnings(&self) -> usize {
        self.trials.iter().map(|trial| trial.finished.warnings).sum()
    }

    /// Drift that no requirement explains.
    pub fn unexplained_drift(&self) -> impl Iterator<Item = (&DriftKey, &DriftCount)> {
        self.drift.iter().filter(|(key, _)| key.explained.is_none())
    }
}

/// What the trials of two parts of a run hold the target to, each once.
fn united(a: &[RequirementText], b: &[RequirementText]) -> Arc<[RequirementText]> {
    let all: BTreeMap<&str, &RequirementText> = a.iter().chain(b).map(|one| (one.id.as_str(), one)).collect();
    all.into_values().cloned().collect()
}

/// The pointer to what holds the place of a pointer.
fn above(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(above, _)| above)
}
