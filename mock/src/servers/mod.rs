//! Authorization servers: create, read, replace, delete, activate, deactivate. Owns the rules of these six and the list
//! of operations; reading bodies is in `input`, the representation in `view`, the list in `page`, and which server
//! trusts which in `associated`.

mod associated;
mod input;
mod page;
mod view;

use axum::http::StatusCode;

pub(super) use self::input::Draft;
use self::view::View;
use super::{
    body,
    call::Call,
    changes::AsOf,
    constraint::Constraint,
    resource_keys,
    routes::Operation,
    settings::IssuerMode,
    source::{Source, Stamp},
    state::{Org, RotationMode, Server, Status},
    wire::{Answer, Outcome, Refusal},
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::get("listAuthorizationServers", "/api/v1/authorizationServers", page::list),
    Operation::post("createAuthorizationServer", "/api/v1/authorizationServers", create),
    Operation::get("getAuthorizationServer", "/api/v1/authorizationServers/{}", get),
    Operation::put("replaceAuthorizationServer", "/api/v1/authorizationServers/{}", replace),
    Operation::delete("deleteAuthorizationServer", "/api/v1/authorizationServers/{}", delete),
    Operation::post("activateAuthorizationServer", "/api/v1/authorizationServers/{}/lifecycle/activate", activate),
    Operation::post(
        "deactivateAuthorizationServer",
        "/api/v1/authorizationServers/{}/lifecycle/deactivate",
        deactivate,
    ),
    Operation::get(
        "listAssociatedServersByTrustedType",
        "/api/v1/authorizationServers/{}/associatedServers",
        associated::list,
    ),
    Operation::post("createAssociatedServers", "/api/v1/authorizationServers/{}/associatedServers", associated::create),
    Operation::delete(
        "deleteAssociatedServer",
        "/api/v1/authorizationServers/{}/associatedServers/{}",
        associated::delete,
    ),
];

/// 201 with the server and no `Location` (recorded). Equal names are let through: nothing settles whether they clash.
fn create(org: &mut Org, call: &Call<'_>) -> Outcome {
    let draft = Draft::read(body::object(call)?.fields())?;
    let now = org.source.now();
    let server = draft.into_server(&mut org.source, now, org.issuer_mode, org.as_of)?;
    let server = org.servers.insert(server);
    Ok(Answer::json(StatusCode::CREATED, &View::new(server, call)))
}

fn get(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    Ok(Answer::json(StatusCode::OK, &View::new(server, call)))
}

/// A full replace. The key stays whatever is sent (recorded), and read-only members are ignored (recorded).
fn replace(org: &mut Org, call: &Call<'_>) -> Outcome {
    let now = org.source.now();
    let server = org.servers.find_mut(call.server())?;
    let draft = Draft::read(body::object(call)?.fields())?;
    let keys = match draft.resource_keys {
        Some(drafts) => resource_keys::all_of(&mut org.source, now, drafts, &server.resource_keys)?,
        // Inferred: keys have operations of their own, so leaving them out does not remove them.
        None => server.resource_keys.clone(),
    };
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
        || server.status != status
        || server.encryption != draft.encryption
        || server.resource_keys != keys;
    server.name = draft.name;
    server.description = draft.description;
    server.audience = draft.audience;
    server.issuer_mode = issuer_mode;
    server.rotation_mode = rotation_mode;
    server.status = status;
    server.encryption = draft.encryption;
    server.resource_keys = keys;
    if changed {
        server.touch(now);
    }
    Ok(Answer::json(StatusCode::OK, &View::new(server, call)))
}

/// Recorded: an ACTIVE server can be deleted too, and one that has scopes, claims or policies.
fn delete(org: &mut Org, call: &Call<'_>) -> Outcome {
    let server = org.servers.find(call.server())?;
    // Docs: the default server cannot be deleted. Status and code are inferred, the refusal was never recorded.
    if server.is_default && call.enforces(Constraint::DefaultServerStays) {
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
    server.status.turn(status, &mut server.last_updated, now);
    Ok(Answer::Empty)
}

impl Draft {
    /// A new server. Recorded: rotationMode MANUAL in a POST is ignored, the answer says AUTO. Inferred: so is a
    /// status.
    pub(super) fn into_server(
        self,
        source: &mut Source,
        now: Stamp,
        mode: IssuerMode,
        as_of: AsOf,
    ) -> Result<Server, Refusal> {
        let keys = resource_keys::all_of(source, now, self.resource_keys.unwrap_or_default(), &[])?;
        let mut server = Server::new(source, now, self.issuer_mode.unwrap_or(mode), as_of);
        server.name = self.name;
        server.description = self.description;
        server.audience = self.audience;
        server.encryption = self.encryption;
        server.resource_keys = keys;
        Ok(server)
    }
}

impl Server {
    /// Recorded: lastUpdated moves when something changed, and a request that changes nothing leaves it alone.
    pub(super) fn touch(&mut self, now: Stamp) {
        self.last_updated = self.last_updated.max(now);
    }

    /// Recorded: 90 days after the last rotation in AUTO, absent in MANUAL.
    pub(super) fn next_rotation(&self) -> Option<Stamp> {
        match self.rotation_mode {
            RotationMode::Auto => Some(self.last_rotated.plus_days(90)),
            RotationMode::Manual => None,
        }
    }
}
