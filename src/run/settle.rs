//! Settling what nobody answered for: was it made? The run looks for its name in the target's lists, removes what it finds, and tells what
//! stays unknown.

use std::time::Instant;

use super::{
    Shared,
    before::{Known, list_of},
    cleanup::{Left, Removed},
    inventory::{Item, List, Listed, Unknown, askers, read},
    ours::{Made, Making, Open, Request},
    send::segment,
    step::Sender,
};
use crate::{
    event::{Event, Leak},
    ledger::Removal,
    suite::SweepPlan,
};

/// How often the run looks at its end, at most: a list that cannot be read is one look lost.
const LOOKS: usize = 3;

/// What a look for something showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Looked {
    /// It is there, with these identifiers.
    There(Vec<String>),
    /// It is not in the whole list.
    Absent,
    /// Why it is not known.
    Unknown(String),
}

/// A list that was read, or was tried to be.
type Reading = (List, Result<Listed, Unknown>);

/// Looks for what a request may have made.
pub(super) async fn look(shared: &Shared<'_>, making: &Making) -> Looked {
    match making.list(shared.plan) {
        Some(list) => found(shared, making, &reading(shared, list, making).await),
        None => Looked::Unknown("no list shows it".to_owned()),
    }
}

async fn reading(shared: &Shared<'_>, list: List, making: &Making) -> Reading {
    let listed = read(&list, shared.target, &askers(shared.plan, shared.target, &making.principal)).await;
    (list, listed)
}

fn found(shared: &Shared<'_>, making: &Making, (list, listed): &Reading) -> Looked {
    let Some(name) = making.name.as_ref().filter(|_| !list.names.is_empty()) else {
        return Looked::Unknown("it has no name to look for".to_owned());
    };
    let listed = match listed {
        Ok(listed) => listed,
        Err(unknown) => return Looked::Unknown(format!("the list cannot be read: {unknown}")),
    };
    let is = |item: &&Item| item.names.contains(name) && !is_known(shared, making, &item.id);
    let there: Vec<String> = listed.items().iter().filter(is).map(|item| item.id.clone()).collect();
    match listed {
        _ if !there.is_empty() => Looked::There(there),
        Listed::Whole(_) => Looked::Absent,
        Listed::Part(_, reason) => Looked::Unknown(reason.clone()),
    }
}

/// Whether a thing of this identifier was there before, or is the run's by another entry.
fn is_known(shared: &Shared<'_>, making: &Making, id: &str) -> bool {
    let path = making.last_path(id);
    let before = shared.before.get().is_some_and(|before| before.knows(shared.plan, &path) == Known::Before);
    before || shared.ours.holds(&path)
}

impl Sender<'_, '_> {
    /// Looks once for what is open. What is there is entered, to be removed; what was not there twice, far enough apart, and by no request
    /// that is still under way, was not made. Gives what stays open.
    pub(super) async fn settle(&self, open: Vec<Open>) -> Vec<Open> {
        let (mut still, mut readings): (Vec<Open>, Vec<Reading>) = (Vec::new(), Vec::new());
        for mut open in open {
            let looked = self.look_once(&open.making, &mut readings).await;
            match looked {
                Looked::There(ids) => {
                    for id in &ids {
                        self.enter(self.shared.ours.enter(&open.making, id));
                    }
                    continue;
                }
                Looked::Absent => {
                    let long = |first: Instant| first.elapsed() >= self.shared.options.settling;
                    if !open.late && open.absent.is_some_and(long) {
                        self.shared.options.ledger.gone(open.making.number);
                        continue;
                    }
                    open.unknown = None;
                    open.absent.get_or_insert_with(Instant::now);
                }
                Looked::Unknown(reason) => open.unknown = Some(reason),
            }
            still.push(open);
        }
        still
    }

    /// As [`look`], where a list that several things are in is read once.
    async fn look_once(&self, making: &Making, readings: &mut Vec<Reading>) -> Looked {
        let Some(list) = making.list(self.shared.plan) else { return look(self.shared, making).await };
        let known = readings.iter().position(|(known, _)| *known == list);
        if known.is_none() {
            readings.push(reading(self.shared, list, making).await);
        }
        let at = known.unwrap_or(readings.len() - 1);
        found(self.shared, making, &readings[at])
    }

    /// Enters something that the run made, to be removed.
    pub(super) fn enter(&self, made: Made) {
        if let Some((number, request)) = made.number.zip(made.removals.last()) {
            self.shared.options.ledger.made(number, self.removal(request, &made.principal));
        }
        self.left.borrow_mut().push(Left::Made(made));
    }

    fn removal(&self, request: &Request, principal: &str) -> Removal {
        let clean = |text: &str| self.shared.describer.redactor.text(text).to_string();
        Removal {
            method: request.method.clone(),
            path: clean(&request.path),
            body: None,
            principal: principal.to_owned(),
            trial: self.trial.to_owned(),
        }
    }

    /// Removes what has one of the run's names and is still there when all has been removed, whatever the answers said of it.
    async fn sweep_own(&self, sweep: &SweepPlan) {
        for attempt in [1, 2] {
            let list = list_of(sweep);
            let askers = askers(self.shared.plan, self.shared.target, self.principal);
            let Ok(listed) = read(&list, self.shared.target, &askers).await else { return };
            let left: Vec<&Item> = listed.items().iter().filter(|item| self.is_left(sweep, item)).collect();
            for item in left {
                if attempt == 2 {
                    self.leaked(&self.made_of(sweep, item), "its removal was answered, and it is still there");
                } else if let Removed::Left(reason) = self.remove(&self.made_of(sweep, item)).await.1 {
                    self.leaked(&self.made_of(sweep, item), &reason);
                }
            }
        }
    }

    /// Whether something in a list is the run's, by its name, and was not told to be left.
    fn is_left(&self, sweep: &SweepPlan, item: &Item) -> bool {
        let path = sweep.path_of(&item.id);
        let before = self.shared.before.get().map(|before| before.knows(self.shared.plan, &path));
        item.names.iter().any(|name| self.shared.ours.names.cover(name))
            && before == Some(Known::New)
            && !self.shared.ours.is_told(&path)
    }

    fn made_of(&self, sweep: &SweepPlan, item: &Item) -> Made {
        let request = Request {
            operation: "DELETE".to_owned(),
            method: "DELETE".to_owned(),
            path: sweep.path_of(&segment(&item.id)),
            values: sweep.path_of(&item.id),
        };
        let trial = item.names.iter().find_map(|name| self.shared.ours.trial_of(name)).unwrap_or_default();
        let askers = askers(self.shared.plan, self.shared.target, self.principal);
        let principal = askers.first().copied().unwrap_or(self.principal).to_owned();
        Made { making: None, number: None, trial, principal, removals: vec![request] }
    }
}

/// At the end of the run: what is not settled yet is looked for again, what still has one of the run's names is removed, and what stays
/// unknown is told.
pub(super) async fn settle_run(shared: &Shared<'_>) {
    let mut open: Vec<Open> = shared.ours.open.borrow_mut().drain(..).collect();
    if open.is_empty() && !shared.ours.made_anything() {
        return;
    }
    let sender = Sender::of_the_run(shared);
    let waits = |open: &Open| !open.late && open.absent.is_some();
    for _ in 0..LOOKS {
        let first = open.iter().filter(|open| waits(open)).filter_map(|open| open.absent).max();
        let Some(first) = first else { break };
        tokio::time::sleep((first + shared.options.settling).saturating_duration_since(Instant::now())).await;
        open = sender.settle(open).await;
    }
    sender.remove_all().await;
    for sweep in &shared.plan.contract.sweep {
        sender.sweep_own(sweep).await;
    }
    let redactor = shared.describer.redactor;
    for open in open {
        shared.emit(&Event::MayBeLeft(Leak {
            trial: open.trial.clone(),
            call: redactor.text(&open.making.describe()),
            reason: redactor.text(&open.describe()),
        }));
    }
}
