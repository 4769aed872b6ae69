//! How each trial ended beside how it ended before.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use crate::{
    event::{Bearing, Finding, Outcome, TrialFinished},
    finding::{Actual, Json},
    report::{Report, TrialReport},
    secret::Redacted,
    signature::{checked, class, without_indices},
};

/// What became of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "lowercase")]
pub enum ChangeKind {
    /// Fails, and did not.
    Broken,
    /// Fails in another way.
    #[strum(serialize = "changed failure")]
    ChangedFailure,
    /// Fails as before, but the known failures do not say so any more.
    #[strum(serialize = "no longer known")]
    NoLongerKnown,
    /// In the older run only, and nobody chose other trials.
    Gone,
    /// The target lacks what it needs, and did not.
    #[strum(serialize = "no longer applicable")]
    NoLongerApplicable,
    /// Could be judged, and cannot any more.
    Unjudged,
    /// Passed on a retry, and passed at once before or failed.
    Flaky,
    /// Passes, with more warnings or notes than before.
    Noted,
    /// In the newer run only.
    New,
    /// In the older run only, since other trials were chosen for the newer one.
    #[strum(serialize = "not chosen")]
    NotChosen,
    /// Fails as before, and the known failures say so now.
    #[strum(serialize = "now known")]
    NowKnown,
    /// Passes, and could not be judged or did not apply.
    Judged,
    /// Passed on a retry, and passes at once.
    Steady,
    /// Passes, and failed.
    Fixed,
}

impl ChangeKind {
    /// All kinds, in the order of reports.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The words in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A trial that did not end as before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrialChange {
    /// Its ID; that of the newer run where it has two.
    pub trial: String,
    /// The ID that it had in the older run, if another.
    pub formerly: Option<String>,
    /// What became of it.
    pub kind: ChangeKind,
    /// Whether that is worse.
    pub worse: bool,
    /// How it ended before.
    pub old: Option<Outcome>,
    /// How it ends now.
    pub new: Option<Outcome>,
    /// Why it does not pass, in a sentence.
    pub reason: Option<String>,
    /// What is wrong now and was not, in a form that does not depend on the run.
    pub appeared: Vec<String>,
    /// What was wrong and is not any more.
    pub went: Vec<String>,
}

impl TrialChange {
    /// Whether it cannot be judged, and could or was not there.
    pub(super) fn is_newly_unjudged(&self) -> bool {
        let unjudged = |outcome: Option<Outcome>| outcome.map(bearing) == Some(Bearing::Unjudged);
        // The stream that does not tell of a trial was cut short.
        self.kind == ChangeKind::Unjudged || (unjudged(self.new) && !unjudged(self.old))
    }

    /// Whether it could be judged before, or was to be.
    pub(super) fn was_to_be_judged(&self) -> bool {
        self.old.map(bearing) != Some(Bearing::Inapplicable)
    }

    /// Whether it has warnings, and had none.
    pub(super) fn is_newly_warned(&self) -> bool {
        self.new == Some(Outcome::Warned) && self.old != self.new
    }
}

/// A trial in both runs, or in one of them.
pub(super) struct Pair<'a> {
    pub(super) old: Option<&'a TrialReport>,
    pub(super) new: Option<&'a TrialReport>,
}

/// What decides whether a trial that is missing is a loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) same_choice: bool,
    pub(super) same_target: bool,
    pub(super) new_complete: bool,
}

fn bearing(outcome: Outcome) -> Bearing {
    outcome.form().bearing
}

/// Whether every check of level `must` held.
pub(super) fn passes(outcome: Outcome) -> bool {
    bearing(outcome) == Bearing::Passes
}

/// Whether the known failures account for it.
fn is_known(outcome: Outcome) -> bool {
    outcome == Outcome::KnownFailure
}

/// The trials of both runs, each once; a case that was renamed is found by its former ID.
pub(super) fn pairs<'a>(old: &'a Report, new: &'a Report) -> Vec<Pair<'a>> {
    let mut left: BTreeMap<&str, &TrialReport> =
        old.trials.iter().map(|trial| (trial.finished.trial.as_str(), trial)).collect();
    let mut pairs: Vec<Pair<'a>> = new
        .trials
        .iter()
        .map(|trial| Pair { old: left.remove(trial.finished.trial.as_str()), new: Some(trial) })
        .collect();
    for pair in &mut pairs {
        if let (None, Some(new)) = (pair.old, pair.new) {
            pair.old = former_ids(&new.finished.trial, &new.finished.aliases).find_map(|id| left.remove(id.as_str()));
        }
    }
    pairs.extend(left.into_values().map(|old| Pair { old: Some(old), new: None }));
    pairs
}

/// The IDs that a trial may have had. An alias names a case; its rows and principals keep theirs.
pub fn former_ids<'a>(trial: &'a str, aliases: &'a [String]) -> impl Iterator<Item = String> + 'a {
    let case = trial.rsplit('/').next().unwrap_or_default();
    let suffix = case.find(['[', '@']).map_or("", |at| &case[at..]);
    aliases.iter().flat_map(move |alias| [alias.clone(), format!("{alias}{suffix}")])
}

/// The trials that did not end as before, and how many did.
pub(super) fn changes(pairs: &[Pair<'_>], terms: Terms) -> (Vec<TrialChange>, usize) {
    let mut changes: Vec<TrialChange> = pairs.iter().filter_map(|pair| change(pair, terms)).collect();
    changes.sort_by(|a, b| (a.kind, &a.trial).cmp(&(b.kind, &b.trial)));
    let unchanged = pairs.len() - changes.len();
    (changes, unchanged)
}

fn change(pair: &Pair<'_>, terms: Terms) -> Option<TrialChange> {
    let (old, new) = (pair.old.map(|trial| &trial.finished), pair.new.map(|trial| &trial.finished));
    let named = new.or(old)?;
    let (before, now) = (pair.old.map(seen).unwrap_or_default(), pair.new.map(seen).unwrap_or_default());
    let (appeared, went) = (only_in(&now, &before), only_in(&before, &now));
    let outcomes = (old.map(|trial| trial.outcome), new.map(|trial| trial.outcome));
    let (kind, worse) = match outcomes {
        (Some(before), Some(now)) => match both(before, now, &appeared, &went, terms) {
            Some(became) => became,
            None if more_noted(old, new) => (ChangeKind::Noted, false),
            None => return None,
        },
        (None, Some(new)) => (ChangeKind::New, bearing(new) == Bearing::Fails && !is_known(new)),
        // What a stream that was cut short does not tell was not told, which is not to say that it is gone.
        (Some(_), None) if !terms.new_complete => (ChangeKind::Unjudged, false),
        (Some(_), None) if terms.same_choice => (ChangeKind::Gone, true),
        (Some(_), None) => (ChangeKind::NotChosen, false),
        (None, None) => return None,
    };
    Some(TrialChange {
        trial: named.trial.clone(),
        formerly: old.filter(|old| old.trial != named.trial).map(|old| old.trial.clone()),
        kind,
        worse,
        old: outcomes.0,
        new: outcomes.1,
        reason: new.and_then(|new| new.reason.as_ref()).map(ToString::to_string),
        appeared,
        went,
    })
}

/// The signatures of what was wrong in a trial, by what makes it the same thing in another run: targets count their identifiers up, and lists of
/// an org grow. Where a stream has no values, and of findings that it does not have, that is the signature itself.
fn seen(trial: &TrialReport) -> BTreeMap<String, BTreeSet<&str>> {
    let mut seen: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for step in trial.last_failures() {
        let status = step.exchange.as_ref().map(|exchange| exchange.response.status);
        for finding in &step.findings {
            let Some(signature) = finding.signature.as_ref().map(Redacted::as_str) else { continue };
            let place = without_indices(finding.pointer.as_ref().map(Redacted::as_str).unwrap_or_default());
            let (check, came) = (checked(finding, status), came(finding, status));
            told.insert(signature);
            seen.entry(format!("{} {check} {place} {came}", step.call)).or_default().insert(signature);
        }
    }
    let others = trial.finished.signatures.iter().map(Redacted::as_str).filter(|signature| !told.contains(signature));
    for signature in others {
        seen.entry(signature.to_owned()).or_default().insert(signature);
    }
    seen
}

/// What came: a word of the API as it is, of anything else what kind of thing it is.
fn came(finding: &Finding, status: Option<u16>) -> String {
    let is_of_word = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'"');
    match &finding.actual {
        Actual::Value(Json(value)) if value.bytes.is_none() && value.text.as_str().bytes().all(is_of_word) => {
            value.text.to_string()
        }
        _ => class(finding, status, "", ""),
    }
}

/// The signatures of what is in the one trial and not in the other.
fn only_in(one: &BTreeMap<String, BTreeSet<&str>>, other: &BTreeMap<String, BTreeSet<&str>>) -> Vec<String> {
    let only = one.iter().filter(|(key, _)| !other.contains_key(*key)).flat_map(|(_, signatures)| signatures);
    only.copied().collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
}

/// Whether a trial that passes has more false checks of the lower levels.
fn more_noted(old: Option<&TrialFinished>, new: Option<&TrialFinished>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return false };
    passes(new.outcome) && (new.warnings > old.warnings || new.notes > old.notes)
}

/// What became of a trial that is in both runs, and whether that is worse; `None` where it ended as before.
fn both(old: Outcome, new: Outcome, appeared: &[String], went: &[String], terms: Terms) -> Option<(ChangeKind, bool)> {
    Some(match (bearing(old), bearing(new)) {
        (Bearing::Fails, Bearing::Fails) => {
            if !appeared.is_empty() || !went.is_empty() {
                // Less of the same is no loss, unless nobody accounts for it any more.
                (ChangeKind::ChangedFailure, (!appeared.is_empty() || is_known(old)) && !is_known(new))
            } else if is_known(old) && !is_known(new) {
                (ChangeKind::NoLongerKnown, true)
            } else if is_known(new) && !is_known(old) {
                (ChangeKind::NowKnown, false)
            } else {
                return None;
            }
        }
        (_, Bearing::Fails) => (ChangeKind::Broken, !is_known(new)),
        (_, Bearing::Passes) if new == Outcome::Flaky && old != Outcome::Flaky => (ChangeKind::Flaky, false),
        (Bearing::Passes, Bearing::Passes) if old == Outcome::Flaky && new != Outcome::Flaky => {
            (ChangeKind::Steady, false)
        }
        (Bearing::Fails, Bearing::Passes) => (ChangeKind::Fixed, false),
        (Bearing::Unjudged | Bearing::Inapplicable, Bearing::Passes) => (ChangeKind::Judged, false),
        (Bearing::Passes | Bearing::Fails | Bearing::Inapplicable, Bearing::Unjudged) => (ChangeKind::Unjudged, false),
        (Bearing::Passes | Bearing::Fails, Bearing::Inapplicable) => {
            (ChangeKind::NoLongerApplicable, terms.same_target)
        }
        (Bearing::Passes, Bearing::Passes)
        | (Bearing::Unjudged, Bearing::Unjudged)
        | (Bearing::Unjudged | Bearing::Inapplicable, Bearing::Inapplicable) => return None,
    })
}
