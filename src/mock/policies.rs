//! Access policies of a server. Read-only as yet, and there is none.

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
    path: "/api/v1/authorizationServers/{}/policies",
    access: Access::Read,
    run: list,
}];

/// A new server has no policy (inferred from recorded lists, which hold only what the test had made). The default server
/// of a real org has one (docs), which is missing here.
fn list(org: &mut Org, call: &Call<'_>) -> Outcome {
    org.servers.find(call.server())?;
    Ok(Answer::json(StatusCode::OK, &[(); 0]))
}
