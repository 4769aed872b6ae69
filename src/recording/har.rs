//! HTTP Archive 1.1 and 1.2, as browsers, proxies and test tools write it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::DateTime;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{Broken, Exchange, sent};

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    started_date_time: Option<String>,
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(default)]
    post_data: Option<Content>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(deserialize_with = "super::status")]
    status: Option<u16>,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    size: i64,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
    /// A form that was sent, instead of its text.
    #[serde(default)]
    params: Vec<Pair>,
}

/// The entries of an archive; none of those that hold no answer.
pub(super) fn read(text: &[u8]) -> Result<Vec<Option<Exchange>>, Broken> {
    let archive: Archive = serde_json::from_slice(text)?;
    archive
        .log
        .entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| exchange(entry).map_err(|reason| Broken::of(index, reason)))
        .collect()
}

fn exchange(entry: Entry) -> Result<Option<Exchange>, String> {
    let Response { status, headers, content } = entry.response;
    let Some(status) = status else { return Ok(None) };
    // Browsers do not keep every body, and then the answer is not whole.
    if content.as_ref().is_some_and(|content| content.size > 0 && content.text.is_none()) {
        return Ok(None);
    }
    let body = |content: Option<Content>| content.map_or(Ok(None), Content::bytes);
    Ok(Some(Exchange {
        method: entry.request.method,
        url: entry.request.url,
        sent_headers: flat(entry.request.headers),
        sent: body(entry.request.post_data)?.and_then(sent),
        status,
        headers: flat(headers),
        body: body(content)?.unwrap_or_default(),
        at: entry.started_date_time.and_then(|time| DateTime::parse_from_rfc3339(&time).ok()),
    }))
}

impl Content {
    fn bytes(self) -> Result<Option<Vec<u8>>, String> {
        match (self.text, self.encoding.as_deref()) {
            (Some(text), Some("base64")) => {
                let bytes = BASE64_STANDARD.decode(text).map_err(|error| format!("a body is not Base64: {error}"))?;
                Ok(Some(bytes))
            }
            (Some(text), None | Some("")) => Ok(Some(text.into_bytes())),
            (Some(_), Some(other)) => Err(format!("a body with the encoding `{other}`, which is not supported")),
            (None, _) if self.params.is_empty() => Ok(None),
            (None, _) => Ok(Some(form(&self.params).into_bytes())),
        }
    }
}

/// As `application/x-www-form-urlencoded`.
fn form(params: &[Pair]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = params.iter().map(|Pair { name, value }| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Some browsers write several lines of one header as one value with line breaks.
fn flat(headers: Vec<Pair>) -> Vec<(String, String)> {
    let lines =
        |Pair { name, value }: Pair| value.split('\n').map(|line| (name.clone(), line.to_owned())).collect::<Vec<_>>();
    headers.into_iter().flat_map(lines).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn one(request: &Value, response: &Value) -> Option<Exchange> {
        let entry =
            json!({ "startedDateTime": "2026-03-01T10:00:00.000+01:00", "request": request, "response": response });
        let text = json!({ "log": { "version": "1.2", "entries": [entry] } }).to_string();
        read(text.as_bytes()).map_err(|fault| fault.reason).expect("a HAR").remove(0)
    }

    #[test]
    fn bodies_headers_and_times() {
        let request = json!({
            "method": "POST", "url": "http://a/", "headers": [{ "name": "A", "value": "x\ny" }, { "name": "B" }],
            "postData": { "mimeType": "application/x-www-form-urlencoded", "params": [{ "name": "a b", "value": "ß" }, { "name": "c" }] },
        });
        let response = json!({ "status": 200, "content": { "size": 3, "text": "WzFd", "encoding": "base64" } });
        let exchange = one(&request, &response).expect("an answer");
        let lines = [("A", "x"), ("A", "y"), ("B", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(exchange.sent_headers, lines);
        assert_eq!(exchange.sent, Some(json!("a%20b=%C3%9F&c=")));
        assert_eq!(exchange.body, b"[1]");
        let date = exchange.at(String::new(), "").expect("a URL").date().expect("a time");
        assert_eq!(date.to_utc().to_rfc3339(), "2026-03-01T09:00:00+00:00");
    }

    #[test]
    fn what_was_not_kept_is_no_answer() {
        let request = json!({ "method": "GET", "url": "http://a/" });
        for (response, whole) in [
            (json!({ "status": 0 }), false),
            (json!({ "status": -1 }), false),
            (json!({ "status": 200, "content": { "size": 12 } }), false),
            (json!({ "status": 204, "content": { "size": 0 } }), true),
            (json!({ "status": 204, "content": { "size": -1 } }), true),
            (json!({ "status": 204 }), true),
        ] {
            assert_eq!(one(&request, &response).is_some(), whole, "{response}");
        }
    }
}
