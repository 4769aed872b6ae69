//! Access tokens: JWTs with the members and the order of real ones. Owns what they say of themselves; the claims of the
//! server are in `claims`.

use serde_json::{Map, Value, json};

use super::{
    Granted, binding,
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

/// A token that is still to be named and signed.
pub(super) struct Draft {
    issuer: String,
    audience: String,
    thumbprint: Option<String>,
    custom: Map<String, Value>,
}

/// Whatever can fail of a token.
pub(super) fn draft(org: &Org, call: &Call<'_>, granted: &Granted, thumbprint: Option<&str>) -> Result<Draft, Refusal> {
    let server = org.servers.find(&granted.server)?;
    Ok(Draft {
        issuer: server.issuer(call),
        audience: server.audience.clone(),
        thumbprint: thumbprint.map(str::to_owned),
        custom: claims::evaluate(org, call, granted, ClaimType::Resource, Occasion::WithAccessToken)?,
    })
}

/// Names and signs it. Recorded: `AT.` and 43 characters; docs: with a refresh token, its id behind them.
pub(super) fn issue(
    org: &mut Org,
    call: &Call<'_>,
    granted: &Granted,
    draft: Draft,
    refresh: Option<&str>,
) -> Result<String, Refusal> {
    let now = org.source.now();
    let mut name = org.source.secret();
    if !call.keeps(Norm::TokenIdentifier) {
        name = "0".repeat(name.len());
    }
    let family = refresh.filter(|_| call.keeps(Norm::TokenFamily));
    let jti = family.map_or_else(|| format!("AT.{name}"), |refresh| format!("AT.{name}.{refresh}"));
    let expires = now.plus_seconds(granted.lifetimes.access);
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    put("ver", json!(1));
    put("jti", json!(jti));
    put("iss", json!(draft.issuer));
    put("aud", json!(draft.audience));
    put("iat", json!(now.0));
    put("exp", json!(expires.0));
    if let Some(thumbprint) = &draft.thumbprint {
        put("cnf", json!({"jkt": thumbprint}));
    }
    put("cid", json!(granted.app.client_id));
    if let Some(signed) = &granted.signed {
        put("uid", json!(signed.user));
    }
    put("scp", json!(granted.scopes));
    if let Some(signed) = &granted.signed {
        put("auth_time", json!(signed.at.0));
    }
    claims::add(&mut claims, draft.custom);
    let text = mint(org, call, &granted.server, TokenType::Access, &claims)?;
    let token = Token {
        kind: Kind::Access { scopes: granted.scopes.clone(), binding: binding(&text, draft.thumbprint) },
        server: granted.server.clone(),
        client: granted.app.client_id.clone(),
        user: granted.signed.as_ref().map(|signed| signed.user.clone()),
        refresh: refresh.map(str::to_owned),
        expires,
        claims,
    };
    org.issued.add_token(text.clone(), token);
    Ok(text)
}
