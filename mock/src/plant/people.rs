//! Users, groups and apps of a state. Owns what makes them contradict themselves.

use super::Findings;
use crate::{
    apps::App,
    clients::Client,
    people::User,
    start::{self, ApplicationType, AuthenticationMethod, GrantType, Named, Rotation, StateError, Status},
    state::Org,
};

/// Facts, section 2: what a secret for HS256 has at least.
const SHORTEST_SHARED_SECRET: usize = 32;

/// Users and groups.
pub(super) fn plant(org: &mut Org, findings: &mut Findings, users: Vec<start::User>, groups: Vec<Named>) {
    for (index, user) in users.iter().enumerate() {
        findings.claim(&format!("users[{index}]"), "id", &user.id);
    }
    for (index, named) in groups.into_iter().enumerate() {
        findings.claim(&format!("groups[{index}]"), "id", &named.id);
        org.people.groups.insert(named.id, named.name);
    }
    for (index, user) in users.into_iter().enumerate() {
        let user = user_of(org, findings, &format!("users[{index}]"), user);
        org.people.users.insert(user.id.clone(), user);
    }
}

/// A user. One with whom something is wrong is there all the same, for others to name.
fn user_of(org: &Org, findings: &mut Findings, place: &str, state: start::User) -> User {
    let mut tell = |member: &str, message| findings.mistakes.push(StateError::of_member(place, member, message));
    for (index, group) in state.groups.iter().enumerate() {
        if !org.people.groups.contains_key(group) {
            tell(&format!("groups[{index}]"), format!("there is no group `{group}`"));
        }
    }
    if let Some(login) = state.login.as_deref().filter(|login| org.people.with_login(login).is_some()) {
        tell("login", format!("the login `{login}` is taken"));
    }
    if state.password.is_some() && state.login.is_none() {
        tell("password", String::from("the user has a password and no login"));
    }
    let full = [&state.first_name, &state.last_name].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    let full = Some(full.join(" ")).filter(|name| !name.is_empty());
    User {
        name: state.name.or(full).or_else(|| state.login.clone()).unwrap_or_else(|| state.id.clone()),
        email: state.email.or_else(|| state.login.clone()),
        id: state.id,
        login: state.login,
        first_name: state.first_name,
        last_name: state.last_name,
        password: state.password,
        groups: state.groups,
        is_active: is_active(state.status),
        profile: state.profile,
    }
}

fn is_active(status: Status) -> bool {
    match status {
        Status::Active => true,
        Status::Inactive => false,
    }
}

/// Who is signed in, by login or id.
pub(crate) fn sign_in(org: &mut Org, name: &str) -> Result<(), StateError> {
    let user = org.people.with_login(name).or_else(|| org.people.users.get(name));
    let user = user.filter(|user| user.is_active);
    let user = user.ok_or_else(|| StateError::new("login", format!("there is no ACTIVE user `{name}`")))?;
    org.login = Some(user.id.clone());
    Ok(())
}

/// An app may have the id of a client: it is one more thing that the client can do. Otherwise it is a client too, which refresh tokens can
/// belong to.
pub(super) fn plant_app(org: &mut Org, findings: &mut Findings, place: &str, state: start::App) {
    if org.apps.find(&state.client_id).is_some() {
        let message = format!("the id `{}` is taken", state.client_id);
        findings.mistakes.push(StateError::of_member(place, "clientId", message));
        return;
    }
    let name = state.name.clone().unwrap_or_else(|| state.client_id.clone());
    if !org.clients.iter().any(|client| client.id == state.client_id) {
        findings.claim(place, "clientId", &state.client_id);
        org.clients.push(Client { id: state.client_id.clone(), name, uri: None, logo: None });
    }
    for (index, user) in state.assigned_users.iter().flatten().enumerate() {
        if !org.people.has_user(user) {
            let member = format!("assignedUsers[{index}]");
            findings.mistakes.push(StateError::of_member(place, &member, format!("there is no user `{user}`")));
        }
    }
    let app = app_of(state);
    let contradictions = contradictions(&app);
    let tell = |(member, message): (String, &str)| StateError::of_member(place, &member, message);
    findings.mistakes.extend(contradictions.into_iter().map(tell));
    org.apps.add(app);
}

fn app_of(state: start::App) -> App {
    let grant_types = state.grant_types.unwrap_or_else(|| vec![GrantType::ClientCredentials]);
    let is_of_services = |grant: &GrantType| matches!(grant, GrantType::ClientCredentials | GrantType::TokenExchange);
    let usual = if grant_types.iter().all(is_of_services) { ApplicationType::Service } else { ApplicationType::Web };
    let kind = state.application_type.unwrap_or(usual);
    App {
        id: state.id.unwrap_or_else(|| state.client_id.clone()),
        client_id: state.client_id,
        method: state.token_endpoint_auth_method,
        secret: state.client_secret,
        keys: state.jwks.map(|set| set.keys).unwrap_or_default(),
        grant_types,
        kind,
        redirect_uris: state.redirect_uris,
        post_logout_redirect_uris: state.post_logout_redirect_uris,
        is_dpop_bound: state.dpop_bound_access_tokens,
        rotation: state.refresh_token.unwrap_or_else(|| Rotation::of(kind)),
        trusted_origins: state.trusted_origins,
        profile: state.profile,
        is_active: is_active(state.status),
        users: state.assigned_users.map(|users| users.into_iter().collect()),
    }
}

/// What an app lacks of what its method and its grants need, and what it has that it cannot have; each with the member.
fn contradictions(app: &App) -> Vec<(String, &'static str)> {
    let secret = app.secret.as_deref().unwrap_or_default();
    let (has_secret, has_keys) = (!secret.is_empty(), !app.keys.is_empty());
    let method = match app.method {
        AuthenticationMethod::ClientSecretBasic | AuthenticationMethod::ClientSecretPost => {
            (!has_secret).then_some(("clientSecret", "the app has no secret"))
        }
        AuthenticationMethod::ClientSecretJwt => (secret.len() < SHORTEST_SHARED_SECRET)
            .then_some(("clientSecret", "client_secret_jwt needs a secret of at least 32 characters")),
        AuthenticationMethod::PrivateKeyJwt => (!has_keys).then_some(("jwks", "private_key_jwt needs keys")),
        AuthenticationMethod::None => {
            let member = if has_secret { "clientSecret" } else { "jwks" };
            (has_secret || has_keys).then_some((member, "a public client has neither a secret nor keys"))
        }
    };
    // Who it is would be anybody's word (RFC 6749, section 4.4).
    let alone = (app.method == AuthenticationMethod::None && app.has_grant(GrantType::ClientCredentials))
        .then_some(("grantTypes", "a client that does not authenticate cannot have the grant client_credentials"));
    let needs_address = app.has_grant(GrantType::AuthorizationCode) || app.has_grant(GrantType::Implicit);
    let address = (needs_address && app.redirect_uris.is_empty())
        .then_some(("redirectUris", "the grants authorization_code and implicit need a redirect URI"));
    let whole = [method, alone, address].into_iter().flatten().map(|(member, message)| (member.to_owned(), message));
    let each = |member: &'static str, items: &[String], is_right: fn(&str) -> bool, message: &'static str| {
        let wrong = items.iter().enumerate().filter(|(_, item)| !is_right(item));
        wrong.map(|(index, _)| (format!("{member}[{index}]"), message)).collect::<Vec<_>>()
    };
    let address = "a redirect URI must be absolute, without a fragment";
    let origin = "an origin is a scheme and a host, with a port if need be, and no more: `https://app.example`";
    whole
        .chain(each("redirectUris", &app.redirect_uris, is_address, address))
        .chain(each("postLogoutRedirectUris", &app.post_logout_redirect_uris, is_address, address))
        .chain(each("trustedOrigins", &app.trusted_origins, is_origin, origin))
        .collect()
}

/// What a browser can be sent to with parameters added (RFC 6749, section 3.1.2).
fn is_address(uri: &str) -> bool {
    uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
        && uri.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
}

/// What browsers send as `Origin` (RFC 6454, section 6.2), with which it is compared.
fn is_origin(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(scheme, host)| {
        !scheme.is_empty()
            && !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#@*".contains(&byte))
    })
}
