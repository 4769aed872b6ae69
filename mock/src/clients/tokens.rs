//! Refresh tokens of a client at a server: list, read, revoke. Owns how a refresh token looks and these four
//! operations.

use axum::http::StatusCode;
use serde::Serialize;

use super::{Client, RefreshToken};
use crate::{
    call::Call,
    links::{Link, TitledLink},
    paging::{self, LARGEST_PAGE},
    rows,
    source::Stamp,
    state::{Org, Server},
    wire::{Answer, Entity, Outcome, Refusal},
};

/// Member order as recorded.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'s> {
    id: &'s str,
    /// A token that was revoked is gone (inferred), so there is no other status to tell.
    status: &'static str,
    created: Stamp,
    last_updated: Stamp,
    expires_at: Stamp,
    issuer: String,
    client_id: &'s str,
    user_id: &'s str,
    scopes: &'s [String],
    /// Spec: if `expand=scope` asks for it.
    #[serde(rename = "_embedded", skip_serializing_if = "Option::is_none")]
    embedded: Option<Embedded<'s>>,
    #[serde(rename = "_links")]
    links: Links,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Links {
    app: TitledLink,
    authorization_server: TitledLink,
    #[serde(rename = "self")]
    this: TitledLink,
    revoke: Link,
    client: TitledLink,
    user: TitledLink,
}

#[derive(Serialize)]
struct Embedded<'s> {
    scopes: Vec<EmbeddedScope<'s>>,
}

/// Members as the spec's example has them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EmbeddedScope<'s> {
    id: &'s str,
    name: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'s str>,
    description: Option<&'s str>,
    #[serde(rename = "_links")]
    links: ScopeLinks,
}

#[derive(Serialize)]
struct ScopeLinks {
    scope: TitledLink,
}

/// Whether details of the scopes are wanted. Inferred: any other value is refused, as the spec has this one only.
fn expands(call: &Call<'_>) -> Result<bool, Refusal> {
    match call.query.get("expand") {
        None => Ok(false),
        Some("scope") => Ok(true),
        Some(_) => Err(Refusal::validation("expand", vec![String::from("expand: The value must be scope")])),
    }
}

/// What the operations are about: a server and a client that exist.
fn subject<'o>(org: &'o Org, call: &Call<'_>) -> Result<(&'o Server, &'o Client), Refusal> {
    Ok((org.servers.find(call.server())?, rows::find(&org.clients, call.child())?))
}

fn view<'o>(
    org: &'o Org,
    (server, client): (&'o Server, &'o Client),
    token: &'o RefreshToken,
    expand: bool,
    call: &Call<'_>,
) -> View<'o> {
    let base = call.base;
    let this = format!("{}/clients/{}/tokens/{}", server.href(base), client.id, token.id);
    let user = org.people.users.get(&token.user).map(|user| user.name.as_str());
    View {
        id: &token.id,
        status: "ACTIVE",
        created: token.created,
        last_updated: token.created,
        expires_at: token.expires,
        issuer: server.issuer(call),
        client_id: &client.id,
        user_id: &token.user,
        scopes: &token.scopes,
        embedded: expand.then(|| Embedded { scopes: embedded_scopes(server, token, base) }),
        links: Links {
            app: TitledLink::new(format!("{base}/api/v1/apps/{}", client.id), Some(&client.name)),
            authorization_server: TitledLink::new(server.href(base), Some(&server.name)),
            this: TitledLink::new(this.clone(), None),
            revoke: Link::new(this, &["DELETE"]),
            client: TitledLink::new(format!("{base}/oauth2/v1/clients/{}", client.id), Some(&client.name)),
            user: TitledLink::new(format!("{base}/api/v1/users/{}", token.user), user),
        },
    }
}

fn embedded_scopes<'o>(server: &'o Server, token: &RefreshToken, base: &str) -> Vec<EmbeddedScope<'o>> {
    let granted = server.scopes.iter().filter(|scope| token.scopes.contains(&scope.name));
    let embedded = granted.map(|scope| EmbeddedScope {
        id: &scope.id,
        name: &scope.name,
        display_name: scope.display_name.as_deref(),
        description: scope.description.as_deref(),
        links: ScopeLinks {
            scope: TitledLink::new(scope.href(server, base), Some(scope.display_name.as_ref().unwrap_or(&scope.name))),
        },
    });
    embedded.collect()
}

/// Spec: the default limit is -1, and 200 the highest. Inferred: -1 gives as many as that.
pub(super) fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let subject = subject(org, call)?;
    let expand = expands(call)?;
    let limit = paging::limit(&call.query)?.unwrap_or(LARGEST_PAGE);
    let tokens = super::live(org, now, subject.0).filter(|token| token.client == subject.1.id);
    let page = paging::page(tokens.collect(), call.query.get("after"), limit, |token: &RefreshToken| &token.id)?;
    let last = page.rows.last().filter(|_| page.more).map(|token| token.id.as_str());
    let address = format!("{}/clients/{}/tokens", subject.0.href(call.base), subject.1.id);
    let links = paging::links_if_paged(&address, &call.query, &["expand"], last, limit);
    let views: Vec<_> = page.rows.iter().map(|token| view(org, subject, token, expand, call)).collect();
    Ok(Answer::linked(StatusCode::OK, &views, links))
}

fn find<'o>(
    org: &'o Org,
    now: Stamp,
    call: &Call<'_>,
) -> Result<((&'o Server, &'o Client), &'o RefreshToken), Refusal> {
    let subject = subject(org, call)?;
    let mut tokens = super::live(org, now, subject.0).filter(|token| token.client == subject.1.id);
    let token = tokens.find(|token| token.id == call.grandchild());
    Ok((subject, token.ok_or_else(|| Refusal::not_found(call.grandchild(), Entity::RefreshToken))?))
}

pub(super) fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let (subject, token) = find(org, now, call)?;
    let expand = expands(call)?;
    Ok(Answer::json(StatusCode::OK, &view(org, subject, token, expand, call)))
}

/// 204 even if there was none (inferred).
pub(super) fn revoke_all(org: &mut Org, call: &Call<'_>) -> Outcome {
    let (server, client) = subject(org, call)?;
    let (server, client) = (server.id.clone(), client.id.clone());
    let is_one = |token: &&RefreshToken| token.server == server && token.client == client;
    let ids: Vec<String> = org.refresh_tokens.iter().filter(is_one).map(|token| token.id.clone()).collect();
    for id in ids {
        org.end_family(&id);
    }
    Ok(Answer::Empty)
}

/// Inferred: a second time it is 404.
pub(super) fn revoke(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    find(org, now, call)?;
    org.end_family(call.grandchild());
    Ok(Answer::Empty)
}
