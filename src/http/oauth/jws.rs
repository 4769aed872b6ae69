//! Signed objects in compact form (RFC 7515) with the two algorithms that every service knows: RS256 and ES256 (RFC 7518 section 3).

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{EcdsaKeyPair, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// A private key that can sign.
pub(super) enum Signer {
    Rsa(RsaKeyPair),
    /// On the curve P-256.
    Ec(EcdsaKeyPair),
}

impl Signer {
    /// The name of the algorithm, as the key decides it.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    /// Header, claims and signature; `None` where the library refuses.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> Option<String> {
        let message = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).ok()?;
                signature
            }
            Self::Ec(key) => key.sign(&random, message.as_bytes()).ok()?.as_ref().to_vec(),
        };
        Some(format!("{message}.{}", base64url(signature)))
    }
}

/// Base64 for URLs, without padding (RFC 7515 section 2).
pub(super) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A name that no other signed object has: 128 bits, more than the 96 that RFC 9449 section 4.2 asks for.
pub(super) fn unique() -> String {
    base64url(rand::random::<[u8; 16]>())
}
