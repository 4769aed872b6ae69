//! A `DPoP` proof by itself (RFC 9449, section 4.3, points 2 to 9, and `iat`). Owns which proofs are genuine and about
//! the request that they came with; nonce, token and replay are for `super`, which knows the org.

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, ThumbprintHash},
};
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::address;

/// How old a proof may be, in seconds. The RFC leaves it to the server: "on the order of seconds or minutes" (section
/// 11.1); inferred.
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

/// Reads a proof, or says what is wrong with it. `now` is the system's, as the client made the proof by its own clock
/// and knows no other.
pub(super) fn read(text: &str, subject: Subject<'_>, now: u64) -> Result<Proof, &'static str> {
    let head = head(text).ok_or("The DPoP proof is not a JWT")?;
    if head.typ.as_deref() != Some("dpop+jwt") {
        return Err("The DPoP proof is not of the type dpop+jwt");
    }
    // Nothing is understood that would have to be (RFC 7515, section 4.1.11).
    if head.crit.is_some() {
        return Err("The DPoP proof has a critical header that is not supported");
    }
    let algorithm = algorithm(head.alg.as_deref()).ok_or("The DPoP proof has an algorithm that is not supported")?;
    let members = head.jwk.ok_or("The DPoP proof has no public key")?;
    if PRIVATE_MEMBERS.iter().any(|name| members.contains_key(*name)) {
        return Err("The key of the DPoP proof is not a public one");
    }
    let key: Jwk =
        serde_json::from_value(Value::Object(members)).map_err(|_| "The key of the DPoP proof cannot be read")?;
    let claims = claims(text, algorithm, &key).ok_or("The DPoP proof lacks a claim or is not signed by its key")?;
    if claims.jti.is_empty() {
        return Err("The jti of the DPoP proof is empty");
    }
    if claims.htm != subject.method.as_str() {
        return Err("The htm of the DPoP proof is not the method of the request");
    }
    if !address::is_same(&claims.htu, &format!("{}{}", subject.base, subject.path)) {
        return Err("The htu of the DPoP proof is not the address of the request");
    }
    let made = whole(&claims.iat).ok_or("The iat of the DPoP proof is not a time")?;
    let last = made.saturating_add(OLDEST);
    if now > last || made > now.saturating_add(AHEAD) {
        return Err("The iat of the DPoP proof is too far from now");
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

/// Those that the metadata lists, but for ES512, which the library does not know.
fn algorithm(name: Option<&str>) -> Option<Algorithm> {
    match name? {
        "RS256" => Some(Algorithm::RS256),
        "RS384" => Some(Algorithm::RS384),
        "RS512" => Some(Algorithm::RS512),
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        _ => None,
    }
}

/// The claims, if the key signed them.
fn claims(text: &str, algorithm: Algorithm, key: &Jwk) -> Option<Claims> {
    // RFC 7518, section 3.4: each of these algorithms has one curve.
    let fits = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES384) => key.curve == EllipticCurve::P384,
        (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512) => true,
        _ => false,
    };
    if !fits {
        return None;
    }
    let mut rules = Validation::new(algorithm);
    // The proof's own claims stand in for those of a token (section 4.2); an `exp` or `nbf` that is there counts.
    rules.required_spec_claims.clear();
    rules.validate_aud = false;
    rules.validate_nbf = true;
    jsonwebtoken::decode(text, &DecodingKey::from_jwk(key).ok()?, &rules).ok().map(|token| token.claims)
}

/// The whole seconds of a `NumericDate`, which may have a fraction (RFC 7519, section 2).
fn whole(date: &Number) -> Option<u64> {
    let text = date.to_string();
    text.split('.').next()?.parse().ok()
}
