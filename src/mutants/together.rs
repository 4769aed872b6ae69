//! Several faults of the mock at once: whether the causes of a run still name each of them, as they name it by itself.
//!
//! Owns the sets of faults, the runs against them, and what became of each fault of a set. Whether a cause names a fault is `finding`'s.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    sync::{Arc, Mutex, PoisonError},
};

use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use super::{FirstFinding, Method, MutantsError, Subject, against, finding::mentions, in_parallel, is_about};
use crate::{
    plan::{Plan, Trial},
    report::{Cause, FailOn, Report},
    targets::Fault,
};

/// How faults are put together.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// Faults on one mock.
    pub at_once: NonZero<usize>,
    /// In how many sets each fault is, at least.
    pub rounds: NonZero<usize>,
    /// The same sets each time.
    pub seed: u64,
}

impl Draw {
    /// Sets of this size, in each round every fault in one. What contradicts another fault of a set is put into a later one; a set that the
    /// round leaves unfilled is filled up, so that no fault has it easier than others.
    fn sets(self, faults: &[Fault]) -> Vec<Vec<&Fault>> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut sets: Vec<Vec<&Fault>> = Vec::new();
        for _ in 0..self.rounds.get() {
            let mut order: Vec<&Fault> = faults.iter().collect();
            order.shuffle(&mut random);
            let (mut round, mut full): (Vec<Vec<&Fault>>, _) = (Vec::new(), Vec::new());
            for fault in &order {
                match round.iter().position(|set| goes_with(set, fault)) {
                    Some(at) => round[at].push(fault),
                    None => round.push(vec![fault]),
                }
                full.extend(round.extract_if(.., |set| set.len() == self.at_once.get()));
            }
            for set in &mut round {
                for fault in &order {
                    if set.len() < self.at_once.get() && goes_with(set, fault) {
                        set.push(fault);
                    }
                }
            }
            sets.extend(full.into_iter().chain(round));
        }
        sets
    }

    /// The share of faults that is to be named: the more there are at once, the more a fault may hide from others.
    pub fn aim(self) -> f64 {
        match self.at_once.get() {
            ..=5 => 98.0,
            6..=10 => 95.0,
            11.. => 85.0,
        }
    }
}

/// Whether a fault can be on a mock with these.
fn goes_with(set: &[&Fault], fault: &Fault) -> bool {
    set.iter().all(|other| other.name != fault.name && !other.contradicts(fault))
}

/// The set without some of its faults.
fn without<'f>(set: &[&'f Fault], away: &[String]) -> Vec<&'f Fault> {
    set.iter().copied().filter(|other| !away.contains(&other.name)).collect()
}

/// What became of a fault among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A cause names it.
    Named,
    /// A cause names it as soon as these faults, which are named, are not there.
    Hidden(Vec<String>),
    /// Nothing names it.
    Missed,
}

/// One fault in one set.
#[derive(Debug)]
pub struct Judged {
    /// The number of the set, from 1.
    pub set: usize,
    /// The fault.
    pub fault: Fault,
    /// What became of it.
    pub fate: Fate,
}

/// What became of all.
#[derive(Debug)]
pub struct Together {
    /// How the sets were drawn.
    pub draw: Draw,
    /// How many faults there are.
    pub faults: usize,
    /// How many sets.
    pub sets: usize,
    /// Each fault in each set.
    pub judged: Vec<Judged>,
}

impl Together {
    /// How many faults of sets became this.
    pub fn count(&self, is: impl Fn(&Fate) -> bool) -> usize {
        self.judged.iter().filter(|judged| is(&judged.fate)).count()
    }

    /// Of a hundred faults in sets, how many are named.
    #[expect(clippy::cast_precision_loss, reason = "numbers of faults are small")]
    pub fn named_percent(&self) -> f64 {
        100.0 * self.count(|fate| *fate == Fate::Named) as f64 / self.judged.len().max(1) as f64
    }

    /// Whether as many are named as should be, and none is missed.
    pub fn reaches_aim(&self) -> bool {
        self.named_percent() >= self.draw.aim() && self.count(|fate| *fate == Fate::Missed) == 0
    }
}

/// Runs the trials against sets of faults. `tell` hears of each set that is done and of how many there are.
///
/// # Errors
/// A mock that does not start, or a suite that is red without a fault.
pub fn run(
    plan: &Plan,
    trials: &[Arc<Trial>],
    faults: &[Fault],
    draw: Draw,
    method: Method,
    tell: &(dyn Fn(usize) + Sync),
) -> Result<Together, MutantsError> {
    let subject = Subject { plan, trials, method };
    subject.is_sound()?;
    let sets = draw.sets(faults);
    let judge = Judge { subject, alone: Mutex::default() };
    let fates = in_parallel(method.jobs, &sets, |set| {
        let fates = judge.fates(set)?;
        tell(sets.len());
        Ok(fates)
    })?;
    let number = |(at, (set, fates)): (usize, (&Vec<&Fault>, Vec<Fate>))| -> Vec<Judged> {
        let judged = |(fault, fate): (&&Fault, Fate)| Judged { set: at + 1, fault: (*fault).clone(), fate };
        set.iter().zip(fates).map(judged).collect()
    };
    let judged = sets.iter().zip(fates).enumerate().flat_map(number).collect();
    Ok(Together { draw, faults: faults.len(), sets: sets.len(), judged })
}

/// The most trials that are asked again and again which faults hide another.
const MOST_NAMING: usize = 32;

/// What names a fault by itself.
type Findings = Arc<[FirstFinding]>;

/// Judges sets.
struct Judge<'p> {
    subject: Subject<'p>,
    alone: Mutex<BTreeMap<(String, Reach), Findings>>,
}

/// Which trials are asked about a fault: few tell most of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Those that judge its operation.
    About,
    /// All that can meet it.
    All,
}

impl Judge<'_> {
    /// What becomes of each fault of a set.
    fn fates(&self, set: &[&Fault]) -> Result<Vec<Fate>, MutantsError> {
        let report = self.report(set)?;
        let causes = report.causes(FailOn::default());
        let fates = set.iter().map(|fault| {
            if self.named_by(fault, set, &causes)?.is_empty() {
                self.hidden(fault, set, &causes)
            } else {
                Ok(Fate::Named)
            }
        });
        fates.collect()
    }

    /// What becomes of a fault that no cause names: the faults that are named are taken away, until a cause names it or none is left.
    fn hidden(&self, fault: &Fault, set: &[&Fault], causes: &[Cause<'_>]) -> Result<Fate, MutantsError> {
        let mut away = self.named_others(fault, set, causes)?;
        let mut more = !away.is_empty();
        while more {
            let rest = without(set, &away);
            // With all their trials, as another fault that hides this one may show in trials that do not touch it.
            let report = self.report(&rest)?;
            let causes = report.causes(FailOn::default());
            if !self.named_by(fault, &rest, &causes)?.is_empty() {
                return self.fewest(fault, set, away).map(Fate::Hidden);
            }
            let others = self.named_others(fault, &rest, &causes)?;
            more = !others.is_empty();
            away.extend(others);
        }
        Ok(Fate::Missed)
    }

    /// Those of the faults without which a cause names this one that have to be taken away: the others are put back, first half of them at
    /// once, then ever fewer, as long as it is named. The few trials that name it when it is alone tell that soonest; what they tell is
    /// kept if the run of all trials agrees.
    fn fewest(&self, fault: &Fault, set: &[&Fault], all_away: Vec<String>) -> Result<Vec<String>, MutantsError> {
        let few = self.naming_trials(fault)?;
        let mut away = all_away.clone();
        let mut many = away.len().div_ceil(2);
        while many > 0 {
            let mut from = 0;
            while from < away.len() {
                let back = from..(from + many).min(away.len());
                let fewer: Vec<String> = [&away[..back.start], &away[back.end..]].concat();
                if !fewer.is_empty() && self.is_named(fault, &without(set, &fewer), few.clone())? {
                    away = fewer;
                } else {
                    from = back.end;
                }
            }
            many = if many == 1 { 0 } else { many.div_ceil(2) };
        }
        let agrees = self.is_named(fault, &without(set, &away), self.subject.touching(&[fault]))?;
        Ok(if agrees { away } else { all_away })
    }

    /// The first trials that name a fault when it is alone.
    fn naming_trials(&self, fault: &Fault) -> Result<Vec<Arc<Trial>>, MutantsError> {
        let known = self.alone(fault, Reach::All)?;
        let first: BTreeSet<&str> = known.iter().take(MOST_NAMING).map(|finding| finding.trial.as_str()).collect();
        Ok(self.subject.trials.iter().filter(|trial| first.contains(trial.id.as_str())).cloned().collect())
    }

    /// Whether a run of these trials against a set names a fault of it.
    fn is_named(&self, fault: &Fault, set: &[&Fault], trials: Vec<Arc<Trial>>) -> Result<bool, MutantsError> {
        let report = self.report_of(set, trials)?;
        Ok(!self.named_by(fault, set, &report.causes(FailOn::default()))?.is_empty())
    }

    /// The other faults of a set that these causes name.
    fn named_others(&self, fault: &Fault, set: &[&Fault], causes: &[Cause<'_>]) -> Result<Vec<String>, MutantsError> {
        let mut named = Vec::new();
        for other in set.iter().filter(|other| other.name != fault.name) {
            if !self.named_by(other, set, causes)?.is_empty() {
                named.push(other.name.clone());
            }
        }
        Ok(named)
    }

    /// The causes that name a fault of a set: those that mention it and no other one of the set, and those that are what names it when it is
    /// alone, which may show in another operation.
    fn named_by<'c, 'r>(
        &self,
        fault: &Fault,
        set: &[&Fault],
        causes: &'c [Cause<'r>],
    ) -> Result<Vec<&'c Cause<'r>>, MutantsError> {
        let mentioned = |fault: &Fault, cause: &Cause<'_>| {
            let operation = fault.operation.filter(|_| !fault.subject.is_empty());
            operation.is_some_and(|operation| mentions(cause, operation, &fault.subject))
        };
        let is_other = |other: &&&Fault| other.name != fault.name;
        let alone = |cause: &&Cause<'_>| {
            mentioned(fault, cause) && !set.iter().filter(is_other).any(|other| mentioned(other, cause))
        };
        let named: Vec<_> = causes.iter().filter(alone).collect();
        if !named.is_empty() {
            return Ok(named);
        }
        for reach in [Reach::About, Reach::All] {
            let known = self.alone(fault, reach)?;
            let is_known = |cause: &&Cause<'_>| {
                let is_mentioned = mentioned(fault, cause);
                known.iter().any(|finding| finding.is_met_by(cause, is_mentioned))
            };
            let named: Vec<_> = causes.iter().filter(is_known).collect();
            if !named.is_empty() {
                return Ok(named);
            }
        }
        Ok(Vec::new())
    }

    /// What names a fault when it is alone, in some of the trials.
    fn alone(&self, fault: &Fault, reach: Reach) -> Result<Findings, MutantsError> {
        let known = || self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (fault.name.clone(), reach);
        if let Some(findings) = known().get(&key) {
            return Ok(Arc::clone(findings));
        }
        let mut trials = self.subject.touching(&[fault]);
        trials.retain(|trial| reach == Reach::All || is_about(trial, fault.operation));
        let mutant = self.subject.seen(trials, &[fault])?.into_mutant(fault.clone());
        let all = mutant.red.into_iter().chain(mutant.warned);
        let findings: Findings = all.filter(|finding| finding.names(fault.operation, &fault.subject)).collect();
        known().insert(key, Arc::clone(&findings));
        Ok(findings)
    }

    /// A run against a set, of the trials that can touch its faults.
    fn report(&self, set: &[&Fault]) -> Result<Report, MutantsError> {
        self.report_of(set, self.subject.touching(set))
    }

    /// A run of these trials against a set.
    fn report_of(&self, set: &[&Fault], trials: Vec<Arc<Trial>>) -> Result<Report, MutantsError> {
        let mut report = Report::default().without_checks();
        let limit = self.subject.method.time_limit.saturating_mul(u32::try_from(set.len()).unwrap_or(u32::MAX));
        against(self.subject.plan, trials, set, Some(limit), |event| report.take(event))?;
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::faults;

    #[test]
    fn every_fault_is_in_as_many_sets_as_it_should_and_in_none_with_what_contradicts_it() {
        let number = |number| NonZero::new(number).expect("a number");
        let faults = faults();
        let sets = |seed| Draw { at_once: number(7), rounds: number(3), seed }.sets(&faults);
        let drawn = sets(1);
        for set in &drawn {
            assert_eq!(set.len(), 7);
            for (at, fault) in set.iter().enumerate() {
                assert!(goes_with(&set[..at], fault), "{fault} is in a set with what contradicts it");
            }
        }
        for fault in &faults {
            let count = drawn.iter().filter(|set| set.iter().any(|other| other.name == fault.name)).count();
            assert!(count >= 3, "{fault} is in {count} sets");
        }
        let names = |sets: &[Vec<&Fault>]| -> Vec<String> { sets.iter().flatten().map(ToString::to_string).collect() };
        assert!(names(&drawn) == names(&sets(1)) && names(&drawn) != names(&sets(2)), "the seed draws them");
    }

    #[test]
    fn faults_contradict_each_other_only_at_the_same_place_of_the_same_operation() {
        let faults = faults();
        let fault = |name: &str| faults.iter().find(|fault| fault.name == name).expect("a fault");
        for (one, other, contradict) in [
            ("get-oauth2-scope/missing/name", "get-oauth2-scope/value/name", true),
            ("get-oauth2-scope/missing/name", "get-oauth2-scope/missing/id", false),
            ("get-oauth2-scope/missing/name", "get-oauth2-claim/value/name", false),
            ("get-oauth2-claim/unsteady/each-2nd", "get-oauth2-claim/status/success", true),
            ("get-oauth2-claim/status/not-found", "get-oauth2-claim/status/success", false),
            ("replace-oauth2-scope/ignored/consent", "replace-oauth2-scope/forgotten/consent", true),
        ] {
            assert_eq!(fault(one).contradicts(fault(other)), contradict, "{one} and {other}");
        }
    }
}
