//! Two runs side by side: what is better, worse or otherwise in the newer one.
//!
//! Owns [`Comparison`], a plain value that every format can show, and what it says: whether anything got worse. It is made of two
//! [`Report`]s and knows nothing of where these come from.

mod text;
mod trials;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use strum::IntoStaticStr;

pub use self::trials::former_ids;
pub use self::trials::{ChangeKind, TrialChange};
use super::{
    Cause, CauseSummary, DriftCount, DriftKey, FailOn, Gate, LatencyChange, Report, Score, TrialReport, text::pretty,
};
use crate::{
    counted::counted,
    event::{Chosen, Finding, Shard},
    secret::Redacted,
};

/// What a newer run says beside an older one.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The older run.
    pub old: ComparedRun,
    /// The newer run.
    pub new: ComparedRun,
    /// What the two differ in beside time, or lack.
    pub notes: Vec<Note>,
    /// What is behind the trials that fail now and did not, or do so in another way.
    pub causes: Vec<CauseSummary>,
    /// The trials that did not end as before, by kind and ID.
    pub trials: Vec<TrialChange>,
    /// How many ended as before.
    pub unchanged: usize,
    /// Checks that trials which pass in both runs no longer make.
    pub lost_checks: Vec<LostCheck>,
    /// Drift that appeared or went.
    pub drift: Vec<DriftChange>,
    /// Operations that take another time than before, beyond noise.
    pub latency: Vec<LatencyChange>,
}

/// A comparison as one JSON object (`schemas/harness/diff.schema.json`).
#[derive(Debug, Serialize)]
pub(super) struct ComparisonSummary<'a> {
    version: u32,
    verdict: Course,
    exit_code: u8,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparedRun {
    /// The names of the runs, one a stream.
    pub runs: Vec<String>,
    /// When the first of them began; RFC 3339, UTC.
    pub started: Option<String>,
    /// The target's name.
    pub target: Option<String>,
    /// Tells suites apart.
    pub suite: Option<String>,
    /// Whether every stream came to its end.
    pub complete: bool,
    /// Trials by outcome.
    pub trials: BTreeMap<&'static str, usize>,
    /// How many things it may have left.
    #[serde(skip)]
    pub may_be_left: usize,
    /// Its score, if its streams have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
}

/// What makes a comparison say less, or something else than time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it is about.
    pub about: About,
    /// The same in a sentence.
    pub text: String,
}

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// A stream has no end.
    CutShort,
    /// A run was ended before all its trials had run.
    Stopped,
    /// The cases or schemas are others.
    Suite,
    /// The target is another.
    Target,
    /// The program is of another version.
    Program,
    /// Other trials were chosen.
    Selection,
    /// Another number of trials ran at a time, which times of answers depend on.
    Jobs,
    /// The newer run began before the older one.
    Order,
}

/// A check that was made and is not any more, although its trials still pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostCheck {
    /// The operation, or method and path.
    pub call: String,
    /// What was checked, with its place in the body.
    pub check: String,
    /// Where.
    pub trials: Vec<String>,
}

/// Drift that is in one run only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DriftChange {
    /// Whether it is in the newer run.
    pub appeared: bool,
    /// The operation, or method and path.
    pub call: String,
    /// JSON Pointer with `*` for every index.
    pub pointer: String,
    /// An example.
    pub value: String,
    /// The requirement that knows it.
    pub explained: Option<String>,
}

/// What a comparison comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(into = "&'static str")]
pub enum Course {
    /// Nothing got worse.
    #[strum(serialize = "not worse")]
    NotWorse,
    /// Something did.
    #[strum(serialize = "worse")]
    Worse,
    /// Nothing that was judged did, but something could not be judged any more.
    #[strum(serialize = "could not be judged")]
    NotJudged,
    /// No trial is in both runs.
    #[strum(serialize = "nothing in common")]
    NothingInCommon,
}

impl Course {
    /// The exit code, part of the public interface.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::NotWorse => 0,
            Self::Worse => 1,
            Self::NotJudged | Self::NothingInCommon => 2,
        }
    }

    /// The words in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Comparison {
    /// Compares two runs.
    pub fn of(old: &Report, new: &Report) -> Self {
        let notes = notes(old, new);
        let about = |what| notes.iter().any(|note: &Note| note.about == what);
        let terms = trials::Terms {
            same_choice: !about(About::Selection),
            same_target: !about(About::Target),
            new_complete: new.is_complete(),
        };
        let pairs = trials::pairs(old, new);
        let (trials, unchanged) = trials::changes(&pairs, terms);
        Self {
            old: ComparedRun::of(old),
            new: ComparedRun::of(new),
            causes: causes(&trials, new),
            lost_checks: lost_checks(&pairs),
            trials,
            unchanged,
            drift: drift(old, new, terms),
            latency: new.latencies.changes_since(&old.latencies),
            notes,
        }
    }

    /// What a script wants to know of it.
    pub(super) fn summary(&self, fail_on: FailOn) -> ComparisonSummary<'_> {
        let verdict = self.course(fail_on);
        ComparisonSummary { version: 2, verdict, exit_code: verdict.exit_code(), comparison: self }
    }

    /// The same as text, over several lines.
    ///
    /// # Errors
    /// None that is known; what a serialiser may say.
    pub fn json(&self, fail_on: FailOn) -> serde_json::Result<String> {
        pretty(&self.summary(fail_on))
    }

    /// The trials of one kind of change.
    pub fn of_kind(&self, kind: ChangeKind) -> impl Iterator<Item = &TrialChange> {
        self.trials.iter().filter(move |change| change.kind == kind)
    }

    /// What the comparison comes to; `fail_on` says what counts beside trials and checks. Who lets only what is worse stop a release needs
    /// to know of all that is: there, what is no longer judged is worse too.
    pub fn course(&self, fail_on: FailOn) -> Course {
        let gates = fail_on.gate == Gate::Baseline;
        let worse = self.trials.iter().any(|change| change.worse || (gates && change.is_newly_unjudged()))
            || (gates && fail_on.warning && self.trials.iter().any(TrialChange::is_newly_warned))
            || !self.lost_checks.is_empty()
            || (fail_on.flaky && self.of_kind(ChangeKind::Flaky).next().is_some())
            || (fail_on.drift && self.drift.iter().any(|drift| drift.appeared && drift.explained.is_none()))
            || (fail_on.latency && self.latency.iter().any(LatencyChange::is_slower));
        let alone = |change: &&TrialChange| change.old.is_none() || change.new.is_none();
        let common = self.unchanged + self.trials.len() - self.trials.iter().filter(alone).count();
        if worse {
            Course::Worse
        } else if common == 0 {
            Course::NothingInCommon
        } else if self.of_kind(ChangeKind::Unjudged).any(TrialChange::was_to_be_judged) {
            Course::NotJudged
        } else {
            Course::NotWorse
        }
    }
}

impl ComparedRun {
    fn of(report: &Report) -> Self {
        let header = report.header.as_ref();
        Self {
            runs: report.runs(),
            started: report.started().cloned(),
            target: header.map(|header| header.target.clone()),
            suite: header.map(|header| header.suite.clone()),
            complete: report.is_complete(),
            trials: report.outcomes().map(|(outcome, count)| (outcome.name(), count)).collect(),
            may_be_left: report.may_be_left.len(),
            score: report.score(),
        }
    }
}

/// What was chosen by all parts together: shards that are all there are the whole.
fn chosen(report: &Report) -> BTreeSet<(&Chosen, Option<Shard>)> {
    let whole = report.lost_parts().is_empty();
    report.parts.iter().map(|part| (&part.header.selection, part.header.shard.filter(|_| !whole))).collect()
}

fn notes(old: &Report, new: &Report) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |about, holds: bool, text: String| {
        if holds {
            notes.push(Note { about, text });
        }
    };
    for (name, report) in [("old", old), ("new", new)] {
        let (complete, ended) = (report.is_complete(), report.trials.len());
        let announced = counted(report.parts.iter().map(|part| part.header.trials).sum::<usize>(), "trial");
        let text = format!("the {name} run was cut short: only {ended} of its {announced} ended and are compared");
        note(About::CutShort, !complete, text);
        let text = format!("the {name} run ended before all its trials had run");
        note(About::Stopped, complete && report.stopped().is_some(), text);
    }
    if let (Some(old), Some(new)) = (&old.header, &new.header) {
        let text = "the suites differ, which may be why trials or checks are new or gone";
        note(About::Suite, old.suite != new.suite, text.to_owned());
        let text = format!("the targets differ: {} and {}", old.target, new.target);
        note(About::Target, old.target != new.target && old.origin != new.origin, text);
        let text = format!("the versions of the program are {} and {}", old.program, new.program);
        note(About::Program, old.program != new.program, text);
        let text = format!("{} and {} trials ran at a time, which affects response times", old.jobs, new.jobs);
        note(About::Jobs, old.jobs != new.jobs, text);
    }
    let text = "the selections differ: missing trials are not counted";
    note(About::Selection, chosen(old) != chosen(new), text.to_owned());
    let text = "the old run began after the new one: are they in the right order?";
    note(About::Order, old.started() > new.started(), text.to_owned());
    notes
}

/// The causes of the newer run, of those trials and those false checks alone that are news.
fn causes(changes: &[TrialChange], new: &Report) -> Vec<CauseSummary> {
    let asked: BTreeMap<&str, &TrialChange> =
        changes.iter().filter(|change| asks_why(change)).map(|change| (change.trial.as_str(), change)).collect();
    let change = |trial: &TrialReport| asked.get(trial.finished.trial.as_str()).copied();
    let trials = new.sorted().into_iter().filter(|trial| change(trial).is_some()).collect();
    let looks = |trial: &TrialReport, finding: &Finding| change(trial).is_some_and(|change| is_news(finding, change));
    new.causes_of(trials, FailOn::default(), looks).iter().map(Cause::summary).collect()
}

/// Whether something in the answers is behind the change. A fixture that was refused is as telling as a step.
fn asks_why(change: &TrialChange) -> bool {
    let (kind, appeared) = (change.kind, !change.appeared.is_empty());
    matches!(kind, ChangeKind::Broken | ChangeKind::Unjudged)
        || (kind == ChangeKind::ChangedFailure && appeared)
        || (kind == ChangeKind::New && change.worse)
}

/// Of a failure that changed, what was wrong before is no news. A stream of version 1 does not say which signature a check has.
fn is_news(finding: &Finding, change: &TrialChange) -> bool {
    let appeared = |signature: &Redacted| change.appeared.iter().any(|text| text == signature.as_str());
    change.kind != ChangeKind::ChangedFailure || finding.signature.as_ref().is_none_or(appeared)
}

/// Checks that were made by as many steps as before nowhere where the trial still passes.
fn lost_checks(pairs: &[trials::Pair<'_>]) -> Vec<LostCheck> {
    let mut lost: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for pair in pairs {
        let (Some(old), Some(new)) = (pair.old, pair.new) else { continue };
        let (old, new) = (&old.finished, &new.finished);
        // A check of a lower level that is false now may have taken those behind it with it, but not silently.
        let noted = new.warnings > old.warnings || new.notes > old.notes;
        if !trials::passes(old.outcome) || !trials::passes(new.outcome) || noted {
            continue;
        }
        let mut note = |call: &str, check: &str| {
            lost.entry((call.to_owned(), check.to_owned())).or_default().push(new.trial.clone());
        };
        if old.made.is_empty() || new.made.is_empty() {
            // A stream of a version that did not write down which checks were made tells how many.
            if new.checks.must < old.checks.must {
                note("", "some check of level must");
            }
            continue;
        }
        for (call, checks) in old.made.iter() {
            for (check, steps) in checks {
                let now = new.made.get(call).and_then(|checks| checks.get(check)).copied().unwrap_or_default();
                if now < *steps {
                    note(call, check);
                }
            }
        }
    }
    lost.into_iter().map(|((call, check), trials)| LostCheck { call, check, trials }).collect()
}

fn drift(old: &Report, new: &Report, terms: trials::Terms) -> Vec<DriftChange> {
    let of = |appeared: bool, here: &Report, there: &Report| -> Vec<DriftChange> {
        let answers = |report: &Report, call: &str| report.latencies.successes(call);
        // Drift that was seen is news. That it was not, or that what is known shows itself, is none unless there was as much to see it in.
        let comparable =
            |call: &str| terms.same_choice && terms.new_complete && answers(there, call) >= answers(here, call);
        let alone = here.drift.iter().filter(|(key, _)| !there.drift.contains_key(*key));
        let news = alone.filter(|(key, _)| (appeared && key.explained.is_none()) || comparable(&key.call));
        let change = |(key, drift): (&DriftKey, &DriftCount)| DriftChange {
            appeared,
            call: key.call.clone(),
            pointer: key.pointer.clone(),
            value: drift.value.to_string(),
            explained: key.explained.clone(),
        };
        news.map(change).collect()
    };
    [of(true, new, old), of(false, old, new)].concat()
}
