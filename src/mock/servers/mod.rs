//! Authorization servers: create, read, replace, delete, activate, deactivate. Owns the rules of these six and the list
//! of operations; reading bodies is in `input`, the representation in `view`, lists and paging in `page`.

mod input;
mod page;
mod view;

use axum::http::{Method, StatusCode};

use self::{input::Draft, view::View};
use super::{
    auth::Access,
    call::Call,
    routes::Operation,
    source::Stamp,
    state::{Org, RotationMode, Server, Status},
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { method: Method::GET, path: "/api/v1/authorizationServers", access: Access::Read, run: page::list },
    Operation { method: Method::POST, path: "/api/v1/authorizationServers", access: Access::Manage, run: create },
    Operation { method: Method::GET, path: "/api/v1/authorizationServers/{}", access: Access::Read, run: get },
    Operation { method: Method::PUT, path: "/api/v1/authorizationServers/{}", access: Access::Manage, run: replace },
    Operation { method: Method::DELETE, path: "/api/v1/authorizationServers/{}", access: Access::Manage, run: delete },
    Operation {
        method: Method::POST,
        path: "/api/v1/authorizationServers/{}/lifecycle/activate",
        access: Access::Manage,
        run: activate,
    },
    Operation {
        method: Method::POST,
        path: "/api/v1/authorizationServers/{}/lifecycle/deactivate",
        access: Access::Manage,
        run: deactivate,
    },
];

/// 201 with the server and no `Location` (recorded). Equal names are let through: nothing settles whether they clash.
fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let draft = Draft::read(call)?;
    let now = org.source.now();
    let mut server = Server::new(&mut org.source, now, draft.issuer_mode.unwrap_or(org.issuer_mode));
    server.name = draft.name;
    server.description = draft.description;
    server.audience = draft.audience;
    // Recorded: rotationMode MANUAL in a POST is ignored, the answer says AUTO. Inferred: so is a status.
    let server = org.servers.insert(server);
    Ok(Answer::json(StatusCode::CREATED, &View::new(server, call.base)))
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, call.base)))
}

/// A full replace. The key stays whatever is sent (recorded), and read-only members are ignored (recorded).
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let draft = Draft::read(call)?;
    // Inferred for all three: left out, they stay as they are; of status this is recorded.
    let issuer_mode = draft.issuer_mode.unwrap_or(server.issuer_mode);
    let rotation_mode = draft.rotation_mode.unwrap_or(server.rotation_mode);
    // The spec has status writable, and ACTIVE was accepted in recordings; INACTIVE is inferred to deactivate.
    let status = draft.status.unwrap_or(server.status);
    let changed = server.name != draft.name
        || server.description != draft.description
        || server.audience != draft.audience
        || server.issuer_mode != issuer_mode
        || server.rotation_mode != rotation_mode
        || server.status != status;
    server.name = draft.name;
    server.description = draft.description;
    server.audience = draft.audience;
    server.issuer_mode = issuer_mode;
    server.rotation_mode = rotation_mode;
    server.status = status;
    if changed {
        server.touch(now);
    }
    Ok(Answer::json(StatusCode::OK, &View::new(server, call.base)))
}

/// Recorded: an ACTIVE server can be deleted too, and one that has scopes, claims or policies.
fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    if server.is_default {
        // Docs: the default server cannot be deleted. Status and code are inferred, the refusal was never recorded.
        return Err(Refusal::no_permission());
    }
    let id = server.id.clone();
    org.servers.remove(&id);
    Ok(Answer::Empty)
}

fn activate(org: &mut Org, call: &Call<'_>) -> Outcome {
    turn(org, call, Status::Active)
}

fn deactivate(org: &mut Org, call: &Call<'_>) -> Outcome {
    turn(org, call, Status::Inactive)
}

/// 204 whether or not it changes anything (recorded for activate; inferred for deactivate).
fn turn(org: &mut Org, call: &Call<'_>, status: Status) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    if server.status != status {
        server.status = status;
        server.touch(now);
    }
    Ok(Answer::Empty)
}

impl Server {
    /// Recorded: lastUpdated moves when something changed, and a request that changes nothing leaves it alone.
    fn touch(&mut self, now: Stamp) {
        self.last_updated = self.last_updated.max(now);
    }

    /// Recorded: 90 days after the last rotation in AUTO, absent in MANUAL.
    fn next_rotation(&self) -> Option<Stamp> {
        match self.rotation_mode {
            RotationMode::Auto => Some(self.last_rotated.plus_days(90)),
            RotationMode::Manual => None,
        }
    }
}
