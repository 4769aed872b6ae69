//! A `DPoP` proof by itself (RFC 9449, section 4.3, points 2 to 9, and `iat`). Owns which proofs are genuine and about
//! the request that they came with; nonce, token and replay are for `super`, which knows the org.

use std::str::FromStr as _;

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::address;
use crate::{
    constraint::{Constraint, Lenience},
    jws::{Algorithm, Jws},
    norm::Norm,
};

/// How old a proof may be, in seconds (catalogue: five minutes).
const OLDEST: u64 = 300;
/// How far a proof may be ahead, as clocks differ (section 11.1); inferred.
const AHEAD: u64 = 60;

/// What tells a private or a shared key from a public one (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What a proof has to be about.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'r> {
    pub(crate) method: &'r Method,
    /// Scheme and host.
    pub(crate) base: &'r str,
    /// As it was sent, escapes and all.
    pub(crate) path: &'r str,
    /// What it need not be.
    pub(crate) lenience: &'r Lenience,
}

impl Subject<'_> {
    pub(super) fn keeps(&self, norm: Norm) -> bool {
        self.lenience.enforces(Constraint::Norm(norm))
    }
}

/// A genuine proof.
pub(super) struct Proof {
    /// The RFC 7638 thumbprint of the key that signed it.
    pub(super) thumbprint: String,
    pub(super) jti: String,
    pub(super) nonce: Option<String>,
    pub(super) ath: Option<String>,
    /// The last second, by the system's clock, in which it can be used.
    pub(super) last: u64,
}

#[derive(Deserialize)]
struct Head {
    typ: Option<String>,
    alg: Option<String>,
    /// As it was sent: a key that was read has lost the members it must not have.
    jwk: Option<Map<String, Value>>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: Number,
    nonce: Option<String>,
    ath: Option<String>,
}

/// Reads a proof, or says what is wrong with it: in the words of the catalogue, or, without a full stop, in ours. `now` is the system's, as the client made the proof by its own clock
/// and knows no other.
pub(super) fn read(text: &str, subject: Subject<'_>, now: u64) -> Result<Proof, &'static str> {
    let head = head(text).ok_or("The DPoP proof JWT cannot be parsed.")?;
    if head.typ.as_deref() != Some("dpop+jwt") && subject.keeps(Norm::ProofType) {
        return Err("'typ' must be 'dpop+jwt' in the DPoP proof JWT.");
    }
    // Nothing is understood that would have to be (RFC 7515, section 4.1.11).
    if head.crit.is_some() {
        return Err("The DPoP proof has a critical header that is not supported");
    }
    if !is_supported(head.alg.as_deref()) {
        return Err("The DPoP proof JWT signature algorithm is invalid.");
    }
    let members = head.jwk.ok_or("The DPoP proof has no public key")?;
    if PRIVATE_MEMBERS.iter().any(|name| members.contains_key(*name)) {
        return Err("The key of the DPoP proof is not a public one");
    }
    let key: Jwk =
        serde_json::from_value(Value::Object(members)).map_err(|_| "The key of the DPoP proof cannot be read")?;
    let claims = claims(text, &key, now).ok_or("The DPoP proof JWT signature is invalid.")?;
    if claims.jti.is_empty() {
        return Err("'jti' claim in the DPoP proof JWT is invalid.");
    }
    if claims.htm != subject.method.as_str() && subject.keeps(Norm::ProofMethod) {
        return Err("'htm' claim in the DPoP proof JWT is invalid.");
    }
    let is_there = address::is_same(&claims.htu, &format!("{}{}", subject.base, subject.path));
    if !is_there && subject.keeps(Norm::ProofUrl) {
        return Err("'htu' claim in the DPoP proof JWT is invalid.");
    }
    let made = whole(&claims.iat).ok_or("'iat' claim in the DPoP proof JWT is invalid.")?;
    let last = made.saturating_add(OLDEST);
    if now > last && subject.keeps(Norm::ProofAge) {
        return Err("The DPoP proof JWT is issued more than five minutes in the past.");
    }
    if made > now.saturating_add(AHEAD) && subject.keeps(Norm::ProofFuture) {
        return Err("The DPoP proof JWT is issued in the future.");
    }
    let thumbprint =
        key.thumbprint(ThumbprintHash::SHA256).map_err(|_| "The key of the DPoP proof has no thumbprint")?;
    Ok(Proof { thumbprint, jti: claims.jti, nonce: claims.nonce, ath: claims.ath, last })
}

/// The header, read by itself for what the library does not look at.
fn head(text: &str) -> Option<Head> {
    let (head, _) = text.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()
}

/// Those that the metadata lists: none with a shared secret.
fn is_supported(name: Option<&str>) -> bool {
    match name.map(Algorithm::from_str) {
        Some(Ok(Algorithm::Rsa(_) | Algorithm::Ecdsa(_))) => true,
        Some(Ok(Algorithm::Shared(_)) | Err(())) | None => false,
    }
}

/// The claims, if the key signed them. The proof's own claims stand in for those of a token (section 4.2); an `exp` or `nbf` that is there
/// counts.
fn claims(text: &str, key: &Jwk, now: u64) -> Option<Claims> {
    let jws = Jws::read(text).filter(|jws| jws.is_by_key(key))?;
    let time = |name: &str| match jws.claims.get(name) {
        None => Some(None),
        Some(value) => value.as_number().and_then(whole).map(Some),
    };
    let is_over = time("exp")?.is_some_and(|end| end.saturating_add(AHEAD) < now);
    let is_ahead = time("nbf")?.is_some_and(|start| start > now.saturating_add(AHEAD));
    if is_over || is_ahead { None } else { serde_json::from_value(Value::Object(jws.claims)).ok() }
}

/// The whole seconds of a `NumericDate`, which may have a fraction (RFC 7519, section 2).
fn whole(date: &Number) -> Option<u64> {
    let text = date.to_string();
    text.split('.').next()?.parse().ok()
}
