//! Access policies of a server: create, read, replace, delete, activate, deactivate. Their rules are in `rules`.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{
    body::{self, Fields},
    call::Call,
    constraint::Constraint,
    links::Link,
    routes::Operation,
    rows::{self, Row},
    rules::Rule,
    source::Stamp,
    state::{Org, Server, Status},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listAuthorizationServerPolicies", "/{}/policies", list),
    Operation::post("createAuthorizationServerPolicy", "/{}/policies", create),
    Operation::get("getAuthorizationServerPolicy", "/{}/policies/{}", get),
    Operation::put("replaceAuthorizationServerPolicy", "/{}/policies/{}", replace),
    Operation::delete("deleteAuthorizationServerPolicy", "/{}/policies/{}", delete),
    Operation::post("activateAuthorizationServerPolicy", "/{}/policies/{}/lifecycle/activate", |org, call| {
        turn(org, call, Status::Active)
    }),
    Operation::post("deactivateAuthorizationServerPolicy", "/{}/policies/{}/lifecycle/deactivate", |org, call| {
        turn(org, call, Status::Inactive)
    }),
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
    created: Option<Stamp>,
    last_updated: Option<Stamp>,
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

/// Order as recorded for ACTIVE and for INACTIVE policies.
#[derive(Serialize)]
struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    activate: Option<Link>,
    #[serde(rename = "self")]
    this: Link,
    rules: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivate: Option<Link>,
}

impl<'s> View<'s> {
    fn new(server: &Server, policy: &'s Policy, index: usize, base: &str) -> Self {
        let href = policy.href(server, base);
        let (activate, deactivate) = Link::lifecycle(policy.status, &href);
        View {
            id: &policy.id,
            status: policy.status,
            name: &policy.name,
            description: policy.description.as_deref(),
            priority: rows::priority(index),
            system: false,
            conditions: Conditions { clients: Clients { include: &policy.clients } },
            created: Some(policy.created),
            last_updated: Some(policy.last_updated),
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
    /// The policy as a body has it, without rules, and the priority that is asked for; of a new one the id is still to be given. `former` is
    /// the policy to replace. The spec requires nothing; inferred: a policy has a name, and is ACTIVE if nothing is said. Lengths are the
    /// spec's. Whether the status counts is up to the caller.
    pub(super) fn read(
        fields: &Fields<'_>,
        former: Option<&Policy>,
        now: Stamp,
    ) -> Result<(Policy, Option<i64>), Refusal> {
        let _: Option<PolicyType> = fields.choice("type");
        fields.require("name");
        let policy = Policy {
            id: former.map(|policy| policy.id.clone()).unwrap_or_default(),
            name: fields.text_of("name", 1..=100).unwrap_or_default(),
            description: fields.text_of("description", 1..=255),
            status: Status::Active,
            clients: Vec::new(),
            created: former.map_or(now, |policy| policy.created),
            last_updated: former.map_or(now, |policy| policy.last_updated.max(now)),
            rules: Vec::new(),
        };
        let priority = fields.integer("priority");
        let status = fields.choice("status").or(former.map(|policy| policy.status));
        // Client ids or `ALL_CLIENTS`. Recorded: none if the request has no conditions.
        let clients = fields.at("conditions.clients.").and_then(|clients| clients.texts("include"));
        fields.finish()?;
        let (status, clients) = (status.unwrap_or(policy.status), clients.unwrap_or_default());
        Ok((Policy { status, clients, ..policy }, priority))
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

fn answer(server: &Server, index: usize, base: &str) -> Answer {
    Answer::json(StatusCode::OK, &View::new(server, &server.policies[index], index, base))
}

fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let (mut policy, priority) = Policy::read(&body::object(call)?.fields(), None, now)?;
    policy.id = org.source.id(Entity::Policy);
    // Recorded: ACTIVE, whatever the request says.
    if call.enforces(Constraint::PolicyStatus) {
        policy.status = Status::Active;
    }
    let index = rows::insert(&mut server.policies, policy, priority);
    let mut view = View::new(server, &server.policies[index], index, call.base);
    if !call.as_of.has_policy_dates() {
        (view.created, view.last_updated) = (None, None);
    }
    Ok(Answer::json(StatusCode::CREATED, &view))
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let index = rows::place(&server.policies, call.child())?;
    Ok(answer(server, index, call.base))
}

/// A full replace that moves `lastUpdated` and leaves the status (recorded).
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let index = rows::place(&server.policies, call.child())?;
    let former = &mut server.policies[index];
    let (mut policy, priority) = Policy::read(&body::object(call)?.fields(), Some(former), now)?;
    if call.enforces(Constraint::PolicyStatus) {
        policy.status = former.status;
    }
    *former = Policy { rules: std::mem::take(&mut former.rules), ..policy };
    let index = rows::shift(&mut server.policies, index, priority);
    Ok(answer(server, index, call.base))
}

/// Takes its rules along. Inferred: the policies behind it move up.
fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    rows::remove(&mut server.policies, call.child())?;
    Ok(Answer::Empty)
}

/// 204 (spec). Inferred from servers: whether or not it changes anything.
fn turn(org: &mut Org, call: &Call<'_>, status: Status) -> Outcome {
    let now = org.source.now();
    let policy = rows::find_mut(&mut org.servers.find_mut(call.server())?.policies, call.child())?;
    policy.status.turn(status, &mut policy.last_updated, now);
    Ok(Answer::Empty)
}

/// The one type there is (spec).
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum PolicyType {
    OauthAuthorizationPolicy,
}
