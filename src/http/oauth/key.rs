//! Private keys of clients: PEM as PKCS#1, SEC 1 or PKCS#8, or a JWK (RFC 7517). Which algorithm signs follows from the key.

use aws_lc_rs::{
    error::KeyRejected,
    io::Positive,
    rsa::{KeyPair as RsaKeyPair, KeyPairComponents, PublicKeyComponents},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::jws::Signer;

/// Why a text is no private key that can be used here. Says nothing of the text itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

fn refused<T>(reason: impl Into<String>) -> Result<T, KeyError> {
    Err(KeyError(reason.into()))
}

/// The private key of a client.
pub struct PrivateKey {
    pub(super) signer: Signer,
    /// The name that a JWK gives itself.
    pub(super) id: Option<String>,
    /// Parts of the text that are secret.
    pub(super) secrets: Vec<String>,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({})", self.signer.algorithm().name())
    }
}

impl PrivateKey {
    /// Reads a key in any of its forms.
    ///
    /// # Errors
    /// Another text, a key of another kind, a key that is too short.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        // Variables of CI systems hold one line; Okta's own SDKs read `\n` in a PEM as the end of one too.
        let text = text.trim().replace("\\n", "\n");
        if text.starts_with('{') { Self::jwk(&text) } else { Self::pem(&text) }
    }

    /// An RSA key in PKCS#1 and its public part as a JWK (RFC 7517); `None` where it is no such key.
    pub fn pkcs1(id: &str, der: &[u8]) -> Option<(Self, Value)> {
        let key = RsaKeyPair::from_der(der).ok()?;
        let public = key.public_key();
        let encoded = |number: Positive<'_>| URL_SAFE_NO_PAD.encode(number.big_endian_without_leading_zero());
        let (n, e) = (encoded(public.modulus()), encoded(public.exponent()));
        let jwk = json!({ "kty": "RSA", "kid": id, "use": "sig", "alg": "RS256", "e": e, "n": n });
        Some((Self { signer: Signer::Rsa(key), id: Some(id.to_owned()), secrets: Vec::new() }, jwk))
    }

    fn pem(text: &str) -> Result<Self, KeyError> {
        let Some((label, base64)) = text.split_once("-----BEGIN ").and_then(|(_, rest)| rest.split_once("-----"))
        else {
            return refused("neither PEM (`-----BEGIN …`) nor a JWK (`{ … }`)");
        };
        let Some((base64, _)) = base64.split_once("-----END ") else {
            return refused("PEM without its end");
        };
        if base64.contains(':') || label.contains("ENCRYPTED") {
            return refused("the key is encrypted; give it without a passphrase");
        }
        let lines: Vec<&str> = base64.split_whitespace().collect();
        let Ok(der) = STANDARD.decode(lines.concat()) else {
            return refused("the PEM holds no base64");
        };
        let signer = match label {
            "RSA PRIVATE KEY" => rsa(RsaKeyPair::from_der(&der))?,
            "EC PRIVATE KEY" => ec(&der)?,
            // PKCS#8 says itself which kind it is; the RSA reader refuses what is none.
            "PRIVATE KEY" => match RsaKeyPair::from_pkcs8(&der) {
                Ok(key) => Signer::Rsa(key),
                Err(_) => ec(&der).map_err(|_| KeyError(KINDS.to_owned()))?,
            },
            other => return refused(format!("the PEM holds a {}, not a private key", other.to_lowercase())),
        };
        // A line can stand alone where a text is shown line by line.
        let secrets = lines.iter().map(|&line| line.to_owned()).chain([lines.concat()]).collect();
        Ok(Self { signer, id: None, secrets })
    }

    /// RFC 7517; the members of RSA and EC keys are those of RFC 7518 sections 6.2 and 6.3.
    fn jwk(text: &str) -> Result<Self, KeyError> {
        let Ok(jwk) = serde_json::from_str::<Value>(text) else {
            return refused("the JWK is not JSON");
        };
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            let bytes = member(name).and_then(|value| URL_SAFE_NO_PAD.decode(value.trim_end_matches('=')).ok());
            bytes.ok_or_else(|| KeyError(format!("the JWK has no `{name}` of a private key in base64url")))
        };
        let signer = match (member("kty"), member("crv")) {
            (Some("RSA"), _) => {
                let public_key = PublicKeyComponents { n: bytes("n")?, e: bytes("e")? };
                let [d, p, q] = [bytes("d")?, bytes("p")?, bytes("q")?];
                #[expect(non_snake_case, reason = "the library calls them so")]
                let [dP, dQ, qInv] = [bytes("dp")?, bytes("dq")?, bytes("qi")?];
                rsa(RsaKeyPair::from_components(&KeyPairComponents { public_key, d, p, q, dP, dQ, qInv }))?
            }
            (Some("EC"), Some("P-256")) => {
                let public = [vec![4], bytes("x")?, bytes("y")?].concat();
                let key = EcdsaKeyPair::from_private_key_and_public_key(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    &bytes("d")?,
                    &public,
                );
                Signer::Ec(key.map_err(|error| KeyError(format!("the JWK holds no key of the curve P-256: {error}")))?)
            }
            _ => return refused(KINDS),
        };
        if let Some(named) = member("alg").filter(|named| *named != signer.algorithm().name()) {
            let used = signer.algorithm().name();
            return refused(format!("the JWK is for {named}; {used} is what is used of its kind"));
        }
        let private = ["d", "p", "q", "dp", "dq", "qi"];
        let secrets = private.iter().filter_map(|name| member(name)).map(str::to_owned).collect();
        Ok(Self { signer, id: member("kid").map(str::to_owned), secrets })
    }
}

const KINDS: &str = "neither an RSA key of 2048 bits or more (RS256) nor an EC key of the curve P-256 (ES256)";

fn rsa(key: Result<RsaKeyPair, KeyRejected>) -> Result<Signer, KeyError> {
    key.map(Signer::Rsa).map_err(|error| KeyError(format!("no RSA key of 2048 bits or more: {error}")))
}

/// SEC 1 (RFC 5915) or PKCS#8.
fn ec(der: &[u8]) -> Result<Signer, KeyError> {
    let key = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der);
    key.map(Signer::Ec).map_err(|error| KeyError(format!("no EC key of the curve P-256: {error}")))
}
