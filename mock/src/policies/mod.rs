//! Access policies of a server: create, read, replace, delete, activate, deactivate. Owns how a policy looks and the
//! list of operations; reading bodies is in `input`, the rules of a policy have a folder of their own.

mod input;

use axum::http::StatusCode;
use serde::Serialize;

pub(super) use self::input::Draft;
use super::{
    body,
    call::Call,
    links::Link,
    order,
    routes::Operation,
    rows::{self, Row},
    rules::Rule,
    source::{IdKind, Stamp},
    state::{Org, Server, Status},
    wire::{Answer, Entity, Outcome},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listAuthorizationServerPolicies", "/api/v1/authorizationServers/{}/policies", list),
    Operation::post("createAuthorizationServerPolicy", "/api/v1/authorizationServers/{}/policies", create),
    Operation::get("getAuthorizationServerPolicy", "/api/v1/authorizationServers/{}/policies/{}", get),
    Operation::put("replaceAuthorizationServerPolicy", "/api/v1/authorizationServers/{}/policies/{}", replace),
    Operation::delete("deleteAuthorizationServerPolicy", "/api/v1/authorizationServers/{}/policies/{}", delete),
    Operation::post(
        "activateAuthorizationServerPolicy",
        "/api/v1/authorizationServers/{}/policies/{}/lifecycle/activate",
        activate,
    ),
    Operation::post(
        "deactivateAuthorizationServerPolicy",
        "/api/v1/authorizationServers/{}/policies/{}/lifecycle/deactivate",
        deactivate,
    ),
];

/// A policy of a server. Its priority is its place among the policies.
#[derive(Clone)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) status: Status,
    pub(super) clients: Vec<String>,
    pub(super) created: Stamp,
    pub(super) last_updated: Stamp,
    pub(super) rules: Vec<Rule>,
}

impl Row for Policy {
    const ENTITY: Entity = Entity::Policy;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Member order as recorded, `type` last.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    status: Status,
    name: &'s str,
    /// Inferred: null if it was not given, as elsewhere.
    description: Option<&'s str>,
    priority: usize,
    /// False in all that were recorded.
    system: bool,
    conditions: Conditions<'s>,
    created: Stamp,
    last_updated: Stamp,
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Conditions<'s> {
    clients: Clients<'s>,
}

#[derive(Serialize)]
struct Clients<'s> {
    include: &'s [String],
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    this: Link,
    rules: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    activate: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivate: Option<Link>,
}

impl<'s> View<'s> {
    fn new(server: &Server, policy: &'s Policy, index: usize, base: &str) -> Self {
        let href = policy.href(server, base);
        // Inferred from servers: an INACTIVE policy offers `activate`; none was recorded.
        let (activate, deactivate) = Link::lifecycle(policy.status, &href);
        View {
            id: &policy.id,
            status: policy.status,
            name: &policy.name,
            description: policy.description.as_deref(),
            priority: order::priority(index),
            system: false,
            conditions: Conditions { clients: Clients { include: &policy.clients } },
            created: policy.created,
            last_updated: policy.last_updated,
            links: Links {
                // Recorded: GET alone, though rules can be posted there.
                rules: Link::new(format!("{href}/rules"), &["GET"]),
                this: Link::new(href, &["GET", "PUT", "DELETE"]),
                activate,
                deactivate,
            },
            kind: "OAUTH_AUTHORIZATION_POLICY",
        }
    }
}

impl Policy {
    /// A policy as a request has it. Inferred: ACTIVE if the request does not say.
    pub(super) fn new(id: String, draft: Draft, now: Stamp) -> Policy {
        Policy {
            id,
            name: draft.name,
            description: draft.description,
            status: draft.status.unwrap_or(Status::Active),
            clients: draft.clients,
            created: now,
            last_updated: now,
            rules: Vec::new(),
        }
    }

    pub(super) fn href(&self, server: &Server, base: &str) -> String {
        format!("{}/policies/{}", server.href(base), self.id)
    }
}

fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let policies = server.policies.iter().enumerate();
    let views: Vec<_> = policies.map(|(index, policy)| View::new(server, policy, index, call.base)).collect();
    Ok(Answer::json(StatusCode::OK, &views))
}

fn answer(server: &Server, index: usize, status: StatusCode, base: &str) -> Answer {
    Answer::json(status, &View::new(server, &server.policies[index], index, base))
}

fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let draft = Draft::read(body::object(call)?.fields())?;
    let priority = draft.priority;
    let policy = Policy::new(org.source.id(IdKind::Policy), draft, now);
    let index = order::insert(&mut server.policies, policy, priority);
    Ok(answer(server, index, StatusCode::CREATED, call.base))
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let index = rows::place(&server.policies, call.child())?;
    Ok(answer(server, index, StatusCode::OK, call.base))
}

/// A full replace that moves `lastUpdated` (recorded). Inferred: a status that is left out stays.
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let index = rows::place(&server.policies, call.child())?;
    let draft = Draft::read(body::object(call)?.fields())?;
    let priority = draft.priority;
    let policy = &mut server.policies[index];
    policy.name = draft.name;
    policy.description = draft.description;
    policy.status = draft.status.unwrap_or(policy.status);
    policy.clients = draft.clients;
    policy.last_updated = policy.last_updated.max(now);
    let index = order::shift(&mut server.policies, index, priority);
    Ok(answer(server, index, StatusCode::OK, call.base))
}

/// Takes its rules along. Inferred: the policies behind it move up.
fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    rows::remove(&mut server.policies, call.child())?;
    Ok(Answer::Empty)
}

fn activate(org: &mut Org, call: &Call<'_>) -> Outcome {
    turn(org, call, Status::Active)
}

fn deactivate(org: &mut Org, call: &Call<'_>) -> Outcome {
    turn(org, call, Status::Inactive)
}

/// 204 (spec). Inferred from servers: whether or not it changes anything.
fn turn(org: &mut Org, call: &Call<'_>, status: Status) -> Outcome {
    let now = org.source.now();
    let policy = rows::find_mut(&mut org.servers.find_mut(call.server())?.policies, call.child())?;
    policy.status.turn(status, &mut policy.last_updated, now);
    Ok(Answer::Empty)
}
