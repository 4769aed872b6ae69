//! A user of the state. Owns the form only.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::app::Status;

/// A user. One without a login and a password is there for rules and refresh tokens to name.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// How the API calls the user.
    pub id: String,
    /// How people call the user; first and last name, the login or the id if it is left out.
    #[serde(default)]
    pub name: Option<String>,
    /// What the user signs in with.
    #[serde(default)]
    pub login: Option<String>,
    /// The login if it is left out.
    #[serde(default)]
    pub email: Option<String>,
    /// The given name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// The family name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// For the password grant.
    #[serde(default)]
    pub password: Option<String>,
    /// The ids of the groups that the user is in, besides EVERYONE.
    #[serde(default)]
    pub groups: Vec<String>,
    /// An INACTIVE user cannot sign in, and tokens of the user are not good.
    #[serde(default)]
    pub status: Status,
    /// More members of `user` in expressions.
    #[serde(default)]
    pub profile: Map<String, Value>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password stays out, so that settings can be logged.
        f.debug_struct("User").field("id", &self.id).field("login", &self.login).finish_non_exhaustive()
    }
}
