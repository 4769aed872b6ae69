//! Which grant a request asks for, whether the client has it, and who signs in. Owns these refusals (catalogue).

use std::sync::Arc;

use axum::http::StatusCode;

use super::{Granted, policy, scopes};
use crate::{
    apps::App,
    call::{Call, Query},
    norm::Norm,
    people::User,
    source::Stamp,
    start::GrantType,
    state::Org,
    wire::Refusal,
};

/// What the endpoint knows, in the order in which it is told.
const SERVED: [GrantType; 6] = [
    GrantType::AuthorizationCode,
    GrantType::RefreshToken,
    GrantType::Password,
    GrantType::ClientCredentials,
    GrantType::DeviceCode,
    GrantType::TokenExchange,
];

const WRONG_CREDENTIALS: &str = "The credentials provided were invalid.";
const NOT_ASSIGNED: &str = "User is not assigned to the client application.";

/// A user who signed in.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    /// The id.
    pub(crate) user: String,
    pub(crate) at: Stamp,
}

fn names(grants: &[GrantType]) -> String {
    grants.iter().map(|grant| grant.name()).collect::<Vec<_>>().join(", ")
}

pub(super) fn unsupported() -> Refusal {
    let description = format!(
        "The authorization grant type is not supported by the authorization server. Configured grant types: [{}].",
        names(&SERVED)
    );
    Refusal::oauth(StatusCode::BAD_REQUEST, "unsupported_grant_type", description)
}

/// The grant that is asked for.
pub(super) fn asked(call: &Call<'_>, app: &App, form: &Query) -> Result<GrantType, Refusal> {
    let Some(name) = form.get("grant_type") else {
        let description = format!("The token request must specify a 'grant_type'. Valid values: [{}]", names(&SERVED));
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", description));
    };
    let grant = SERVED.into_iter().find(|grant| grant.name() == name).ok_or_else(unsupported)?;
    if !app.has_grant(grant) && call.keeps(Norm::GrantOfClient) {
        return Err(unauthorized(app));
    }
    Ok(grant)
}

/// A client that does not have a grant.
pub(crate) fn unauthorized(app: &App) -> Refusal {
    let description = format!(
        "The client is not authorized to use the provided grant type. Configured grant types: [{}].",
        names(&app.grant_types)
    );
    Refusal::oauth(StatusCode::BAD_REQUEST, "unauthorized_client", description)
}

/// A code or token that another server gave.
pub(super) fn of_another_server() -> Refusal {
    let description = "The grant was issued for another authorization server.";
    Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", description)
}

/// A code that another client was given.
pub(super) fn of_another_client() -> Refusal {
    let description = "The grant was issued to another client. Please make sure the 'client_id' matches the one used at the authorize request.";
    Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_grant", description)
}

/// The user whose login and password were sent.
pub(super) fn by_password(org: &mut Org, call: &Call<'_>, app: &App, form: &Query) -> Result<Signed, Refusal> {
    let at = org.source.now();
    let (Some(login), Some(password)) = (form.get("username"), form.get("password")) else {
        // Inferred.
        let description = "The 'username' and 'password' parameters are required.";
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_request", description));
    };
    let is_right = |user: &User| user.password.as_deref() == Some(password) || !call.keeps(Norm::Password);
    let knows = |user: &&User| user.is_active && is_right(user);
    let user = org
        .people
        .with_login(login)
        .filter(knows)
        .ok_or_else(|| Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_grant", WRONG_CREDENTIALS))?;
    assigned(app, user)?;
    Ok(Signed { user: user.id.clone(), at })
}

/// The user of the setting, as of now, if there is one.
pub(crate) fn signed_in(org: &mut Org, app: &App) -> Result<Option<Signed>, Refusal> {
    let at = org.source.now();
    let user = org.login.as_ref().and_then(|id| org.people.users.get(id)).filter(|user| user.is_active);
    let Some(user) = user else { return Ok(None) };
    assigned(app, user)?;
    Ok(Some(Signed { user: user.id.clone(), at }))
}

pub(super) fn assigned(app: &App, user: &User) -> Result<(), Refusal> {
    if app.is_assigned_to(user) {
        Ok(())
    } else {
        Err(Refusal::oauth(StatusCode::BAD_REQUEST, "access_denied", NOT_ASSIGNED))
    }
}

/// Whether scopes can be asked for at all, before a rule is asked.
pub(crate) fn check_scopes(
    org: &Org,
    call: &Call<'_>,
    server: &str,
    grant: GrantType,
    scope: Option<&str>,
) -> Result<(), Refusal> {
    scopes::asked(call, org.servers.find(server)?, scope, grant).map(drop)
}

/// What scopes, policies and rules let the client have.
pub(crate) fn authorized(
    org: &Org,
    call: &Call<'_>,
    server: &str,
    app: &Arc<App>,
    grant: GrantType,
    signed: Option<Signed>,
    scope: Option<&str>,
) -> Result<Granted, Refusal> {
    let server = org.servers.find(server)?;
    let asked = scopes::asked(call, server, scope, grant)?;
    let user = signed.as_ref().and_then(|signed| org.people.users.get(&signed.user));
    let request = policy::Request { call, app, grant, user, asked: &asked };
    let permit = policy::decide(org, server, &request)?;
    Ok(Granted {
        server: server.id.clone(),
        app: Arc::clone(app),
        grant,
        signed,
        scopes: permit.scopes,
        lifetimes: permit.lifetimes,
        nonce: None,
    })
}
