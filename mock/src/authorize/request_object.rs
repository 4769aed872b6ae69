//! Request objects: the parameters of an authorization request as a JWT that the client signed (RFC 9101). Owns which are accepted (spec);
//! the texts are inferred.

use serde_json::Value;

use super::{Told, told};
use crate::{
    apps::App,
    call::Query,
    client_authentication::Spent,
    jws::{Algorithm, Jws},
    replay_guard::Once,
    start::AuthenticationMethod,
};

/// Claims of the JWT itself.
const OWN: [&str; 6] = ["iss", "aud", "exp", "iat", "nbf", "jti"];
/// Spec: one that expires later is refused.
const LONGEST_SECONDS: u64 = 3_600;

fn invalid(description: &str) -> Told {
    told("invalid_request_object", description)
}

/// The parameters, those of the JWT before those that were sent beside it.
pub(super) fn read(app: &App, issuer: &str, text: &str, parameters: &Query, used: &mut Once) -> Result<Query, Told> {
    let jws = Jws::read(text).ok_or_else(|| invalid("The 'request' could not be parsed."))?;
    if !is_signed(app, &jws) {
        return Err(invalid("The signature of the 'request' is invalid."));
    }
    let claim = |name: &str| jws.claims.get(name).and_then(Value::as_str);
    if claim("iss") != Some(&app.client_id) || claim("aud") != Some(issuer) {
        return Err(invalid("The issuer or the audience of the 'request' is invalid."));
    }
    let now = jsonwebtoken::get_current_timestamp();
    let time = |name: &str| jws.claims.get(name).and_then(Value::as_u64);
    let expires = time("exp").unwrap_or(now + LONGEST_SECONDS);
    if expires <= now || expires > now + LONGEST_SECONDS || time("nbf").is_some_and(|from| from > now) {
        return Err(invalid("The 'request' has expired, is not valid yet, or is valid for too long."));
    }
    if let Some(jti) = claim("jti") {
        let spent = Spent::new(&app.client_id, jti, expires);
        if spent.is_known(used) {
            return Err(invalid("The 'request' has already been used."));
        }
        spent.remember(used);
    }
    let named = jws.claims.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    let texts = named.filter_map(|(name, value)| match value {
        Value::String(text) => Some((name.clone(), text.clone())),
        Value::Number(number) => Some((name.clone(), number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    Ok(parameters.behind(texts))
}

/// Spec: by the secret only of a client that authenticates with one, else by a key that is registered.
fn is_signed(app: &App, jws: &Jws<'_>) -> bool {
    let has_secret = match app.method {
        AuthenticationMethod::ClientSecretBasic
        | AuthenticationMethod::ClientSecretPost
        | AuthenticationMethod::ClientSecretJwt => true,
        AuthenticationMethod::PrivateKeyJwt | AuthenticationMethod::None => false,
    };
    match jws.algorithm {
        Ok(Algorithm::Shared(_)) => has_secret && app.secret.as_deref().is_some_and(|secret| jws.is_by_secret(secret)),
        Ok(Algorithm::Rsa(_) | Algorithm::Ecdsa(_)) => app.keys.iter().any(|key| jws.is_by_key(key)),
        Err(()) => false,
    }
}
