//! The list of servers: search, page size, cursor and `Link` headers. Owns paging of this one list.

use axum::http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::view::View;
use crate::mock::{
    call::{Call, Query},
    state::{Org, Server},
    wire::{Answer, Outcome, Refusal},
};

/// Default and maximum (docs).
const LARGEST_PAGE: usize = 200;

/// Characters that RFC 3986 calls unreserved stay as they are.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The default server comes first and then the others by age (recorded).
pub(super) fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let limit = limit(&call.query)?;
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
    let link = |after: Option<&str>, relation: &str| {
        format!("<{}>; rel=\"{relation}\"", address(call.base, after, limit, search))
    };
    let mut links = vec![link(after, "self")];
    // Recorded from 2023 on: no next link on the last page. Until then there was one even there.
    if let (true, Some(last)) = (found.len() > page.len(), page.last()) {
        links.push(link(Some(&last.id), "next"));
    }
    let views: Vec<View<'_>> = page.iter().map(|server| View::new(server, call.base)).collect();
    Ok(Answer::linked(StatusCode::OK, &views, links))
}

/// Inferred: a limit above the maximum is cut down to it, anything but a positive number is refused.
fn limit(query: &Query) -> Result<usize, Refusal> {
    let Some(text) = query.get("limit") else {
        return Ok(LARGEST_PAGE);
    };
    match text.parse::<i32>().ok().and_then(|limit| usize::try_from(limit).ok()) {
        Some(limit) if limit > 0 => Ok(limit.min(LARGEST_PAGE)),
        _ => {
            let cause = String::from("limit: The value must be a positive integer");
            Err(Refusal::validation("limit", vec![cause]))
        }
    }
}

/// Searched are name and audiences (spec). Inferred: anywhere in them, whatever the case.
fn matches(server: &Server, needle: &str) -> bool {
    server.name.to_lowercase().contains(needle) || server.audience.to_lowercase().contains(needle)
}

/// Parameters are in alphabetical order, and the limit is told even when it was not asked for (recorded).
fn address(base: &str, after: Option<&str>, limit: usize, search: Option<&str>) -> String {
    let after = after.map(|cursor| format!("after={}&", utf8_percent_encode(cursor, RESERVED)));
    let search = search.map(|text| format!("&q={}", utf8_percent_encode(text, RESERVED)));
    let (after, search) = (after.unwrap_or_default(), search.unwrap_or_default());
    format!("{base}/api/v1/authorizationServers?{after}limit={limit}{search}")
}
