//! Reads the body that creates or replaces a policy. Owns which members are looked at and what makes one invalid.

use serde::Deserialize;

use crate::{body::Fields, state::Status, wire::Refusal};

/// What a client may say about a policy.
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(super) description: Option<String>,
    pub(crate) priority: Option<i64>,
    pub(super) status: Option<Status>,
    pub(super) clients: Vec<String>,
}

/// The one type there is (spec).
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum PolicyType {
    OauthAuthorizationPolicy,
}

impl Draft {
    /// The spec requires nothing; inferred: a policy has a name. Lengths are the spec's.
    pub(crate) fn read(fields: Fields<'_>) -> Result<Draft, Refusal> {
        let _: Option<PolicyType> = fields.choice("type");
        fields.require("name");
        let name = fields.text_of("name", 1..=100);
        let draft = Draft {
            name: name.unwrap_or_default(),
            description: fields.text_of("description", 1..=255),
            priority: fields.integer("priority"),
            status: fields.choice("status"),
            // Client ids or `ALL_CLIENTS`. Recorded: none if the request has no conditions.
            clients: fields.at("conditions.clients.").and_then(|clients| clients.texts("include")).unwrap_or_default(),
        };
        fields.finish()?;
        Ok(draft)
    }
}
