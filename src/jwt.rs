//! JSON Web Tokens (RFC 7519) that somebody else signed: taking one apart, and whether a key of a set (RFC 7517) has signed it.
//!
//! Which algorithm it must be is the caller's to say and never the token's (RFC 8725 section 3.1). Signing is `http::oauth`'s.

use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
        UnparsedPublicKey,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// Longer ones are no tokens, but somebody's attempt to keep us busy; in bytes.
const LONGEST: usize = 64 * 1024;

/// No server has more signing keys.
const MOST_KEYS: usize = 100;

/// How a token is signed (RFC 7518 section 3.1), with a key that others may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
pub(crate) enum Algorithm {
    RS256,
    RS384,
    RS512,
    ES256,
    ES384,
    ES512,
}

/// A token in its parts.
#[derive(Debug)]
pub(crate) struct Jwt<'t> {
    /// What is signed: header and claims as they were sent.
    message: &'t str,
    /// As it was sent.
    encoded_signature: &'t str,
    signature: Vec<u8>,
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
}

/// Why a token is not signed by a key of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsigned {
    #[error("the key set has no `keys`")]
    NoSet,
    #[error("the key set has no key of this name and algorithm")]
    NoKey,
    #[error("the signature is not that of the key")]
    Other,
}

impl Algorithm {
    /// Its name in a header.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// The keys that it needs (RFC 7518 sections 3.3 and 3.4), and how they verify.
    fn verification(self) -> Verification {
        match self {
            Self::RS256 => Verification::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            Self::RS384 => Verification::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            Self::RS512 => Verification::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            Self::ES256 => Verification::Ec("P-256", &ECDSA_P256_SHA256_FIXED),
            Self::ES384 => Verification::Ec("P-384", &ECDSA_P384_SHA384_FIXED),
            Self::ES512 => Verification::Ec("P-521", &ECDSA_P521_SHA512_FIXED),
        }
    }
}

/// How a key of a kind verifies a signature.
enum Verification {
    Rsa(&'static RsaParameters),
    /// With keys on this curve (RFC 7518 section 6.2.1.1).
    Ec(&'static str, &'static EcdsaVerificationAlgorithm),
}

impl<'t> Jwt<'t> {
    /// Takes a token in compact form (RFC 7515 section 7.1) apart; `None` where it is none.
    pub(crate) fn read(text: &'t str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (message, encoded_signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let object = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let signature = URL_SAFE_NO_PAD.decode(encoded_signature).ok()?;
        Some(Self { message, encoded_signature, signature, header: object(header)?, claims: object(claims)? })
    }

    /// Header and claims, and the seconds from one to the other where it says when it begins and ends.
    pub(crate) fn decoded(&self) -> Value {
        let mut decoded = json!({ "header": self.header, "claims": self.claims });
        let time = |name: &str| self.claims.get(name).and_then(Value::as_i64);
        if let Some(lifetime) = time("exp").zip(time("iat")).and_then(|(exp, iat)| exp.checked_sub(iat)) {
            decoded["lifetime"] = lifetime.into();
        }
        decoded
    }

    /// The same with the token's two halves as they were sent: what is signed, and the signature.
    pub(crate) fn parts(&self) -> Value {
        let mut parts = self.decoded();
        parts["signed"] = self.message.into();
        parts["signature"] = self.encoded_signature.into();
        parts
    }

    /// Whether a key of this set has signed it with this algorithm.
    pub(crate) fn signed_by(&self, set: &Value, algorithm: Algorithm) -> Result<(), Unsigned> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(Unsigned::NoSet)?;
        let named = self.header.get("kid");
        let fits = |key: &&Value| {
            let says = |name: &str, value: &str| key.get(name).and_then(Value::as_str).is_none_or(|said| said == value);
            named.is_none_or(|name| key.get("kid") == Some(name)) && says("alg", algorithm.name()) && says("use", "sig")
        };
        let mut verdict = Err(Unsigned::NoKey);
        for key in keys.iter().take(MOST_KEYS).filter(fits) {
            match self.is_by(key, algorithm) {
                Some(true) => return Ok(()),
                Some(false) => verdict = Err(Unsigned::Other),
                None => {}
            }
        }
        verdict
    }

    /// Whether this key has signed it; `None` for a key of another kind.
    fn is_by(&self, key: &Value, algorithm: Algorithm) -> Option<bool> {
        let member = |name: &str| key.get(name).and_then(Value::as_str);
        let bytes = |name: &str| member(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let message = self.message.as_bytes();
        let (kind, curve) = (member("kty")?, member("crv"));
        let verified = match algorithm.verification() {
            Verification::Rsa(parameters) if kind == "RSA" => {
                let key = PublicKeyComponents { n: bytes("n")?, e: bytes("e")? };
                key.verify(parameters, message, &self.signature)
            }
            Verification::Ec(name, algorithm) if kind == "EC" && curve == Some(name) => {
                // An uncompressed point: 4, then both coordinates.
                let point = [vec![4], bytes("x")?, bytes("y")?].concat();
                UnparsedPublicKey::new(algorithm, point).verify(message, &self.signature)
            }
            Verification::Rsa(_) | Verification::Ec(..) => return None,
        };
        Some(verified.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515 appendix A.3: ES256.
    const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn key() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" })
    }

    /// RFC 7515 appendix A.2: RS256.
    const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn rsa_key() -> Value {
        let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
        json!({ "kty": "RSA", "e": "AQAB", "n": n })
    }

    #[test]
    fn tokens_of_the_rfc_are_verified() {
        let jwt = Jwt::read(TOKEN).expect("a token");
        assert_eq!(jwt.claims["iss"], "joe");
        assert_eq!(jwt.signed_by(&json!({ "keys": [key()] }), Algorithm::ES256), Ok(()));
        let jwt = Jwt::read(RSA_TOKEN).expect("a token");
        assert_eq!(jwt.signed_by(&json!({ "keys": [key(), rsa_key()] }), Algorithm::RS256), Ok(()));
    }

    #[test]
    fn the_algorithm_is_not_the_tokens_to_say() {
        let jwt = Jwt::read(TOKEN).expect("a token");
        let by = |key: Value, algorithm| jwt.signed_by(&json!({ "keys": [key] }), algorithm);
        assert_eq!(by(key(), Algorithm::RS256), Err(Unsigned::NoKey));
        let with = |name: &str, value: &str| {
            let mut key = key();
            key[name] = value.into();
            key
        };
        for key in [with("alg", "ES384"), with("use", "enc"), with("crv", "P-384"), with("x", "!")] {
            assert_eq!(by(key, Algorithm::ES256), Err(Unsigned::NoKey));
        }
        assert_eq!(jwt.signed_by(&json!([]), Algorithm::ES256), Err(Unsigned::NoSet));
    }

    #[test]
    fn one_bit_less_is_another_token() {
        let changed = TOKEN.replacen("eyJpc3Mi", "eyJpc3Nj", 1);
        assert!(Jwt::read(&changed).is_none(), "no JSON any more");
        let changed = format!("{}A", &TOKEN[..TOKEN.len() - 1]);
        let jwt = Jwt::read(&changed);
        let by = jwt.map(|jwt| jwt.signed_by(&json!({ "keys": [key()] }), Algorithm::ES256));
        assert!(by.is_none_or(|by| by == Err(Unsigned::Other)));
        for text in
            ["", "a", "a.b", "a.b.c", "e30.e30", "e30.W10.", "e30..e30", &format!("e30.e30.{}", "A".repeat(LONGEST))]
        {
            assert!(Jwt::read(text).is_none(), "{text}");
        }
        assert_eq!(
            Jwt::read("e30.e30.").expect("without a signature").decoded(),
            json!({ "header": {}, "claims": {} })
        );
    }
}
