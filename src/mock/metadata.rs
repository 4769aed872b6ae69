//! What a server publishes about itself (RFC 8414 and `OpenID` Connect Discovery). Owns the two documents; they need no token.
//!
//! Only the document of the org's own server was recorded; members and lists are taken from it, the rest is inferred
//! (an INACTIVE server still publishes its documents here, which nothing settles).

use axum::http::{Method, StatusCode};
use serde::Serialize;

use super::{
    auth::Access,
    call::Call,
    routes::Operation,
    state::{Org, Server},
    wire::{Answer, Outcome},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        path: "/oauth2/{}/.well-known/oauth-authorization-server",
        access: Access::Open,
        run: oauth,
    },
    // The place RFC 8414 gives it, there since 2026 (docs); `_links.metadata` keeps the other (recorded).
    Operation {
        method: Method::GET,
        path: "/.well-known/oauth-authorization-server/oauth2/{}",
        access: Access::Open,
        run: oauth,
    },
    Operation {
        method: Method::GET,
        path: "/oauth2/{}/.well-known/openid-configuration",
        access: Access::Open,
        run: openid,
    },
];

const RESPONSE_TYPES: &[&str] =
    &["code", "token", "id_token", "code id_token", "code token", "id_token token", "code id_token token"];
const RESPONSE_MODES: &[&str] = &["query", "fragment", "form_post", "okta_post_message"];
const GRANT_TYPES: &[&str] = &[
    "authorization_code",
    "implicit",
    "refresh_token",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];
const CLIENT_AUTHENTICATION: &[&str] =
    &["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];
const ACCESS_TOKEN_CLAIMS: &[&str] = &["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "sub"];
const ID_TOKEN_CLAIMS: &[&str] =
    &["amr", "idp", "nonce", "name", "email", "preferred_username", "auth_time", "at_hash"];
const REQUEST_OBJECT_ALGORITHMS: &[&str] =
    &["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];
const DPOP_ALGORITHMS: &[&str] = &["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];

/// Member order as recorded for the org's own server, with `jwks_uri` and, for `OpenID`, two members more.
#[derive(Serialize)]
struct Document<'s> {
    issuer: &'s str,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    userinfo_endpoint: Option<String>,
    registration_endpoint: String,
    jwks_uri: String,
    response_types_supported: &'static [&'static str],
    response_modes_supported: &'static [&'static str],
    grant_types_supported: &'static [&'static str],
    subject_types_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_signing_alg_values_supported: Option<&'static [&'static str]>,
    scopes_supported: Vec<&'s str>,
    token_endpoint_auth_methods_supported: &'static [&'static str],
    claims_supported: Vec<&'static str>,
    code_challenge_methods_supported: &'static [&'static str],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
    end_session_endpoint: String,
    request_parameter_supported: bool,
    request_object_signing_alg_values_supported: &'static [&'static str],
    device_authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    dpop_signing_alg_values_supported: &'static [&'static str],
}

fn document<'s>(server: &'s Server, base: &str, issuer: &'s str) -> Document<'s> {
    Document {
        issuer,
        authorization_endpoint: format!("{issuer}/v1/authorize"),
        token_endpoint: format!("{issuer}/v1/token"),
        userinfo_endpoint: None,
        // Clients belong to the org, not to a server.
        registration_endpoint: format!("{base}/oauth2/v1/clients"),
        jwks_uri: format!("{issuer}/v1/keys"),
        response_types_supported: RESPONSE_TYPES,
        response_modes_supported: RESPONSE_MODES,
        grant_types_supported: GRANT_TYPES,
        subject_types_supported: &["public"],
        id_token_signing_alg_values_supported: None,
        scopes_supported: server.scopes.iter().map(|scope| scope.name.as_str()).collect(),
        token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        claims_supported: ACCESS_TOKEN_CLAIMS.to_vec(),
        code_challenge_methods_supported: &["S256"],
        introspection_endpoint: format!("{issuer}/v1/introspect"),
        introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        revocation_endpoint: format!("{issuer}/v1/revoke"),
        revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        end_session_endpoint: format!("{issuer}/v1/logout"),
        request_parameter_supported: true,
        request_object_signing_alg_values_supported: REQUEST_OBJECT_ALGORITHMS,
        device_authorization_endpoint: format!("{issuer}/v1/device/authorize"),
        pushed_authorization_request_endpoint: format!("{issuer}/v1/par"),
        dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    }
}

fn oauth(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let issuer = server.issuer(call.base);
    Ok(Answer::json(StatusCode::OK, &document(server, call.base, &issuer)))
}

fn openid(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let issuer = server.issuer(call.base);
    let mut document = document(server, call.base, &issuer);
    document.userinfo_endpoint = Some(format!("{issuer}/v1/userinfo"));
    document.id_token_signing_alg_values_supported = Some(&["RS256"]);
    document.claims_supported.extend(ID_TOKEN_CLAIMS);
    Ok(Answer::json(StatusCode::OK, &document))
}
