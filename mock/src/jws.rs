//! JSON Web Signatures in compact form (RFC 7515): making those of tokens, reading and verifying those of clients. Owns the form and the
//! algorithms, and no claim: what a token says is up to its endpoint. Not by the library, which knows no ES512 and its own member order only.

use std::str::FromStr;

use aws_lc_rs::{
    hmac,
    signature::{self, EcdsaVerificationAlgorithm, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::keys::SigningKey;

/// What clients may sign with (spec).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// With the secret of a client.
    Shared(Hash),
    Rsa(Hash),
    Ecdsa(Hash),
}

/// The hash of an algorithm, and with it the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl FromStr for Algorithm {
    type Err = ();

    fn from_str(name: &str) -> Result<Algorithm, ()> {
        let (family, hash) = name.split_at_checked(2).ok_or(())?;
        let hash = match hash {
            "256" => Hash::Sha256,
            "384" => Hash::Sha384,
            "512" => Hash::Sha512,
            _ => return Err(()),
        };
        match family {
            "HS" => Ok(Algorithm::Shared(hash)),
            "RS" => Ok(Algorithm::Rsa(hash)),
            "ES" => Ok(Algorithm::Ecdsa(hash)),
            _ => Err(()),
        }
    }
}

/// A signed text that was read, and is still to be verified.
pub(super) struct Jws<'t> {
    pub(super) algorithm: Result<Algorithm, ()>,
    pub(super) kid: Option<String>,
    pub(super) claims: Map<String, Value>,
    signed: &'t str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl<'t> Jws<'t> {
    /// None for what is no JWT.
    pub(super) fn read(text: &'t str) -> Option<Jws<'t>> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header: Head = serde_json::from_slice(&decode(header)?).ok()?;
        // Nothing is understood that would have to be (section 4.1.11).
        if header.crit.is_some() {
            return None;
        }
        let claims = serde_json::from_slice(&decode(claims)?).ok()?;
        Some(Jws { algorithm: header.alg.parse(), kid: header.kid, claims, signed, signature: decode(signature)? })
    }

    /// Whether the secret of a client signed it.
    pub(super) fn is_by_secret(&self, secret: &str) -> bool {
        let algorithm = match self.algorithm {
            Ok(Algorithm::Shared(Hash::Sha256)) => hmac::HMAC_SHA256,
            Ok(Algorithm::Shared(Hash::Sha384)) => hmac::HMAC_SHA384,
            Ok(Algorithm::Shared(Hash::Sha512)) => hmac::HMAC_SHA512,
            Ok(Algorithm::Rsa(_) | Algorithm::Ecdsa(_)) | Err(()) => return false,
        };
        let key = hmac::Key::new(algorithm, secret.as_bytes());
        hmac::verify(&key, self.signed.as_bytes(), &self.signature).is_ok()
    }

    /// Whether a public key verifies it. RFC 7518, section 3.4: an ECDSA algorithm has one curve.
    pub(super) fn is_by_key(&self, key: &Jwk) -> bool {
        match (self.algorithm, &key.algorithm) {
            (Ok(Algorithm::Rsa(hash)), AlgorithmParameters::RSA(key)) => self.is_by_rsa(hash, &key.n, &key.e),
            (Ok(Algorithm::Ecdsa(hash)), AlgorithmParameters::EllipticCurve(key)) => {
                let rules: &EcdsaVerificationAlgorithm = match (hash, &key.curve) {
                    (Hash::Sha256, EllipticCurve::P256) => &signature::ECDSA_P256_SHA256_FIXED,
                    (Hash::Sha384, EllipticCurve::P384) => &signature::ECDSA_P384_SHA384_FIXED,
                    (Hash::Sha512, EllipticCurve::P521) => &signature::ECDSA_P521_SHA512_FIXED,
                    (_, _) => return false,
                };
                let Some(point) = point(&key.x, &key.y) else { return false };
                UnparsedPublicKey::new(rules, point).verify(self.signed.as_bytes(), &self.signature).is_ok()
            }
            (_, _) => false,
        }
    }

    fn is_by_rsa(&self, hash: Hash, n: &str, e: &str) -> bool {
        let rules: &RsaParameters = match hash {
            Hash::Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Hash::Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Hash::Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        };
        let (Ok(n), Ok(e)) = (URL_SAFE_NO_PAD.decode(n), URL_SAFE_NO_PAD.decode(e)) else { return false };
        RsaPublicKeyComponents { n, e }.verify(rules, self.signed.as_bytes(), &self.signature).is_ok()
    }
}

/// A point of a curve as the library reads it: uncompressed.
fn point(x: &str, y: &str) -> Option<Vec<u8>> {
    let (x, y) = (URL_SAFE_NO_PAD.decode(x).ok()?, URL_SAFE_NO_PAD.decode(y).ok()?);
    Some([&[4][..], &x, &y].concat())
}

/// What tokens of servers have (jwt): these two members in this order, and no `typ`.
#[derive(Serialize)]
pub(super) struct Header<'k> {
    pub(super) kid: &'k str,
    pub(super) alg: &'static str,
}

/// A token that a server's key signs. None cannot happen: keys are valid, and claims are maps with texts for keys.
pub(super) fn sign(key: &SigningKey, header: &impl Serialize, claims: &Map<String, Value>) -> Option<String> {
    let encode = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
    let header = encode(serde_json::to_vec(header).ok()?);
    let mut token = format!("{header}.{}", encode(serde_json::to_vec(claims).ok()?));
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Some(token)
}
