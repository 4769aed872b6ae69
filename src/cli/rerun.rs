//! What an earlier run left to be done: the trials that failed in it, could not be judged, or were not run.
//!
//! Owns reading that from the run's streams. Which trials a command is about besides is `suite`'s.

use std::collections::BTreeSet;

use super::{
    CommandError, Mistake,
    out::{shown, warn},
    streams::{files_of, merged},
};
use crate::{
    counted::counted,
    event::{Outcome, RunStarted},
    plan::{Pattern, Plan, Selection, Shard, Trial},
    report::{Ending, Report, TrialReport, former_ids},
};

/// An earlier run, as far as it decides what is to be run again.
pub(super) struct Earlier {
    /// How the user names it.
    named: String,
    /// The trials that are to be run again, by their ID of that time.
    failed: BTreeSet<String>,
    /// The others, by their ID of that time.
    done: BTreeSet<String>,
    /// What the run was to run, by part.
    chosen: Vec<(Selection, Option<Shard>)>,
}

impl Earlier {
    /// Reads the streams of a run: a file, several separated by commas, or a directory of them.
    ///
    /// # Errors
    /// A stream that cannot be read, or is of no one run.
    pub(super) fn read(named: &str) -> Result<Self, CommandError> {
        let empty = Report::default().without_messages().without_checks();
        let report = merged(empty, &files_of(named)?, Ending::Anywhere, |_| {})?;
        let (failed, done) = report.trials.iter().partition::<Vec<_>, _>(|trial| is_open(trial.finished.outcome));
        let ids = |trials: Vec<&TrialReport>| trials.into_iter().map(|trial| trial.finished.trial.clone()).collect();
        let mut chosen = Vec::new();
        for part in &report.parts {
            if !part.header.selection.rerun {
                chosen.push(to_run(&part.header)?);
            } else if !part.ended {
                let hint = "which trials it did not reach is not known; the stream of the run that it repeats tells";
                warn(&format!("{} is a rerun that was cut short: {hint}", shown(named)));
            }
        }
        Ok(Self { named: named.to_owned(), failed: ids(failed), done: ids(done), chosen })
    }

    /// Whether the trial is to be run again.
    pub(super) fn leaves(&self, trial: &Trial) -> bool {
        let ids: Vec<String> = ids_of(trial).collect();
        if ids.iter().any(|id| self.failed.contains(id)) {
            return true;
        }
        let reached = ids.iter().any(|id| self.done.contains(id));
        let was_chosen = |(selection, shard): &(Selection, Option<Shard>)| {
            selection.selects(trial) && shard.is_none_or(|shard| shard.holds(trial))
        };
        !reached && self.chosen.iter().any(was_chosen)
    }

    /// Says which of its failures cannot be run again, since the suite no longer has them.
    pub(super) fn tell_gone(&self, plan: &Plan) {
        let known: BTreeSet<String> = plan.trials.iter().flat_map(|trial| ids_of(trial)).collect();
        let gone: Vec<&String> = self.failed.difference(&known).collect();
        if let Some(first) = gone.first() {
            let number = counted(gone.len(), "trial");
            warn(&format!(
                "{number} that failed in {}: no longer in this suite, such as {}",
                shown(&self.named),
                shown(first)
            ));
        }
    }

    /// Why nothing is to be run again.
    pub(super) fn nothing(&self) -> String {
        format!("of the selected trials, none failed in {} or was left to be run", shown(&self.named))
    }
}

/// The ID of a trial, and those that it may have had.
fn ids_of(trial: &Trial) -> impl Iterator<Item = String> {
    std::iter::once(trial.id.clone()).chain(former_ids(&trial.id, &trial.aliases))
}

/// What a part of a run was to run.
fn to_run(header: &RunStarted) -> Result<(Selection, Option<Shard>), CommandError> {
    let patterns: Result<Vec<Pattern>, _> = header.selection.patterns.iter().map(|one| Pattern::new(one)).collect();
    let selection = Selection { patterns: patterns?, profiles: header.selection.profiles.clone() };
    let shard = header.shard.map(|shard| shard.to_string().parse::<Shard>().map_err(Mistake::boxed)).transpose()?;
    Ok((selection, shard))
}

/// Whether a trial that ended so is to be run again: the target departed, or nothing was learnt.
fn is_open(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Failed
        | Outcome::ChangedFailure
        | Outcome::UnexpectedPass
        | Outcome::Expired
        | Outcome::Blocked
        | Outcome::Errored
        | Outcome::NotRun => true,
        Outcome::Passed | Outcome::Warned | Outcome::Flaky | Outcome::KnownFailure | Outcome::NotApplicable => false,
    }
}
