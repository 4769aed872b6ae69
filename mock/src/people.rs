//! Users and groups, as far as rules and refresh tokens speak of them. Owns which there are; their own API is not
//! served.

use std::collections::BTreeMap;

/// Stands for the group that holds every user of the org (recorded as a group of rules).
pub(super) const EVERYONE: &str = "EVERYONE";

/// The people of the org: ids and names.
#[derive(Debug, Clone, Default)]
pub(super) struct People {
    pub(super) users: BTreeMap<String, String>,
    pub(super) groups: BTreeMap<String, String>,
}

impl People {
    pub(super) fn has_user(&self, id: &str) -> bool {
        self.users.contains_key(id)
    }

    pub(super) fn has_group(&self, id: &str) -> bool {
        id == EVERYONE || self.groups.contains_key(id)
    }
}
