//! Removing what earlier runs left behind on a target: by their ledgers, or by the names that runs give.
//!
//! Owns finding and removing. What is in a ledger was made by a run; what is found by name must begin with the prefix of runs and be older
//! than any run that may still be going on.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    http::{Exchange, Fault, Outgoing},
    ledger::Remains,
    plan::Plan,
    run::Target,
    secret::MASK,
    suite::{Operation, Protected, SweepPlan},
};

/// Pages of a list; more would be a list that does not end.
const MOST_PAGES: usize = 200;

/// Something that is to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// What it is, for people.
    pub what: String,
    /// The request that removes it.
    pub method: String,
    /// Path and query on the target.
    pub path: String,
    /// What is sent with it.
    pub body: Option<String>,
    /// Who may do it.
    pub principal: String,
}

/// How a removal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It has been removed.
    Now,
    /// It has been put back as it was: what was made of it was not a thing of its own.
    Restored,
    /// It was not there any more.
    Earlier,
    /// It is still there, and why.
    Left(String),
}

/// What the ledgers of earlier runs say is left, the last made first.
pub fn by_ledger(plan: &Plan, remains: Vec<Remains>) -> Vec<Leftover> {
    let mut found = Vec::new();
    for remains in remains {
        found.extend(remains.removals.into_iter().map(|removal| Leftover {
            what: format!("{} (run {}, {})", thing(plan, &removal.method, &removal.path), remains.run, removal.trial),
            method: removal.method,
            path: removal.path,
            body: removal.body,
            principal: removal.principal,
        }));
    }
    found
}

/// Kind and ID of what a request removes, or puts back as it was, by the title of its operation: `Delete an authorization server` removes
/// an authorization server. The request itself where it is none that the suite knows.
fn thing(plan: &Plan, method: &str, path: &str) -> String {
    let place = path.split(['?', '#']).next().unwrap_or_default();
    let of = |operation: &Arc<Operation>| {
        let (_, kind) = operation.title.split_once(' ')?;
        let kind = ["a ", "an ", "the "].iter().find_map(|article| kind.strip_prefix(article)).unwrap_or(kind);
        Some(format!("{kind} {}", operation.path.last_value(place)?))
    };
    plan.operation(method, place).and_then(of).unwrap_or_else(|| format!("{method} {path}"))
}

/// What is named as runs name things and is at least as old as `age`.
///
/// # Errors
/// A list that cannot be read.
pub async fn by_name(plan: &Plan, target: &Target, prefix: &str, age: Duration) -> Result<Vec<Leftover>, String> {
    let mut found = Vec::new();
    for sweep in &plan.contract.sweep {
        let mut url = format!("{}{}", target.client.origin(), sweep.list.replace("{prefix}", prefix));
        for _ in 0..MOST_PAGES {
            let exchange = send(target, "GET", &url, None, "manager").await.map_err(|fault| fault.to_string())?;
            let answer = &exchange.answer;
            let Ok(Value::Array(items)) = answer.json() else {
                return Err(format!("{url} answered {} and no list", answer.status));
            };
            found.extend(items.iter().filter_map(|item| leftover(plan, item, sweep, prefix, age)));
            match answer.links().target("next") {
                Some(next) if target.client.owns(next) && next != url => next.clone_into(&mut url),
                _ => break,
            }
        }
    }
    Ok(found)
}

fn leftover(plan: &Plan, item: &Value, sweep: &SweepPlan, prefix: &str, age: Duration) -> Option<Leftover> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let (id, created) = (text("id")?, text(&sweep.created)?);
    let name =
        sweep.names.iter().filter_map(|name| item.get(name)).flat_map(texts).find(|text| text.starts_with(prefix))?;
    let created = DateTime::parse_from_rfc3339(created).ok()?;
    let old = Utc::now().signed_duration_since(created).to_std().is_ok_and(|passed| passed >= age);
    let path = sweep.delete.replace("{id}", id);
    old.then(|| Leftover {
        what: format!("{} ({name}, made {created})", thing(plan, "DELETE", &path)),
        method: "DELETE".to_owned(),
        path,
        body: None,
        principal: "manager".to_owned(),
    })
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Removes one thing. A ledger is a file that anybody can write: only what a run may make is removed, and nothing that is protected.
pub(crate) async fn remove(leftover: &Leftover, plan: &Plan, protected: &[Protected], target: &Target) -> Removed {
    let path = leftover.path.split(['?', '#']).next().unwrap_or_default();
    let dots = path.split('/').any(|segment| {
        segment.replace("%2e", ".").replace("%2E", ".").chars().all(|c| c == '.') && !segment.is_empty()
    });
    let known = plan.operation(&leftover.method, path).is_some() && leftover.method != "GET";
    // There are many ways to write one path; what counts is where the request would arrive.
    let read = target.client.plain_path(&format!("{}{path}", target.client.origin()));
    let protected = protected.iter().any(|protected| protected.covers(path) || protected.covers(&read));
    if dots || !known || protected {
        return Removed::Left("no run makes such a thing, so it is not removed".to_owned());
    }
    if leftover.path.contains(MASK) || leftover.body.as_ref().is_some_and(|body| body.contains(MASK)) {
        return Removed::Left("what removes it holds a secret, which is not written down".to_owned());
    }
    let url = format!("{}{}", target.client.origin(), leftover.path);
    let principal = if target.client.knows(&leftover.principal) { leftover.principal.as_str() } else { "manager" };
    match send(target, &leftover.method, &url, leftover.body.as_deref(), principal).await {
        Ok(exchange) => match exchange.answer.status {
            200..300 if leftover.method == "DELETE" => Removed::Now,
            200..300 => Removed::Restored,
            404 => Removed::Earlier,
            status => Removed::Left(format!("answered {status}")),
        },
        Err(fault) => Removed::Left(fault.to_string()),
    }
}

async fn send(
    target: &Target,
    method: &str,
    url: &str,
    body: Option<&str>,
    principal: &str,
) -> Result<Exchange, Fault> {
    let outgoing = Outgoing {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: body.map(|text| text.as_bytes().to_vec()),
        principal: principal.to_owned(),
    };
    target.client.send_patiently(outgoing).await
}
