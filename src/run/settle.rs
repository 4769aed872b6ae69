//! Settling what nobody answered for: was it made? The run looks for its name in the target's lists, removes what it finds, and tells what
//! stays unknown.

use std::{collections::BTreeSet, time::Instant};

use super::{
    Shared, Target,
    before::{Known, list_of},
    cleanup::{Left, Removed},
    inventory::{Item, List, Listed, Unknown, askers, get, read},
    ours::{Made, Making, Request, Unsettled},
    step::Sender,
};
use crate::{
    event::{Event, Leak},
    path::segment,
    plan::Plan,
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
    /// What it would be a part of is not there, so it was not made.
    Nowhere,
    /// Why it is not known.
    Unknown(String),
}

/// A list that was read, or was tried to be.
type Reading = (List, Result<Listed, Unknown>);

/// Looks for what a request may have made.
pub(super) async fn look(shared: &Shared<'_>, making: &Making) -> Looked {
    look_in(shared, making, &mut Vec::new()).await
}

/// As [`look`]; a list that is among `readings` is not read again.
async fn look_in(shared: &Shared<'_>, making: &Making, readings: &mut Vec<Reading>) -> Looked {
    if owner_is_gone(shared.plan, shared.target, &making.path, &making.principal).await {
        return Looked::Nowhere;
    }
    let Some(list) = making.list(shared.plan) else { return Looked::Unknown("no list shows it".to_owned()) };
    let known = readings.iter().position(|(known, _)| *known == list);
    if known.is_none() {
        let listed = read(&list, shared.target, &askers(shared.plan, shared.target, &making.principal)).await;
        readings.push((list, listed));
    }
    found(shared, making, &readings[known.unwrap_or(readings.len() - 1)])
}

/// Whether what owns the thing that a request to `path` makes is surely not there.
pub(crate) async fn owner_is_gone(plan: &Plan, target: &Target, path: &str, principal: &str) -> bool {
    let owner = plan.contract.sweep.iter().find_map(|sweep| sweep.id_in(path).map(|id| sweep.path_of(&segment(id))));
    let Some(owner) = owner.filter(|owner| plan.operation("GET", owner).is_some()) else { return false };
    let url = format!("{}{owner}", target.client.origin());
    get(&url, target, &askers(plan, target, principal)).await.is_ok_and(|exchange| exchange.answer.status == 404)
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
    if !there.is_empty() {
        return Looked::There(there);
    }
    match listed {
        Listed::Whole(_) => Looked::Absent,
        Listed::Part(_, reason) => Looked::Unknown(reason.clone()),
    }
}

/// Whether a thing of this identifier was there before, or is the run's by another entry.
fn is_known(shared: &Shared<'_>, making: &Making, id: &str) -> bool {
    let path = making.last_path(id);
    let before = shared.before.get().is_some_and(|before| before.knows(shared.plan, &path) == Known::Before);
    before || shared.ours.has(&path)
}

impl Sender<'_, '_> {
    /// Looks once for what is open. What is there is entered, to be removed; what was not there twice, far enough apart, and by no request
    /// that is still under way, was not made. Gives what stays open.
    pub(super) async fn settle(&self, open: Vec<Unsettled>) -> Vec<Unsettled> {
        let (mut still, mut readings): (Vec<Unsettled>, Vec<Reading>) = (Vec::new(), Vec::new());
        for mut open in open {
            match look_in(self.shared, &open.making, &mut readings).await {
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
                Looked::Nowhere => {
                    self.shared.options.ledger.gone(open.making.number);
                    continue;
                }
                Looked::Unknown(reason) => open.unknown = Some(reason),
            }
            still.push(open);
        }
        still
    }

    /// Enters something that the run made, to be removed.
    pub(super) fn enter(&self, made: Made) {
        if let Some((number, request)) = made.number.zip(made.removals.last()) {
            let removal = self.removal(self.outgoing(request, &made.principal));
            self.shared.options.ledger.made(number, removal);
        }
        self.left.borrow_mut().push(Left::Made(made));
    }

    /// Removes what has one of the run's names and is still there when all has been removed, whatever the answers said of it. A last look that
    /// shows nothing, where the first one did, leaves it open.
    async fn sweep_own(&self, number: usize, sweep: &SweepPlan) {
        let was_read = self.shared.before.get().is_some_and(|before| before.was_read(number));
        let askers = askers(self.shared.plan, self.shared.target, self.principal);
        let mut tried: BTreeSet<String> = BTreeSet::new();
        for _ in 0..LOOKS {
            let listed = match read(&list_of(sweep), self.shared.target, &askers).await {
                Ok(listed) => listed,
                Err(unknown) if was_read => return self.may_be_left(&unknown.to_string()),
                Err(_) => return,
            };
            let left: Vec<&Item> = listed.items().iter().filter(|item| self.is_left(sweep, item)).collect();
            for item in &left {
                let made = self.made_of(sweep, item);
                if !tried.insert(item.id.clone()) {
                    self.leaked(&made, "it still exists after its removal succeeded");
                } else if let Removed::Left(reason) = self.remove(&made).await.1 {
                    self.leaked(&made, &reason);
                }
            }
            if let Listed::Part(_, reason) = &listed
                && (was_read || !listed.items().is_empty())
            {
                return self.may_be_left(reason);
            }
            if left.is_empty() {
                return;
            }
        }
    }

    /// Tells that the last look showed nothing.
    fn may_be_left(&self, reason: &str) {
        // Each thing that is still open gets a line of its own.
        if !self.shared.ours.unsettled().is_empty() {
            return;
        }
        let redactor = self.shared.describer.redactor;
        self.shared.emit(&Event::MayBeLeft(Leak {
            trial: "the run".to_owned(),
            call: redactor.text(&format!("what is named {}…", self.shared.ours.names.beginning())),
            reason: redactor.text(&format!("the final search for it failed: {reason}")),
        }));
    }

    /// Whether something in a list is the run's, by its name, and was not told to be left.
    fn is_left(&self, sweep: &SweepPlan, item: &Item) -> bool {
        let path = sweep.path_of(&item.id);
        let before = self.shared.before.get().map(|before| before.knows(self.shared.plan, &path));
        item.names.iter().any(|name| self.shared.ours.names.cover(name))
            && before != Some(Known::Before)
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
/// unknown is reported. A run that is ended at once does not look: it reports everything.
pub(super) async fn settle_run(shared: &Shared<'_>) {
    let ended = tokio::select! {
        biased;
        () = shared.stopper.end() => true,
        () = Box::pin(settled(shared)) => false,
    };
    let redactor = shared.describer.redactor;
    let leak = |trial: String, call: &str, reason: &str| Leak {
        trial,
        call: redactor.text(call),
        reason: redactor.text(reason),
    };
    for (path, trial) in shared.ours.left().into_iter().filter(|_| ended) {
        shared.emit(&Event::Leaked(leak(trial, &format!("DELETE {path}"), "the run was stopped immediately")));
    }
    for open in shared.ours.unsettled() {
        shared.emit(&Event::MayBeLeft(leak(open.making.trial.clone(), &open.making.describe(), &open.describe())));
    }
}

async fn settled(shared: &Shared<'_>) {
    let mut open: Vec<Unsettled> = shared.ours.open.borrow().clone();
    if open.is_empty() && !shared.ours.made_anything() {
        return;
    }
    let sender = Sender::of_the_run(shared);
    let waits = |open: &Unsettled| !open.late && open.absent.is_some();
    for _ in 0..LOOKS {
        let first = open.iter().filter(|open| waits(open)).filter_map(|open| open.absent).max();
        let Some(first) = first else { break };
        tokio::time::sleep((first + shared.options.settling).saturating_duration_since(Instant::now())).await;
        open = sender.settle(open).await;
        shared.ours.open.borrow_mut().clone_from(&open);
    }
    sender.remove_all().await;
    for (number, sweep) in shared.plan.contract.sweep.iter().enumerate() {
        sender.sweep_own(number, sweep).await;
    }
}
