//! Refresh tokens: the first one of a grant, and what becomes of one that is used (RFC 6749, section 6). Owns rotation, reuse and their
//! refusals (catalogue). Reading and revoking them by the API is in `clients`.

use std::sync::Arc;

use axum::http::StatusCode;

use super::{Granted, Signed, grant, policy, scopes};
use crate::{
    apps::App,
    call::{Call, Query},
    clients::{RefreshToken, Session},
    norm::Norm,
    source::Stamp,
    start::{GrantType, RotationType},
    state::Org,
    wire::{Entity, Refusal},
};

/// How many refresh tokens there can be; the oldest goes for a new one.
const MOST: usize = 10_000;
/// How many former texts of a rotating token are known as such.
const MOST_FORMER: usize = 100;
const SCOPE: &str = "offline_access";

const INVALID: &str = "The refresh token is invalid or expired.";

/// A refresh token that an answer gives.
pub(super) struct Refreshed {
    pub(super) id: String,
    session: Option<Session>,
}

fn invalid() -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_grant", INVALID)
}

/// The first refresh token of a grant, if it has one: for a user who is to stay signed in, and a client that may use it.
pub(super) fn first(org: &mut Org, call: &Call<'_>, granted: &Granted) -> Option<Refreshed> {
    let signed = granted.signed.as_ref()?;
    let is_wanted = granted.has_scope(SCOPE) || !call.keeps(Norm::OfflineAccess);
    if !is_wanted || !granted.app.has_grant(GrantType::RefreshToken) {
        return None;
    }
    let now = org.source.now();
    let session = Session {
        text: org.source.secret(),
        former: Vec::new(),
        grant: granted.grant,
        signed_in: signed.at,
        ends: granted.lifetimes.refresh.map(|seconds| now.plus_seconds(seconds)),
    };
    let id = org.source.id(Entity::RefreshToken);
    let expires = expiry(now, granted, session.ends);
    org.refresh_tokens.push(RefreshToken {
        id: id.clone(),
        client: granted.app.client_id.clone(),
        server: granted.server.clone(),
        user: signed.user.clone(),
        scopes: granted.scopes.clone(),
        created: now,
        expires,
        session: Some(session),
    });
    if org.refresh_tokens.len() > MOST {
        org.refresh_tokens.remove(0);
    }
    Some(Refreshed { id, session: None })
}

/// A token that goes unused for a while, or has lived its time, is not good any more.
fn expiry(now: Stamp, granted: &Granted, ends: Option<Stamp>) -> Stamp {
    let unused = now.plus_seconds(granted.lifetimes.window);
    ends.map_or(unused, |ends| ends.min(unused))
}

/// What a refresh token is exchanged for. Policies are asked again (release notes of 2018, OKTA-117622), by the grant that the token is of.
pub(super) fn exchange(
    org: &mut Org,
    call: &Call<'_>,
    server: &str,
    app: &Arc<App>,
    form: &Query,
) -> Result<(Granted, Refreshed), Refusal> {
    let now = org.source.now();
    let text = form.get("refresh_token").ok_or_else(|| {
        // Inferred.
        Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", "The 'refresh_token' parameter is required.")
    })?;
    let (row, session) = find(org, app, text, now)?;
    if row.server != server && call.keeps(Norm::RefreshServer) {
        return Err(grant::of_another_server());
    }
    let wanted = narrowed(org, call, &row, form.get("scope"))?;
    let user = org.people.users.get(&row.user).filter(|user| user.is_active).ok_or_else(invalid)?;
    grant::assigned(app, user)?;
    let asked = scopes::Asked::Explicit(wanted);
    let request = policy::Request { call, app, grant: session.grant, user: Some(user), asked: &asked };
    let permit = if call.keeps(Norm::RefreshPolicy) {
        policy::decide(org, org.servers.find(server)?, &request)?
    } else {
        policy::anything(&request)
    };
    let granted = Granted {
        server: row.server,
        app: Arc::clone(app),
        grant: session.grant,
        signed: Some(Signed { user: row.user, at: session.signed_in }),
        scopes: permit.scopes,
        lifetimes: permit.lifetimes,
        nonce: None,
    };
    let next = used(org, call, app, text, session, now);
    if let Some(row) = org.refresh_tokens.iter_mut().find(|token| token.id == row.id) {
        row.expires = expiry(now, &granted, next.ends);
    }
    Ok((granted, Refreshed { id: row.id, session: Some(next) }))
}

/// The refresh token with this text. Docs: one that was replaced works on for its leeway; then its use ends the whole family.
fn find(org: &mut Org, app: &App, text: &str, now: Stamp) -> Result<(RefreshToken, Session), Refusal> {
    let own = |token: &&RefreshToken| token.client == app.client_id && token.expires > now;
    let found = org.refresh_tokens.iter().filter(own).find_map(|token| {
        let session = token.session.as_ref()?;
        let leeway = i64::from(app.rotation.leeway);
        let former = session.former.iter().find(|(former, _)| former == text);
        match former {
            _ if session.text == text => Some((true, token, session)),
            Some((_, replaced)) => Some((now < replaced.plus_seconds(leeway), token, session)),
            None => None,
        }
    });
    let (is_good, token, session) = found.ok_or_else(invalid)?;
    let (token, session) = (token.clone(), session.clone());
    if is_good {
        return Ok((token, session));
    }
    org.end_family(&token.id);
    Err(invalid())
}

/// The scopes that are wanted of those that were granted. Inferred: one that the server has lost is not among them any more.
fn narrowed(org: &Org, call: &Call<'_>, token: &RefreshToken, scope: Option<&str>) -> Result<Vec<String>, Refusal> {
    let server = org.servers.find(&token.server)?;
    let there = |name: &&String| server.scopes.iter().any(|scope| scope.name == **name);
    let granted: Vec<String> = token.scopes.iter().filter(there).cloned().collect();
    let wanted: Vec<&str> = scope.unwrap_or_default().split(' ').filter(|name| !name.is_empty()).collect();
    let wider: Vec<&str> =
        wanted.iter().copied().filter(|name| token.scopes.iter().all(|scope| scope != name)).collect();
    if !wider.is_empty() && !call.keeps(Norm::RefreshWider) {
        return Ok(wanted.into_iter().map(str::to_owned).collect());
    }
    if !wider.is_empty() {
        let description = format!(
            "Some of the scopes requested for the refresh request were not granted in the original authorize request. \
             Denied scopes: {}.",
            wider.join(", ")
        );
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "access_denied", description));
    }
    let is_wanted =
        |name: &String| wanted.is_empty() || wanted.contains(&name.as_str()) || !call.keeps(Norm::RefreshNarrower);
    Ok(granted.into_iter().filter(is_wanted).collect())
}

/// What the token is after its use. A use within the leeway gives the text that is good by now (inferred).
fn used(org: &mut Org, call: &Call<'_>, app: &App, text: &str, session: Session, now: Stamp) -> Session {
    let rotates = match app.rotation.rotation_type {
        RotationType::Rotate => call.keeps(Norm::RefreshRotation),
        RotationType::Static => !call.keeps(Norm::RefreshSame),
    };
    if !rotates || session.text != text {
        return session;
    }
    let mut former = session.former;
    former.push((session.text, now));
    if former.len() > MOST_FORMER {
        former.remove(0);
    }
    Session { text: org.source.secret(), former, ..session }
}

/// The text that an answer gives; only now the former one is replaced.
pub(super) fn give(org: &mut Org, refreshed: &Refreshed) -> String {
    let token = org.refresh_tokens.iter_mut().find(|token| token.id == refreshed.id);
    let Some(token) = token else { return String::new() };
    if let Some(session) = &refreshed.session {
        token.session = Some(session.clone());
    }
    token.session.as_ref().map(|session| session.text.clone()).unwrap_or_default()
}
