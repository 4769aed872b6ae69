//! Puts a state into a new org. Owns what makes a state contradict itself, and what a server of a state may be that one of a request may
//! not: older, INACTIVE, MANUAL, trusted, and with children. Otherwise its parts are judged by the same rules as requests.

mod people;

pub(super) use self::people::sign_in;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    body::Object,
    claims::Claim,
    clients::{Client, RefreshToken},
    limits::{Holder, OwnBudget},
    policies::Policy,
    rows,
    rules::Rule,
    scopes::Scope,
    servers,
    source::{Source, Stamp},
    start::{self, State, StateError},
    state::{DEFAULT_ALIAS, Org, RotationMode, Server, Status},
    token::ServiceApp,
    wire::{Entity, Refusal},
};

/// How long a refresh token lives if the state does not say.
const REFRESH_DAYS: i64 = 7;
const LONGEST_ID: usize = 64;

/// What a refusal says, of the place in the state that led to it.
fn at(place: &str) -> impl Fn(Refusal) -> StateError + '_ {
    |refusal| StateError::new(place, refusal.reason())
}

/// The ids that are taken.
#[derive(Default)]
struct Ids(HashSet<String>);

impl Ids {
    /// Takes the id of the state, or makes one.
    fn take(&mut self, place: &str, id: Option<&str>, source: &mut Source, kind: Entity) -> Result<String, StateError> {
        let id = id.map_or_else(|| source.id(kind), str::to_owned);
        self.claim(place, &id)?;
        Ok(id)
    }

    fn claim(&mut self, place: &str, id: &str) -> Result<(), StateError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(fits) {
            return Err(StateError::new(place, format!("`{id}` is no id: 1 to 64 letters, digits, `-` and `_`")));
        }
        if !self.0.insert(id.to_owned()) {
            return Err(StateError::new(place, format!("the id `{id}` is taken")));
        }
        Ok(())
    }
}

/// Takes the state over.
pub(super) fn plant(org: &mut Org, mut state: State) -> Result<(), StateError> {
    let text = std::mem::take(&mut state.text);
    take_over(org, state).map_err(|error| if text.is_empty() { error } else { error.located(&text) })
}

/// In the order of what refers to what.
fn take_over(org: &mut Org, state: State) -> Result<(), StateError> {
    let mut ids = Ids::default();
    people::plant(org, &mut ids, state.users, state.groups)?;
    plant_servers(org, &mut ids, state.servers)?;
    for (index, client) in state.clients.into_iter().enumerate() {
        ids.claim(&format!("clients[{index}]"), &client.id)?;
        org.clients.push(Client { id: client.id, name: client.name, uri: client.client_uri, logo: client.logo_uri });
    }
    for (index, app) in state.apps.into_iter().enumerate() {
        people::plant_app(org, &mut ids, &format!("apps[{index}]"), app)?;
    }
    for (index, token) in state.refresh_tokens.into_iter().enumerate() {
        plant_refresh_token(org, &mut ids, &format!("refreshTokens[{index}]"), token)?;
    }
    for (index, app) in state.service_apps.into_iter().enumerate() {
        plant_service_app(org, &format!("serviceApps[{index}]"), app)?;
    }
    state.login.map_or(Ok(()), |login| sign_in(org, &login))
}

fn plant_refresh_token(
    org: &mut Org,
    ids: &mut Ids,
    place: &str,
    token: start::RefreshToken,
) -> Result<(), StateError> {
    rows::find(&org.clients, &token.client).map_err(at(place))?;
    let server = org.servers.find(&token.server).map_err(at(place))?.id.clone();
    if !org.people.has_user(&token.user) {
        return Err(StateError::new(place, format!("there is no user `{}`", token.user)));
    }
    let created = token.created.map_or_else(|| org.source.now(), stamp);
    let id = ids.take(place, token.id.as_deref(), &mut org.source, Entity::RefreshToken)?;
    org.refresh_tokens.push(RefreshToken {
        id,
        client: token.client,
        server,
        user: token.user,
        scopes: token.scopes,
        created,
        expires: token.expires_at.map_or_else(|| created.plus_days(REFRESH_DAYS), stamp),
        session: None,
    });
    Ok(())
}

/// A service app may have the id of a client: it is one more thing that the client can do.
fn plant_service_app(org: &mut Org, place: &str, app: start::ServiceApp) -> Result<(), StateError> {
    if app.client_secret.is_none() && app.jwks.is_none() {
        return Err(StateError::new(place, "the app has neither a secret nor keys"));
    }
    if org.service_apps.iter().any(|other| other.client_id == app.client_id) {
        return Err(StateError::new(place, format!("the id `{}` is taken", app.client_id)));
    }
    org.service_apps.push(ServiceApp {
        client_id: app.client_id,
        client_secret: app.client_secret,
        keys: app.jwks.map(|set| set.keys).unwrap_or_default(),
        scopes: app.scopes.into_iter().collect(),
        is_dpop_bound: app.dpop_bound_access_tokens,
        token_lifetime: app.token_lifetime.map(|seconds| i64::from(seconds.get())),
        own_budget: app.rate_limit.map(|limit| OwnBudget { holder: Holder::App(org.service_apps.len()), limit }),
    });
    Ok(())
}

/// Whole seconds, as everywhere.
fn stamp(moment: DateTime<Utc>) -> Stamp {
    Stamp(moment.timestamp())
}

/// Servers that rotate by themselves do it after so many days, so a key cannot be older.
const ROTATION_DAYS: i64 = 90;

fn plant_servers(org: &mut Org, ids: &mut Ids, servers: Vec<start::Server>) -> Result<(), StateError> {
    let mut trusts = Vec::new();
    for (index, mut server) in servers.into_iter().enumerate() {
        let place = format!("servers[{index}]");
        let trusted = std::mem::take(&mut server.associated);
        let id = plant_server(org, ids, &place, &server)?;
        plant_children(org, ids, &place, &id, &server)?;
        trusts.push((format!("{place}.associated"), id, trusted));
    }
    // Only now, as servers may trust those behind them.
    for (place, id, trusted) in trusts {
        for name in trusted {
            let other = org.servers.find(&name).map_err(at(&place))?.id.clone();
            org.servers.find_mut(&id).map_err(at(&place))?.trusted.push(other);
        }
    }
    Ok(())
}

/// The server itself; says its id.
fn plant_server(org: &mut Org, ids: &mut Ids, place: &str, state: &start::Server) -> Result<String, StateError> {
    let now = org.source.now();
    let draft = |former: Option<&Server>| {
        let body = json!({
            "name": state.name.as_ref().or(former.map(|server| &server.name)),
            "description": state.description.as_ref().or(former.and_then(|server| server.description.as_ref())),
            "audiences": state.audiences.clone().or_else(|| former.map(|server| vec![server.audience.clone()])),
            "issuerMode": state.issuer_mode,
            "status": state.status,
            "credentials": {"signing": {"rotationMode": state.rotation_mode}},
        });
        servers::Draft::read(&object(place, &body)?.fields()).map_err(at(place))
    };
    if state.id.as_deref() == Some(DEFAULT_ALIAS) {
        ids.claim(place, DEFAULT_ALIAS)?;
        let former = org.servers.find_mut(DEFAULT_ALIAS).map_err(at(place))?;
        let draft = draft(Some(former))?;
        former.issuer_mode = draft.issuer_mode.unwrap_or(former.issuer_mode);
        let (status, mode) = (draft.status, draft.rotation_mode);
        (former.name, former.description, former.audience) = (draft.name, draft.description, draft.audience);
        age(former, place, state, now, status, mode)?;
        return Ok(former.id.clone());
    }
    let draft = draft(None)?;
    let (status, mode) = (draft.status, draft.rotation_mode);
    let mut server = draft.into_server(&mut org.source, now, org.issuer_mode, org.as_of).map_err(at(place))?;
    if let Some(id) = &state.id {
        server.id.clone_from(id);
    }
    ids.claim(place, &server.id)?;
    age(&mut server, place, state, now, status, mode)?;
    Ok(org.servers.insert(server).id.clone())
}

/// Sets what a request cannot: dates, status and rotation.
fn age(
    server: &mut Server,
    place: &str,
    state: &start::Server,
    now: Stamp,
    status: Option<Status>,
    mode: Option<RotationMode>,
) -> Result<(), StateError> {
    server.status = status.unwrap_or(server.status);
    server.rotation_mode = mode.unwrap_or(server.rotation_mode);
    if let Some(created) = state.created.map(stamp) {
        (server.created, server.last_updated, server.last_rotated) = (created, created, created);
    }
    if let Some(rotated) = state.last_rotated.map(stamp) {
        server.last_rotated = rotated;
    }
    let overdue = match server.rotation_mode {
        RotationMode::Auto => server.last_rotated.plus_days(ROTATION_DAYS) <= now,
        RotationMode::Manual => false,
    };
    if overdue {
        return Err(StateError::new(
            place,
            "the key of a server that rotates by itself is less than 90 days old: give a later lastRotated, or \
             rotationMode MANUAL",
        ));
    }
    Ok(())
}

fn plant_children(
    org: &mut Org,
    ids: &mut Ids,
    place: &str,
    id: &str,
    state: &start::Server,
) -> Result<(), StateError> {
    for (index, scope) in state.scopes.iter().enumerate() {
        let place = format!("{place}.scopes[{index}]");
        let own = ids.take(&place, scope.id.as_deref(), &mut org.source, Entity::Scope)?;
        let server = org.servers.find_mut(id).map_err(at(&place))?;
        let scope = Scope::read(&object(&place, scope)?.fields(), None, server.scopes.iter()).map_err(at(&place))?;
        server.add_scope(Scope { id: own, ..scope });
    }
    for (index, claim) in state.claims.iter().enumerate() {
        let place = format!("{place}.claims[{index}]");
        let own = ids.take(&place, claim.id.as_deref(), &mut org.source, Entity::Claim)?;
        let server = org.servers.find_mut(id).map_err(at(&place))?;
        let claim = Claim::read(&object(&place, claim)?.fields(), None, server.claims.iter()).map_err(at(&place))?;
        server.claims.push(Claim { id: own, ..claim });
    }
    for (index, policy) in state.policies.iter().enumerate() {
        plant_policy(org, ids, &format!("{place}.policies[{index}]"), id, policy)?;
    }
    Ok(())
}

fn plant_policy(org: &mut Org, ids: &mut Ids, place: &str, id: &str, state: &start::Policy) -> Result<(), StateError> {
    let born = org.servers.find(id).map_err(at(place))?.created;
    let own = ids.take(place, state.id.as_deref(), &mut org.source, Entity::Policy)?;
    let (policy, priority) = Policy::read(&object(place, state)?.fields(), None, born).map_err(at(place))?;
    let mut policy = Policy { id: own, ..policy };
    for (index, rule) in state.rules.iter().enumerate() {
        let place = format!("{place}.rules[{index}]");
        let own = ids.take(&place, rule.id.as_deref(), &mut org.source, Entity::PolicyRule)?;
        let rule = Rule::read(&object(&place, rule)?.fields(), &org.people, None, born);
        let (rule, priority) = rule.map_err(at(&place))?;
        policy.add_rule(own, rule, priority);
    }
    let server = org.servers.find_mut(id).map_err(at(place))?;
    rows::insert(&mut server.policies, policy, priority);
    Ok(())
}

/// The object as a request would hold it.
fn object(place: &str, state: &impl Serialize) -> Result<Object, StateError> {
    match serde_json::to_value(state) {
        Ok(Value::Object(members)) => Ok(Object::new(members)),
        Ok(_) | Err(_) => Err(StateError::new(place, "it is no object")),
    }
}
