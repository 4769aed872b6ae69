//! Rules of an access policy: create, read, replace, delete, activate, deactivate. Owns how a rule looks and the list
//! of operations; reading bodies is in `input`, and `conditions` has the conditions.

mod conditions;
mod input;

use axum::http::StatusCode;
use serde::Serialize;

pub(super) use self::input::Draft;
use self::{conditions::Conditions, input::TokenAction};
use super::{
    body,
    call::Call,
    changes::{AsOf, Change},
    links::Link,
    order,
    policies::Policy,
    routes::Operation,
    rows::{self, Row},
    source::{IdKind, Stamp},
    state::{Org, Server, Status},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listAuthorizationServerPolicyRules", "/api/v1/authorizationServers/{}/policies/{}/rules", list),
    Operation::post("createAuthorizationServerPolicyRule", "/api/v1/authorizationServers/{}/policies/{}/rules", create),
    Operation::get("getAuthorizationServerPolicyRule", "/api/v1/authorizationServers/{}/policies/{}/rules/{}", get),
    Operation::put(
        "replaceAuthorizationServerPolicyRule",
        "/api/v1/authorizationServers/{}/policies/{}/rules/{}",
        replace,
    ),
    Operation::delete(
        "deleteAuthorizationServerPolicyRule",
        "/api/v1/authorizationServers/{}/policies/{}/rules/{}",
        delete,
    ),
    Operation::post(
        "activateAuthorizationServerPolicyRule",
        "/api/v1/authorizationServers/{}/policies/{}/rules/{}/lifecycle/activate",
        activate,
    ),
    Operation::post(
        "deactivateAuthorizationServerPolicyRule",
        "/api/v1/authorizationServers/{}/policies/{}/rules/{}/lifecycle/deactivate",
        deactivate,
    ),
];

/// What a rule is answered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    Create,
    Replace,
    Read,
}

/// A rule of a policy. Its priority is its place among the rules.
#[derive(Clone)]
pub(super) struct Rule {
    id: String,
    name: String,
    status: Status,
    created: Stamp,
    last_updated: Stamp,
    conditions: Conditions,
    token: TokenAction,
}

impl Row for Rule {
    const ENTITY: Entity = Entity::PolicyRule;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Member order as recorded in 2025, `type` last.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    status: Status,
    name: &'s str,
    priority: usize,
    created: Option<Stamp>,
    last_updated: Option<Stamp>,
    /// False in all that were recorded.
    system: bool,
    conditions: &'s Conditions,
    actions: Actions<'s>,
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Actions<'s> {
    token: &'s TokenAction,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    this: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    activate: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivate: Option<Link>,
}

impl<'s> View<'s> {
    fn new(server: &Server, policy: &'s Policy, index: usize, call: &Call<'_>, occasion: Occasion) -> Self {
        let rule = &policy.rules[index];
        let (created, last_updated) = rule.dates(call.as_of, occasion);
        let href = format!("{}/rules/{}", policy.href(server, call.base), rule.id);
        // Inferred from servers: an INACTIVE rule offers `activate`; the links of one were not recorded.
        let (activate, deactivate) = Link::lifecycle(rule.status, &href);
        View {
            id: &rule.id,
            status: rule.status,
            name: &rule.name,
            priority: order::priority(index),
            created,
            last_updated,
            system: false,
            conditions: &rule.conditions,
            actions: Actions { token: &rule.token },
            links: Links { this: Link::new(href, &["GET", "PUT", "DELETE"]), activate, deactivate },
            kind: "RESOURCE_ACCESS",
        }
    }
}

impl Rule {
    /// A rule as a request has it. Inferred: ACTIVE if the request does not say.
    pub(super) fn new(id: String, draft: Draft, now: Stamp) -> Rule {
        Rule {
            id,
            name: draft.name,
            status: draft.status.unwrap_or(Status::Active),
            created: now,
            last_updated: now,
            conditions: draft.conditions,
            token: draft.token,
        }
    }

    /// The rule that the default server comes with: everybody, every grant type that was recorded, every scope.
    pub(super) fn for_everybody(id: String, born: Stamp) -> Rule {
        Rule {
            id,
            name: String::from("Default Policy Rule"),
            status: Status::Active,
            created: born,
            last_updated: born,
            conditions: Conditions::everything(),
            token: TokenAction::default(),
        }
    }

    /// The dates that an answer tells: before the change the answer to the create told both, that to a replace the second
    /// (recorded).
    fn dates(&self, as_of: AsOf, occasion: Occasion) -> (Option<Stamp>, Option<Stamp>) {
        let (created, last_updated) = match occasion {
            _ if as_of.has(Change::RuleDates) => (true, true),
            Occasion::Create => (true, true),
            Occasion::Replace => (false, true),
            Occasion::Read => (false, false),
        };
        (created.then_some(self.created), last_updated.then_some(self.last_updated))
    }
}

impl Policy {
    /// Adds a rule at its priority and says at which index it stands.
    pub(super) fn add_rule(&mut self, id: String, draft: Draft, now: Stamp) -> usize {
        let priority = draft.priority;
        order::insert(&mut self.rules, Rule::new(id, draft, now), priority)
    }
}

/// The server and the place of the policy in it (docs: a policy is not to be seen through another server).
fn policy<'o>(org: &'o Org, call: &Call<'_>) -> Result<(&'o Server, &'o Policy), Refusal> {
    let server = org.servers.find(call.server())?;
    let policy = rows::find(&server.policies, call.child())?;
    Ok((server, policy))
}

fn policy_mut<'o>(org: &'o mut Org, call: &Call<'_>) -> Result<&'o mut Policy, Refusal> {
    rows::find_mut(&mut org.servers.find_mut(call.server())?.policies, call.child())
}

fn answer(org: &Org, call: &Call<'_>, index: usize, occasion: Occasion) -> Outcome {
    let (server, policy) = policy(org, call)?;
    let status = match occasion {
        Occasion::Create => StatusCode::CREATED,
        Occasion::Replace | Occasion::Read => StatusCode::OK,
    };
    Ok(Answer::json(status, &View::new(server, policy, index, call, occasion)))
}

/// `[]` if there are none (recorded).
fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let (server, policy) = policy(org, call)?;
    let view = |index| View::new(server, policy, index, call, Occasion::Read);
    let views: Vec<_> = (0..policy.rules.len()).map(view).collect();
    Ok(Answer::json(StatusCode::OK, &views))
}

fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    policy(org, call)?;
    let draft = Draft::read(body::object(call)?.fields(), &org.people)?;
    let (now, id) = (org.source.now(), org.source.id(IdKind::PolicyRule));
    let index = policy_mut(org, call)?.add_rule(id, draft, now);
    answer(org, call, index, Occasion::Create)
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let index = rows::place(&policy(org, call)?.1.rules, call.grandchild())?;
    answer(org, call, index, Occasion::Read)
}

/// A full replace that moves `lastUpdated` (recorded). Inferred: a status that is left out stays.
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let index = rows::place(&policy(org, call)?.1.rules, call.grandchild())?;
    let draft = Draft::read(body::object(call)?.fields(), &org.people)?;
    let policy = policy_mut(org, call)?;
    let rule = &mut policy.rules[index];
    rule.name = draft.name;
    rule.status = draft.status.unwrap_or(rule.status);
    rule.conditions = draft.conditions;
    rule.token = draft.token;
    rule.last_updated = rule.last_updated.max(now);
    let index = order::shift(&mut policy.rules, index, draft.priority);
    answer(org, call, index, Occasion::Replace)
}

/// A second time it is 404 (recorded). Inferred: the rules behind it move up.
fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    rows::remove(&mut policy_mut(org, call)?.rules, call.grandchild())?;
    Ok(Answer::Empty)
}

fn activate(org: &mut Org, call: &Call<'_>) -> Outcome {
    turn(org, call, Status::Active)
}

fn deactivate(org: &mut Org, call: &Call<'_>) -> Outcome {
    turn(org, call, Status::Inactive)
}

/// 204 (recorded). Inferred from servers: whether or not it changes anything.
fn turn(org: &mut Org, call: &Call<'_>, status: Status) -> Outcome {
    let now = org.source.now();
    let rule = rows::find_mut(&mut policy_mut(org, call)?.rules, call.grandchild())?;
    rule.status.turn(status, &mut rule.last_updated, now);
    Ok(Answer::Empty)
}
