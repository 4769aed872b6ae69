//! The claims that come with a server. Owns their names and values.

use super::{Claim, ClaimType, Value, ValueType};
use crate::{
    source::{IdKind, Source},
    state::Status,
};

/// Name, scope and "always include in token" of the system claims whose value the service provides (recorded 2020 to
/// 2025, unchanged). Their order varies between recordings.
const SYSTEM: [(&str, &str, bool); 18] = [
    ("address", "address", false),
    ("birthdate", "profile", false),
    ("email", "email", true),
    ("email_verified", "email", false),
    ("family_name", "profile", false),
    ("gender", "profile", false),
    ("given_name", "profile", false),
    ("locale", "profile", false),
    ("middle_name", "profile", false),
    ("name", "profile", true),
    ("nickname", "profile", false),
    ("phone_number", "phone", false),
    ("picture", "profile", false),
    ("preferred_username", "profile", true),
    ("profile", "profile", false),
    ("updated_at", "profile", false),
    ("website", "profile", false),
    ("zoneinfo", "profile", false),
];

/// The value of the one system claim that is an expression (recorded).
const SUBJECT: &str = "(appuser != null) ? appuser.userName : app.clientId";

/// The system claims: `sub` and 18 of the identity.
pub(crate) fn of_a_new_server(source: &mut Source) -> Vec<Claim> {
    let subject = Claim {
        id: source.id(IdKind::Claim),
        name: String::from("sub"),
        status: Status::Active,
        token: ClaimType::Resource,
        value: Value::Expression(String::from(SUBJECT)),
        scopes: Vec::new(),
        system: true,
        always_include_in_token: true,
    };
    let identity = SYSTEM.map(|(name, scope, always_include_in_token)| Claim {
        id: source.id(IdKind::Claim),
        name: name.to_owned(),
        status: Status::Active,
        token: ClaimType::Identity,
        value: Value::System,
        scopes: vec![scope.to_owned()],
        system: true,
        always_include_in_token,
    });
    std::iter::once(subject).chain(identity).collect()
}

impl Value {
    pub(super) fn kind(&self) -> ValueType {
        match self {
            Value::Expression(_) => ValueType::Expression,
            Value::Groups { .. } => ValueType::Groups,
            Value::System => ValueType::System,
        }
    }
}
