//! Reads the body that creates or replaces a claim. Owns which members are looked at and what makes one invalid.

use super::{Claim, ClaimType, GroupFilter, Value, ValueType};
use crate::{body::Fields, constraint::Complaint, state::Status, wire::Refusal};

/// What a client may say about a claim.
pub(crate) struct Draft {
    name: String,
    status: Option<Status>,
    token: ClaimType,
    value: Value,
    scopes: Vec<String>,
    always_include_in_token: Option<bool>,
}

impl Draft {
    /// `others` are the claims that are there besides; `former` is the claim to replace.
    pub(crate) fn read<'c>(
        fields: Fields<'_>,
        former: Option<&Claim>,
        mut others: impl Iterator<Item = &'c Claim>,
    ) -> Result<Draft, Refusal> {
        // The spec requires nothing. Inferred: without these a claim says nothing, and a filter needs its kind.
        let name = fields.required_text("name");
        let status = fields.choice("status");
        let token: Option<ClaimType> = fields.required_choice("claimType");
        let kind: Option<ValueType> = fields.required_choice("valueType");
        let value = kind.and_then(|kind| value(&fields, kind));
        let always_include_in_token = fields.boolean("alwaysIncludeInToken");
        let scopes = fields.at("conditions.").and_then(|conditions| conditions.texts("scopes"));
        match former.filter(|claim| claim.system) {
            // Inferred from what the service is said to allow: of a system claim only the value can be edited.
            Some(claim) => keep(&fields, claim, &name, token, kind),
            None if kind == Some(ValueType::System) => fields.problem("valueType", Complaint::NotAChoice),
            None => {}
        }
        // Inferred: a token cannot hold two claims of one name.
        if others.any(|claim| claim.name == name && Some(claim.token) == token) {
            fields.problem("name", Complaint::Clash);
        }
        fields.finish()?;
        // Both are there if nothing was wrong.
        let token = token.unwrap_or(ClaimType::Identity);
        let value = value.unwrap_or(Value::System);
        Ok(Draft { name, status, token, value, scopes: scopes.unwrap_or_default(), always_include_in_token })
    }

    /// The claim as the draft has it. Inferred defaults: a new claim is ACTIVE, and a replacement that does not speak
    /// of the status leaves it.
    pub(crate) fn into_claim(self, id: String, former: Option<&Claim>) -> Claim {
        let always = match self.token {
            // Spec: always true for claims of access tokens.
            ClaimType::Resource => true,
            ClaimType::Identity => self.always_include_in_token.unwrap_or(false),
        };
        Claim {
            id,
            name: self.name,
            status: self.status.or(former.map(|claim| claim.status)).unwrap_or(Status::Active),
            token: self.token,
            value: self.value,
            scopes: self.scopes,
            system: former.is_some_and(|claim| claim.system),
            always_include_in_token: always,
        }
    }
}

/// Value and filter (spec: a filter belongs to GROUPS; recorded: a value that is no valid expression is accepted).
fn value(fields: &Fields<'_>, kind: ValueType) -> Option<Value> {
    let filter: Option<GroupFilter> = fields.choice("group_filter_type");
    match kind {
        // Recorded: has no value, and what is sent as one does not matter.
        ValueType::System => Some(Value::System),
        ValueType::Expression => {
            if filter.is_some() {
                fields.problem("group_filter_type", Complaint::OnlyForGroups);
            }
            Some(Value::Expression(fields.required_text("value")))
        }
        ValueType::Groups => {
            fields.require("group_filter_type");
            Some(Value::Groups { pattern: fields.required_text("value"), filter: filter? })
        }
    }
}

fn keep(fields: &Fields<'_>, claim: &Claim, name: &str, token: Option<ClaimType>, kind: Option<ValueType>) {
    if fields.is_fine("name") && claim.name != name {
        fields.problem("name", Complaint::Fixed);
    }
    if token.is_some_and(|token| token != claim.token) {
        fields.problem("claimType", Complaint::Fixed);
    }
    if kind.is_some_and(|kind| kind != claim.value.kind()) {
        fields.problem("valueType", Complaint::Fixed);
    }
}
