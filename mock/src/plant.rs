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

/// What is wrong with one part of a state.
type Wrong = Vec<StateError>;

/// One mistake.
fn wrong(place: &str, message: impl Into<String>) -> Wrong {
    vec![StateError::new(place, message)]
}

/// One mistake, in a member of what is at the place.
fn wrong_member(place: &str, member: &str, message: impl Into<String>) -> Wrong {
    vec![StateError::of_member(place, member, message)]
}

/// What a refusal says, of the place in the state that led to it. Causes name the member.
fn at(place: &str) -> impl Fn(Refusal) -> Wrong + '_ {
    |refusal| {
        if refusal.causes().is_empty() {
            return wrong(place, refusal.reason());
        }
        let cause = |cause: &String| {
            // A state has members of a request in places of its own.
            let member = cause.split(':').next().unwrap_or_default().trim_start_matches("credentials.signing.");
            StateError::of_member(place, member, cause.clone())
        };
        refusal.causes().iter().map(cause).collect()
    }
}

/// The same of a member that names something.
fn at_member<'p>(place: &'p str, member: &'p str) -> impl Fn(Refusal) -> Wrong + 'p {
    move |refusal| wrong_member(place, member, refusal.reason())
}

/// The ids that are taken, and all mistakes up to now.
#[derive(Default)]
struct Findings {
    ids: HashSet<String>,
    mistakes: Vec<StateError>,
}

impl Findings {
    /// What there is, if nothing is wrong with it; else what is wrong is kept.
    fn note<T>(&mut self, outcome: Result<T, Wrong>) -> Option<T> {
        outcome.map_err(|wrong| self.mistakes.extend(wrong)).ok()
    }

    /// The id of the state, or one that is made. One that cannot be is a mistake, and is used all the same.
    fn take(&mut self, place: &str, id: Option<&str>, source: &mut Source, kind: Entity) -> String {
        let id = id.map_or_else(|| source.id(kind), str::to_owned);
        self.claim(place, "id", &id);
        id
    }

    fn claim(&mut self, place: &str, member: &str, id: &str) {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let message = if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(fits) {
            format!("`{id}` is no id: 1 to 64 letters, digits, `-` and `_`")
        } else if self.ids.insert(id.to_owned()) {
            return;
        } else {
            format!("the id `{id}` is taken")
        };
        self.mistakes.push(StateError::of_member(place, member, message));
    }
}

/// Takes the state over.
pub(super) fn plant(org: &mut Org, state: State) -> Result<(), StateError> {
    judge(org, state).into_iter().next().map_or(Ok(()), Err)
}

/// Takes the state over, and says everything that contradicts itself in it. If anything does, the org is not to be used.
pub(super) fn judge(org: &mut Org, mut state: State) -> Vec<StateError> {
    let text = std::mem::take(&mut state.text);
    let mut findings = Findings::default();
    take_over(org, &mut findings, state);
    let locate = |mistake: StateError| if text.is_empty() { mistake } else { mistake.located(&text) };
    findings.mistakes.into_iter().map(locate).collect()
}

/// In the order of what refers to what.
fn take_over(org: &mut Org, findings: &mut Findings, state: State) {
    people::plant(org, findings, state.users, state.groups);
    plant_servers(org, findings, state.servers);
    for (index, client) in state.clients.into_iter().enumerate() {
        findings.claim(&format!("clients[{index}]"), "id", &client.id);
        org.clients.push(Client { id: client.id, name: client.name, uri: client.client_uri, logo: client.logo_uri });
    }
    for (index, app) in state.apps.into_iter().enumerate() {
        people::plant_app(org, findings, &format!("apps[{index}]"), app);
    }
    for (index, token) in state.refresh_tokens.into_iter().enumerate() {
        let outcome = plant_refresh_token(org, findings, &format!("refreshTokens[{index}]"), token);
        findings.note(outcome);
    }
    for (index, app) in state.service_apps.into_iter().enumerate() {
        findings.note(plant_service_app(org, &format!("serviceApps[{index}]"), app));
    }
    if let Some(login) = state.login {
        findings.note(sign_in(org, &login).map_err(|error| vec![error]));
    }
}

fn plant_refresh_token(
    org: &mut Org,
    findings: &mut Findings,
    place: &str,
    token: start::RefreshToken,
) -> Result<(), Wrong> {
    let client = rows::find(&org.clients, &token.client).map_err(at_member(place, "client"));
    let server = org.servers.find(&token.server).map_err(at_member(place, "server"));
    let user = if org.people.has_user(&token.user) {
        Ok(())
    } else {
        Err(wrong_member(place, "user", format!("there is no user `{}`", token.user)))
    };
    let (client, server) = (findings.note(client).is_some(), findings.note(server).map(|server| server.id.clone()));
    user?;
    let Some(server) = server.filter(|_| client) else { return Ok(()) };
    let created = token.created.map_or_else(|| org.source.now(), stamp);
    let id = findings.take(place, token.id.as_deref(), &mut org.source, Entity::RefreshToken);
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
fn plant_service_app(org: &mut Org, place: &str, app: start::ServiceApp) -> Result<(), Wrong> {
    if app.client_secret.is_none() && app.jwks.is_none() {
        return Err(wrong(place, "the app has neither a secret nor keys"));
    }
    if org.service_apps.iter().any(|other| other.client_id == app.client_id) {
        return Err(wrong_member(place, "clientId", format!("the id `{}` is taken", app.client_id)));
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

fn plant_servers(org: &mut Org, findings: &mut Findings, servers: Vec<start::Server>) {
    let mut trusts = Vec::new();
    for (index, mut server) in servers.into_iter().enumerate() {
        let place = format!("servers[{index}]");
        let trusted = std::mem::take(&mut server.associated);
        let id = plant_server(org, findings, &place, &server);
        let children = plant_children(org, findings, &place, &id, &server);
        findings.note(children);
        trusts.push((format!("{place}.associated"), id, trusted));
    }
    // Only now, as servers may trust those behind them.
    for (place, id, trusted) in trusts {
        for (index, name) in trusted.into_iter().enumerate() {
            let other = org.servers.find(&name).map(|server| server.id.clone());
            let wrong = |refusal: Refusal| StateError {
                exact: Some(format!("{place}[{index}]")),
                ..StateError::new(&place, refusal.reason())
            };
            let other = findings.note(other.map_err(|refusal| vec![wrong(refusal)]));
            if let (Some(other), Ok(server)) = (other, org.servers.find_mut(&id)) {
                server.trusted.push(other);
            }
        }
    }
}

/// The server itself; says its id. One with which something is wrong is there all the same, so that its children can be judged.
fn plant_server(org: &mut Org, findings: &mut Findings, place: &str, state: &start::Server) -> String {
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
    if state.id.as_deref() == Some(DEFAULT_ALIAS)
        && let Ok(former) = org.servers.find_mut(DEFAULT_ALIAS)
    {
        findings.claim(place, "id", DEFAULT_ALIAS);
        if let Some(draft) = findings.note(draft(Some(former))) {
            former.issuer_mode = draft.issuer_mode.unwrap_or(former.issuer_mode);
            let (status, mode) = (draft.status, draft.rotation_mode);
            (former.name, former.description, former.audience) = (draft.name, draft.description, draft.audience);
            findings.note(age(former, place, state, now, status, mode));
        }
        return former.id.clone();
    }
    let draft = findings.note(draft(None));
    let (status, mode) = draft.as_ref().map_or((None, None), |draft| (draft.status, draft.rotation_mode));
    let made =
        draft.map(|draft| draft.into_server(&mut org.source, now, org.issuer_mode, org.as_of).map_err(at(place)));
    let made = made.and_then(|made| findings.note(made));
    let mut server = made.unwrap_or_else(|| Server::new(&mut org.source, now, org.issuer_mode, org.as_of));
    if let Some(id) = &state.id {
        server.id.clone_from(id);
    }
    findings.claim(place, "id", &server.id);
    findings.note(age(&mut server, place, state, now, status, mode));
    org.servers.insert(server).id.clone()
}

/// Sets what a request cannot: dates, status and rotation.
fn age(
    server: &mut Server,
    place: &str,
    state: &start::Server,
    now: Stamp,
    status: Option<Status>,
    mode: Option<RotationMode>,
) -> Result<(), Wrong> {
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
        let member = if state.last_rotated.is_some() { "lastRotated" } else { "created" };
        return Err(wrong_member(
            place,
            member,
            "the key of a server that rotates by itself is less than 90 days old: give a later lastRotated, or \
             rotationMode MANUAL",
        ));
    }
    Ok(())
}

fn plant_children(
    org: &mut Org,
    findings: &mut Findings,
    place: &str,
    id: &str,
    state: &start::Server,
) -> Result<(), Wrong> {
    for (index, scope) in state.scopes.iter().enumerate() {
        let place = format!("{place}.scopes[{index}]");
        let own = findings.take(&place, scope.id.as_deref(), &mut org.source, Entity::Scope);
        let server = org.servers.find_mut(id).map_err(at(&place))?;
        let scope =
            Scope::read(&object(&place, scope)?.fields(), None, false, server.scopes.iter()).map_err(at(&place));
        if let Some(scope) = findings.note(scope) {
            server.add_scope(Scope { id: own, ..scope });
        }
    }
    for (index, claim) in state.claims.iter().enumerate() {
        let place = format!("{place}.claims[{index}]");
        let own = findings.take(&place, claim.id.as_deref(), &mut org.source, Entity::Claim);
        let server = org.servers.find_mut(id).map_err(at(&place))?;
        let claim = Claim::read(&object(&place, claim)?.fields(), None, server.claims.iter()).map_err(at(&place));
        if let Some(claim) = findings.note(claim) {
            server.claims.push(Claim { id: own, ..claim });
        }
    }
    for (index, policy) in state.policies.iter().enumerate() {
        plant_policy(org, findings, &format!("{place}.policies[{index}]"), id, policy)?;
    }
    Ok(())
}

fn plant_policy(
    org: &mut Org,
    findings: &mut Findings,
    place: &str,
    id: &str,
    state: &start::Policy,
) -> Result<(), Wrong> {
    let born = org.servers.find(id).map_err(at(place))?.created;
    let own = findings.take(place, state.id.as_deref(), &mut org.source, Entity::Policy);
    let policy = Policy::read(&object(place, state)?.fields(), None, born).map_err(at(place));
    let mut rules = Vec::new();
    let policy = findings.note(policy);
    for (index, rule) in state.rules.iter().enumerate() {
        let place = format!("{place}.rules[{index}]");
        let own = findings.take(&place, rule.id.as_deref(), &mut org.source, Entity::PolicyRule);
        let rule = Rule::read(&object(&place, rule)?.fields(), &org.people, None, born).map_err(at(&place));
        rules.extend(findings.note(rule).map(|(rule, priority)| (own, rule, priority)));
    }
    let Some((policy, priority)) = policy else { return Ok(()) };
    let mut policy = Policy { id: own, ..policy };
    for (own, rule, priority) in rules {
        policy.add_rule(own, rule, priority);
    }
    let server = org.servers.find_mut(id).map_err(at(place))?;
    rows::insert(&mut server.policies, policy, priority);
    Ok(())
}

/// The object as a request would hold it.
fn object(place: &str, state: &impl Serialize) -> Result<Object, Wrong> {
    match serde_json::to_value(state) {
        Ok(Value::Object(members)) => Ok(Object::new(members)),
        Ok(_) | Err(_) => Err(wrong(place, "it is no object")),
    }
}
