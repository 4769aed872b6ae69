//! Scopes of a server: create, read, replace, delete. Owns how a scope looks and the list of operations; reading bodies
//! is in `input`, the list in `list`, the scopes that come with a server in `system`.

mod input;
mod list;
mod system;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

pub(super) use self::{
    input::Draft,
    system::{of_a_new_server, of_the_default_server},
};
use super::{
    body,
    call::Call,
    changes::Change,
    links::SelfLink,
    routes::Operation,
    rows::{self, Row},
    source::IdKind,
    state::{Org, Server},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listOAuth2Scopes", "/api/v1/authorizationServers/{}/scopes", list::list),
    Operation::post("createOAuth2Scope", "/api/v1/authorizationServers/{}/scopes", create),
    Operation::get("getOAuth2Scope", "/api/v1/authorizationServers/{}/scopes/{}", get),
    Operation::put("replaceOAuth2Scope", "/api/v1/authorizationServers/{}/scopes/{}", replace),
    Operation::delete("deleteOAuth2Scope", "/api/v1/authorizationServers/{}/scopes/{}", delete),
];

/// A scope of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) id: String,
    pub(super) name: String,
    /// Absent if it was never set, empty if it was set so (recorded).
    pub(super) display_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) system: bool,
    pub(super) metadata_publish: MetadataPublish,
    pub(super) consent: Consent,
    pub(super) optional: bool,
    pub(super) default: bool,
}

impl Row for Scope {
    const ENTITY: Entity = Entity::Scope;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Whether the metadata of the server lists a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum MetadataPublish {
    AllClients,
    NoClients,
}

/// Whether the user is asked (spec; FLEXIBLE was never recorded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Consent {
    Flexible,
    Implicit,
    Required,
}

/// Member order as recorded in 2025.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    name: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'s str>,
    /// Null if it was not given (recorded).
    description: Option<&'s str>,
    system: bool,
    metadata_publish: MetadataPublish,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<Consent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    optional: Option<bool>,
    /// Always null (recorded; the spec does not know it).
    #[serde(skip_serializing_if = "Option::is_none")]
    api_resource_id: Option<()>,
    default: bool,
    #[serde(rename = "_links")]
    links: SelfLink,
}

impl<'s> View<'s> {
    fn new(server: &Server, scope: &'s Scope, call: &Call<'_>) -> Self {
        let consent = call.as_of.has(Change::ScopeConsent);
        View {
            id: &scope.id,
            name: &scope.name,
            display_name: scope.display_name.as_deref(),
            description: scope.description.as_deref(),
            system: scope.system,
            metadata_publish: scope.metadata_publish,
            consent: consent.then_some(scope.consent),
            optional: consent.then_some(scope.optional),
            api_resource_id: call.as_of.has(Change::ApiResourceId).then_some(()),
            default: scope.default,
            links: SelfLink::new(scope.href(server, call.base), &["GET", "PUT", "DELETE"]),
        }
    }
}

impl Scope {
    pub(super) fn href(&self, server: &Server, base: &str) -> String {
        format!("{}/scopes/{}", server.href(base), self.id)
    }
}

impl Server {
    /// Adds a scope where the service lists those that clients made: before the system's (recorded).
    pub(super) fn add_scope(&mut self, scope: Scope) -> &Scope {
        let place = self.scopes.iter().position(|scope| scope.system).unwrap_or(self.scopes.len());
        self.scopes.insert(place, scope);
        &self.scopes[place]
    }
}

fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    let draft = Draft::read(body::object(call)?.fields(), None, server.scopes.iter())?;
    let id = server.add_scope(draft.into_scope(org.source.id(IdKind::Scope), false)).id.clone();
    let scope = rows::find(&server.scopes, &id)?;
    Ok(Answer::json(StatusCode::CREATED, &View::new(server, scope, call)))
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let scope = rows::find(&server.scopes, call.child())?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, scope, call)))
}

/// A full replace; a scope that a client made can be renamed (recorded). Inferred: a system scope can be replaced too.
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    let place = rows::place(&server.scopes, call.child())?;
    let former = &server.scopes[place];
    let others = server.scopes.iter().filter(|scope| scope.id != former.id);
    let draft = Draft::read(body::object(call)?.fields(), Some(former), others)?;
    server.scopes[place] = draft.into_scope(former.id.clone(), former.system);
    Ok(Answer::json(StatusCode::OK, &View::new(server, &server.scopes[place], call)))
}

fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find_mut(call.server())?;
    if rows::find(&server.scopes, call.child())?.system {
        // Inferred: 403 is the one refusal that the spec has for this operation besides 404 and 429.
        return Err(Refusal::no_permission());
    }
    rows::remove(&mut server.scopes, call.child())?;
    Ok(Answer::Empty)
}
