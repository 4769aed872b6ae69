//! The list of servers: search and order. Owns what this one list finds; pages are in `paging`.

use axum::http::StatusCode;

use super::view::View;
use crate::{
    call::Call,
    changes::Change,
    paging::{self, LARGEST_PAGE},
    state::{Org, Server},
    wire::{Answer, Outcome, Refusal},
};

/// The default server comes first and then the others by age (recorded).
pub(super) fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let limit = paging::limit(&call.query)?.unwrap_or(LARGEST_PAGE);
    let search = call.query.get("q");
    let after = call.query.get("after");
    let start = match after {
        None => 0,
        // The cursor is the id of the last server of the page before (recorded). Inferred: any other is refused.
        Some(cursor) => org.servers.place(cursor).ok_or_else(Refusal::invalid_paging)? + 1,
    };
    let needle = search.map(str::to_lowercase);
    let matching = org.servers.from(start).filter(|server| needle.as_deref().is_none_or(|text| matches(server, text)));
    // One more than the page holds tells whether there is a next page.
    let found: Vec<&Server> = matching.take(limit + 1).collect();
    let page = &found[..found.len().min(limit)];
    let address = format!("{}/api/v1/authorizationServers", call.base);
    // The limit is told even when it was not asked for (recorded).
    let limit = limit.to_string();
    let link = |after: Option<&str>, relation: &str| {
        paging::link(&address, &[("after", after), ("limit", Some(&limit)), ("q", search)], relation)
    };
    let mut links = Vec::new();
    if call.as_of.has(Change::SelfLinkOfServers) {
        links.push(link(after, "self"));
    }
    let more = found.len() > page.len() || !call.as_of.has(Change::NoNextLinkOnTheLastPage);
    if let (true, Some(last)) = (more, page.last()) {
        links.push(link(Some(&last.id), "next"));
    }
    let views: Vec<View<'_>> = page.iter().map(|server| View::new(server, call)).collect();
    Ok(Answer::linked(StatusCode::OK, &views, links))
}

/// Searched are name and audiences (spec). Inferred: anywhere in them, whatever the case.
pub(super) fn matches(server: &Server, needle: &str) -> bool {
    server.name.to_lowercase().contains(needle) || server.audience.to_lowercase().contains(needle)
}
