//! The hook where an operation is performed: what it does to the state, and what it answers with, drift apart.

use serde_json::Value;

use super::member;
use crate::{
    OPERATIONS,
    call::{Call, Query},
    clients::RefreshToken,
    constraint::Lenience,
    routes::Operation,
    state::{Org, Servers},
    wire::{Answer, Outcome},
};

/// What becomes of an operation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum StateChange {
    /// It is answered and nothing is stored.
    NotStored,
    /// It is stored, and the answer shows what was before.
    Stale,
    /// A member of the body has no effect: a replace leaves it as it was, a create does without.
    Ignored(&'static str),
    /// The answer shows a member that is not stored.
    Forgotten(&'static str),
    /// Members missing from the body are kept.
    Merged,
    /// A neighbouring resource is changed too.
    Spread,
    /// What belongs to another server, or another policy, is found. The number says at which open part of the path others are
    /// tried.
    Leak(usize),
    /// The identifiers are those that were given out the last time.
    Collision,
    /// It is refused and has its effect all the same.
    RefusedAndDone,
    /// A member of the answer is what the client has sent for it.
    Echoed(&'static str),
    /// The answer has every member that was sent.
    EchoedAll,
}

/// What writes change.
struct Tables {
    servers: Servers,
    refresh_tokens: Vec<RefreshToken>,
}

impl Tables {
    fn of(org: &Org) -> Tables {
        Tables { servers: org.servers.clone(), refresh_tokens: org.refresh_tokens.clone() }
    }

    fn restore(self, org: &mut Org) {
        (org.servers, org.refresh_tokens) = (self.servers, self.refresh_tokens);
    }
}

/// What performs an operation.
type Run<'r> = &'r dyn Fn(&mut Org, &Call<'_>) -> Outcome;

/// Performs an operation with all of these changes, the first around the others.
pub(super) fn perform_with(changes: &[&StateChange], operation: &Operation, org: &mut Org, call: &Call<'_>) -> Outcome {
    match changes {
        [] => (operation.run)(org, call),
        [first, others @ ..] => {
            first.perform(operation, &|org, call| perform_with(others, operation, org, call), org, call)
        }
    }
}

impl StateChange {
    /// Performs an operation so; `run` is what does it otherwise.
    fn perform(&self, operation: &Operation, run: Run<'_>, org: &mut Org, call: &Call<'_>) -> Outcome {
        match self {
            StateChange::NotStored => {
                let before = Tables::of(org);
                let outcome = run(org, call);
                before.restore(org);
                outcome
            }
            StateChange::Stale => {
                let before = shown(operation, org, call);
                answering(run(org, call), |body| {
                    if let Some(before) = before {
                        *body = before;
                    }
                })
            }
            StateChange::Ignored(pointer) => {
                // What is refused stays refused, whatever becomes of the member.
                tried(run, org, call)?;
                let former = shown(operation, org, call);
                let former = former.as_ref().and_then(|former| member::find(former, pointer)).cloned();
                with_body(run, org, call, |body| member::put(body, pointer, former))
            }
            StateChange::Forgotten(pointer) => {
                // All of the answer is as if it were stored, also what follows from the member.
                let answer = tried(run, org, call)?;
                StateChange::Ignored(pointer).perform(operation, run, org, call)?;
                Ok(answer)
            }
            StateChange::Merged => {
                let former = shown(operation, org, call).unwrap_or_default();
                with_body(run, org, call, |body| member::merge(body, &former))
            }
            StateChange::Spread => {
                let neighbour = neighbour(operation, org, call);
                let outcome = run(org, call);
                if let (Ok(_), Some(other)) = (&outcome, neighbour) {
                    let mut captures = call.captures.clone();
                    captures.pop();
                    captures.push(&other);
                    // Whether that one takes it does not matter.
                    let _ = run(org, &call.at(captures));
                }
                outcome
            }
            StateChange::Leak(place) => leak(*place, run, org, call),
            StateChange::Collision => {
                org.source.rewind();
                run(org, call)
            }
            StateChange::RefusedAndDone => {
                let outcome = run(org, call);
                if outcome.is_err() {
                    // What comes of it is not told.
                    let _ = run(org, &Call { lenience: Lenience::All, ..call.at(call.captures.clone()) });
                }
                outcome
            }
            StateChange::EchoedAll => {
                let sent = sent(call).unwrap_or_default();
                answering(run(org, call), |body| member::merge(body, &sent))
            }
            StateChange::Echoed(pointer) => {
                let sent = sent(call).and_then(|body| member::find(&body, pointer).cloned());
                answering(run(org, call), |body| {
                    if sent.is_some() {
                        member::put(body, pointer, sent);
                    }
                })
            }
        }
    }
}

/// What an operation would answer with; nothing has happened afterwards, so that identifiers and times come again.
fn tried(run: Run<'_>, org: &mut Org, call: &Call<'_>) -> Outcome {
    let (tables, source) = (Tables::of(org), org.source.clone());
    let outcome = run(org, call);
    tables.restore(org);
    org.source = source;
    outcome
}

/// The body that was sent, if it is JSON.
fn sent(call: &Call<'_>) -> Option<Value> {
    serde_json::from_slice(call.body).ok()
}

/// What a get of the same path shows, or of the path before `/lifecycle`.
fn shown(operation: &Operation, org: &mut Org, call: &Call<'_>) -> Option<Value> {
    let path = operation.path.split("/lifecycle/").next().unwrap_or_default();
    let get = reading(path)?;
    match (get.run)(org, &call.at(call.captures.clone())) {
        Ok(Answer::Json { body, .. }) => serde_json::from_slice(&body).ok().filter(Value::is_object),
        Ok(Answer::Empty | Answer::Done | Answer::Redirect(_) | Answer::Page { .. }) | Err(_) => None,
    }
}

/// The operation that reads a path.
fn reading(path: &str) -> Option<&'static Operation> {
    let mut all = OPERATIONS.iter().copied().flatten();
    all.find(|other| other.method == axum::http::Method::GET && other.path == path)
}

/// The answer with another body.
fn answering(outcome: Outcome, change: impl FnOnce(&mut Value)) -> Outcome {
    let mut answer = outcome?;
    if let Answer::Json { body, .. } = &mut answer {
        let mut json = serde_json::from_slice(body).unwrap_or_default();
        change(&mut json);
        *body = json.to_string().into_bytes();
    }
    Ok(answer)
}

/// Performs the operation with another body.
fn with_body(run: Run<'_>, org: &mut Org, call: &Call<'_>, change: impl FnOnce(&mut Value)) -> Outcome {
    let Some(mut body) = sent(call) else { return run(org, call) };
    change(&mut body);
    let body = body.to_string();
    run(org, &Call { body: body.as_bytes(), ..call.at(call.captures.clone()) })
}

/// The identifier of another thing of the same kind in the same place that clients may change.
fn neighbour(operation: &Operation, org: &mut Org, call: &Call<'_>) -> Option<String> {
    let path = operation.path.split("/lifecycle/").next()?.strip_suffix("/{}")?;
    let id = *call.captures.last()?;
    let captures = call.captures[..call.captures.len() - 1].to_vec();
    let Ok(Answer::Json { body, .. }) = (reading(path)?.run)(org, &call.at(captures)) else { return None };
    let list: Vec<Value> = serde_json::from_slice(&body).ok()?;
    let is_free = |item: &&Value| item["id"] != id && item["system"] != true && item["default"] != true;
    list.iter().find(is_free).or_else(|| list.iter().find(|item| item["id"] != id))?["id"].as_str().map(str::to_owned)
}

/// Tries others at a place of the path if nothing is found.
fn leak(place: usize, run: Run<'_>, org: &mut Org, call: &Call<'_>) -> Outcome {
    let outcome = run(org, call);
    if outcome.is_ok() || org.servers.find(call.server()).is_err() {
        return outcome;
    }
    let others: Vec<String> = if place == 0 {
        org.servers.from(0).map(|server| server.id.clone()).collect()
    } else {
        let servers = org.servers.from(0);
        servers.flat_map(|server| server.policies.iter().map(|policy| policy.id.clone())).collect()
    };
    for other in &others {
        let mut captures = call.captures.clone();
        captures[place] = other;
        let found = run(org, &call.at(captures));
        if found.is_ok() {
            return found;
        }
    }
    outcome
}

impl<'r> Call<'r> {
    /// The same request at another path.
    fn at<'c>(&self, captures: Vec<&'c str>) -> Call<'c>
    where
        'r: 'c,
    {
        Call {
            base: self.base,
            domains: self.domains,
            captures,
            query: Query::default(),
            headers: self.headers,
            body: self.body,
            as_of: self.as_of,
            lenience: self.lenience.clone(),
            forgery: self.forgery.clone(),
        }
    }
}
