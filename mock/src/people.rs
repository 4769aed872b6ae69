//! Users and groups: what rules and refresh tokens name, who can sign in, and what tokens tell about them. Owns which there are; their own
//! API is not served.

use std::{collections::BTreeMap, iter};

use serde_json::{Map, Value};

/// Stands for the group that holds every user of the org (recorded as a group of rules).
pub(super) const EVERYONE: &str = "EVERYONE";

/// What that group is called.
const EVERYONE_NAME: &str = "Everyone";

/// A user of the org.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) login: Option<String>,
    pub(super) email: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) password: Option<String>,
    /// The ids of groups.
    pub(super) groups: Vec<String>,
    pub(super) is_active: bool,
    pub(super) profile: Map<String, Value>,
}

impl User {
    /// What the user is called in tokens: the login (recorded). Inferred: one who has none, by the id.
    pub(super) fn username(&self) -> &str {
        self.login.as_deref().unwrap_or(&self.id)
    }
}

/// The people of the org: users, and the names of groups, by their ids.
#[derive(Debug, Clone, Default)]
pub(super) struct People {
    pub(super) users: BTreeMap<String, User>,
    pub(super) groups: BTreeMap<String, String>,
}

impl People {
    pub(super) fn has_user(&self, id: &str) -> bool {
        self.users.contains_key(id)
    }

    pub(super) fn has_group(&self, id: &str) -> bool {
        id == EVERYONE || self.groups.contains_key(id)
    }

    /// The user who signs in with this.
    pub(super) fn with_login(&self, login: &str) -> Option<&User> {
        self.users.values().find(|user| user.login.as_deref() == Some(login))
    }

    /// Ids and names of the groups that a user is in: first the one of all users, as claims name it (docs).
    pub(super) fn groups_of<'p>(&'p self, user: &'p User) -> impl Iterator<Item = (&'p str, &'p str)> {
        let own = user.groups.iter().filter_map(|id| Some((id.as_str(), self.groups.get(id)?.as_str())));
        iter::once((EVERYONE, EVERYONE_NAME)).chain(own)
    }
}
