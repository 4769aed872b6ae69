//! The hook where an answer leaves: status, headers and body are changed after everything else was done.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    ActiveFaults, Effect,
    member::{self, Edit},
};
use crate::wire::Reply;

/// What becomes of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    Status(u16),
    Member(String, Edit),
    /// Another value for a header, or none.
    Header(&'static str, Option<&'static str>),
    /// Another text for a part of a header.
    InHeader(&'static str, &'static str, &'static str),
    /// A link to the next page that leads to this one.
    Endless,
    /// Another body, with its media type.
    Body(&'static str, &'static str),
    /// An error in the other of the two forms.
    OtherEnvelope,
    /// A refusal instead of a success.
    Refused(u16, &'static str),
    /// A 200 with a body instead of a 204.
    Talkative,
    /// The connection breaks in the middle of the answer.
    Cut,
    /// The answer never comes.
    Never,
}

/// How an answer gets to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Delivery {
    Whole,
    Cut,
    Never,
}

impl ActiveFaults<'_> {
    /// Changes the answer as the faults say.
    pub(super) fn leave(&self, reply: &mut Reply) -> Delivery {
        let changes = self.faults.iter().filter_map(|effect| match effect {
            Effect::Answer(when, change) => Some((when, change)),
            _ => None,
        });
        let mut changes: Vec<_> = changes.collect();
        // Another status would keep the others from the answer that they are about.
        changes.sort_by_key(|(_, change)| change.is_of_status());
        let mut delivery = Delivery::Whole;
        for (when, change) in changes {
            if when.holds(reply) {
                delivery = delivery.max(change.apply(reply, &self.url));
            }
        }
        delivery
    }
}

impl Change {
    /// Whether it makes another answer of the whole.
    fn is_of_status(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Refused(..) | Self::Talkative)
    }

    fn apply(&self, reply: &mut Reply, url: &str) -> Delivery {
        match self {
            Change::Status(code) => reply.status = StatusCode::from_u16(*code).unwrap_or(reply.status),
            Change::Member(pointer, edit) => {
                let parsed = reply.body.as_deref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
                if let Some(mut json) = parsed {
                    member::edit(&mut json, pointer, edit);
                    reply.body = Some(json.to_string().into_bytes());
                }
            }
            Change::Header(name, None) => drop(reply.headers.remove(*name)),
            Change::Header(name, Some(value)) => {
                reply.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            Change::InHeader(name, from, to) => {
                let lines = reply.headers.get_all(*name).iter();
                let lines: Vec<String> =
                    lines.filter_map(|line| line.to_str().ok()).map(|line| line.replace(from, to)).collect();
                reply.headers.remove(*name);
                for value in lines.iter().filter_map(|line| HeaderValue::from_str(line).ok()) {
                    reply.headers.append(HeaderName::from_static(name), value);
                }
            }
            Change::Endless => {
                if let Ok(next) = HeaderValue::from_str(&format!("<{url}>; rel=\"next\"")) {
                    reply.headers.insert(header::LINK, next);
                }
            }
            Change::Body(text, media_type) => {
                reply.body = Some(text.as_bytes().to_vec());
                reply.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            }
            Change::OtherEnvelope => {
                let parsed = reply.body.as_deref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
                if let Some(error) = parsed {
                    reply.body = Some(in_other_form(&error).to_string().into_bytes());
                }
            }
            Change::Refused(status, code) => {
                reply.status = StatusCode::from_u16(*status).unwrap_or(reply.status);
                let error = json!({
                    "errorCode": code, "errorSummary": "Refused", "errorLink": code, "errorId": "oae0000000000000000000000",
                    "errorCauses": [],
                });
                reply.body = Some(error.to_string().into_bytes());
                reply.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                reply.headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            }
            Change::Talkative => {
                reply.status = StatusCode::OK;
                reply.body = Some(b"{}".to_vec());
                reply.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                reply.headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            }
            Change::Cut => return Delivery::Cut,
            Change::Never => return Delivery::Never,
        }
        Delivery::Whole
    }
}

/// An error of OAuth as one of the management API, and the other way round.
fn in_other_form(error: &Value) -> Value {
    match (error.get("error"), error.get("errorCode")) {
        (Some(code), _) => json!({
            "errorCode": code, "errorSummary": error["error_description"], "errorLink": code,
            "errorId": "oae0000000000000000000000", "errorCauses": [],
        }),
        (None, Some(code)) => json!({ "error": code, "error_description": error["errorSummary"] }),
        (None, None) => error.clone(),
    }
}

/// An answer whose body breaks off after its first byte.
pub(super) fn cut(reply: Reply) -> Response {
    let mut response = reply.into_response();
    let broken = || Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    *response.body_mut() = Body::from_stream(futures_util::stream::iter([Ok("{"), broken()]));
    response
}
