//! Removing what earlier runs left behind on a target: by their ledgers, or by the names that runs give.
//!
//! Owns deciding what is removed, and removing it. A ledger is a file that anybody can write, and a target holds what others need: only what
//! the suite says that runs make is removed, and only where the target shows that it, or the thing that owns it, has a run's name. What a run
//! has changed of what others use is put back where somebody allows it, and where the target shows the state that the run left.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    http::{Answer, Exchange, NoAnswer, Outgoing},
    ledger::{Change, Entry, Intent, Remains, Removal},
    naming::Names,
    path::bare,
    plan::{DEFAULT_PRINCIPAL, Plan},
    run::{Before, Item, Listed, Target, askers, get, list_for, list_of, owner_is_gone, read},
    secret::MASK,
    suite::{Makes, Operation, SweepPlan},
};

/// How something that may be left ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It has been removed.
    Removed,
    /// It has been put back as it was.
    Restored,
    /// It was not there any more.
    Earlier,
    /// It is as it was.
    AsItWas,
    /// It was never made.
    NotMade,
    /// It was looked for and not found; a second look, later, settles it.
    Absent,
    /// It is still there, and why.
    Left(String),
    /// Why it is not known whether it is there.
    MayBeLeft(String),
}

/// Something that an earlier run may have left.
#[derive(Debug)]
pub(crate) struct Leftover {
    /// What it is, for people.
    pub(crate) what: String,
    /// What it is called, where a list told it.
    name: Option<String>,
    /// The names of the run that left it; none where its ledger does not say them.
    names: Option<Names>,
    kind: LeftoverKind,
    /// Which ledger it is from.
    pub(crate) ledger: Option<usize>,
}

#[derive(Debug)]
enum LeftoverKind {
    Made(Removal),
    MayBeMade { intent: Intent, late: bool },
    Changed(Change),
}

/// What is needed to remove anything from a target.
pub(crate) struct Sweeper<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) target: &'a Target,
    /// What others use may be put back.
    pub(crate) restores: bool,
    /// Nothing is written to the target; how something ends is how it would end.
    pub(crate) dry_run: bool,
    pub(crate) before: Before,
}

/// What the ledgers of earlier runs say may be left, the last made first.
pub(crate) fn by_ledger(plan: &Plan, remains: &[Remains]) -> Vec<Leftover> {
    let mut found = Vec::new();
    for (index, remains) in remains.iter().enumerate() {
        for entry in &remains.entries {
            let (what, trial, kind) = match entry {
                Entry::Made(removal) => {
                    (thing(plan, &removal.method, &removal.path), &removal.trial, LeftoverKind::Made(removal.clone()))
                }
                Entry::Change(change) => {
                    let kind = LeftoverKind::Changed(change.clone());
                    (thing(plan, &change.method, &change.path), &change.restore.trial, kind)
                }
                Entry::Intent { intent, late } => {
                    // Another suite looks elsewhere, so that it does not find something says nothing.
                    let other = remains.suite.as_ref().is_some_and(|suite| *suite != plan.makes_hash());
                    let kind = LeftoverKind::MayBeMade { intent: intent.clone(), late: *late || other };
                    (may_be(plan, intent), &intent.trial, kind)
                }
            };
            let what = format!("{what} (run {}, {trial})", remains.run);
            found.push(Leftover { what, name: None, names: remains.names.clone(), kind, ledger: Some(index) });
        }
    }
    found
}

/// Kind and ID of what a request is about, by the title of its operation: `Delete an authorization server` removes an authorization server.
/// The request itself where it is none that the suite knows.
fn thing(plan: &Plan, method: &str, path: &str) -> String {
    let place = bare(path);
    let of =
        |operation: &Arc<Operation>| Some(format!("{} {}", kind_of(operation)?, operation.path.last_value(place)?));
    plan.operation(method, place).and_then(of).unwrap_or_else(|| format!("{method} {path}"))
}

fn kind_of(operation: &Operation) -> Option<&str> {
    let (_, kind) = operation.title.split_once(' ')?;
    Some(["a ", "an ", "the "].iter().find_map(|article| kind.strip_prefix(article)).unwrap_or(kind))
}

fn may_be(plan: &Plan, intent: &Intent) -> String {
    let kind = plan.operation(&intent.method, &intent.path).and_then(|operation| kind_of(operation)).map(str::to_owned);
    let kind = kind.unwrap_or_else(|| format!("{} {}", intent.method, intent.path));
    format!("{kind} {}", intent.name.as_deref().unwrap_or("without a name"))
}

/// What is named as runs name things and is at least as old as `age`.
///
/// # Errors
/// A list that cannot be read to its end, or whose things have no names where the suite says: then it is not known what is left.
pub(crate) async fn by_name(
    plan: &Plan,
    target: &Target,
    names: &Names,
    age: Duration,
) -> Result<Vec<Leftover>, String> {
    let mut found = Vec::new();
    let askers = askers(plan, target, DEFAULT_PRINCIPAL);
    for sweep in &plan.contract.sweep {
        let list = list_of(sweep);
        let items = match read(&list, target, &askers).await {
            Ok(Listed::Whole(items)) => items,
            Ok(Listed::Part(_, reason)) => return Err(reason),
            Err(unknown) => return Err(unknown.to_string()),
        };
        if !items.is_empty() && items.iter().all(|item| item.names.is_empty()) {
            return Err(format!("nothing in the list {} has a name at {}", list.path, list.names.join(" or ")));
        }
        found.extend(items.iter().filter_map(|item| named(plan, item, sweep, names, age, askers[0])));
    }
    Ok(found)
}

fn named(
    plan: &Plan,
    item: &Item,
    sweep: &SweepPlan,
    names: &Names,
    age: Duration,
    principal: &str,
) -> Option<Leftover> {
    let name = item.names.iter().find(|name| names.cover(name))?;
    let created = item.created.as_ref().and_then(|created| DateTime::parse_from_rfc3339(created).ok());
    let old = match created {
        Some(created) => Utc::now().signed_duration_since(created).to_std().is_ok_and(|passed| passed >= age),
        None => age.is_zero(),
    };
    let path = sweep.path_of(&item.id);
    let made = created.map(|created| format!(", made {created}")).unwrap_or_default();
    let removal = Removal {
        method: "DELETE".to_owned(),
        path: path.clone(),
        body: None,
        principal: principal.to_owned(),
        trial: String::new(),
    };
    old.then(|| Leftover {
        what: format!("{} ({name}{made})", thing(plan, "DELETE", &path)),
        name: Some(name.clone()),
        names: Some(names.clone()),
        kind: LeftoverKind::Made(removal),
        ledger: None,
    })
}

impl Leftover {
    /// Whether both are the same thing.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (LeftoverKind::Made(one), LeftoverKind::Made(other)) => one.path == other.path,
            (LeftoverKind::MayBeMade { intent, .. }, LeftoverKind::Made(_)) => {
                intent.name.is_some() && intent.name == other.name
            }
            (LeftoverKind::Made(_) | LeftoverKind::MayBeMade { .. } | LeftoverKind::Changed(_), _) => false,
        }
    }
}

impl Sweeper<'_> {
    /// Removes it, puts it back, or looks for it; `second`: it was looked for before, long enough ago.
    pub(crate) async fn end(&self, leftover: &Leftover, second: bool) -> Ended {
        let Some(names) = &leftover.names else {
            return Ended::Left("the ledger does not say how its run named things".to_owned());
        };
        let paths = match &leftover.kind {
            LeftoverKind::Made(removal) => vec![&removal.path],
            LeftoverKind::MayBeMade { intent, .. } => vec![&intent.path],
            LeftoverKind::Changed(change) => vec![&change.path, &change.restore.path],
        };
        // Behind an origin, anything else would be read as a part of it, and the request and its token would go to another host.
        if paths.into_iter().any(|path| !path.starts_with('/')) {
            return Ended::Left("it has no path on the target".to_owned());
        }
        match &leftover.kind {
            LeftoverKind::Made(removal) => self.remove(removal, names).await,
            LeftoverKind::MayBeMade { intent, late } => self.look(intent, *late, names, second).await,
            LeftoverKind::Changed(change) => self.restore(change).await,
        }
    }

    async fn remove(&self, removal: &Removal, names: &Names) -> Ended {
        if removal.path.contains(MASK) || removal.body.as_ref().is_some_and(|body| body.contains(MASK)) {
            return Ended::Left("its removal needs a secret, which is not stored".to_owned());
        }
        let path = self.plain(&removal.path);
        let operation = self.plan.operation(&removal.method, &path);
        if !operation.is_some_and(|operation| self.removes(operation, &path)) {
            return Ended::Left("the suite does not list this request as a removal".to_owned());
        }
        if self.before.shared(&path).is_some() {
            return Ended::Left("it is part of something that others use".to_owned());
        }
        match self.is_named(&path, names).await {
            Ok(true) => {}
            Ok(false) => return Ended::Earlier,
            Err(reason) => return Ended::Left(reason),
        }
        self.remove_now(removal).await
    }

    /// Whether the suite says that an operation removes what runs make.
    fn removes(&self, operation: &Operation, path: &str) -> bool {
        let swept = |sweep: &SweepPlan| sweep.is_thing(path);
        self.removed_by(operation).is_some()
            || operation.method == "DELETE" && self.plan.contract.sweep.iter().any(swept)
    }

    /// What the suite says of the things that an operation removes for good.
    fn removed_by(&self, operation: &Operation) -> Option<&Makes> {
        let mut makes = self.plan.operations.iter().filter_map(|other| other.makes.as_ref());
        makes.find(|makes| makes.remove.last().is_some_and(|remove| remove.operation == operation.id))
    }

    /// Whether the thing at a path, or the one that owns it, is called as the run names things; `false` where it is not there.
    async fn is_named(&self, path: &str, names: &Names) -> Result<bool, String> {
        let mut places: Vec<(String, BTreeSet<String>)> = Vec::new();
        for sweep in &self.plan.contract.sweep {
            let owner = sweep.id_in(path).map(|id| sweep.path_of(id));
            places.extend(owner.map(|owner| (owner, sweep.names.iter().cloned().collect())));
        }
        if !places.iter().any(|(place, _)| place == path) {
            let of_makes = self.plan.operations.iter().filter_map(|operation| operation.makes.as_ref()?.name.clone());
            places.push((path.to_owned(), of_makes.collect()));
        }
        let mut why = "its name cannot be read".to_owned();
        for (place, pointers) in places {
            if self.plan.operation("GET", &place).is_none() {
                continue;
            }
            let answer = self.get(&place, DEFAULT_PRINCIPAL).await?;
            match answer.status {
                200 => {
                    let body = answer.json().map_err(str::to_owned)?;
                    let called = |pointer: &String| body.pointer(pointer).and_then(Value::as_str);
                    if pointers.iter().filter_map(called).any(|name| names.cover(name)) {
                        return Ok(true);
                    }
                    "its name is not one of the run's names".clone_into(&mut why);
                }
                404 => return Ok(false),
                status => why = format!("GET {place} answered {status}"),
            }
        }
        Err(why)
    }

    /// The request that removes something, after those that make that possible.
    async fn remove_now(&self, removal: &Removal) -> Ended {
        if self.dry_run {
            return Ended::Removed;
        }
        let path = self.plain(&removal.path);
        if let Some(last) = self.plan.operation(&removal.method, &path)
            && let Some((_, before)) = self.removed_by(last).and_then(|makes| makes.remove.split_last())
        {
            for before in before {
                let path = before.path.of_same(&last.path, &path);
                // It may be so already, and what matters is whether the last one is carried out.
                let _ = self.send(&before.method, &path, None, &removal.principal).await;
            }
        }
        match self.send(&removal.method, &removal.path, removal.body.as_deref(), &removal.principal).await {
            Ok(exchange) => match exchange.answer.status {
                200..300 => Ended::Removed,
                404 => Ended::Earlier,
                status => Ended::Left(format!("answered {status}")),
            },
            Err(fault) => Ended::Left(fault.to_string()),
        }
    }

    async fn look(&self, intent: &Intent, late: bool, names: &Names, second: bool) -> Ended {
        let may_be = |reason: &str| Ended::MayBeLeft(reason.to_owned());
        if owner_is_gone(self.plan, self.target, &intent.path, &intent.principal).await {
            return Ended::NotMade;
        }
        let Some(name) = &intent.name else {
            return may_be(
                "its name is not known, so it cannot be searched for; when you have checked, delete the ledger of its run",
            );
        };
        if !names.cover(name) {
            return Ended::Left("its name is not one of the run's names".to_owned());
        }
        let operation = self.plan.operation(&intent.method, &intent.path).filter(|operation| operation.makes.is_some());
        let Some(operation) = operation else { return may_be("this suite does not say how to find it") };
        let Some(list) = list_for(self.plan, operation, &intent.path) else { return may_be("no list shows it") };
        let listed = match read(&list, self.target, &askers(self.plan, self.target, &intent.principal)).await {
            Ok(listed) => listed,
            Err(unknown) => return Ended::MayBeLeft(unknown.to_string()),
        };
        let there: Vec<&Item> = listed.items().iter().filter(|item| item.names.contains(name)).collect();
        if there.is_empty() {
            return match listed {
                Listed::Part(_, reason) => Ended::MayBeLeft(reason),
                Listed::Whole(_) if late => may_be("it is not in the list, but may still appear"),
                Listed::Whole(_) if second => Ended::NotMade,
                Listed::Whole(_) => Ended::Absent,
            };
        }
        let mut ended = Ended::Earlier;
        for item in there {
            let made = operation.makes.as_ref().and_then(|makes| makes.last(&operation.path, &intent.path, &item.id));
            let Some((remove, path)) = made else { continue };
            let (method, principal, trial) = (remove.method.clone(), intent.principal.clone(), intent.trial.clone());
            match self.remove(&Removal { method, path, body: None, principal, trial }, names).await {
                Ended::Earlier => {}
                Ended::Removed if ended != Ended::Earlier => {}
                other => ended = other,
            }
        }
        ended
    }

    /// Puts back what a run has changed of what others use: where that is allowed, and the target shows the state that the run left.
    async fn restore(&self, change: &Change) -> Ended {
        let (changed, restored) = (self.plain(&change.path), self.plain(&change.restore.path));
        let leaves = |method: &str, path: &str| {
            let operation = self.plan.operation(method, path)?;
            let leaves = operation.leaves.as_ref()?;
            let shows = self.plan.operations.iter().find(|other| other.id == leaves.get)?;
            Some((shows.path.of_same(&operation.path, path), leaves.state.clone()))
        };
        let (Some((place, left)), Some((other, was))) =
            (leaves(&change.method, &changed), leaves(&change.restore.method, &restored))
        else {
            return Ended::Left("the suite does not say how to restore it".to_owned());
        };
        if place != other || change.restore.body.is_some() || self.before.shared(&restored).is_none() {
            return Ended::Left("the suite does not list this request as a restore".to_owned());
        }
        if !self.restores {
            return Ended::Left("others use it: `--allow-default-server` allows restoring it".to_owned());
        }
        let answer = match self.get(&place, &change.restore.principal).await {
            Ok(answer) => answer,
            Err(unknown) => return Ended::Left(unknown),
        };
        let body = answer.json().unwrap_or(&Value::Null);
        if answer.status != 200 {
            return Ended::Left(format!("GET {place} answered {}", answer.status));
        }
        if shows(body, &was) {
            return Ended::AsItWas;
        }
        if !shows(body, &left) {
            return Ended::Left(format!("GET {place} does not show the state in which the run left it"));
        }
        if self.dry_run {
            return Ended::Restored;
        }
        match self.send(&change.restore.method, &change.restore.path, None, &change.restore.principal).await {
            Ok(exchange) if (200..300).contains(&exchange.answer.status) => Ended::Restored,
            Ok(exchange) => Ended::Left(format!("answered {}", exchange.answer.status)),
            Err(fault) => Ended::Left(fault.to_string()),
        }
    }

    async fn get(&self, path: &str, principal: &str) -> Result<Answer, String> {
        let url = format!("{}{path}", self.target.client.origin());
        let exchange = get(&url, self.target, &askers(self.plan, self.target, principal)).await;
        exchange.map(|exchange| exchange.answer).map_err(|unknown| unknown.to_string())
    }

    /// There are many ways to write one path; what counts is where a request would arrive.
    fn plain(&self, path: &str) -> String {
        self.target.client.plain_path(&format!("{}{path}", self.target.client.origin()))
    }

    async fn send(&self, method: &str, path: &str, body: Option<&str>, principal: &str) -> Result<Exchange, NoAnswer> {
        let known = self.target.client.knows(principal);
        let outgoing = Outgoing {
            method: method.to_owned(),
            url: format!("{}{path}", self.target.client.origin()),
            headers: Vec::new(),
            body: body.map(|text| text.as_bytes().to_vec()),
            principal: if known { principal } else { DEFAULT_PRINCIPAL }.to_owned(),
            client: None,
            fresh: false,
        };
        match self.target.client.send_patiently(outgoing.clone()).await {
            // Putting back twice is doing it once, as removing is.
            Err(NoAnswer::Lost(..)) => self.target.client.send_patiently(Outgoing { fresh: true, ..outgoing }).await,
            other => other,
        }
    }
}

/// Whether a body has all the members of a state.
fn shows(body: &Value, state: &Value) -> bool {
    match (body, state) {
        (Value::Object(body), Value::Object(state)) => {
            state.iter().all(|(name, state)| body.get(name).is_some_and(|body| shows(body, state)))
        }
        (body, state) => body == state,
    }
}
