//! Signed objects in compact form (RFC 7515) and the algorithms of clients (RFC 7518 section 3).

use aws_lc_rs::{
    hmac as library,
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr, VariantNames};

/// How a client signs (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
pub(crate) enum SigningAlgorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    ES256,
}

impl SigningAlgorithm {
    /// Its name in a header.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }
}

/// A private key that can sign.
pub(super) enum Signer {
    Rsa(RsaKeyPair),
    /// On the curve P-256.
    Ec(EcdsaKeyPair),
}

impl Signer {
    /// The algorithm, as the key decides it.
    pub(super) fn algorithm(&self) -> SigningAlgorithm {
        match self {
            Self::Rsa(_) => SigningAlgorithm::RS256,
            Self::Ec(_) => SigningAlgorithm::ES256,
        }
    }

    /// Header, claims and signature; `None` where the library refuses.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> Option<String> {
        let message = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
        let signature = self.signature(self.algorithm(), message.as_bytes())?;
        Some(format!("{message}.{}", base64url(signature)))
    }

    /// The signature of a message; `None` for an algorithm of another kind of key.
    pub(super) fn signature(&self, algorithm: SigningAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match (self, algorithm) {
            (Self::Rsa(key), SigningAlgorithm::RS256 | SigningAlgorithm::RS384 | SigningAlgorithm::RS512) => {
                let padding = match algorithm {
                    SigningAlgorithm::RS384 => &RSA_PKCS1_SHA384,
                    SigningAlgorithm::RS512 => &RSA_PKCS1_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            (Self::Ec(key), SigningAlgorithm::ES256) => Some(key.sign(&random, message).ok()?.as_ref().to_vec()),
            _ => None,
        }
    }
}

/// A signature with a secret (RFC 7518 section 3.2); `None` for an algorithm of keys.
pub(super) fn hmac(algorithm: SigningAlgorithm, secret: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let kind = match algorithm {
        SigningAlgorithm::HS256 => library::HMAC_SHA256,
        SigningAlgorithm::HS384 => library::HMAC_SHA384,
        SigningAlgorithm::HS512 => library::HMAC_SHA512,
        SigningAlgorithm::RS256 | SigningAlgorithm::RS384 | SigningAlgorithm::RS512 | SigningAlgorithm::ES256 => {
            return None;
        }
    };
    Some(library::sign(&library::Key::new(kind, secret), message).as_ref().to_vec())
}

/// Base64 for URLs, without padding (RFC 7515 section 2).
pub(super) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A name that no other signed object has: 128 bits, more than the 96 that RFC 9449 section 4.2 asks for.
pub(super) fn unique() -> String {
    base64url(rand::random::<[u8; 16]>())
}
