//! Reads the body that creates or replaces a server. Owns which members are looked at and what makes one invalid.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    body::{BLANK, Fields, WRONG_TYPE},
    resource_keys,
    settings::IssuerMode,
    state::{Encryption, RotationMode, Status},
    wire::Refusal,
};

const ONE_AUDIENCE: &str = "Only one audience is supported";

/// What a client may say about a server. Members that only the service sets (`id`, `issuer`, `kid`, `_links` and so on)
/// may be sent and are not looked at (recorded).
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) audience: String,
    pub(crate) issuer_mode: Option<IssuerMode>,
    pub(crate) rotation_mode: Option<RotationMode>,
    pub(crate) status: Option<Status>,
    pub(crate) encryption: Encryption,
    pub(crate) resource_keys: Option<Vec<resource_keys::Draft>>,
}

/// The one value that `credentials.signing.use` may have (spec). It is never given back (recorded).
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeyUse {
    Sig,
}

impl Draft {
    pub(crate) fn read(mut fields: Fields<'_>) -> Result<Draft, Refusal> {
        let draft = Draft {
            // Docs: name and audiences are needed. Recorded: description is not.
            name: fields.required_text("name"),
            description: fields.text("description"),
            audience: audience(&mut fields),
            issuer_mode: fields.choice("issuerMode"),
            rotation_mode: rotation_mode(&mut fields),
            status: fields.choice("status"),
            // Spec: no encryption if the algorithm is left out.
            encryption: Encryption {
                algorithm: fields.choice("accessTokenEncryptedResponseAlgorithm"),
                jwks_uri: fields.text("jwks_uri"),
            },
            resource_keys: None,
        };
        let keys = keys(&mut fields);
        fields.finish()?;
        let resource_keys = keys.map(|keys| keys.into_iter().map(resource_keys::Draft::read).collect()).transpose()?;
        Ok(Draft { resource_keys, ..draft })
    }
}

/// Exactly one (spec: "currently supports only one audience"; recorded: always one).
fn audience(fields: &mut Fields<'_>) -> String {
    let problem = match fields.get("audiences") {
        None => BLANK,
        Some(Value::Array(audiences)) => match audiences.as_slice() {
            [Value::String(audience)] if !audience.is_empty() => return audience.clone(),
            [] | [Value::String(_) | Value::Null] => BLANK,
            [_] => WRONG_TYPE,
            [_, _, ..] => ONE_AUDIENCE,
        },
        Some(_) => WRONG_TYPE,
    };
    fields.problem("audiences", problem);
    String::new()
}

fn rotation_mode(fields: &mut Fields<'_>) -> Option<RotationMode> {
    let mut credentials = fields.nested("credentials", "credentials.")?;
    let mode = credentials.nested("signing", "credentials.signing.").and_then(|mut signing| {
        let mode = signing.choice("rotationMode");
        let _: Option<KeyUse> = signing.choice("use");
        credentials.absorb(signing);
        mode
    });
    fields.absorb(credentials);
    mode
}

/// The members of `jwks.keys`, if they are sent along (spec).
fn keys<'o>(fields: &mut Fields<'o>) -> Option<Vec<Fields<'o>>> {
    let mut set = fields.nested("jwks", "jwks.")?;
    let keys: Option<Vec<_>> = set.get("keys").and_then(|keys| keys.as_array()?.iter().map(Value::as_object).collect());
    let keys = keys.map(|keys| keys.into_iter().map(|key| fields.within(key, "")).collect());
    if keys.is_none() {
        set.problem("keys", WRONG_TYPE);
    }
    fields.absorb(set);
    keys
}
