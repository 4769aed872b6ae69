//! Which servers a server trusts: list, add, remove. Owns the rules of these three.

use axum::http::StatusCode;

use super::{
    body,
    call::Call,
    constraint::Complaint,
    paging::{self, LARGEST_PAGE},
    routes::COLLECTION,
    servers::{self, View},
    state::{Org, Server},
    wire::{Answer, Entity, Outcome, Refusal},
};

/// Spec: the trusted ones, or with `trusted=false` the others. Inferred: trusted ones if the request does not say.
///
/// Recorded: `_links` is null, and the `Link` header is odd. Its path is that of all servers, and it tells `trusted`. When no limit was
/// sent, its limit is -1, and there is a next link although nothing follows; an empty list has none.
pub(super) fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    let trusted = match call.query.get("trusted") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => {
            let cause = String::from("trusted: The value must be true or false");
            return Err(Refusal::validation("trusted", vec![cause]));
        }
    };
    let limit = paging::limit(&call.query)?;
    let search = call.query.get("q");
    let needle = search.map(str::to_lowercase);
    let found = org.servers.from(0).filter(|other| {
        other.id != server.id
            && server.trusted.contains(&other.id) == trusted
            && needle.as_deref().is_none_or(|needle| servers::matches(other, needle))
    });
    let after = call.query.get("after");
    let page = paging::page(found.collect(), after, limit.unwrap_or(LARGEST_PAGE), |server: &Server| &server.id)?;
    let address = format!("{}{COLLECTION}", call.base);
    let told = limit.map_or_else(|| String::from("-1"), |limit| limit.to_string());
    let link = |after: Option<&str>, relation| {
        let trusted = call.query.get("trusted");
        let parameters = [("after", after), ("limit", Some(told.as_str())), ("q", search), ("trusted", trusted)];
        paging::link(&address, &parameters, relation)
    };
    let mut links = vec![link(after, "self")];
    let last = page.rows.last().filter(|_| page.more || limit.is_none());
    links.extend(last.map(|last| link(Some(&last.id), "next")));
    let views: Vec<_> = page.rows.iter().map(|server| View::new(server, call).without_links()).collect();
    Ok(Answer::linked(StatusCode::OK, &views, links))
}

/// 200 with the servers that are trusted now (recorded). Inferred: naming one twice changes nothing.
pub(super) fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let id = org.servers.find(call.server())?.id.clone();
    let trusted = read(org, call, &id)?;
    let server = org.servers.find_mut(&id)?;
    for other in trusted {
        if !server.trusted.contains(&other) {
            server.trusted.push(other);
        }
    }
    let server = org.servers.find(&id)?;
    let associated = org.servers.from(0).filter(|other| server.trusted.contains(&other.id));
    let views: Vec<_> = associated.map(|server| View::new(server, call).without_links()).collect();
    Ok(Answer::json(StatusCode::OK, &views))
}

/// The ids of `trusted`. Inferred: they are needed, and all of them name other servers.
fn read(org: &Org, call: &Call<'_>, id: &str) -> Result<Vec<String>, Refusal> {
    let object = body::object(call)?;
    let fields = object.fields();
    fields.require("trusted");
    let mut trusted = Vec::new();
    for name in fields.texts("trusted").unwrap_or_default() {
        match org.servers.find(&name) {
            Ok(other) if other.id == id => fields.problem("trusted", Complaint::TrustsItself),
            Ok(other) => trusted.push(other.id.clone()),
            Err(_) => fields.problem("trusted", Complaint::UnknownServer),
        }
    }
    fields.finish()?;
    Ok(trusted)
}

/// 204 (recorded). Inferred: one that is not trusted is not found.
pub(super) fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let other = org.servers.find(call.child())?.id.clone();
    let server = org.servers.find_mut(call.server())?;
    let place = server.trusted.iter().position(|trusted| *trusted == other);
    let place = place.ok_or_else(|| Refusal::not_found(call.child(), Entity::AuthorizationServer))?;
    server.trusted.remove(place);
    Ok(Answer::Empty)
}
