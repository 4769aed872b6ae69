//! Puts the servers of a state into the org. Owns what a server of a state may be that one of a request may not: older,
//! INACTIVE, MANUAL, trusted, and with children.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Ids, at, stamp};
use crate::{
    body::Object,
    claims, order,
    policies::{self, Policy},
    rules, scopes, servers,
    source::{IdKind, Stamp},
    start::{self, StateError},
    state::{DEFAULT_ALIAS, Org, RotationMode, Server, Status},
};

/// Servers that rotate by themselves do it after so many days, so a key cannot be older.
const ROTATION_DAYS: i64 = 90;

pub(super) fn plant(org: &mut Org, ids: &mut Ids, servers: Vec<start::Server>) -> Result<(), StateError> {
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
        servers::Draft::read(object(place, &body)?.fields()).map_err(at(place))
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
        let own = ids.take(&place, scope.id.as_deref(), &mut org.source, IdKind::Scope)?;
        let server = org.servers.find_mut(id).map_err(at(&place))?;
        let draft = scopes::Draft::read(object(&place, scope)?.fields(), None, server.scopes.iter());
        server.add_scope(draft.map_err(at(&place))?.into_scope(own, false));
    }
    for (index, claim) in state.claims.iter().enumerate() {
        let place = format!("{place}.claims[{index}]");
        let own = ids.take(&place, claim.id.as_deref(), &mut org.source, IdKind::Claim)?;
        let server = org.servers.find_mut(id).map_err(at(&place))?;
        let draft = claims::Draft::read(object(&place, claim)?.fields(), None, server.claims.iter());
        server.claims.push(draft.map_err(at(&place))?.into_claim(own, None));
    }
    for (index, policy) in state.policies.iter().enumerate() {
        plant_policy(org, ids, &format!("{place}.policies[{index}]"), id, policy)?;
    }
    Ok(())
}

fn plant_policy(org: &mut Org, ids: &mut Ids, place: &str, id: &str, state: &start::Policy) -> Result<(), StateError> {
    let born = org.servers.find(id).map_err(at(place))?.created;
    let own = ids.take(place, state.id.as_deref(), &mut org.source, IdKind::Policy)?;
    let draft = policies::Draft::read(object(place, state)?.fields()).map_err(at(place))?;
    let priority = draft.priority;
    let mut policy = Policy::new(own, draft, born);
    for (index, rule) in state.rules.iter().enumerate() {
        let place = format!("{place}.rules[{index}]");
        let own = ids.take(&place, rule.id.as_deref(), &mut org.source, IdKind::PolicyRule)?;
        let draft = rules::Draft::read(object(&place, rule)?.fields(), &org.people).map_err(at(&place))?;
        policy.add_rule(own, draft, born);
    }
    let server = org.servers.find_mut(id).map_err(at(place))?;
    order::insert(&mut server.policies, policy, priority);
    Ok(())
}

/// The object as a request would hold it.
fn object(place: &str, state: &impl Serialize) -> Result<Object, StateError> {
    match serde_json::to_value(state) {
        Ok(Value::Object(members)) => Ok(Object::new(members)),
        Ok(_) | Err(_) => Err(StateError::new(place, "it is no object")),
    }
}
