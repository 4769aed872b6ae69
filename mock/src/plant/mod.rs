//! Puts a state into a new org. Owns what makes a state contradict itself; servers and their children, which are
//! judged by the same rules as requests, are in `server`.

mod server;

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{
    clients::{Client, RefreshToken},
    limits::{Holder, OwnBudget},
    rows,
    source::{IdKind, Source, Stamp},
    start::{self, State, StateError},
    state::Org,
    token::ServiceApp,
    wire::Refusal,
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
    fn take(&mut self, place: &str, id: Option<&str>, source: &mut Source, kind: IdKind) -> Result<String, StateError> {
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
    for (index, named) in state.users.into_iter().enumerate() {
        ids.claim(&format!("users[{index}]"), &named.id)?;
        org.people.users.insert(named.id, named.name);
    }
    for (index, named) in state.groups.into_iter().enumerate() {
        ids.claim(&format!("groups[{index}]"), &named.id)?;
        org.people.groups.insert(named.id, named.name);
    }
    server::plant(org, &mut ids, state.servers)?;
    for (index, client) in state.clients.into_iter().enumerate() {
        ids.claim(&format!("clients[{index}]"), &client.id)?;
        org.clients.push(Client { id: client.id, name: client.name, uri: client.client_uri, logo: client.logo_uri });
    }
    for (index, token) in state.refresh_tokens.into_iter().enumerate() {
        plant_refresh_token(org, &mut ids, &format!("refreshTokens[{index}]"), token)?;
    }
    for (index, app) in state.service_apps.into_iter().enumerate() {
        plant_service_app(org, &format!("serviceApps[{index}]"), app)?;
    }
    Ok(())
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
    let id = ids.take(place, token.id.as_deref(), &mut org.source, IdKind::RefreshToken)?;
    org.refresh_tokens.push(RefreshToken {
        id,
        client: token.client,
        server,
        user: token.user,
        scopes: token.scopes,
        created,
        expires: token.expires_at.map_or_else(|| created.plus_days(REFRESH_DAYS), stamp),
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
