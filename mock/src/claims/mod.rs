//! Claims of a server: create, read, replace, delete. Owns how a claim looks and the list of operations; reading bodies
//! is in `input`, the claims that come with a server in `system`.

mod input;
mod system;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

pub(super) use self::{input::Draft, system::of_a_new_server};
use super::{
    body,
    call::Call,
    changes::Change,
    links::SelfLink,
    routes::Operation,
    rows::{self, Row},
    source::IdKind,
    state::{Org, Server, Status},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listOAuth2Claims", "/api/v1/authorizationServers/{}/claims", list),
    Operation::post("createOAuth2Claim", "/api/v1/authorizationServers/{}/claims", create),
    Operation::get("getOAuth2Claim", "/api/v1/authorizationServers/{}/claims/{}", get),
    Operation::put("replaceOAuth2Claim", "/api/v1/authorizationServers/{}/claims/{}", replace),
    Operation::delete("deleteOAuth2Claim", "/api/v1/authorizationServers/{}/claims/{}", delete),
];

/// Which token a claim is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ClaimType {
    Identity,
    Resource,
}

/// What kind of value a claim has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ValueType {
    Expression,
    Groups,
    System,
}

/// Which groups a claim tells (spec; `EQUALS` and `STARTS_WITH` recorded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum GroupFilter {
    Contains,
    Equals,
    Regex,
    StartsWith,
}

/// Where a claim's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Expression(String),
    Groups { pattern: String, filter: GroupFilter },
    System,
}

/// A claim of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) token: ClaimType,
    pub(super) value: Value,
    pub(super) scopes: Vec<String>,
    pub(super) system: bool,
    pub(super) always_include_in_token: bool,
}

impl Row for Claim {
    const ENTITY: Entity = Entity::Claim;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Member order as recorded in 2025.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    name: &'s str,
    status: Status,
    claim_type: ClaimType,
    value_type: ValueType,
    /// Absent for system values (recorded).
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'s str>,
    conditions: Conditions<'s>,
    system: bool,
    always_include_in_token: bool,
    /// Always null (recorded; the spec does not know it).
    #[serde(skip_serializing_if = "Option::is_none")]
    api_resource_id: Option<()>,
    /// The one member in snake case (recorded).
    #[serde(rename = "group_filter_type", skip_serializing_if = "Option::is_none")]
    group_filter: Option<GroupFilter>,
    #[serde(rename = "_links")]
    links: SelfLink,
}

#[derive(Serialize)]
struct Conditions<'s> {
    scopes: &'s [String],
}

impl<'s> View<'s> {
    fn new(server: &Server, claim: &'s Claim, call: &Call<'_>) -> Self {
        let (value, group_filter) = match &claim.value {
            Value::Expression(expression) => (Some(expression.as_str()), None),
            Value::Groups { pattern, filter } => (Some(pattern.as_str()), Some(*filter)),
            Value::System => (None, None),
        };
        View {
            id: &claim.id,
            name: &claim.name,
            status: claim.status,
            claim_type: claim.token,
            value_type: claim.value.kind(),
            value,
            conditions: Conditions { scopes: &claim.scopes },
            system: claim.system,
            always_include_in_token: claim.always_include_in_token,
            api_resource_id: call.as_of.has(Change::ApiResourceId).then_some(()),
            group_filter,
            links: SelfLink::new(format!("{}/claims/{}", server.href(call.base), claim.id), &["GET", "PUT", "DELETE"]),
        }
    }
}

/// Never paged (recorded; spec). The order varies between recordings.
fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let claims: Vec<_> = server.claims.iter().map(|claim| View::new(server, claim, call)).collect();
    Ok(Answer::json(StatusCode::OK, &claims))
}

fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    let draft = Draft::read(body::object(call)?.fields(), None, server.claims.iter())?;
    let claim = draft.into_claim(org.source.id(IdKind::Claim), None);
    let answer = Answer::json(StatusCode::CREATED, &View::new(server, &claim, call));
    server.claims.push(claim);
    Ok(answer)
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let claim = rows::find(&server.claims, call.child())?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, claim, call)))
}

/// A full replace, of system claims too (recorded: `alwaysIncludeInToken` of one was switched).
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    let place = rows::place(&server.claims, call.child())?;
    let former = &server.claims[place];
    let others = server.claims.iter().filter(|claim| claim.id != former.id);
    let draft = Draft::read(body::object(call)?.fields(), Some(former), others)?;
    server.claims[place] = draft.into_claim(former.id.clone(), Some(former));
    Ok(Answer::json(StatusCode::OK, &View::new(server, &server.claims[place], call)))
}

fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    if rows::find(&server.claims, call.child())?.system {
        // Users report that `sub` cannot be deleted. Inferred: nor can the others; 403 is what the spec has for it.
        return Err(Refusal::no_permission());
    }
    rows::remove(&mut server.claims, call.child())?;
    Ok(Answer::Empty)
}
