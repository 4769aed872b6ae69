//! The conditions of a rule: whom it is for, and which grant types and scopes. Owns what makes them invalid.

use serde::Serialize;

use crate::{
    body::{BLANK, Fields},
    people::{EVERYONE, People},
};

/// The text is from a public report, doubled quotes included.
pub(crate) const NOBODY: &str = "At least one of ''conditions.people.users.include'' or ''conditions.people.groups.include'' must \
                      contain a valid user or group when ''conditions.grantTypes'' contains one or more of \
                      [authorization_code, implicit, password].";

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
pub(super) fn read(fields: &mut Fields<'_>, people: &People) -> Option<Conditions> {
    if fields.get("conditions").is_none() {
        fields.problem("conditions", BLANK);
    }
    let mut conditions = fields.nested("conditions", "conditions.")?;
    let (users, groups) = read_people(&mut conditions);
    let mut grant_types = include(&mut conditions, "grantTypes", "conditions.grantTypes.");
    // Recorded: an empty list when `scopes` has no `include`. Inferred: when there is no `scopes` as well.
    let scopes = include(&mut conditions, "scopes", "conditions.scopes.");
    if grant_types.is_empty() && conditions.is_fine("grantTypes") && conditions.is_fine("grantTypes.include") {
        // Inferred: a rule that no request can meet is refused.
        conditions.problem("grantTypes", BLANK);
    }
    let place = |name: &String| GRANT_TYPES.iter().position(|known| known == name).unwrap_or(GRANT_TYPES.len());
    grant_types.sort_by_key(place);
    grant_types.dedup();
    // Reported: an unknown grant type ends in the error about people too. Recorded: client_credentials alone needs
    // none.
    let needs_people = grant_types.iter().any(|name| name != "client_credentials");
    let somebody = users.iter().any(|id| people.has_user(id)) || groups.iter().any(|id| people.has_group(id));
    if needs_people && !somebody && conditions.is_fine("people") {
        conditions.problem("people", NOBODY);
    }
    fields.absorb(conditions);
    Some(Conditions {
        people: PeopleCondition {
            users: Users { include: users, exclude: [] },
            groups: (!groups.is_empty()).then_some(Included { include: groups }),
        },
        grant_types: Included { include: grant_types },
        scopes: Included { include: scopes },
    })
}

/// The users and groups to include.
fn read_people(conditions: &mut Fields<'_>) -> (Vec<String>, Vec<String>) {
    let Some(mut people) = conditions.nested("people", "conditions.people.") else {
        return (Vec::new(), Vec::new());
    };
    let users = include(&mut people, "users", "conditions.people.users.");
    let groups = include(&mut people, "groups", "conditions.people.groups.");
    conditions.absorb(people);
    (users, groups)
}

fn include(fields: &mut Fields<'_>, name: &str, path: &'static str) -> Vec<String> {
    let Some(mut nested) = fields.nested(name, path) else {
        return Vec::new();
    };
    let include = nested.texts("include");
    fields.absorb(nested);
    include.unwrap_or_default()
}
