//! Which operation a request means. Owns path matching; what the operations do is theirs.

use std::borrow::Cow;

use axum::http::Method;

use super::{
    OPERATIONS,
    auth::Access,
    call::Call,
    state::Org,
    wire::{Outcome, Refusal},
};

/// What answers an operation.
type Run = fn(&mut Org, &Call<'_>) -> Outcome;

/// One operation of the API.
pub(super) struct Operation {
    /// The operationId of the spec, or a name of our own for what the spec does not list.
    pub(super) name: &'static str,
    pub(super) method: Method,
    /// The path, with `{}` for each open segment; behind [`COLLECTION`] for all that are not open.
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) run: Run,
}

// Spec: every GET needs the read scope, everything else the manage scope.
impl Operation {
    pub(super) const fn get(name: &'static str, path: &'static str, run: Run) -> Operation {
        Operation { name, method: Method::GET, path, access: Access::Read, run }
    }

    pub(super) const fn post(name: &'static str, path: &'static str, run: Run) -> Operation {
        Operation { name, method: Method::POST, path, access: Access::Manage, run }
    }

    pub(super) const fn put(name: &'static str, path: &'static str, run: Run) -> Operation {
        Operation { name, method: Method::PUT, path, access: Access::Manage, run }
    }

    pub(super) const fn delete(name: &'static str, path: &'static str, run: Run) -> Operation {
        Operation { name, method: Method::DELETE, path, access: Access::Manage, run }
    }

    /// One that anybody may use.
    pub(super) const fn open(name: &'static str, method: Method, path: &'static str, run: Run) -> Operation {
        Operation { name, method, path, access: Access::Open, run }
    }
}

/// Where the management API is.
pub(super) const COLLECTION: &str = "/api/v1/authorizationServers";
const COLLECTION_SEGMENTS: [&str; 3] = ["api", "v1", "authorizationServers"];

/// The page of the org at which a person confirms a device (spec's example).
pub(super) const DEVICE_PAGE: &str = "/activate";

/// Public documents (docs), the endpoints for clients, and the page for people: no token.
pub(super) fn is_open(path: &str) -> bool {
    path.starts_with("/.well-known/") || path.starts_with("/oauth2/") || path == DEVICE_PAGE
}

/// The operation of a path and method, and the open segments.
pub(super) fn find<'s>(
    method: &Method,
    segments: &'s [Cow<'_, str>],
) -> Result<(&'static Operation, Vec<&'s str>), Refusal> {
    // Inferred: HEAD is answered as GET without the body, as HTTP has it.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let mut allow: Vec<&str> = Vec::new();
    for operation in OPERATIONS.iter().copied().flatten() {
        let below = match (operation.access, segments) {
            (Access::Open, all) => all,
            (_, [api, version, servers, below @ ..]) if [api, version, servers] == COLLECTION_SEGMENTS => below,
            (_, _) => continue,
        };
        let Some(captures) = captures(operation.path, below) else { continue };
        if operation.method == *method {
            return Ok((operation, captures));
        }
        allow.push(operation.method.as_str());
    }
    Err(if allow.is_empty() { Refusal::NO_SUCH_PATH } else { Refusal::wrong_method(allow.join(", ")) })
}

/// The segments that stand where the template is open, if the others are equal. An open segment is never empty.
fn captures<'s>(template: &str, segments: &'s [Cow<'_, str>]) -> Option<Vec<&'s str>> {
    let mut captures = Vec::new();
    let mut parts = template.split('/').skip(1);
    for segment in segments {
        match parts.next()? {
            "{}" if segment.is_empty() => return None,
            "{}" => captures.push(segment.as_ref()),
            part if part == segment => {}
            _ => return None,
        }
    }
    parts.next().is_none().then_some(captures)
}
