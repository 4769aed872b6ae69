//! The conditions of a rule: whom it is for, and which grant types and scopes. Owns what makes them invalid.

use serde::Serialize;

use crate::{
    body::Fields,
    constraint::Complaint,
    people::{EVERYONE, People},
};

/// The order in which the service tells grant types, whatever the order they were sent in: the spec's example, and the
/// one order that fits all recordings.
const GRANT_TYPES: [&str; 4] = ["implicit", "client_credentials", "authorization_code", "password"];

/// Member order as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conditions {
    people: PeopleCondition,
    grant_types: Included,
    scopes: Included,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct PeopleCondition {
    users: Users,
    /// Recorded: absent when no groups were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Included>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Users {
    /// Recorded: not echoed when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include: Vec<String>,
    /// Recorded: always there and always empty. The spec does not know it.
    exclude: [(); 0],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Included {
    include: Vec<String>,
}

impl Conditions {
    pub(super) fn everything() -> Conditions {
        let included = |names: &[&str]| Included { include: names.iter().map(|name| (*name).to_owned()).collect() };
        Conditions {
            people: PeopleCondition {
                users: Users { include: Vec::new(), exclude: [] },
                groups: Some(included(&[EVERYONE])),
            },
            grant_types: included(&GRANT_TYPES),
            scopes: included(&["*"]),
        }
    }
}

/// Reads `conditions`, which the spec requires.
pub(super) fn read(fields: &Fields<'_>, people: &People) -> Option<Conditions> {
    fields.require("conditions");
    let conditions = fields.at("conditions.")?;
    let include = |path| conditions.at(path).and_then(|nested| nested.texts("include")).unwrap_or_default();
    let users = include("conditions.people.users.");
    let groups = include("conditions.people.groups.");
    let mut grant_types = include("conditions.grantTypes.");
    // Recorded: an empty list when `scopes` has no `include`. Inferred: when there is no `scopes` as well.
    let scopes = include("conditions.scopes.");
    if grant_types.is_empty() && conditions.is_fine("grantTypes") && conditions.is_fine("grantTypes.include") {
        // Inferred: a rule that no request can meet is refused.
        conditions.problem("grantTypes", Complaint::Blank);
    }
    let place = |name: &String| GRANT_TYPES.iter().position(|known| known == name).unwrap_or(GRANT_TYPES.len());
    grant_types.sort_by_key(place);
    grant_types.dedup();
    // Reported: an unknown grant type ends in the error about people too. Recorded: client_credentials alone needs
    // none.
    let needs_people = grant_types.iter().any(|name| name != "client_credentials");
    let somebody = users.iter().any(|id| people.has_user(id)) || groups.iter().any(|id| people.has_group(id));
    if needs_people && !somebody && conditions.is_fine("people") {
        conditions.problem("people", Complaint::Nobody);
    }
    Some(Conditions {
        people: PeopleCondition {
            users: Users { include: users, exclude: [] },
            groups: (!groups.is_empty()).then_some(Included { include: groups }),
        },
        grant_types: Included { include: grant_types },
        scopes: Included { include: scopes },
    })
}
