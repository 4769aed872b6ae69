//! Reads the body that creates or replaces a scope. Owns which members are looked at and what makes one invalid.

use super::{Consent, MetadataPublish, Scope};
use crate::{body::Fields, constraint::Complaint, wire::Refusal};

/// What a client may say about a scope.
pub(crate) struct Draft {
    name: String,
    display_name: Option<String>,
    description: Option<String>,
    metadata_publish: Option<MetadataPublish>,
    consent: Option<Consent>,
    optional: Option<bool>,
    default: Option<bool>,
}

impl Draft {
    /// `others` are the scopes whose names are taken; `former` is the scope to replace.
    pub(crate) fn read<'s>(
        fields: Fields<'_>,
        former: Option<&Scope>,
        mut others: impl Iterator<Item = &'s Scope>,
    ) -> Result<Draft, Refusal> {
        let draft = Draft {
            name: fields.required_text("name"),
            display_name: fields.text("displayName"),
            description: fields.text("description"),
            metadata_publish: fields.choice("metadataPublish"),
            consent: fields.choice("consent"),
            optional: fields.boolean("optional"),
            default: fields.boolean("default"),
        };
        if fields.is_fine("name") {
            let kept = former.is_some_and(|scope| scope.name == draft.name);
            if !kept && former.is_some_and(|scope| scope.system) {
                // Inferred: a system scope keeps its name, which OpenID Connect defines.
                fields.problem("name", Complaint::Fixed);
            } else if !kept && !is_free_to_use(&draft.name) {
                fields.problem("name", Complaint::BadScopeName);
            } else if others.any(|scope| scope.name == draft.name) {
                // Inferred: a scope is known by its name, so there cannot be two of one name.
                fields.problem("name", Complaint::Clash);
            }
        }
        if former.is_some() {
            // Docs: both are needed to replace a scope, though not to create one.
            for name in ["metadataPublish", "consent"] {
                fields.require(name);
            }
        }
        fields.finish()?;
        Ok(draft)
    }

    /// The scope as the draft has it. Defaults are the spec's and recorded: not in the metadata, no consent, neither
    /// optional nor a default. Inferred: a display name that is left out of a replacement is gone.
    pub(crate) fn into_scope(self, id: String, system: bool) -> Scope {
        Scope {
            id,
            name: self.name,
            display_name: self.display_name,
            description: self.description,
            system,
            metadata_publish: self.metadata_publish.unwrap_or(MetadataPublish::NoClients),
            consent: self.consent.unwrap_or(Consent::Implicit),
            optional: self.optional.unwrap_or(false),
            default: self.default.unwrap_or(false),
        }
    }
}

/// Docs: printable ASCII without space, double quote and backslash; neither begins with `okta.` or `okta:` nor is
/// `okta` or `*`.
fn is_free_to_use(name: &str) -> bool {
    let printable = name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    printable && !name.starts_with("okta.") && !name.starts_with("okta:") && name != "okta" && name != "*"
}
