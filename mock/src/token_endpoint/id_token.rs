//! ID tokens (`OpenID` Connect Core). Owns what they say of themselves; the claims of the server are in `claims`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{
    Granted,
    claims::{self, Occasion},
};
use crate::{
    call::Call,
    claims::ClaimType,
    issued::{Kind, Token},
    mint::{TokenType, mint},
    norm::Norm,
    state::Org,
    wire::Refusal,
};

/// Docs: one hour, whatever rules say.
const LIFETIME: i64 = 3_600;

/// A token that is still to be named and signed.
pub(super) struct Draft {
    issuer: String,
    identity: Map<String, Value>,
}

/// Whatever can fail of a token; none if there is to be none.
pub(super) fn draft(
    org: &Org,
    call: &Call<'_>,
    granted: &Granted,
    occasion: Occasion,
) -> Result<Option<Draft>, Refusal> {
    let is_wanted = granted.has_scope("openid") || !call.keeps(Norm::OpenId);
    if granted.signed.is_none() || !is_wanted {
        return Ok(None);
    }
    let server = org.servers.find(&granted.server)?;
    let identity = claims::evaluate(org, call, granted, ClaimType::Identity, occasion)?;
    Ok(Some(Draft { issuer: server.issuer(call), identity }))
}

/// The left half of the SHA-256 of a text (`OpenID` Connect Core, section 3.1.3.6).
fn half_hash(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref().get(..16).unwrap_or_default())
}

/// Names and signs it. The order is that of the vendor's examples (docs).
pub(super) fn issue(
    org: &mut Org,
    call: &Call<'_>,
    granted: &Granted,
    draft: Draft,
    access_token: Option<&str>,
    code: Option<&str>,
) -> Result<String, Refusal> {
    let now = org.source.now();
    let name = org.source.secret();
    let expires = now.plus_seconds(LIFETIME);
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    let signed = granted.signed.as_ref();
    // Docs: the id of the user, unlike that of an access token.
    put("sub", json!(signed.map(|signed| &signed.user)));
    put("ver", json!(1));
    put("iss", json!(draft.issuer));
    put("aud", json!(granted.app.client_id));
    put("iat", json!(now.0));
    put("exp", json!(expires.0));
    put("jti", json!(format!("ID.{name}")));
    put("amr", json!(["pwd"]));
    if let Some(nonce) = &granted.nonce {
        put("nonce", json!(nonce));
    }
    if let Some(signed) = signed {
        put("auth_time", json!(signed.at.0));
    }
    if let Some(token) = access_token {
        put("at_hash", json!(half_hash(token)));
    }
    if let Some(code) = code {
        put("c_hash", json!(half_hash(code)));
    }
    claims::add(&mut claims, draft.identity);
    let text = mint(org, call, &granted.server, TokenType::Id, &claims)?;
    let token = Token {
        kind: Kind::Id,
        server: granted.server.clone(),
        client: granted.app.client_id.clone(),
        user: signed.map(|signed| signed.user.clone()),
        refresh: None,
        expires,
        claims,
    };
    org.issued.add_token(text.clone(), token);
    Ok(text)
}
