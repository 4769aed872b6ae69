//! Signing keys of a server, as the management API and as a key set show them, and where key pairs come from.

mod stock;

use std::{
    cell::OnceCell,
    sync::{Arc, OnceLock},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use axum::http::{Method, StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use self::stock::STOCK;
use super::{
    body,
    call::Call,
    constraint::Constraint,
    links::SelfLink,
    norm::Norm,
    routes::Operation,
    source::{Source, Stamp},
    state::{Org, Server},
    wire::{Answer, Entity, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listAuthorizationServerKeys", "/{}/credentials/keys", list),
    Operation::get("getAuthorizationServerKey", "/{}/credentials/keys/{}", get),
    Operation::post("rotateAuthorizationServerKeys", "/{}/credentials/lifecycle/keyRotate", rotate),
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

/// May be kept until the next key is announced or signs (recorded); inferred: for a day where nobody knows when that is. Inferred: the
/// former key stays in it, as tokens that it signed are still about.
fn key_set(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find(call.server())?;
    let is_told = |status: KeyStatus| status != KeyStatus::Expired || call.keeps(Norm::FormerKey);
    let keys = told(server, now).filter(|(status, _)| is_told(*status)).map(|(_, key)| PublicKey {
        kty: "RSA",
        alg: "RS256",
        kid: &key.kid,
        usage: "sig",
        e: "AQAB",
        n: key.modulus(),
    });
    let events = server.next_rotation().map(|rotation| [rotation.plus_days(-ANNOUNCED_DAYS), rotation]);
    let event = events.into_iter().flatten().find(|event| now < *event).unwrap_or(now.plus_days(1));
    Ok(Answer::json(StatusCode::OK, &KeySet { keys: keys.collect() }).kept_for(event.0 - now.0))
}

/// Key pairs in PKCS #1 for orgs with a seed, because key generation takes its randomness from the system alone. They
/// protect nothing. A server that is created after all were used gets one of them again, under a `kid` of its own.
const BUILT_IN: [&[u8]; 8] = [
    include_bytes!("keys/built-in/0.der"),
    include_bytes!("keys/built-in/1.der"),
    include_bytes!("keys/built-in/2.der"),
    include_bytes!("keys/built-in/3.der"),
    include_bytes!("keys/built-in/4.der"),
    include_bytes!("keys/built-in/5.der"),
    include_bytes!("keys/built-in/6.der"),
    include_bytes!("keys/built-in/7.der"),
];

/// One of the built-in keys. Each is read once a process: to check a key takes as long as to sign ten times.
fn built_in(number: usize) -> Option<Arc<KeyPair>> {
    static PAIRS: [OnceLock<Option<Arc<KeyPair>>>; BUILT_IN.len()] = [const { OnceLock::new() }; BUILT_IN.len()];
    let read = || KeyPair::from_der(BUILT_IN[number]).ok().map(Arc::new);
    PAIRS.get(number)?.get_or_init(read).clone()
}

/// A key pair of its own. It takes a tenth of a second or several.
fn generate() -> Option<Arc<KeyPair>> {
    KeyPair::generate(KeySize::Rsa2048).ok().map(Arc::new).or_else(|| built_in(0))
}

/// Tells that key pairs of their own will be wanted.
pub(super) fn prepare() {
    STOCK.prepare();
}

/// How long before a rotation the next key is listed. Docs: near the rotation; the number of days is inferred.
const ANNOUNCED_DAYS: i64 = 15;

/// The key that signs, the one before it and the one after it.
#[derive(Clone)]
pub(crate) struct KeyRing {
    pub(crate) active: SigningKey,
    /// The spec has one: "the previous key".
    former: Option<SigningKey>,
    /// Known from the start, so that looking at keys changes nothing; not told until the rotation is near.
    next: SigningKey,
}

/// An RSA key pair and its name.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    origin: Origin,
    /// Taken when somebody looks: making one takes a tenth of a second, and most servers are never asked for their keys.
    pair: OnceCell<Option<Arc<KeyPair>>>,
}

#[derive(Debug, Clone, Copy)]
enum Origin {
    Generated,
    BuiltIn(usize),
}

/// What a key is used for at present (spec).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum KeyStatus {
    Active,
    Next,
    Expired,
}

impl KeyRing {
    pub(crate) fn new(source: &mut Source) -> Self {
        KeyRing { active: SigningKey::new(source), former: None, next: SigningKey::new(source) }
    }

    /// The key before the one that signs, if there is one.
    pub(super) fn earliest(&self) -> &SigningKey {
        self.former.as_ref().unwrap_or(&self.active)
    }

    /// The next key signs from now on.
    pub(super) fn rotate(&mut self, source: &mut Source) {
        let active = std::mem::replace(&mut self.next, SigningKey::new(source));
        self.former = Some(std::mem::replace(&mut self.active, active));
    }

    /// The keys that are told at a moment. Recorded: a new server has one, and after a rotation the new one comes
    /// before the former. `rotation` is when the next rotation is due, if the server rotates by itself.
    pub(super) fn told(&self, now: Stamp, rotation: Option<Stamp>) -> impl Iterator<Item = (KeyStatus, &SigningKey)> {
        let near = rotation.is_some_and(|rotation| now >= rotation.plus_days(-ANNOUNCED_DAYS));
        let next = near.then_some((KeyStatus::Next, &self.next));
        let former = self.former.as_ref().map(|key| (KeyStatus::Expired, key));
        std::iter::once((KeyStatus::Active, &self.active)).chain(next).chain(former)
    }
}

impl SigningKey {
    fn new(source: &mut Source) -> Self {
        let origin = match source.key_number() {
            Some(number) => Origin::BuiltIn(number % BUILT_IN.len()),
            None => Origin::Generated,
        };
        SigningKey { kid: source.kid(), origin, pair: OnceCell::new() }
    }

    fn pair(&self) -> Option<&Arc<KeyPair>> {
        self.pair.get_or_init(|| self.origin.pair()).as_ref()
    }

    /// The signature of a message by RS256, which is the same each time.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let pair = self.pair()?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }

    /// The modulus, as a JSON Web Key has it.
    pub(super) fn modulus(&self) -> String {
        let modulus = self.pair().map(|pair| pair.public_key().modulus());
        URL_SAFE_NO_PAD.encode(modulus.as_ref().map_or(&[][..], |modulus| modulus.big_endian_without_leading_zero()))
    }
}

impl Origin {
    /// None cannot happen: the built-in keys are valid (a test reads them all).
    fn pair(self) -> Option<Arc<KeyPair>> {
        match self {
            Origin::Generated => STOCK.take(),
            Origin::BuiltIn(number) => built_in(number),
        }
    }
}
