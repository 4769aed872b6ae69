//! Secrets that an answer itself holds: what OAuth and JSON Web Keys say is for nobody else.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::json::all;

/// Members that are secret wherever they stand (RFC 6749, RFC 7591, `OpenID` Connect; Okta writes some in another way).
const SECRET: [&str; 9] = [
    "client_secret",
    "clientSecret",
    "access_token",
    "refresh_token",
    "id_token",
    "device_secret",
    "registration_access_token",
    "client_assertion",
    "assertion",
];

/// The private members of a JSON Web Key (RFC 7518 section 6).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// Longer ones are no secrets, but somebody's attempt to fill the memory.
const LONGEST: usize = 16 * 1024;

/// Shorter ones, and words, would mask what reports are about.
const SHORTEST: usize = 8;

/// What an answer must hold to be looked at: what is in each of the names, or an escape that hides it. A search for each is several times
/// faster than one for all names.
static SIGNS: LazyLock<[Finder<'static>; 5]> =
    LazyLock::new(|| ["ecret", "_token", "assertion", "\"kty\"", "\\u"].map(Finder::new));

/// Whether it is worth while to read a body for its secrets.
pub(crate) fn may_hold_secrets(body: &[u8]) -> bool {
    SIGNS.iter().any(|sign| sign.find(body).is_some())
}

/// The secrets in a body.
pub(crate) fn secrets_in(body: &Value) -> Vec<&str> {
    all(body).filter_map(Value::as_object).flat_map(secrets_of).collect()
}

fn secrets_of(members: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let key = members.contains_key("kty");
    let secret = move |name: &str| SECRET.contains(&name) || (key && PRIVATE.contains(&name));
    let texts = members.iter().filter(move |(name, _)| secret(name)).filter_map(|(_, value)| value.as_str());
    texts.filter(|text| is_secret(text))
}

/// The code and tokens that a browser takes along to the page of a client, in the query or the fragment (RFC 6749 sections 4.1.2 and 4.2.2).
pub(crate) fn secrets_in_redirect(url: &str) -> Vec<String> {
    let parameters = url.split(['?', '#', '&']).filter_map(|parameter| parameter.split_once('='));
    let carried = parameters.filter(|(name, _)| ["code", "access_token", "id_token"].contains(name));
    let values = carried.map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned());
    values.filter(|value| is_secret(value)).collect()
}

/// Tokens, secrets and keys are long and mixed; `true` or `client_secret_basic` is none.
fn is_secret(text: &str) -> bool {
    let mixed = text.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    (SHORTEST..=LONGEST).contains(&text.len()) && mixed && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_found_wherever_they_stand() {
        let body = json!([{ "client_secret": "s3cret-of-a-client", "name": "n4me-of-a-client" },
            { "keys": [{ "kty": "RSA", "n": "publicN1", "d": "privateD1" }, { "kty": "oct", "k": "symmetricK1" }] },
            { "d": "no-key-D1", "access_token": "short", "id_token": "client_secret_basic" }]);
        let mut found = secrets_in(&body);
        found.sort_unstable();
        assert_eq!(found, ["privateD1", "s3cret-of-a-client", "symmetricK1"]);
        assert!(may_hold_secrets(body.to_string().as_bytes()) && may_hold_secrets(br#"{"client\u005fsecret":1}"#));
        assert!(!may_hold_secrets(br#"{"id":"a","name":"b"}"#));
    }

    #[test]
    fn a_redirect_carries_a_code_and_tokens() {
        let url =
            "https://app.example.com/?code=C0de%2Dof-1&state=St4te-of-1#access_token=T0ken-of-1&error=acce55_denied";
        assert_eq!(secrets_in_redirect(url), ["C0de-of-1", "T0ken-of-1"]);
        assert!(secrets_in_redirect("https://app.example.com/?code=query&other=code").is_empty());
    }

    #[test]
    fn no_name_hides_from_the_signs() {
        for name in SECRET {
            assert!(may_hold_secrets(json!({ name: 1 }).to_string().as_bytes()), "{name}");
        }
        for name in PRIVATE {
            assert!(may_hold_secrets(json!({ "kty": "a", name: 1 }).to_string().as_bytes()), "{name}");
        }
    }
}
