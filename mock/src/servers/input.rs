//! Reads the body that creates or replaces a server. Owns which members are looked at and what makes one invalid.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    body::Fields,
    constraint::Complaint,
    resource_keys,
    settings::IssuerMode,
    state::{Encryption, RotationMode, Status},
    wire::Refusal,
};

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
    pub(crate) fn read(fields: Fields<'_>) -> Result<Draft, Refusal> {
        let draft = Draft {
            // Docs: name and audiences are needed. Recorded: description is not.
            name: fields.required_text("name"),
            description: fields.text("description"),
            audience: audience(&fields),
            issuer_mode: fields.choice("issuerMode"),
            rotation_mode: rotation_mode(&fields),
            status: fields.choice("status"),
            // Spec: no encryption if the algorithm is left out.
            encryption: Encryption {
                algorithm: fields.choice("accessTokenEncryptedResponseAlgorithm"),
                jwks_uri: fields.text("jwks_uri"),
            },
            resource_keys: None,
        };
        let keys = keys(&fields);
        fields.finish()?;
        let resource_keys = keys.map(|keys| keys.into_iter().map(resource_keys::Draft::read).collect()).transpose()?;
        Ok(Draft { resource_keys, ..draft })
    }
}

/// Exactly one (spec: "currently supports only one audience"; recorded: always one).
fn audience(fields: &Fields<'_>) -> String {
    let problem = match fields.get("audiences") {
        None => Complaint::Blank,
        Some(Value::Array(audiences)) => match audiences.as_slice() {
            [Value::String(audience)] if !audience.is_empty() => return audience.clone(),
            [] | [Value::String(_) | Value::Null] => Complaint::Blank,
            [_] => Complaint::WrongType,
            [_, _, ..] => Complaint::OneAudience,
        },
        Some(_) => Complaint::WrongType,
    };
    fields.problem("audiences", problem);
    String::new()
}

fn rotation_mode(fields: &Fields<'_>) -> Option<RotationMode> {
    let signing = fields.at("credentials.signing.")?;
    let mode = signing.choice("rotationMode");
    let _: Option<KeyUse> = signing.choice("use");
    mode
}

/// The members of `jwks.keys`, if they are sent along (spec).
fn keys<'o>(fields: &Fields<'o>) -> Option<Vec<Fields<'o>>> {
    let set = fields.at("jwks.")?;
    let keys: Option<Vec<_>> = set.get("keys").and_then(|keys| keys.as_array()?.iter().map(Value::as_object).collect());
    let keys = keys.map(|keys| keys.into_iter().map(|key| fields.apart(key)).collect());
    if keys.is_none() {
        set.problem("keys", Complaint::WrongType);
    }
    keys
}
