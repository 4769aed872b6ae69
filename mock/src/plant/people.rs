//! Users, groups and apps of a state. Owns what makes them contradict themselves.

use super::Ids;
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
pub(super) fn plant(
    org: &mut Org,
    ids: &mut Ids,
    users: Vec<start::User>,
    groups: Vec<Named>,
) -> Result<(), StateError> {
    for (index, user) in users.iter().enumerate() {
        ids.claim(&format!("users[{index}]"), &user.id)?;
    }
    for (index, named) in groups.into_iter().enumerate() {
        ids.claim(&format!("groups[{index}]"), &named.id)?;
        org.people.groups.insert(named.id, named.name);
    }
    for (index, user) in users.into_iter().enumerate() {
        let user = user_of(org, &format!("users[{index}]"), user)?;
        org.people.users.insert(user.id.clone(), user);
    }
    Ok(())
}

fn user_of(org: &Org, place: &str, state: start::User) -> Result<User, StateError> {
    if let Some(group) = state.groups.iter().find(|group| !org.people.groups.contains_key(*group)) {
        return Err(StateError::new(place, format!("there is no group `{group}`")));
    }
    if let Some(login) = state.login.as_deref().filter(|login| org.people.with_login(login).is_some()) {
        return Err(StateError::new(place, format!("the login `{login}` is taken")));
    }
    if state.password.is_some() && state.login.is_none() {
        return Err(StateError::new(place, "the user has a password and no login"));
    }
    let full = [&state.first_name, &state.last_name].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    let full = Some(full.join(" ")).filter(|name| !name.is_empty());
    Ok(User {
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
    })
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
pub(super) fn plant_app(org: &mut Org, ids: &mut Ids, place: &str, state: start::App) -> Result<(), StateError> {
    let wrong = |message: String| Err(StateError::new(place, message));
    if org.apps.find(&state.client_id).is_some() {
        return wrong(format!("the id `{}` is taken", state.client_id));
    }
    let name = state.name.clone().unwrap_or_else(|| state.client_id.clone());
    if !org.clients.iter().any(|client| client.id == state.client_id) {
        ids.claim(place, &state.client_id)?;
        org.clients.push(Client { id: state.client_id.clone(), name, uri: None, logo: None });
    }
    let mut users = state.assigned_users.iter().flatten();
    if let Some(user) = users.find(|user| !org.people.has_user(user)) {
        return wrong(format!("there is no user `{user}`"));
    }
    let app = app_of(state);
    if let Some(message) = contradiction(&app) {
        return wrong(message.to_owned());
    }
    org.apps.add(app);
    Ok(())
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

/// What an app lacks of what its method and its grants need.
fn contradiction(app: &App) -> Option<&'static str> {
    let secret = app.secret.as_deref().unwrap_or_default();
    let (has_secret, has_keys) = (!secret.is_empty(), !app.keys.is_empty());
    let method = match app.method {
        AuthenticationMethod::ClientSecretBasic | AuthenticationMethod::ClientSecretPost => {
            (!has_secret).then_some("the app has no secret")
        }
        AuthenticationMethod::ClientSecretJwt => (secret.len() < SHORTEST_SHARED_SECRET)
            .then_some("client_secret_jwt needs a secret of at least 32 characters"),
        AuthenticationMethod::PrivateKeyJwt => (!has_keys).then_some("private_key_jwt needs keys"),
        AuthenticationMethod::None => {
            (has_secret || has_keys).then_some("a public client has neither a secret nor keys")
        }
    };
    let needs_address = app.has_grant(GrantType::AuthorizationCode) || app.has_grant(GrantType::Implicit);
    let address = (needs_address && app.redirect_uris.is_empty())
        .then_some("the grants authorization_code and implicit need a redirect URI");
    let addresses = app.redirect_uris.iter().chain(&app.post_logout_redirect_uris);
    let wrong =
        addresses.filter(|uri| !is_address(uri)).map(|_| "a redirect URI must be absolute, without a fragment").next();
    method.or(address).or(wrong)
}

/// What a browser can be sent to with parameters added (RFC 6749, section 3.1.2).
fn is_address(uri: &str) -> bool {
    uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
        && uri.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
}
