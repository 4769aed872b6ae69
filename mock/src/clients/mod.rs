//! Clients that hold refresh tokens of a server. Owns the list of them and the tables of clients and refresh tokens,
//! which are filled at the start only; the operations on tokens are in `tokens`.

mod tokens;

use axum::http::StatusCode;
use serde::Serialize;

use super::{
    call::Call,
    links::{Link, TitledLink},
    routes::Operation,
    rows::Row,
    source::Stamp,
    start::GrantType,
    state::{Org, Server},
    wire::{Answer, Entity, Outcome},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listOAuth2ClientsForAuthorizationServer", "/{}/clients", list),
    Operation::get("listRefreshTokensForAuthorizationServerAndClient", "/{}/clients/{}/tokens", tokens::list),
    Operation::delete(
        "revokeRefreshTokensForAuthorizationServerAndClient",
        "/{}/clients/{}/tokens",
        tokens::revoke_all,
    ),
    Operation::get("getRefreshTokenForAuthorizationServerAndClient", "/{}/clients/{}/tokens/{}", tokens::get),
    Operation::delete("revokeRefreshTokenForAuthorizationServerAndClient", "/{}/clients/{}/tokens/{}", tokens::revoke),
];

/// A client application of the org.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) uri: Option<String>,
    pub(super) logo: Option<String>,
}

impl Row for Client {
    const ENTITY: Entity = Entity::Client;

    fn id(&self) -> &str {
        &self.id
    }
}

/// A refresh token that a server gave to a client.
#[derive(Clone)]
pub(super) struct RefreshToken {
    pub(super) id: String,
    pub(super) client: String,
    pub(super) server: String,
    pub(super) user: String,
    pub(super) scopes: Vec<String>,
    pub(super) created: Stamp,
    pub(super) expires: Stamp,
    /// What a client uses it by; none of one that the state says, which the API alone knows.
    pub(super) session: Option<Session>,
}

/// What a client uses a refresh token by, and what it stands for.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The text that the client has.
    pub(super) text: String,
    /// The texts before it, and when each was replaced.
    pub(super) former: Vec<(String, Stamp)>,
    /// The grant that the first one came by.
    pub(super) grant: GrantType,
    pub(super) signed_in: Stamp,
    /// When it ends however often it is used.
    pub(super) ends: Option<Stamp>,
}

impl Row for RefreshToken {
    const ENTITY: Entity = Entity::RefreshToken;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Members and order of the spec's example; only the empty list was recorded.
#[derive(Serialize)]
struct View<'s> {
    client_id: &'s str,
    client_name: &'s str,
    client_uri: Option<&'s str>,
    logo_uri: Option<&'s str>,
    #[serde(rename = "_links")]
    links: Links,
}

#[derive(Serialize)]
struct Links {
    client: TitledLink,
    tokens: Link,
}

/// The tokens of a server that have not expired. Inferred: an expired one is gone.
fn live<'o>(org: &'o Org, now: Stamp, server: &'o Server) -> impl Iterator<Item = &'o RefreshToken> {
    org.refresh_tokens.iter().filter(move |token| token.server == server.id && token.expires > now)
}

/// Spec: the clients that the server has tokens for. `[]` for a server that is not used (recorded).
fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find(call.server())?;
    let clients = org.clients.iter().filter(|client| live(org, now, server).any(|token| token.client == client.id));
    let views: Vec<_> = clients
        .map(|client| View {
            client_id: &client.id,
            client_name: &client.name,
            client_uri: client.uri.as_deref(),
            logo_uri: client.logo.as_deref(),
            links: Links {
                client: TitledLink::new(format!("{}/oauth2/v1/clients/{}", call.base, client.id), Some(&client.name)),
                tokens: Link::new(
                    format!("{}/clients/{}/tokens", server.href(call.base), client.id),
                    &["GET", "DELETE"],
                ),
            },
        })
        .collect();
    Ok(Answer::json(StatusCode::OK, &views))
}
