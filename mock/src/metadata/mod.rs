//! What a server publishes about itself (RFC 8414 and `OpenID` Connect Discovery). Owns the documents; they need no
//! token.
//!
//! Members and lists are those of documents of the default server that were kept between 2017 and 2023, and members that are newer those of
//! the document of the org's own server (2026), which is in `org`. That an INACTIVE server still publishes its documents is inferred.

mod org;

use axum::http::{Method, StatusCode};
use serde::Serialize;

use super::{
    call::Call,
    changes::{AsOf, Change},
    norm::Norm,
    routes::Operation,
    scopes::MetadataPublish,
    state::{Org, Server},
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::open("getOAuthMetadata", Method::GET, "/oauth2/{}/.well-known/oauth-authorization-server", oauth),
    // The place RFC 8414 gives it, there since 2026 (docs); `_links.metadata` keeps the other (recorded).
    Operation::open("getOAuthMetadataRfc8414", Method::GET, "/.well-known/oauth-authorization-server/oauth2/{}", oauth),
    Operation::open("getOrgOAuthMetadata", Method::GET, "/.well-known/oauth-authorization-server", org::oauth),
    Operation::open("getOpenIdConfiguration", Method::GET, "/oauth2/{}/.well-known/openid-configuration", openid),
];

/// Spec; the text is that of the catalogue.
const UNKNOWN_CLIENT: Refusal =
    Refusal::of(StatusCode::BAD_REQUEST, "invalid_client", "Invalid value for 'client_id' parameter.");

/// How long a document may be kept, in seconds (recorded).
const KEPT: i64 = 86_400;

const OAUTH_RESPONSE_TYPES: &[&str] = &["code", "token", "code token"];
/// Without `token` alone, which gives no ID token.
const OPENID_RESPONSE_TYPES: &[&str] =
    &["code", "id_token", "code id_token", "code token", "id_token token", "code id_token token"];
const RESPONSE_MODES: &[&str] = &["query", "fragment", "form_post", "okta_post_message"];
const GRANT_TYPES: &[&str] = &["authorization_code", "implicit", "refresh_token", "password"];
const CLIENT_CREDENTIALS: &str = "client_credentials";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const CLIENT_AUTHENTICATION: &[&str] =
    &["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];
/// The same of every server, whatever claims it has.
const OAUTH_CLAIMS: &[&str] = &["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "sub"];
const OPENID_CLAIMS: &[&str] = &[
    "iss",
    "ver",
    "sub",
    "aud",
    "iat",
    "exp",
    "jti",
    "auth_time",
    "amr",
    "idp",
    "nonce",
    "name",
    "nickname",
    "preferred_username",
    "given_name",
    "middle_name",
    "family_name",
    "email",
    "email_verified",
    "profile",
    "zoneinfo",
    "locale",
    "address",
    "phone_number",
    "picture",
    "website",
    "gender",
    "birthdate",
    "updated_at",
    "at_hash",
    "c_hash",
];
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
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    response_types_supported: &'static [&'static str],
    response_modes_supported: &'static [&'static str],
    grant_types_supported: Vec<&'static str>,
    subject_types_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_signing_alg_values_supported: Option<&'static [&'static str]>,
    scopes_supported: Vec<&'s str>,
    token_endpoint_auth_methods_supported: &'static [&'static str],
    claims_supported: &'static [&'static str],
    code_challenge_methods_supported: &'static [&'static str],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
    end_session_endpoint: String,
    request_parameter_supported: bool,
    request_object_signing_alg_values_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    device_authorization_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pushed_authorization_request_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_signing_alg_values_supported: Option<&'static [&'static str]>,
    // Recorded for the org's own server. Inferred: others have none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    frontchannel_logout_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frontchannel_logout_session_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_chaining_requested_token_types_supported: Option<&'static [&'static str]>,
}

/// What all documents have in common. The endpoints are below the issuer, but for the org's own server.
fn document<'s>(base: &str, issuer: &'s str, endpoints: &str, as_of: AsOf) -> Document<'s> {
    let (devices, pushed) = (as_of.has(Change::DeviceGrant), as_of.has(Change::PushedRequests));
    Document {
        issuer,
        authorization_endpoint: format!("{endpoints}/v1/authorize"),
        token_endpoint: format!("{endpoints}/v1/token"),
        userinfo_endpoint: None,
        // Clients belong to the org, not to a server.
        registration_endpoint: format!("{base}/oauth2/v1/clients"),
        jwks_uri: Some(format!("{endpoints}/v1/keys")),
        response_types_supported: OAUTH_RESPONSE_TYPES,
        response_modes_supported: RESPONSE_MODES,
        grant_types_supported: GRANT_TYPES.to_vec(),
        subject_types_supported: &["public"],
        id_token_signing_alg_values_supported: None,
        scopes_supported: Vec::new(),
        token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        claims_supported: OAUTH_CLAIMS,
        code_challenge_methods_supported: &["S256"],
        introspection_endpoint: format!("{endpoints}/v1/introspect"),
        introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        revocation_endpoint: format!("{endpoints}/v1/revoke"),
        revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        end_session_endpoint: format!("{endpoints}/v1/logout"),
        request_parameter_supported: true,
        request_object_signing_alg_values_supported: REQUEST_OBJECT_ALGORITHMS,
        device_authorization_endpoint: devices.then(|| format!("{endpoints}/v1/device/authorize")),
        pushed_authorization_request_endpoint: pushed.then(|| format!("{endpoints}/v1/par")),
        dpop_signing_alg_values_supported: pushed.then_some(DPOP_ALGORITHMS),
        frontchannel_logout_supported: None,
        frontchannel_logout_session_supported: None,
        identity_chaining_requested_token_types_supported: None,
    }
}

/// Docs: a scope is in the metadata if its `metadataPublish` says so.
fn published<'s>(call: &Call<'_>, server: &'s Server) -> Vec<&'s str> {
    let published = server.scopes.iter().filter(|scope| match scope.metadata_publish {
        MetadataPublish::AllClients => true,
        MetadataPublish::NoClients => !call.keeps(Norm::PublishedScopes),
    });
    published.map(|scope| scope.name.as_str()).collect()
}

/// Spec: `client_id` may be sent, and one that nobody has is an error. Inferred: the issuer is the same with it and without it, and a server
/// that does not exist is told first.
fn server<'o>(org: &'o Org, call: &Call<'_>) -> Result<&'o Server, Refusal> {
    let server = org.servers.find(call.server())?;
    if call.query.get("client_id").is_some_and(|client| !org.knows_client(client)) {
        return Err(UNKNOWN_CLIENT);
    }
    Ok(server)
}

fn oauth(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = server(org, call)?;
    let issuer = server.issuer(call);
    let mut document = document(call.base, &issuer, &issuer, call.as_of);
    document.scopes_supported = published(call, server);
    document.grant_types_supported.push(CLIENT_CREDENTIALS);
    document.grant_types_supported.extend(since(call.as_of, Change::DeviceGrant, DEVICE_CODE));
    document.grant_types_supported.extend(since(call.as_of, Change::PushedRequests, TOKEN_EXCHANGE));
    Ok(document.answer(call.as_of))
}

/// No token of a client alone is an ID token, so neither client credentials nor token exchange are grants here (recorded).
fn openid(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = server(org, call)?;
    let issuer = server.issuer(call);
    let mut document = document(call.base, &issuer, &issuer, call.as_of);
    document.scopes_supported = published(call, server);
    document.userinfo_endpoint = Some(format!("{issuer}/v1/userinfo"));
    document.response_types_supported = OPENID_RESPONSE_TYPES;
    document.id_token_signing_alg_values_supported = Some(&["RS256"]);
    document.claims_supported = OPENID_CLAIMS;
    document.grant_types_supported.extend(since(call.as_of, Change::DeviceGrant, DEVICE_CODE));
    Ok(document.answer(call.as_of))
}

/// A value that there is since a change, which is one of the documents alone: the endpoints are there whatever day is shown, as it is not known
/// since when the service has them.
fn since(as_of: AsOf, change: Change, value: &'static str) -> Option<&'static str> {
    as_of.has(change).then_some(value)
}

impl Document<'_> {
    fn answer(&self, as_of: AsOf) -> Answer {
        let answer = Answer::json(StatusCode::OK, self);
        if as_of.has(Change::CachedMetadata) { answer.kept_for(KEPT) } else { answer }
    }
}
