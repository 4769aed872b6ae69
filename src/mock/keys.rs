//! Signing keys of a server, as the management API and as a key set show them. Owns the public half only: these are not
//! real keys as yet, nothing can be signed with them.

use axum::http::{Method, StatusCode};
use serde::Serialize;

use super::{
    auth::Access,
    call::Call,
    routes::Operation,
    source::Source,
    state::Org,
    wire::{Answer, Outcome, SelfLink},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        path: "/api/v1/authorizationServers/{}/credentials/keys",
        access: Access::Read,
        run: list,
    },
    Operation { method: Method::GET, path: "/oauth2/{}/v1/keys", access: Access::Open, run: key_set },
];

/// The key that signs a server's tokens.
pub(super) struct SigningKey {
    pub(super) kid: String,
    /// Looks like a modulus of 2048 bits but is random: there is no private half.
    modulus: String,
}

impl SigningKey {
    pub(super) fn new(source: &mut Source) -> Self {
        SigningKey { kid: source.kid(), modulus: source.modulus() }
    }
}

/// Member order as recorded: status and links stand among the members of the JSON Web Key.
#[derive(Serialize)]
struct View<'s> {
    kty: &'static str,
    status: &'static str,
    alg: &'static str,
    kid: &'s str,
    #[serde(rename = "use")]
    usage: &'static str,
    #[serde(rename = "_links")]
    links: SelfLink,
    e: &'static str,
    n: &'s str,
}

/// A new server lists one key, ACTIVE (recorded).
fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let key = &server.signing_key;
    let view = View {
        kty: "RSA",
        status: "ACTIVE",
        alg: "RS256",
        kid: &key.kid,
        usage: "sig",
        links: SelfLink::new(format!("{}/credentials/keys/{}", server.href(call.base), key.kid), &["GET"]),
        e: "AQAB",
        n: &key.modulus,
    };
    Ok(Answer::json(StatusCode::OK, &[view]))
}

/// A JSON Web Key Set (RFC 7517) of the key above, without what only the management API tells.
#[derive(Serialize)]
struct KeySet<'s> {
    keys: [PublicKey<'s>; 1],
}

#[derive(Serialize)]
struct PublicKey<'s> {
    kty: &'static str,
    alg: &'static str,
    kid: &'s str,
    #[serde(rename = "use")]
    usage: &'static str,
    e: &'static str,
    n: &'s str,
}

fn key_set(org: &mut Org, call: &Call<'_>) -> Outcome {
    let key = &org.servers.find(call.server())?.signing_key;
    let public = PublicKey { kty: "RSA", alg: "RS256", kid: &key.kid, usage: "sig", e: "AQAB", n: &key.modulus };
    Ok(Answer::json(StatusCode::OK, &KeySet { keys: [public] }))
}
