//! Proofs of possession of a key (RFC 9449): one a request, with the nonce that the server asked for last.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use reqwest::Url;
use serde_json::{Value, json};

use super::jws::{Signer, base64url, unique};
use crate::http::Answer;

/// Where a proof is shown. Each gives nonces of its own (RFC 9449 sections 8 and 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    TokenEndpoint,
    Api,
}

/// The key of a principal, made when the program starts and never written down, and the nonces that it was given.
pub(super) struct ProofKey {
    signer: Signer,
    /// The header of every proof: type, algorithm, public key.
    header: Value,
    nonces: Mutex<[Option<String>; 2]>,
}

impl std::fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProofKey")
    }
}

impl ProofKey {
    /// A new key; `None` where the library has no random numbers.
    pub(super) fn new() -> Option<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
        // An uncompressed point: 4, then both coordinates of 32 bytes.
        let (x, y) = key.public_key().as_ref().get(1..)?.split_at_checked(32)?;
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) });
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        Some(Self { signer: Signer::Ec(key), header, nonces: Mutex::default() })
    }

    /// What every proof begins with.
    pub(super) fn beginning(&self) -> String {
        format!("{}.", base64url(self.header.to_string()))
    }

    /// What every proof says of its key.
    pub(super) fn header(&self) -> &Value {
        &self.header
    }

    /// What a proof for one request says (RFC 9449 section 4.2), with the nonce that is known, if it is to have one.
    pub(super) fn claims(&self, place: Place, method: &str, url: &Url, with_nonce: bool) -> Value {
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let mut claims =
            json!({ "jti": unique(), "htm": method, "htu": target.as_str(), "iat": chrono::Utc::now().timestamp() });
        let nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nonce) = nonces[place as usize].as_ref().filter(|_| with_nonce) {
            claims["nonce"] = nonce.as_str().into();
        }
        claims
    }

    /// The signature of a proof that a case has changed.
    pub(super) fn signature(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.signer.signature(self.signer.algorithm(), message)
    }

    /// A proof for one request, bound to a token where there is one.
    pub(super) fn proof(&self, place: Place, method: &str, url: &Url, token: Option<&str>) -> Option<String> {
        let mut claims = self.claims(place, method, url, true);
        if let Some(token) = token {
            claims["ath"] = base64url(digest(&SHA256, token.as_bytes())).into();
        }
        self.signer.sign(&self.header, &claims)
    }

    /// Keeps the nonce of an answer, of whatever status (RFC 9449 section 8.2); says whether it has one.
    pub(super) fn note_nonce(&self, place: Place, answer: &Answer) -> bool {
        let Some(nonce) = answer.header("DPoP-Nonce") else { return false };
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)[place as usize] = Some(nonce.into_owned());
        true
    }
}

/// Whether an API refused a request for the want of a nonce (RFC 9449 section 9).
pub(super) fn asks_for_nonce(answer: &Answer) -> bool {
    let challenge = answer.header("WWW-Authenticate").unwrap_or_default();
    answer.status == 401 && challenge.contains("use_dpop_nonce")
}
