//! Public keys that a resource server wants its tokens encrypted with. Read-only as yet, and there is none.

use axum::http::{Method, StatusCode};

use super::{
    auth::Access,
    call::Call,
    routes::Operation,
    state::Org,
    wire::{Answer, Outcome},
};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::GET,
    path: "/api/v1/authorizationServers/{}/resourceservercredentials/keys",
    access: Access::Read,
    run: list,
}];

/// Inferred: a new server has none, as they come from the customer.
fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    org.servers.find(call.server())?;
    Ok(Answer::json(StatusCode::OK, &[(); 0]))
}
