//! The words between a run and its reports: one stream of events, with a header and a footer.
//!
//! Owns the form of the stream (`schemas/harness/events.schema.json`). Every text that came from a target or a secret's neighbourhood is
//! [`Redacted`]. Reports are functions of these types alone.

mod header;
mod outcome;
mod transcript;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

pub use header::{Chosen, DocumentedOperation, FindingPattern, KnownFinding, RunStarted, Shard, Withholding};
pub use outcome::{Bearing, Form, Junit, Outcome, Tap, Tone};
pub use transcript::{Transcript, TranscriptRequest, TranscriptResponse};

use crate::{
    age::Age,
    finding::{self, Actual, CheckKind, Expected},
    level::Level,
    secret::Redacted,
    status::Speaker,
};

/// The version of the stream's form.
pub const VERSION: u32 = 2;

/// Versions that are read. Of the first, what checks wanted and found is text: it is shown and compared as it is.
pub(crate) const READ: std::ops::RangeInclusive<u32> = 1..=VERSION;

/// One line of the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The header.
    RunStarted(Box<RunStarted>),
    /// A trial sends its first request.
    TrialStarted(TrialStarted),
    /// A request was answered and judged.
    StepFinished(Box<StepFinished>),
    /// A trial has its outcome. Each trial of the run has exactly one of these.
    TrialFinished(Box<TrialFinished>),
    /// Something that a trial made could not be removed.
    Leaked(Leak),
    /// Something that a trial may have made, and nothing tells whether it did.
    MayBeLeft(Leak),
    /// The run waits for a rate limit.
    Waited(Waited),
    /// What the preflight found.
    Preflight(Preflight),
    /// A trial did not go as its accepted snapshot says.
    SnapshotDrifted(SnapshotDrift),
    /// The run ended before it began: it has no trials.
    NotBegun(NotBegun),
    /// The footer; a stream without it was cut short.
    RunFinished(RunFinished),
}

/// The ID of a trial that begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialStarted {
    /// The trial's ID.
    pub trial: String,
}

/// Which part of a trial a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Making a fixture.
    Given,
    /// A step of the case.
    Steps,
    /// Cleaning up.
    Defer,
}

impl Phase {
    /// What a step of it is called in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Given => "fixture step",
            Self::Steps => "step",
            Self::Defer => "deferred step",
        }
    }
}

/// A request, its answer and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepFinished {
    /// The trial's ID.
    pub trial: String,
    /// Part of the trial.
    pub phase: Phase,
    /// Which attempt at the trial, from 1.
    pub attempt: usize,
    /// Number of the step in its part, from 1.
    pub step: usize,
    /// The operation, or method and path.
    pub call: String,
    /// The parameters of the query that the case sends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<String>,
    /// Who sent it.
    pub principal: String,
    /// How many requests it took, with `eventually` and `repeat`.
    pub requests: usize,
    /// How many checks were made, by level.
    pub checks: Checks,
    /// What false checks saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty", alias = "mismatches")]
    pub findings: Vec<Finding>,
    /// How many places of this answer are not told, at least: of each check some are.
    #[serde(default, skip_serializing_if = "is_none")]
    pub left_out: usize,
    /// What no document describes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// What was sent and what came, unless nothing came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Transcript>,
    /// Sends the request again; where something is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curl: Option<Redacted>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Redacted>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl StepFinished {
    /// Whether the answer was none of the target's own, so that nothing was held to it.
    pub(crate) fn met_trouble(&self) -> bool {
        let between = |exchange: &Transcript| !Speaker::of(exchange.response.status).is_target();
        self.checks.total() == 0 && self.exchange.as_ref().is_some_and(between)
    }
}

/// How many checks there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// Those of level `must`.
    pub must: usize,
    /// Those of level `should`.
    pub should: usize,
    /// Those of level `info`.
    pub info: usize,
}

impl Checks {
    /// Counts one check.
    pub fn count(&mut self, level: Level) {
        match level {
            Level::Must => self.must += 1,
            Level::Should => self.should += 1,
            Level::Info => self.info += 1,
        }
    }

    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.must += other.must;
        self.should += other.should;
        self.info += other.info;
    }

    /// All of them.
    pub fn total(self) -> usize {
        self.must + self.should + self.info
    }
}

/// What a false check saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was checked.
    pub check: CheckKind,
    /// What implies the check, where no case says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implied_by: Option<ImpliedBy>,
    /// How much it weighs.
    pub level: Level,
    /// What the target is held to, with its evidence.
    pub requirements: Vec<Arc<RequirementText>>,
    /// JSON Pointer into the body, where the check is about a place in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<Redacted>,
    /// What the check wants.
    pub expected: Expected,
    /// What there is.
    pub actual: Actual,
    /// The same in every run, where it makes a trial fail: one of the trial's signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Redacted>,
    /// Where the expectation stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl Finding {
    /// The place in the body, where it is not the whole of it.
    pub fn at(&self) -> Option<&str> {
        self.pointer.as_ref().map(Redacted::as_str).filter(|pointer| !pointer.is_empty())
    }

    /// What is wrong where, in a line.
    pub fn headline(&self) -> String {
        finding::headline(&self.check, self.at(), &self.expected, &self.actual)
    }

    /// What the check wants, for people.
    pub fn expected(&self) -> String {
        finding::expected(&self.expected, &self.check, self.at())
    }

    /// What there is, for people.
    pub fn actual(&self) -> String {
        finding::actual(&self.actual, &self.check)
    }
}

/// What implies a check.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImpliedBy {
    /// A call of this operation.
    Operation(String),
    /// The contract, of every answer.
    AllAnswers,
    /// The contract, of answers with a body.
    AnswersWithBody,
    /// The contract, of answers without a body.
    AnswersWithoutBody,
}

/// A requirement as a report shows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequirementText {
    /// Its ID.
    pub id: String,
    /// What the target must do.
    pub text: String,
    /// What establishes it.
    pub evidence: String,
    /// How old that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<Age>,
}

/// A place in a file of the suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The line with a caret, ready to print.
    pub excerpt: String,
}

/// Something in an answer that no document describes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Drift {
    /// The operation, or method and path.
    pub call: String,
    /// JSON Pointer into the body.
    pub pointer: Redacted,
    /// What stands there, shortened.
    pub value: Redacted,
    /// The requirement that knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained: Option<String>,
}

/// The outcome of a trial, with what reports say about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialFinished {
    /// The trial's ID.
    pub trial: String,
    /// Former IDs of its case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The sentence of its case.
    pub title: String,
    /// The case's file.
    pub file: String,
    /// The case's line.
    pub line: usize,
    /// The profile.
    pub profile: String,
    /// Who sent the requests.
    pub principal: String,
    /// What the target was held to; shared with the trial and the report.
    pub requirements: Arc<[String]>,
    /// The operations that were to be called.
    pub operations: Arc<[String]>,
    /// How it ended.
    pub outcome: Outcome,
    /// What was wrong, in a form that is the same in every run: one text a false check of level `must`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Redacted>,
    /// The finding that kept it from being judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<Box<BlockedBy>>,
    /// The findings of the header's `known` that it met, by their index.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known: BTreeSet<usize>,
    /// The requirements of which a check was true.
    #[serde(default, skip_serializing_if = "no_ids")]
    pub held: Arc<BTreeSet<String>>,
    /// The requirements of which a check of level `must` or `should` was false.
    #[serde(default, skip_serializing_if = "no_ids")]
    pub departed: Arc<BTreeSet<String>>,
    /// The attempts before the last, where retries were asked for and needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Attempt>,
    /// Why it is not a pass, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Redacted>,
    /// False checks of level `should`.
    pub warnings: usize,
    /// False checks of level `info`.
    #[serde(default)]
    pub notes: usize,
    /// Checks made.
    pub checks: Checks,
    /// What was held against something: by call and check, how many steps of the case did. A body is told by the places in it.
    #[serde(default, skip_serializing_if = "no_checks")]
    pub made: Arc<BTreeMap<String, BTreeMap<String, usize>>>,
    /// Requests sent.
    pub requests: usize,
    /// From the first request to the last answer, clean-up included.
    pub duration_ms: f64,
}

fn no_ids(ids: &BTreeSet<String>) -> bool {
    ids.is_empty()
}

fn no_checks(made: &BTreeMap<String, BTreeMap<String, usize>>) -> bool {
    made.is_empty()
}

/// What a set-up saw, or a step that the case rests on, or one that found nothing to give to those after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedBy {
    /// The operation, or method and path.
    pub call: String,
    /// The parameters of the query that the step sends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<String>,
    /// What it saw.
    pub finding: Finding,
}

/// An attempt at a trial that was followed by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub reason: Redacted,
}

/// Something that a trial made and could not remove, or may have made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    /// The trial's ID.
    pub trial: String,
    /// The request that should have removed it, or that may have made it.
    pub call: Redacted,
    /// Why it did not, or why that is not known.
    pub reason: Redacted,
}

/// Behaviour that nobody has accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotDrift {
    /// The trial's ID.
    pub trial: String,
    /// What is the matter.
    pub kind: SnapshotKind,
    /// The file of the accepted snapshot; what is new stands beside it, with `.new` behind its name.
    pub file: String,
    /// The lines that differ, `-` before the accepted ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Redacted>,
}

/// What is the matter with a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotKind {
    /// The target behaves in another way.
    Changed,
    /// There is no accepted one.
    Missing,
    /// There is no such trial any more.
    Orphaned,
}

impl SnapshotKind {
    /// All kinds, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Changed, Self::Missing, Self::Orphaned];

    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Orphaned => "orphaned",
        }
    }
}

/// A wait for a rate limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waited {
    /// Whose limit it is.
    pub principal: String,
    /// How long.
    pub seconds: f64,
    /// Why.
    pub why: Why,
}

/// Why a run waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The run's share of the limit is spent.
    Budget,
    /// The target answered 429.
    TooManyRequests,
}

/// What the preflight found out about the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// Whether trials would say nothing, so that none is run.
    pub fatal: bool,
    /// What it is, in a sentence.
    pub text: Redacted,
}

/// Why a run that was asked for did not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotBegun {
    /// What was wrong; of several lines, the first sums it up.
    pub reason: Redacted,
}

/// Why a run ended before all its trials had run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Somebody interrupted it.
    Interrupt,
    /// Its process was told to end (SIGTERM).
    Terminate,
    /// Its deadline passed.
    Deadline,
    /// As many failures as were allowed.
    FailFast,
    /// One trial after the other met nothing but trouble with the infrastructure.
    Breaker,
    /// The preflight found that trials would say nothing.
    Preflight,
    /// What it makes could not be written down.
    Ledger,
}

/// The footer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunFinished {
    /// Why it ended early, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stop>,
    /// Trials by outcome.
    pub trials: BTreeMap<String, usize>,
    /// Requests sent.
    pub requests: usize,
    /// Answers of 429 that nobody asked for.
    #[serde(default)]
    pub rate_limited: usize,
    /// The time that it took.
    pub duration_ms: f64,
}
