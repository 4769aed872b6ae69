//! Reads the body that creates or replaces a server. Owns which members are looked at and what makes one invalid.

use serde::Deserialize;
use serde_json::Value;

use crate::mock::{
    body::{self, BLANK, Fields, WRONG_TYPE},
    call::Call,
    settings::IssuerMode,
    state::{RotationMode, Status},
    wire::Refusal,
};

const ONE_AUDIENCE: &str = "Only one audience is supported";

/// What a client may say about a server. Members that only the service sets (`id`, `issuer`, `kid`, `_links` and so on)
/// may be sent and are not looked at (recorded).
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) audience: String,
    pub(super) issuer_mode: Option<IssuerMode>,
    pub(super) rotation_mode: Option<RotationMode>,
    pub(super) status: Option<Status>,
}

/// The one value that `credentials.signing.use` may have (spec). It is never given back (recorded).
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeyUse {
    Sig,
}

impl Draft {
    pub(super) fn read(call: &Call<'_>) -> Result<Draft, Refusal> {
        let object = body::object(call)?;
        let mut fields = Fields::new(&object, "");
        let draft = Draft {
            // Docs: name and audiences are needed. Recorded: description is not.
            name: fields.required_text("name"),
            description: fields.text("description"),
            audience: audience(&mut fields),
            issuer_mode: fields.choice("issuerMode"),
            rotation_mode: rotation_mode(&mut fields),
            status: fields.choice("status"),
        };
        fields.finish()?;
        Ok(draft)
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
