//! What the run has made on the target, and what it may have made: the only things that it writes to and removes.
//!
//! Owns the books of one run and what an answer to a create says of the thing that was made. Sending is `send`'s, removing `cleanup`'s,
//! looking for what nobody answered for `settle`'s.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{
    before::{Before, Known, list_of},
    inventory::List,
};
use crate::{
    check::Identity,
    finding::NotNew,
    http::{Exchange, Outgoing},
    naming::Names,
    path::segment,
    plan::Plan,
    suite::{Makes, Operation, Remove},
};

/// The books of one run.
#[derive(Debug)]
pub(crate) struct Ours {
    /// The names that the run gives.
    pub(crate) names: Names,
    /// The paths of what it has made and not removed yet, each with its trial.
    mine: RefCell<BTreeMap<String, String>>,
    /// Requests under way that may make something.
    under_way: RefCell<BTreeMap<usize, Making>>,
    /// The paths of what was removed by a request that the target carried out.
    removed: RefCell<BTreeSet<String>>,
    /// Those of them where nothing was seen since then, each with who has seen it, until their trials end.
    seen_gone: RefCell<BTreeMap<String, String>>,
    /// By the name of what was to be made, the trial.
    trials: RefCell<BTreeMap<String, String>>,
    /// The paths of what is told to be left.
    told: RefCell<BTreeSet<String>>,
    /// Where something was to be made, and its name.
    named: RefCell<BTreeSet<(String, String)>>,
    /// What is still not settled when its trial has ended.
    pub(super) open: RefCell<Vec<Unsettled>>,
}

/// A request that may make something, written down and about to be sent.
#[derive(Debug, Clone)]
pub(super) struct Making {
    pub(super) operation: Arc<Operation>,
    /// The path, as a server may read it.
    pub(super) path: String,
    /// What the thing is to be called.
    pub(super) name: Option<String>,
    /// The identifiers of what it brings together, for an association.
    pair: Option<Vec<String>>,
    pub(super) principal: String,
    pub(super) trial: String,
    /// Its number in the ledger.
    pub(super) number: usize,
}

/// Something that may have been made.
#[derive(Debug, Clone)]
pub(super) struct Unsettled {
    pub(super) making: Making,
    /// What came instead of a usable answer.
    pub(super) reason: String,
    /// No answer came in time, so the target may still carry the request out: that nothing is there settles nothing.
    pub(super) late: bool,
    /// When it was first looked for and not found.
    pub(super) absent: Option<Instant>,
    /// Why the last look said nothing, if it did not.
    pub(super) unknown: Option<String>,
}

/// Something that was made, with the requests that remove it: the last for good, those before it make that possible.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// The request that made it, where that is known.
    pub(super) making: Option<Making>,
    /// Its number in the ledger, if it is in there.
    pub(super) number: Option<usize>,
    pub(super) trial: String,
    pub(super) principal: String,
    pub(super) removals: Vec<Request>,
}

/// A request of the suite's for the run's own ends.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) operation: String,
    pub(super) method: String,
    pub(super) path: String,
    /// What the operation's path has instead of its parameters, for people.
    pub(super) values: String,
}

impl Ours {
    pub(super) fn new(prefix: &str, run: &str) -> Self {
        Self {
            names: Names::of_run(prefix, run),
            mine: RefCell::default(),
            under_way: RefCell::default(),
            removed: RefCell::default(),
            seen_gone: RefCell::default(),
            trials: RefCell::default(),
            told: RefCell::default(),
            named: RefCell::default(),
            open: RefCell::default(),
        }
    }

    /// Whether a path leads to something that the run made, or below it.
    pub(super) fn holds(&self, path: &str) -> bool {
        let mine = self.mine.borrow();
        !mine.is_empty() && ends(path).any(|end| mine.contains_key(&path[..end]))
    }

    /// Whether the thing at a path is in the books.
    pub(super) fn has(&self, path: &str) -> bool {
        self.mine.borrow().contains_key(path)
    }

    /// Notes that the target carried out a request that removes what a path leads to.
    pub(super) fn removed(&self, path: &str) {
        self.mine.borrow_mut().remove(path);
        self.removed.borrow_mut().insert(path.to_owned());
    }

    /// Whether the target has said before that this was removed.
    pub(super) fn was_removed(&self, path: &str) -> bool {
        self.removed.borrow().contains(path)
    }

    /// Notes that a principal is told that nothing is at a path.
    pub(super) fn absent(&self, path: &str, principal: &str) {
        if self.was_removed(path) {
            self.seen_gone.borrow_mut().insert(path.to_owned(), principal.to_owned());
        }
    }

    /// Notes that something may be at a path again, or is: by a request there or below.
    pub(super) fn may_be_there(&self, path: &str) {
        let mut seen_gone = self.seen_gone.borrow_mut();
        if !seen_gone.is_empty() {
            ends(path).for_each(|end| drop(seen_gone.remove(&path[..end])));
        }
    }

    /// Who has seen that nothing is at a path after what was there was removed. It is asked for once.
    pub(super) fn seen_gone_by(&self, path: &str) -> Option<String> {
        self.seen_gone.borrow_mut().remove(path)
    }

    /// The trial that was to make what is called so.
    pub(super) fn trial_of(&self, name: &str) -> Option<String> {
        self.trials.borrow().get(name).cloned()
    }

    /// Notes that something is told to be left.
    pub(super) fn told(&self, path: &str) {
        self.told.borrow_mut().insert(path.to_owned());
    }

    pub(super) fn is_told(&self, path: &str) -> bool {
        self.told.borrow().contains(path)
    }

    /// Whether the run was ever about to make anything that has a name.
    pub(super) fn made_anything(&self) -> bool {
        !self.trials.borrow().is_empty()
    }

    /// Notes the name of something that is about to be made; says whether it has one that nothing else of this run had in that place.
    pub(super) fn names_first(&self, making: &Making) -> bool {
        let name = making.name.clone();
        name.is_some_and(|name| self.named.borrow_mut().insert((making.path.clone(), name)))
    }

    /// Notes a request that goes out and may make something.
    pub(super) fn begin(&self, making: &Making) {
        if let Some(name) = &making.name {
            self.trials.borrow_mut().insert(name.clone(), making.trial.clone());
        }
        self.under_way.borrow_mut().insert(making.number, making.clone());
    }

    /// Notes that such a request has come to an end.
    pub(super) fn end(&self, making: &Making) {
        self.under_way.borrow_mut().remove(&making.number);
    }

    /// What the run has made and not removed, and did not tell yet: the paths, each with its trial.
    pub(super) fn left(&self) -> Vec<(String, String)> {
        let mine = self.mine.borrow();
        let left = mine.iter().filter(|(path, _)| !self.is_told(path));
        left.map(|(path, trial)| (path.clone(), trial.clone())).collect()
    }

    /// What may have been made, and is not settled.
    pub(super) fn unsettled(&self) -> Vec<Unsettled> {
        let open = |making: &Making| Unsettled {
            unknown: Some("it was not looked for".to_owned()),
            ..Unsettled::new(making.clone(), "the run ended before the answer came".to_owned())
        };
        let under_way = self.under_way.borrow();
        self.open.borrow().iter().cloned().chain(under_way.values().map(open)).collect()
    }

    /// What a successful answer says of the thing; what the run may remove is entered in its books.
    pub(super) fn identify(
        &self,
        plan: &Plan,
        before: Option<&Before>,
        making: &Making,
        exchange: &Exchange,
    ) -> (Identity, Vec<Made>) {
        let body = exchange.answer.json().ok();
        let Some(makes) = &making.operation.makes else { return (Identity::New, Vec::new()) };
        if let Some(ids) = &making.pair {
            return (Identity::New, ids.iter().map(|id| self.enter(making, id)).collect());
        }
        let text = |pointer: &String| body.and_then(|body| body.pointer(pointer)).and_then(Value::as_str);
        let number = || body.and_then(|body| body.pointer(&makes.id)).filter(|id| id.is_number()).map(Value::to_string);
        let id = text(&makes.id).map(str::to_owned).or_else(number).unwrap_or_default();
        let id = id.as_str();
        if !names_one_thing(id) {
            return (Identity::Missing, Vec::new());
        }
        let name = makes.name.as_ref().and_then(text);
        let sent = making.name.as_ref().filter(|name| self.names.cover(name));
        let answered = name.is_some_and(|name| self.names.cover(name));
        let path = making.last_path(id);
        let was_there = before.map_or(Known::Unknown, |before| before.knows_thing(plan, &path));
        let known = if self.holds(&path) { Known::Before } else { was_there };
        match known {
            Known::Before => return (Identity::Not(NotNew::Before), Vec::new()),
            // Where no list tells what was there, the name does.
            Known::Unknown if makes.name.is_some() && !answered => {
                return (Identity::Not(NotNew::Doubtful), Vec::new());
            }
            Known::Unknown | Known::New => {}
        }
        let identity = match sent.zip(name.filter(|_| !answered)) {
            // The name of something else, unless that was made just now.
            Some((_, name)) if !self.names.resembles(name) && !is_of_now(plan, &path, exchange) => {
                return (Identity::Not(NotNew::Other), Vec::new());
            }
            Some((sent, name)) => {
                Identity::Renamed { id: id.to_owned(), sent: sent.clone(), answered: name.to_owned() }
            }
            None => Identity::New,
        };
        (identity, vec![self.enter(making, id)])
    }

    /// Takes back what was entered and is not the run's.
    pub(super) fn forget(&self, making: &Making, id: &str) {
        self.mine.borrow_mut().remove(&making.last_path(id));
    }

    /// Enters something that the run made.
    pub(super) fn enter(&self, making: &Making, id: &str) -> Made {
        let made = making.made(id);
        if making.pair.is_none() {
            let path = making.last_path(id);
            self.may_be_there(&path);
            self.mine.borrow_mut().insert(path, making.trial.clone());
        }
        made
    }
}

/// Where a path ends, and where each ends that it is below.
fn ends(path: &str) -> impl Iterator<Item = usize> + '_ {
    path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()])
}

/// How long before its answer a request may have made something.
const JUST_NOW: TimeDelta = TimeDelta::seconds(10);

/// Whether an answer says that the thing at a path was made when it was asked for, by the clock of whoever answered.
fn is_of_now(plan: &Plan, path: &str, exchange: &Exchange) -> bool {
    let answer = &exchange.answer;
    let date = answer.header("date").and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
    let now = date.map_or_else(Utc::now, Into::into);
    let sweep = plan.contract.sweep.iter().find(|sweep| sweep.is_thing(path));
    let created = sweep.and_then(|sweep| answer.json().ok()?.pointer(&sweep.created)?.as_str());
    let created = created.and_then(|created| DateTime::parse_from_rfc3339(created).ok());
    created.is_some_and(|created| now.signed_duration_since(created) <= JUST_NOW)
}

/// Whether a text is one segment of a path, however often a server decodes it.
fn names_one_thing(id: &str) -> bool {
    let parts = |c: char| matches!(c, '/' | '\\' | '%' | '?' | '#') || c.is_control() || c.is_whitespace();
    !matches!(id, "" | "." | "..") && !id.contains(parts)
}

impl Making {
    /// What a request of this operation is about to make. One that answers 201 makes something, also where the suite does not say how that
    /// is found and removed.
    pub(super) fn read(operation: &Arc<Operation>, outgoing: &Outgoing, path: &str, trial: &str) -> Option<Self> {
        let creates = operation.method.eq_ignore_ascii_case("POST") && operation.success == 201 && !operation.keeps;
        let makes = operation.makes.as_ref();
        if makes.is_none() && !creates {
            return None;
        }
        let body =
            outgoing.body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok()).unwrap_or_default();
        let name = makes.and_then(|makes| body.pointer(makes.name.as_ref()?)?.as_str()).map(str::to_owned);
        Some(Self {
            operation: Arc::clone(operation),
            path: path.to_owned(),
            name,
            pair: makes.and_then(|makes| makes.pair_of(&body)),
            principal: outgoing.principal.clone(),
            trial: trial.to_owned(),
            number: 0,
        })
    }

    /// The path of the thing with this identifier, as a server may read it: that of the request that removes it for good.
    pub(super) fn last_path(&self, id: &str) -> String {
        let makes = self.operation.makes.as_ref();
        makes
            .and_then(|makes| makes.last(&self.operation.path, &self.path, id))
            .map(|(_, path)| path)
            .unwrap_or_default()
    }

    fn made(&self, id: &str) -> Made {
        let request = |remove: &Remove| {
            let value = |name: &str| Makes::value(&self.operation.path, &self.path, id, name);
            let told = remove.path.parameters().map(|name| format!("{name}: {}", value(name))).collect::<Vec<_>>();
            Request {
                operation: remove.operation.clone(),
                method: remove.method.clone(),
                path: remove.path.filled(|name| segment(value(name))),
                values: told.join(", "),
            }
        };
        let removals = self.operation.makes.iter().flat_map(|makes| &makes.remove).map(request).collect();
        Made {
            making: Some(self.clone()),
            number: Some(self.number),
            trial: self.trial.clone(),
            principal: self.principal.clone(),
            removals,
        }
    }

    /// The list that the thing is in.
    pub(super) fn list(&self, plan: &Plan) -> Option<List> {
        list_for(plan, &self.operation, &self.path)
    }

    /// What it is, for people.
    pub(super) fn describe(&self) -> String {
        format!("{} {}", self.operation.id, self.name.as_deref().unwrap_or("without a name"))
    }
}

/// The list that shows what a request to `path` makes: the suite's `sweep` data, or what a GET of the same path shows.
pub(crate) fn list_for(plan: &Plan, operation: &Operation, path: &str) -> Option<List> {
    let makes = operation.makes.as_ref()?;
    let (_, thing) = makes.last(&operation.path, path, "id")?;
    if let Some(sweep) = plan.contract.sweep.iter().find(|sweep| sweep.is_thing(&thing)) {
        return Some(list_of(sweep));
    }
    plan.operation("GET", path)?;
    Some(List { path: path.to_owned(), names: makes.name.iter().cloned().collect(), created: None })
}

impl Unsettled {
    pub(super) fn new(making: Making, reason: String) -> Self {
        Self { making, reason, late: false, absent: None, unknown: None }
    }

    /// Why it is not known whether it is there, for people.
    pub(super) fn describe(&self) -> String {
        match &self.unknown {
            Some(unknown) => format!("{}, and {unknown}", self.reason),
            None => format!("{}: it is not in the list, but may still appear", self.reason),
        }
    }
}
