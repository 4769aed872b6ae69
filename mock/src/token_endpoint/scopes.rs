//! Which scopes a request asks for. Owns what makes them invalid (catalogue); whether a rule allows them is `policy`'s.

use axum::http::StatusCode;

use crate::{
    call::Call,
    norm::Norm,
    scopes::{Consent, Scope},
    start::GrantType,
    state::Server,
    wire::Refusal,
};

/// Scopes about a user. Docs: of the first five; inferred: of the others.
const OPENID: [&str; 7] = ["openid", "profile", "email", "address", "phone", "offline_access", "device_sso"];

/// Those that nobody gets without `openid` (catalogue; inferred: these four).
const WITH_OPENID: [&str; 4] = ["profile", "email", "address", "phone"];

const UNKNOWN: &str = "One or more scopes are not configured for the authorization server resource.";
const NO_DEFAULTS: &str =
    "The authorization server resource does not have any configured default scopes, 'scope' must be provided.";
pub(crate) const WITHOUT_OPENID: &str =
    "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.";
const ABOUT_A_USER: &str = "Cannot request 'openid' scopes using client credentials.";
const IN_AN_EXCHANGE: &str = "Can't request 'openid' scopes using the Token Exchange flow for a service app.";

/// The scopes of a request, in the order of the server's (recorded: not in that of the request).
pub(super) enum Asked {
    /// All or nothing.
    Explicit(Vec<String>),
    /// As many as a rule allows.
    Defaults(Vec<String>),
}

pub(super) fn is_openid(name: &str) -> bool {
    OPENID.contains(&name)
}

fn invalid(description: &'static str) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, "invalid_scope", description)
}

/// Why a grant has no scopes about a user, if it has none. Docs: `offline_access` is one of them for an exchange.
fn without_user_scopes(grant: GrantType) -> Option<&'static str> {
    match grant {
        GrantType::ClientCredentials => Some(ABOUT_A_USER),
        GrantType::TokenExchange => Some(IN_AN_EXCHANGE),
        GrantType::AuthorizationCode
        | GrantType::Implicit
        | GrantType::RefreshToken
        | GrantType::Password
        | GrantType::DeviceCode => None,
    }
}

/// Whether a client alone can have a scope. FLEXIBLE is granted (docs).
fn needs_user(call: &Call<'_>, scope: &Scope) -> bool {
    match scope.consent {
        Consent::Required => call.keeps(Norm::ConsentRequired),
        Consent::Flexible => !call.keeps(Norm::ConsentFlexible),
        Consent::Implicit => false,
    }
}

pub(super) fn asked(call: &Call<'_>, server: &Server, scope: Option<&str>, grant: GrantType) -> Result<Asked, Refusal> {
    let alone = grant == GrantType::ClientCredentials;
    let wanted: Vec<&str> = scope.unwrap_or_default().split(' ').filter(|name| !name.is_empty()).collect();
    if wanted.is_empty() {
        return defaults(call, server, grant);
    }
    let is_unknown = |name: &&str| server.scopes.iter().all(|scope| scope.name != **name);
    let unknown = wanted.iter().filter(|name| is_unknown(name)).count();
    if unknown > 0 && !call.keeps(Norm::KnownScopes) {
        return Ok(Asked::Explicit(wanted.into_iter().map(str::to_owned).collect()));
    }
    if unknown > 0 && (unknown == wanted.len() || call.keeps(Norm::NoUnknownScope)) {
        return Err(invalid(UNKNOWN));
    }
    if let Some(description) = without_user_scopes(grant)
        && call.keeps(Norm::UserScopes)
        && wanted.iter().any(|name| is_openid(name))
    {
        return Err(invalid(description));
    }
    let lacks_openid = wanted.iter().any(|name| WITH_OPENID.contains(name)) && !wanted.contains(&"openid");
    if lacks_openid && call.keeps(Norm::ScopesWithOpenId) {
        return Err(invalid(WITHOUT_OPENID));
    }
    let is_asked =
        |scope: &&Scope| wanted.contains(&scope.name.as_str()) || scope.default && !call.keeps(Norm::OnlyAsked);
    let asked: Vec<&Scope> = server.scopes.iter().filter(is_asked).collect();
    let refused: Vec<&str> =
        asked.iter().filter(|scope| alone && needs_user(call, scope)).map(|scope| scope.name.as_str()).collect();
    if !refused.is_empty() {
        let description = format!(
            "The following scopes require user consent and cannot be granted for the client credentials grant type: [{}].",
            refused.join(", ")
        );
        return Err(Refusal::oauth(StatusCode::BAD_REQUEST, "consent_required", description));
    }
    Ok(Asked::Explicit(asked.into_iter().map(|scope| scope.name.clone()).collect()))
}

/// Inferred: what a grant cannot have is no default of it.
fn defaults(call: &Call<'_>, server: &Server, grant: GrantType) -> Result<Asked, Refusal> {
    let alone = grant == GrantType::ClientCredentials;
    let is_default =
        |scope: &&Scope| call.keeps(Norm::DefaultScopes) && scope.default || !call.keeps(Norm::OnlyDefaults);
    let defaults = server.scopes.iter().filter(is_default);
    let fit = defaults.filter(|scope| {
        let has_user_scopes = without_user_scopes(grant).is_none() || !is_openid(&scope.name);
        has_user_scopes && !(alone && needs_user(call, scope))
    });
    let names: Vec<String> = fit.map(|scope| scope.name.clone()).collect();
    if names.is_empty() { Err(invalid(NO_DEFAULTS)) } else { Ok(Asked::Defaults(names)) }
}
