//! What a server tells about the user of an access token (`OpenID` Connect Core, section 5.3). Owns who may ask; the claims are in
//! `token_endpoint`.

use std::sync::Arc;

use axum::http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    claims::ClaimType,
    dpop::{Binding, Subject},
    introspect,
    issued::{Kind, Token},
    norm::Norm,
    routes::Operation,
    state::Org,
    token_endpoint::{self, About, Occasion},
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::open("userinfoCustomAS", Method::GET, "/oauth2/{}/v1/userinfo", userinfo)];

/// Spec.
const INVALID: &str = "The access token is invalid";
const INSUFFICIENT: &str =
    "The access token must provide access to at least one of these scopes - profile, email, address or phone";

fn invalid() -> Refusal {
    Refusal::bearer(StatusCode::UNAUTHORIZED, "invalid_token", INVALID)
}

fn userinfo(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = token_endpoint::server(org, call)?.id.clone();
    let (scheme, text) = credentials(call).ok_or_else(invalid)?;
    let token = introspect::known(org, call, text, now);
    let token = token.filter(|token| token.server == server).cloned().ok_or_else(invalid)?;
    let (scopes, binding) = match &token.kind {
        Kind::Access { scopes, binding } => (scopes.clone(), binding.clone()),
        Kind::Id if call.keeps(Norm::UserInfoKind) => return Err(invalid()),
        Kind::Id => (vec![String::from("openid")], None),
    };
    proved(org, call, scheme, binding.as_ref())?;
    if !introspect::is_good(org, &token.client, token.user.as_deref()) {
        return Err(invalid());
    }
    let is_open = scopes.iter().any(|scope| scope == "openid") || !call.keeps(Norm::UserInfoScope);
    let nobody = (!call.keeps(Norm::UserInfoScope)).then_some(&token.client);
    let Some(user) = token.user.as_ref().or(nobody).filter(|_| is_open) else {
        return Err(Refusal::bearer(StatusCode::FORBIDDEN, "insufficient_scope", INSUFFICIENT));
    };
    let mut told = Map::from_iter([(String::from("sub"), json!(user))]);
    for (name, value) in identity(org, call, &token, &scopes)? {
        told.entry(name).or_insert(value);
    }
    Ok(Answer::json(StatusCode::OK, &told))
}

/// What a token is sent under.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

fn credentials<'c>(call: &Call<'c>) -> Option<(Scheme, &'c str)> {
    let (scheme, token) = call.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let scheme = match scheme {
        _ if scheme.eq_ignore_ascii_case("Bearer") => Scheme::Bearer,
        _ if scheme.eq_ignore_ascii_case("DPoP") => Scheme::Dpop,
        _ => return None,
    };
    Some((scheme, token.trim()))
}

/// A token that is bound to a key is sent with a proof (RFC 9449, section 7.1), and no other is.
fn proved(org: &mut Org, call: &Call<'_>, scheme: Scheme, binding: Option<&Binding>) -> Result<(), Refusal> {
    match (scheme, binding) {
        (Scheme::Bearer, None) => Ok(()),
        (Scheme::Dpop, Some(binding)) => {
            let path = token_endpoint::path(call, "userinfo");
            let subject = Subject { method: &Method::GET, base: call.base, path: &path, lenience: &call.lenience };
            org.dpop.at_the_api(&mut org.source, call.headers, subject, binding)
        }
        (Scheme::Bearer, Some(_)) | (Scheme::Dpop, None) => Err(invalid()),
    }
}

fn identity(org: &Org, call: &Call<'_>, token: &Arc<Token>, scopes: &[String]) -> Result<Map<String, Value>, Refusal> {
    let about = About {
        call,
        server: org.servers.find(&token.server)?,
        app: org.apps.find(&token.client).ok_or_else(invalid)?,
        user: token.user.as_ref().and_then(|user| org.people.users.get(user)),
        scopes,
    };
    token_endpoint::told(org, &about, ClaimType::Identity, Occasion::UserInfo)
}
