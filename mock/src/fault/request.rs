//! The hook where a request enters: it is changed before anything looks at it.

use axum::{
    body::Bytes,
    http::{HeaderValue, Uri, header, request::Parts},
};
use serde_json::Value;

use super::{
    ActiveFaults, Effect,
    member::{self, Edit},
};
use crate::{dispatch::Received, wire::Refusal};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rewrite {
    /// A query parameter is not seen.
    WithoutQuery(&'static str),
    /// A cursor is not seen, and the page has one item.
    Restart,
    /// A member has this value if the body does not have it.
    Default(&'static str, Value),
    /// A member of the body is changed.
    Member(&'static str, Edit),
    /// Every body is taken for JSON.
    AnyContentType,
}

impl ActiveFaults<'_> {
    /// Changes the request as the faults say.
    pub(super) fn enter(&self, (head, body): &mut Received) {
        for effect in &self.faults {
            if let Effect::Request(rewrite) = effect {
                rewrite.apply(head, body);
            }
        }
    }
}

impl Rewrite {
    fn apply(&self, head: &mut Parts, body: &mut Result<Bytes, Refusal>) {
        match self {
            Rewrite::WithoutQuery(name) => requery(head, &[name], None),
            Rewrite::Restart => {
                let is_cursor = |query: &str| query.split('&').any(|pair| pair.starts_with("after="));
                if head.uri.query().is_some_and(is_cursor) {
                    requery(head, &["after", "limit"], Some("limit=1"));
                }
            }
            Rewrite::Default(pointer, value) => rebody(body, |json| {
                if member::find(json, pointer).is_none_or(Value::is_null) {
                    member::put(json, pointer, Some(value.clone()));
                }
            }),
            Rewrite::Member(pointer, edit) => rebody(body, |json| member::edit(json, pointer, edit)),
            Rewrite::AnyContentType => {
                head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        }
    }
}

/// The query without some parameters, and with another one.
fn requery(head: &mut Parts, without: &[&str], with: Option<&str>) {
    let Some(query) = head.uri.query() else { return };
    let kept = query.split('&').filter(|pair| pair.split('=').next().is_none_or(|name| !without.contains(&name)));
    let query = kept.chain(with).collect::<Vec<_>>().join("&");
    if let Ok(uri) = format!("{}?{query}", head.uri.path()).parse::<Uri>() {
        head.uri = uri;
    }
}

/// Bodies that are no JSON stay as they are.
fn rebody(body: &mut Result<Bytes, Refusal>, change: impl FnOnce(&mut Value)) {
    let Ok(bytes) = body else { return };
    if let Ok(mut json) = serde_json::from_slice::<Value>(bytes) {
        change(&mut json);
        *bytes = Bytes::from(json.to_string());
    }
}
