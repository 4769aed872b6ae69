//! The score of a run: of the requirements that its selection holds, how many the target holds, departs from, or was not judged by.
//!
//! Owns the standing of each requirement and the counts, in all and by profile, with their words. It is a fold over the last events of
//! trials, in any order, so the merged parts of a run have the score of the whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};
use strum::IntoStaticStr;

use super::{
    Report,
    latency::as_float,
    text::{counted, joined, printable},
};
use crate::event::{Bearing, TrialFinished};

/// How a target stands to a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum RequirementStanding {
    /// A check of level `must` or `should` was false, in a trial that is a known failure too.
    Departed,
    /// Something kept a trial of it from telling, or nothing about it was checked.
    #[strum(serialize = "not judged")]
    NotJudged,
    /// A check was true and none that counts was false, in all trials.
    Held,
    /// Every check was of level `info`, and false: nothing is demanded of the target.
    Noted,
    /// No trial of it applies to the target.
    #[strum(serialize = "not applicable")]
    NotApplicable,
}

impl RequirementStanding {
    /// The words in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What trials said of one requirement.
#[expect(clippy::struct_excessive_bools, reason = "facts that any trial may add, each on its own")]
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    held: bool,
    departed: bool,
    applies: bool,
    unjudged: bool,
    failed: bool,
}

impl Seen {
    fn standing(self) -> RequirementStanding {
        match self {
            Self { departed: true, .. } => RequirementStanding::Departed,
            Self { applies: false, .. } => RequirementStanding::NotApplicable,
            Self { unjudged: true, .. } => RequirementStanding::NotJudged,
            Self { held: true, .. } => RequirementStanding::Held,
            // A trial that failed may have ended before the check.
            Self { failed: true, .. } => RequirementStanding::NotJudged,
            // A trial that passes has made all its checks: those about this requirement were false and did not count.
            Self { failed: false, .. } => RequirementStanding::Noted,
        }
    }
}

/// What trials said of each requirement.
#[derive(Default)]
struct Fold<'a>(BTreeMap<&'a str, Seen>);

impl<'a> Fold<'a> {
    fn take(&mut self, trial: &'a TrialFinished) {
        for id in trial.requirements.iter() {
            let seen = self.0.entry(id).or_default();
            match trial.outcome.form().bearing {
                Bearing::Inapplicable => continue,
                Bearing::Passes => {}
                // A set-up that is known to fail judges no more than another one.
                Bearing::Fails if trial.blocked_by.is_some() => seen.unjudged = true,
                Bearing::Fails => seen.failed = true,
                Bearing::Unjudged => seen.unjudged = true,
            }
            seen.applies = true;
        }
        for id in trial.held.union(&trial.departed) {
            let seen = self.0.entry(id).or_default();
            seen.applies = true;
            seen.held |= trial.held.contains(id);
            seen.departed |= trial.departed.contains(id);
        }
    }

    fn tally(&self) -> Tally {
        Tally::of(self.0.values().map(|seen| seen.standing()))
    }
}

/// A share in tenths of a percent, rounded down: 100 % is all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(usize);

impl Percent {
    /// The share that a part has of the whole; `None` if there is nothing.
    pub(super) fn of(part: usize, whole: usize) -> Option<Self> {
        (part * 1000).checked_div(whole).map(Self)
    }

    /// The share as a number from 0 to 1.
    pub(super) fn ratio(self) -> f64 {
        f64::from(u32::try_from(self.0).unwrap_or_default()) / 1000.0
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            1000 => write!(f, "100 %"),
            tenths => write!(f, "{}.{} %", tenths / 10, tenths % 10),
        }
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(as_float(self.0) / 10.0)
    }
}

/// Requirements by how the target stands to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The share of those held; `None` if none of them count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<Percent>,
    /// Those that the target holds.
    pub held: usize,
    /// Those that it departs from.
    pub departed: usize,
    /// Those of which it is not known.
    pub not_judged: usize,
    /// Those that demand nothing; they do not count.
    pub noted: usize,
    /// Those without a trial that applies; they do not count.
    pub not_applicable: usize,
}

impl Tally {
    /// Counts requirements.
    pub fn of(standings: impl Iterator<Item = RequirementStanding>) -> Self {
        let mut tally = Self::default();
        for standing in standings {
            *match standing {
                RequirementStanding::Departed => &mut tally.departed,
                RequirementStanding::NotJudged => &mut tally.not_judged,
                RequirementStanding::Held => &mut tally.held,
                RequirementStanding::Noted => &mut tally.noted,
                RequirementStanding::NotApplicable => &mut tally.not_applicable,
            } += 1;
        }
        tally.percent = Percent::of(tally.held, tally.total());
        tally
    }

    /// Those that count.
    pub fn total(&self) -> usize {
        self.held + self.departed + self.not_judged
    }

    /// `98.2 % of 287 requirements`.
    pub fn share(&self) -> Option<String> {
        self.percent.map(|percent| format!("{percent} of {}", counted(self.total(), "requirement")))
    }

    /// `98.2 % of 287 requirements held, 4 departed, 1 not judged`.
    pub fn sentence(&self) -> Option<String> {
        let rest = [(self.departed, "departed"), (self.not_judged, "not judged")];
        let rest = rest.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
        self.share().map(|share| format!("{share} held{}", joined(rest, "")))
    }
}

/// The score of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// In all.
    #[serde(flatten)]
    pub all: Tally,
    /// By profile, of its trials alone.
    pub profiles: BTreeMap<String, Tally>,
    /// The profiles of the suite that were not selected.
    pub left_out: BTreeSet<String>,
    /// How the target stands to each requirement.
    #[serde(skip)]
    pub requirements: BTreeMap<String, RequirementStanding>,
}

impl Score {
    fn of(report: &Report) -> Self {
        let (mut all, mut profiles): (Fold<'_>, BTreeMap<&str, Fold<'_>>) = Default::default();
        for trial in report.trials.iter().map(|trial| &trial.finished) {
            all.take(trial);
            profiles.entry(&trial.profile).or_default().take(trial);
        }
        let left_out = report.parts.iter().flat_map(|part| &part.header.left_out);
        Self {
            all: all.tally(),
            left_out: left_out.filter(|name| !profiles.contains_key(name.as_str())).cloned().collect(),
            profiles: profiles.into_iter().map(|(name, fold)| (name.to_owned(), fold.tally())).collect(),
            requirements: all.0.into_iter().map(|(id, seen)| (id.to_owned(), seen.standing())).collect(),
        }
    }

    /// The profiles, the lowest share first; none where all have the same.
    pub fn by_profile(&self) -> Vec<(&str, Percent)> {
        let shares = self.profiles.iter().filter_map(|(name, tally)| Some((name.as_str(), tally.percent?)));
        let mut shares: Vec<_> = shares.collect();
        shares.sort_by_key(|(_, percent)| *percent);
        if shares.first().map(|(_, percent)| percent) == shares.last().map(|(_, percent)| percent) {
            return Vec::new();
        }
        shares
    }

    /// What does not count, in words.
    pub fn beside(&self) -> Option<String> {
        let some = |count: usize, words: &str| (count > 0).then(|| format!("{count} {words}"));
        let names = printable(&joined(&self.left_out, ", "));
        let profiles = (!self.left_out.is_empty()).then(|| format!("profiles that were not selected: {names}"));
        let parts =
            [some(self.all.not_applicable, "not applicable"), some(self.all.noted, "of level info only"), profiles];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| joined(parts, "; "))
    }

    /// The lines at the end of a run: the score, the profiles that differ, the profiles that were left out.
    pub(super) fn lines(&self) -> Vec<String> {
        let Some(sentence) = self.all.sentence() else { return Vec::new() };
        let all = |(_, percent): &(&str, Percent)| *percent == Percent(1000);
        let (whole, some): (Vec<_>, Vec<_>) = self.by_profile().into_iter().partition(all);
        let mut profiles: Vec<String> =
            some.into_iter().map(|(name, percent)| format!("{} {percent}", printable(name))).collect();
        if !profiles.is_empty() && !whole.is_empty() {
            profiles.push("the others 100 %".to_owned());
        }
        let by_profile = (!profiles.is_empty()).then(|| format!("  by profile: {}", joined(profiles, ", ")));
        let names = printable(&joined(&self.left_out, ", "));
        let left_out = (!self.left_out.is_empty()).then(|| format!("  profiles that were not selected: {names}"));
        [Some(format!("score: {sentence}")), by_profile, left_out].into_iter().flatten().collect()
    }
}

impl Report {
    /// How the target stands to each requirement, by some of the trials.
    pub(super) fn standings_by(
        &self,
        counts: impl Fn(&TrialFinished) -> bool,
    ) -> BTreeMap<String, RequirementStanding> {
        let mut fold = Fold::default();
        self.trials
            .iter()
            .map(|trial| &trial.finished)
            .filter(|trial| counts(trial))
            .for_each(|trial| fold.take(trial));
        fold.0.into_iter().map(|(id, seen)| (id.to_owned(), seen.standing())).collect()
    }

    /// The score; `None` where it would be a guess: if trials are missing, or a stream does not tell what they held.
    pub fn score(&self) -> Option<Score> {
        let is_whole = self.is_complete() && self.missing().is_empty() && self.not_begun.is_empty();
        let says = self.parts.iter().all(|part| part.header.scored);
        (is_whole && says).then(|| Score::of(self))
    }
}
