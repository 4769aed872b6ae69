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

/// One operation of the API.
pub(super) struct Operation {
    pub(super) method: Method,
    /// The path, with `{}` for each open segment.
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) run: fn(&mut Org, &Call<'_>) -> Outcome,
}

/// Public documents: no token (docs), no rate limit (docs).
pub(super) fn is_open(path: &str) -> bool {
    path.starts_with("/.well-known/") || path.starts_with("/oauth2/")
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
        let Some(captures) = captures(operation.path, segments) else { continue };
        if operation.method == *method {
            return Ok((operation, captures));
        }
        allow.push(operation.method.as_str());
    }
    Err(if allow.is_empty() { Refusal::no_such_path() } else { Refusal::wrong_method(allow.join(", ")) })
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
