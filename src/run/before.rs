//! What was on a target before the run, under all its names: nothing of it is written to, except what the target shares and a case may change.
//!
//! The default server has an identifier beside the word `default`, and whoever writes to that writes to it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Target,
    inventory::{List, Listed, Unknown, askers, get, read},
};
use crate::{
    plan::Plan,
    suite::{Protected, SweepPlan},
};

/// What a target held before anything was written to it.
#[derive(Debug)]
pub(crate) struct Before {
    /// What it shares, by all its names.
    shared: Vec<Protected>,
    /// For each list of the suite's `sweep`, the identifiers that were in it, as far as it could be read.
    lists: Vec<Ids>,
}

/// The identifiers in a list.
#[derive(Debug)]
struct Ids {
    known: BTreeSet<String>,
    whole: bool,
}

/// Whether something was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Before,
    New,
    /// No list tells.
    Unknown,
}

impl Before {
    /// Asks the target, as `principal` unless there is somebody whom it surely lets in.
    ///
    /// # Errors
    /// No answer, or none of the target's own logic: then nothing may be written.
    pub(crate) async fn ask(plan: &Plan, target: &Target, principal: &str) -> Result<Self, Unknown> {
        let askers = askers(plan, target, principal);
        let lists = async {
            let mut all = Vec::new();
            for sweep in &plan.contract.sweep {
                let listed = read(&list_of(sweep), target, &askers).await?;
                let known = listed.items().iter().map(|item| item.id.clone()).collect();
                all.push(Ids { known, whole: matches!(listed, Listed::Whole(_)) });
            }
            Ok(all)
        };
        let (shared, lists) = tokio::try_join!(shared(plan, target, &askers), lists)?;
        Ok(Self { shared, lists })
    }

    /// What the target shares and a path leads to.
    pub(crate) fn shared(&self, path: &str) -> Option<&Protected> {
        self.shared.iter().find(|protected| protected.covers(path))
    }

    /// Whether the list of this number showed anything, or its end.
    pub(super) fn was_read(&self, list: usize) -> bool {
        self.lists.get(list).is_some_and(|ids| ids.whole || !ids.known.is_empty())
    }

    /// Whether the thing at a path was there before.
    pub(crate) fn knows_thing(&self, plan: &Plan, path: &str) -> Known {
        if plan.contract.sweep.iter().any(|sweep| sweep.is_thing(path)) {
            self.knows(plan, path)
        } else {
            Known::Unknown
        }
    }

    /// Whether the thing that a path leads to, or below which it leads, was there before.
    pub(crate) fn knows(&self, plan: &Plan, path: &str) -> Known {
        let mut known = Known::Unknown;
        for (sweep, ids) in plan.contract.sweep.iter().zip(&self.lists) {
            match sweep.id_in(path) {
                Some(id) if ids.known.contains(id) => return Known::Before,
                Some(_) if ids.whole => known = Known::New,
                Some(_) | None => {}
            }
        }
        known
    }
}

/// The whole list that things are swept from.
pub(crate) fn list_of(sweep: &SweepPlan) -> List {
    List { path: sweep.whole_list(), names: sweep.names.clone(), created: Some(sweep.created.clone()) }
}

/// What the target shares with others. One that has no such thing, or shows it to nobody, shares nothing that has another name.
async fn shared(plan: &Plan, target: &Target, askers: &[&str]) -> Result<Vec<Protected>, Unknown> {
    let contract = &plan.contract;
    let mut all = contract.protected.clone();
    for protected in contract.protected.iter().filter(|protected| protected.alias.is_some()) {
        let exchange = get(&format!("{}{}", target.client.origin(), protected.path), target, askers).await?;
        let answer = &exchange.answer;
        let id = answer.json().ok().and_then(|body| body.get("id")).and_then(Value::as_str);
        all.extend(id.filter(|_| answer.status == 200).and_then(|id| protected.named(id)));
    }
    Ok(all)
}
