//! Known failures: trials that are run and expected to fail in one way, for a reason, until a day.
//!
//! Owns what an entry makes of an outcome; the file's form is `file`'s. An entry is about trials, with all that is wrong in them, or about
//! findings, wherever they are met. Strict in every direction: a pass, another failure, an entry past its day and a pattern that matches
//! nothing are all red, each by its name. Whether a finding is met by no trial is known at the end of a run: that is the report's to say.

mod file;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use chrono::{Days, NaiveDate};

pub(crate) use file::propose;

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    event::{BlockedBy, DocumentedOperation, Finding, FindingPattern, KnownFinding, Outcome, Phase, StepFinished},
    finding::Actual,
    level::Level,
    plan::{Pattern, Trial},
    signature::{checked, class, expectation, operation, without_indices},
    suite::{FilesError, read_file},
    yaml::parse,
};

/// Whose entry expires within so many days is warned.
const SOON: Days = Days::new(14);

/// As many entries are named in a sentence.
const MOST_NAMED: usize = 3;

/// The entries of a known-failures file.
#[derive(Debug, Default)]
pub struct KnownFailures {
    entries: Vec<Entry>,
    /// The findings that entries are about, each with the index of its entry.
    findings: Vec<(usize, KnownFinding)>,
}

/// One known failure.
#[derive(Debug)]
struct Entry {
    /// None where it is about findings.
    trials: Option<Trials>,
    reason: String,
    issue: String,
    owner: String,
    expires: NaiveDate,
    source: Arc<Source>,
    span: Span,
}

/// The trials that an entry is about.
#[derive(Debug)]
struct Trials {
    pattern: Pattern,
    /// What was seen when the entry was written: all of it, and nothing else.
    observed: Vec<String>,
}

/// What a trial's result is when known failures are taken into account.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
}

/// What the entries about findings say of a trial.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// The findings of entries that it met, by their index.
    pub(crate) used: BTreeSet<usize>,
    /// Of each finding that is accounted for, the entry that does so the longest.
    entries: BTreeSet<usize>,
    /// The signatures of those that no entry is about.
    others: BTreeSet<String>,
}

impl KnownFailures {
    /// Whether a file is one of known failures, by what it says.
    pub fn is_file(path: &Path) -> bool {
        let root = read_file(path).ok().and_then(|source| parse(&source).ok());
        root.is_some_and(|root| root.get("knownFailures").is_some())
    }

    /// Reads a file. Mistakes in it go to `found`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(path: &Path, trials: &[Arc<Trial>], found: &mut Vec<Diagnostic>) -> Result<Self, FilesError> {
        file::read(path, trials, found)
    }

    /// The findings that entries are about.
    pub(crate) fn findings(&self) -> Vec<KnownFinding> {
        self.findings.iter().map(|(_, finding)| finding.clone()).collect()
    }

    /// The entries that expire within a fortnight, in a line.
    pub fn expiring(&self, today: NaiveDate) -> Option<String> {
        let last = today.checked_add_days(SOON)?;
        let soon = self.entries.iter().filter(|entry| (today..=last).contains(&entry.expires));
        let mut soon: Vec<&Entry> = soon.collect();
        soon.sort_by_key(|entry| entry.expires);
        let first = soon.first()?;
        Some(match soon.len() {
            1 => format!("the known failure at {} expires on {}", first.place(), first.expires),
            many => {
                format!("{many} known failures expire by {last}, the first on {}: {}", first.expires, places(&soon))
            }
        })
    }

    /// Takes what a step saw; of what the outcome does not depend on, only which entries it needs. That is what happens outside of the steps, and
    /// what the case itself asks of a step that `establishes`.
    pub(crate) fn meet(
        &self,
        step: &StepFinished,
        establishes: bool,
        operations: &[DocumentedOperation],
        names: (&str, &str),
        met: &mut Met,
    ) {
        if self.findings.is_empty() {
            return;
        }
        let call = operation(step, operations);
        let status = step.exchange.as_ref().map(|exchange| exchange.response.status);
        for finding in step.findings.iter().filter(|finding| finding.level == Level::Must) {
            let judged = step.phase == Phase::Steps && !(establishes && finding.implied_by.is_none());
            self.account(finding, &likes(finding, call, status, names), judged, met);
        }
    }

    /// Takes what kept a trial from being judged: nothing else in it counts.
    pub(crate) fn meet_block(&self, by: &BlockedBy, names: (&str, &str), met: &mut Met) {
        *met = Met { used: std::mem::take(&mut met.used), ..Met::default() };
        self.account(&by.finding, &likes(&by.finding, &by.call, None, names), true, met);
    }

    fn account(&self, finding: &Finding, likes: &[FindingPattern], judged: bool, met: &mut Met) {
        let is_it = |known: &KnownFinding| likes.iter().any(|like| known.finding.includes(like));
        let known = self.findings.iter().enumerate().filter(|(_, (_, known))| is_it(known));
        let known: Vec<(usize, usize)> = known.map(|(index, (entry, _))| (index, *entry)).collect();
        met.used.extend(known.iter().map(|(index, _)| index));
        if !judged {
            return;
        }
        match known.into_iter().map(|(_, entry)| entry).max_by_key(|entry| self.entries[*entry].expires) {
            Some(entry) => drop(met.entries.insert(entry)),
            None => met.others.extend(finding.signature.as_ref().map(ToString::to_string)),
        }
    }

    /// What becomes of a trial that ended so, with these signatures, on this day; `None` where no entry is about it.
    pub(crate) fn rule(
        &self,
        trial: &Trial,
        outcome: Outcome,
        signatures: &[String],
        met: &Met,
        today: NaiveDate,
    ) -> Option<Ruling> {
        let about = |entry: &&Entry| entry.trials.as_ref().is_some_and(|trials| trials.pattern.selects(trial));
        let listed: Vec<&Entry> = self.entries.iter().filter(about).collect();
        match outcome {
            Outcome::Passed | Outcome::Warned => listed.first().map(|entry| Ruling {
                outcome: Outcome::UnexpectedPass,
                reason: format!("it passes, but is {}; remove the entry", entry.listed()),
            }),
            Outcome::Failed => self.failed(&listed, signatures, met, today),
            // It is judged by no check of its own: what is listed for it is not to be seen.
            Outcome::Blocked => self.failed(&[], &[], met, today),
            Outcome::Flaky
            | Outcome::KnownFailure
            | Outcome::UnexpectedPass
            | Outcome::ChangedFailure
            | Outcome::Expired
            | Outcome::Errored
            | Outcome::NotApplicable
            | Outcome::NotRun => None,
        }
    }

    fn failed(&self, listed: &[&Entry], signatures: &[String], met: &Met, today: NaiveDate) -> Option<Ruling> {
        let mut entries: Vec<&Entry> =
            listed.iter().copied().chain(met.entries.iter().map(|index| &self.entries[*index])).collect();
        let observed: Vec<&String> =
            listed.iter().filter_map(|entry| entry.trials.as_ref()).flat_map(|trials| &trials.observed).collect();
        let unmet: Vec<&String> =
            if met.entries.is_empty() { signatures.iter().collect() } else { met.others.iter().collect() };
        let new: Vec<&String> = unmet.into_iter().filter(|signature| !observed.contains(signature)).collect();
        let gone: Vec<&String> = observed.into_iter().filter(|signature| !signatures.contains(signature)).collect();
        // Of several entries about the trial itself, the first decides how long they hold.
        let decides =
            |entry: &Entry| entry.trials.is_none() || listed.first().is_some_and(|first| std::ptr::eq(*first, entry));
        let expired = entries.iter().position(|entry| today > entry.expires && decides(entry));
        if let Some(at) = expired {
            entries.swap(0, at);
        }
        let (first, others) = entries.split_first()?;
        let others: Vec<&Entry> = others.iter().copied().filter(|entry| entry.trials.is_none()).collect();
        let more = if others.is_empty() { String::new() } else { format!(", and at {}", places(&others)) };
        let listed = format!("{}{more}", first.listed());
        Some(if !new.is_empty() || !gone.is_empty() {
            let reason = format!("it fails, but not as {listed}{}{}", list("new", &new), list("gone", &gone));
            Ruling { outcome: Outcome::ChangedFailure, reason }
        } else if expired.is_some() {
            Ruling { outcome: Outcome::Expired, reason: format!("it fails as {listed}; that day is past") }
        } else {
            Ruling { outcome: Outcome::KnownFailure, reason: listed }
        })
    }
}

impl Entry {
    fn place(&self) -> String {
        place(&self.source, self.span)
    }

    /// Where it is, until when, and why.
    fn listed(&self) -> String {
        let Self { expires, owner, reason, issue, .. } = self;
        format!("listed at {} until {expires} by {owner}: {reason} ({issue})", self.place())
    }
}

/// `known.yaml:7`.
fn place(source: &Source, span: Span) -> String {
    format!("{}:{}", source.path, source.position(span.start).0)
}

/// Where entries are, as many as a sentence holds.
fn places(entries: &[&Entry]) -> String {
    let named: Vec<String> = entries.iter().take(MOST_NAMED).map(|entry| entry.place()).collect();
    match entries.len().saturating_sub(MOST_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn list(word: &str, list: &[&String]) -> String {
    let texts: Vec<&str> = list.iter().map(|text| text.as_str()).collect();
    if texts.is_empty() { String::new() } else { format!("; {word}: {}", texts.join(" | ")) }
}

/// The finding as an entry may write it: by the check that was made or by what that is in a refusal, by the class of the value or its status.
fn likes(finding: &Finding, operation: &str, status: Option<u16>, (origin, run): (&str, &str)) -> Vec<FindingPattern> {
    let checks = BTreeSet::from([finding.check.to_string(), checked(finding, status).to_string()]);
    let mut actuals = BTreeSet::from([class(finding, status, origin, run)]);
    if let Actual::Status { status, .. } = finding.actual {
        actuals.insert(status.to_string());
    }
    let place = without_indices(finding.pointer.as_ref().map_or("", |pointer| pointer.as_str()));
    let like = |check: &String, actual: &String| FindingPattern {
        operation: Some(operation.to_owned()),
        check: check.clone(),
        place: Some(place.clone()),
        expected: expectation(finding),
        actual: Some(actual.clone()),
    };
    checks.iter().flat_map(|check| actuals.iter().map(move |actual| like(check, actual))).collect()
}
