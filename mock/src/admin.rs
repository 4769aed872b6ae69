//! The port for tests that steer the mock: health, what was received, reset, clock. Owns these paths, whose names are `WireMock`'s; none of
//! them is the service's, and none is on the port of the org.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, dispatch::Shared, log::Received};

/// What a body may have.
const LONGEST_BODY: usize = 1024;

/// A status and a body.
type Answer = (StatusCode, Value);

fn wrong(status: StatusCode, message: impl Into<String>) -> Answer {
    (status, json!({"error": message.into()}))
}

/// Answers one request.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let (status, value) = match body::collect(body, LONGEST_BODY).await {
        Ok(body) => perform(&shared, &head, &body),
        Err(_) => wrong(StatusCode::BAD_REQUEST, "the body cannot be read"),
    };
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn perform(shared: &Shared, head: &Parts, body: &[u8]) -> Answer {
    // A page that a developer visits must not steer the mock.
    if head.headers.contains_key(header::ORIGIN) {
        return wrong(StatusCode::FORBIDDEN, "pages in a browser are not let in");
    }
    match (&head.method, head.uri.path()) {
        (&Method::GET, "/__admin/health") => {
            (StatusCode::OK, json!({"status": "healthy", "message": "okta-mock is up"}))
        }
        (&Method::GET, "/__admin/requests") => {
            let requests: Vec<Value> = shared.log().all().iter().map(received).collect();
            (StatusCode::OK, json!({"meta": {"total": requests.len()}, "requests": requests}))
        }
        (&Method::DELETE, "/__admin/requests") => {
            shared.log().clear();
            (StatusCode::OK, json!({}))
        }
        (&Method::POST, "/__admin/reset") => {
            shared.reset();
            (StatusCode::OK, json!({}))
        }
        (&Method::GET, "/__admin/clock") => (StatusCode::OK, clock(shared)),
        (&Method::POST, "/__admin/clock") => match moved(shared, body) {
            Ok(()) => (StatusCode::OK, clock(shared)),
            Err(message) => wrong(StatusCode::BAD_REQUEST, message),
        },
        (method, path) => {
            let served =
                "GET /__admin/health, GET or DELETE /__admin/requests, POST /__admin/reset, GET or POST /__admin/clock";
            wrong(StatusCode::NOT_FOUND, format!("there is no {method} {path}; there are {served}"))
        }
    }
}

fn received(request: &Received) -> Value {
    let url = match &request.query {
        Some(query) => format!("{}?{query}", request.path),
        None => request.path.clone(),
    };
    let mut headers = serde_json::Map::new();
    for (name, value) in &request.headers {
        headers.entry(name).or_insert_with(|| json!(value));
    }
    json!({"request": {
        "method": request.method, "url": url, "headers": headers, "body": String::from_utf8_lossy(&request.body),
    }})
}

fn clock(shared: &Shared) -> Value {
    let (now, moved) = shared.clock();
    let now = DateTime::from_timestamp(now, 0).unwrap_or_default();
    json!({"now": now.to_rfc3339_opts(SecondsFormat::Secs, true), "offsetSeconds": moved})
}

/// What the clock can be told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Move {
    Advance(String),
    To(DateTime<Utc>),
}

fn moved(shared: &Shared, body: &[u8]) -> Result<(), String> {
    let forms = r#"write {"advance": "2h"} or {"to": "2026-06-02T00:00:00Z"}"#;
    let seconds = match serde_json::from_slice(body).map_err(|error| format!("{error}: {forms}"))? {
        Move::Advance(text) => {
            duration(&text).ok_or_else(|| format!("`{text}` is not a time such as 90s, 5m, 2h or 45d"))?
        }
        Move::To(moment) => moment.timestamp() - shared.clock().0,
    };
    shared.advance(seconds).map_err(|error| error.to_string())
}

/// A number and a unit.
fn duration(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u32>().ok().map(|number| i64::from(number) * unit)
}
