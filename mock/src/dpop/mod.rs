//! Demonstrating Proof of Possession (RFC 9449), at the token endpoint and at the API. Owns nonces, replay, and how a
//! proof that is not taken is answered; what a proof has to be by itself is in `proof`.

mod address;
mod proof;

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use self::proof::Proof;
pub(super) use self::proof::Subject;
use super::{
    norm::Norm,
    replay_guard::{Name, Once},
    source::{self, Source, Stamp},
    wire::Refusal,
};

/// The key that an access token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding {
    thumbprint: String,
    /// How a proof names the token.
    ath: String,
}

impl Binding {
    /// `ath` is the SHA-256 of the token (section 4.2).
    pub(super) fn new(token: &str, thumbprint: String) -> Binding {
        Binding { thumbprint, ath: URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())) }
    }
}

/// Why a request is not let pass.
enum ProofError {
    Proof(&'static str),
    /// A genuine proof by a key that is not the token's.
    Binding,
    /// With the nonce to use.
    Nonce(String),
}

/// Who gives nonces. Each takes its own only (section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Giver {
    TokenEndpoint,
    Api,
}

/// The nonce that is to be used now.
#[derive(Clone)]
struct Nonce {
    text: String,
    ends: Stamp,
}

/// What the org remembers of proofs.
#[derive(Clone)]
pub(super) struct Dpop {
    lifetime: i64,
    /// Whether the API asks for a nonce as the token endpoint does.
    api_asks: bool,
    token_endpoint: Option<Nonce>,
    api: Option<Nonce>,
    proofs: Once,
}

impl Dpop {
    pub(super) fn new(lifetime: Duration, api_asks: bool) -> Self {
        // A nonce that ends at once could never be used.
        let lifetime = source::seconds(lifetime).max(1);
        Dpop { lifetime, api_asks, token_endpoint: None, api: None, proofs: Once::default() }
    }

    /// The thumbprint of the key that a token request proves to have.
    pub(super) fn at_the_token_endpoint(
        &mut self,
        source: &mut Source,
        headers: &HeaderMap,
        subject: Subject<'_>,
    ) -> Result<String, Refusal> {
        self.judge(source, headers, subject, Giver::TokenEndpoint, None).map_err(|fault| {
            let refuse = |error, text| Refusal::oauth(StatusCode::BAD_REQUEST, error, text);
            match fault {
                ProofError::Proof(text) => refuse("invalid_dpop_proof", text),
                ProofError::Binding => refuse("invalid_dpop_proof", "The DPoP proof is by another key"),
                ProofError::Nonce(nonce) => {
                    // Section 8.
                    let text = "Authorization server requires nonce in DPoP proof.";
                    refuse("use_dpop_nonce", text).with_nonce(&nonce)
                }
            }
        })
    }

    /// Whether a request to the API proves to have the key of its token. Section 7.1, with the vendor's body.
    pub(super) fn at_the_api(
        &mut self,
        source: &mut Source,
        headers: &HeaderMap,
        subject: Subject<'_>,
        binding: &Binding,
    ) -> Result<(), Refusal> {
        let judged = self.judge(source, headers, subject, Giver::Api, Some(binding));
        judged.map(drop).map_err(|fault| match fault {
            ProofError::Proof(text) => Refusal::dpop("invalid_dpop_proof", text),
            ProofError::Binding => Refusal::dpop("invalid_token", "Invalid DPoP key binding"),
            ProofError::Nonce(nonce) => {
                // Section 9.
                Refusal::dpop("use_dpop_nonce", "Resource server requires nonce in DPoP proof").with_nonce(&nonce)
            }
        })
    }

    /// The order is inferred: the proof by itself, its key, its nonce, and at last whether it is new. So a proof that
    /// was only told to come again with a nonce was not used.
    fn judge(
        &mut self,
        source: &mut Source,
        headers: &HeaderMap,
        subject: Subject<'_>,
        giver: Giver,
        binding: Option<&Binding>,
    ) -> Result<String, ProofError> {
        let now = jsonwebtoken::get_current_timestamp();
        let proof = proof(headers, subject, now).map_err(ProofError::Proof)?;
        if let Some(binding) = binding {
            if proof.ath.as_deref() != Some(binding.ath.as_str()) {
                return Err(ProofError::Proof(
                    "'ath' claim in the DPoP proof does not match the presented access_token.",
                ));
            }
            if proof.thumbprint != binding.thumbprint {
                return Err(ProofError::Binding);
            }
        }
        let asks = match giver {
            Giver::TokenEndpoint => true,
            Giver::Api => self.api_asks,
        };
        if asks {
            let wanted = self.nonce(giver, source);
            if proof.nonce.as_deref() != Some(wanted) && subject.keeps(Norm::ProofNonce) {
                return Err(ProofError::Nonce(wanted.to_owned()));
            }
        }
        let name = Name::new(&proof.thumbprint, &proof.jti);
        if self.proofs.is_used(name) {
            return Err(ProofError::Proof("The DPoP proof JWT has already been used."));
        }
        self.proofs.remember(name, proof.last, now);
        Ok(proof.thumbprint)
    }

    /// The nonce to use now. Docs: there is another every day, and the one before it works on for some days. Here it
    /// does not, so that clients meet the challenge again.
    fn nonce(&mut self, giver: Giver, source: &mut Source) -> &str {
        let now = source.now();
        let place = match giver {
            Giver::TokenEndpoint => &mut self.token_endpoint,
            Giver::Api => &mut self.api,
        };
        let nonce = place.take().filter(|nonce| now < nonce.ends);
        let fresh = || Nonce { text: source.nonce(), ends: now.plus_seconds(self.lifetime) };
        &place.insert(nonce.unwrap_or_else(fresh)).text
    }
}

/// The proof of a request, which is in exactly one header (section 4.3, point 1).
fn proof(headers: &HeaderMap, subject: Subject<'_>, now: u64) -> Result<Proof, &'static str> {
    let mut values = headers.get_all("dpop").iter();
    let value = values.next().ok_or("The DPoP proof JWT header is missing.")?;
    if values.next().is_some() {
        return Err("Multiple DPoP proof JWT headers are not allowed.");
    }
    proof::read(value.to_str().map_err(|_| "The DPoP proof JWT cannot be parsed.")?, subject, now)
}
