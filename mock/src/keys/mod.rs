//! Signing keys of a server, as the management API and as a key set show them. Owns the four operations; the key pairs
//! are in `ring`.

mod ring;

use axum::http::{Method, StatusCode};
use serde::Serialize;

pub(super) use self::ring::KeyRing;
use self::ring::{KeyStatus, SigningKey};
use super::{
    body,
    call::Call,
    constraint::Constraint,
    links::SelfLink,
    routes::Operation,
    source::Stamp,
    state::{Org, Server},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listAuthorizationServerKeys", "/api/v1/authorizationServers/{}/credentials/keys", list),
    Operation::get("getAuthorizationServerKey", "/api/v1/authorizationServers/{}/credentials/keys/{}", get),
    Operation::post(
        "rotateAuthorizationServerKeys",
        "/api/v1/authorizationServers/{}/credentials/lifecycle/keyRotate",
        rotate,
    ),
    Operation::open("getJwks", Method::GET, "/oauth2/{}/v1/keys", key_set),
];

/// Member order as recorded: status and links stand among the members of the JSON Web Key.
#[derive(Serialize)]
struct View<'s> {
    kty: &'static str,
    status: KeyStatus,
    alg: &'static str,
    kid: &'s str,
    #[serde(rename = "use")]
    usage: &'static str,
    #[serde(rename = "_links")]
    links: SelfLink,
    e: &'static str,
    n: String,
}

impl<'s> View<'s> {
    fn new(server: &Server, status: KeyStatus, key: &'s SigningKey, base: &str) -> Self {
        View {
            kty: "RSA",
            status,
            alg: "RS256",
            kid: &key.kid,
            usage: "sig",
            links: SelfLink::new(format!("{}/credentials/keys/{}", server.href(base), key.kid), &["GET"]),
            e: "AQAB",
            n: key.modulus(),
        }
    }
}

fn told(server: &Server, now: Stamp) -> impl Iterator<Item = (KeyStatus, &SigningKey)> {
    server.keys.told(now, server.next_rotation())
}

fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find(call.server())?;
    let views: Vec<_> = told(server, now).map(|(status, key)| View::new(server, status, key, call.base)).collect();
    Ok(Answer::json(StatusCode::OK, &views))
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find(call.server())?;
    let found = told(server, now).find(|(_, key)| key.kid == call.child());
    let (status, key) = found.ok_or_else(|| Refusal::not_found(call.child(), Entity::JsonWebKey))?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, status, key, call.base)))
}

/// 200 with all keys, the new one first (recorded). Inferred: a server that rotates by itself can be rotated too, and
/// its ninety days begin anew.
fn rotate(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let signs = body::object(call)?.fields().get("use").and_then(|value| value.as_str()) == Some("sig");
    if !signs && call.enforces(Constraint::RotationUse) {
        // Code, subject and text are the spec's example.
        let cause = String::from("Invalid value specified for key 'use' parameter");
        return Err(Refusal::validation("rotateKeys", vec![cause]));
    }
    server.keys.rotate(&mut org.source);
    server.last_rotated = now;
    server.touch(now);
    list(org, call)
}

/// A JSON Web Key Set (RFC 7517) of the keys above, without what only the management API tells.
#[derive(Serialize)]
struct KeySet<'s> {
    keys: Vec<PublicKey<'s>>,
}

#[derive(Serialize)]
struct PublicKey<'s> {
    kty: &'static str,
    alg: &'static str,
    kid: &'s str,
    #[serde(rename = "use")]
    usage: &'static str,
    e: &'static str,
    n: String,
}

/// Inferred: the former key stays in it, as tokens that it signed are still about.
fn key_set(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find(call.server())?;
    let keys = told(server, now).map(|(_, key)| PublicKey {
        kty: "RSA",
        alg: "RS256",
        kid: &key.kid,
        usage: "sig",
        e: "AQAB",
        n: key.modulus(),
    });
    Ok(Answer::json(StatusCode::OK, &KeySet { keys: keys.collect() }))
}
