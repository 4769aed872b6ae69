//! The apps of the org: clients that its authorization servers give tokens to. Owns which there are; their own API is not served, so the
//! state alone makes them. How one proves who it is, is `client_authentication`'s.

use std::{collections::BTreeSet, sync::Arc};

use jsonwebtoken::jwk::Jwk;
use serde_json::{Map, Value};

use super::{
    people::User,
    start::{ApplicationType, AuthenticationMethod, GrantType, Rotation},
};

/// A client of the authorization servers.
#[derive(Debug)]
pub(super) struct App {
    pub(super) client_id: String,
    /// `app.id` of expressions.
    pub(super) id: String,
    pub(super) method: AuthenticationMethod,
    pub(super) secret: Option<String>,
    pub(super) keys: Vec<Jwk>,
    pub(super) grant_types: Vec<GrantType>,
    pub(super) kind: ApplicationType,
    pub(super) redirect_uris: Vec<String>,
    pub(super) post_logout_redirect_uris: Vec<String>,
    /// Whether it gets no token that is not bound to a key (RFC 9449, section 5.2).
    pub(super) is_dpop_bound: bool,
    pub(super) rotation: Rotation,
    pub(super) trusted_origins: Vec<String>,
    pub(super) profile: Map<String, Value>,
    pub(super) is_active: bool,
    /// The ids of the users that it is assigned to; none for all.
    pub(super) users: Option<BTreeSet<String>>,
}

impl App {
    pub(super) fn has_grant(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    pub(super) fn is_assigned_to(&self, user: &User) -> bool {
        self.users.as_ref().is_none_or(|users| users.contains(&user.id))
    }
}

/// All apps.
#[derive(Clone, Default)]
pub(super) struct Apps(Vec<Arc<App>>);

impl Apps {
    pub(super) fn add(&mut self, app: App) {
        self.0.push(Arc::new(app));
    }

    pub(super) fn find(&self, client_id: &str) -> Option<&Arc<App>> {
        self.0.iter().find(|app| app.client_id == client_id)
    }

    /// Whether tokens of this client are good.
    pub(super) fn is_active(&self, client_id: &str) -> bool {
        self.find(client_id).is_some_and(|app| app.is_active)
    }
}
