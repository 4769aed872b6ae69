//! HTTP Archive 1.1 and 1.2, as browsers, proxies and test tools write it.
//!
//! Each entry is read by itself, and no more strictly than it takes to know what was sent and answered: an odd one takes nothing away from
//! the others.

use chrono::DateTime;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{
    Broken, Entries, Exchange,
    coding::{base64, chunks, unpacked},
    content_length, has_no_body, headers, sent, status, text,
};

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

struct Entry(Result<Option<Exchange>, String>);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|entry| Self(exchange(&entry)))
    }
}

/// The entries of an archive.
pub(super) fn read(text: &[u8]) -> Result<Entries, Broken> {
    let archive: Archive = serde_json::from_slice(text)?;
    Ok(archive.log.entries.into_iter().map(|Entry(entry)| entry).collect())
}

fn exchange(entry: &Value) -> Result<Option<Exchange>, String> {
    let (request, response) = (&entry["request"], &entry["response"]);
    if !response.is_object() {
        return Err("it has no `response`".to_owned());
    }
    let Some(status) = status(&response["status"]).map_err(|error| error.to_string())? else { return Ok(None) };
    let method = text(request, "method")?;
    let (sent_headers, headers) = (headers(&request["headers"]), headers(&response["headers"]));
    let (posted, content) = (&request["postData"], &response["content"]);
    let asked = body(posted, &sent_headers)?;
    let answered = body(content, &headers)?;
    let empty = has_no_body(&method, status);
    if !is_kept(answered.as_deref(), content, if empty { &Value::Null } else { response }, &headers, empty) {
        return Ok(None);
    }
    Ok(Some(Exchange {
        url: text(request, "url")?,
        // What was sent without a body seldom has `postData`.
        request_kept: is_kept(asked.as_deref(), posted, request, &sent_headers, true),
        sent: asked.and_then(sent),
        method,
        sent_headers,
        status,
        headers,
        body: answered.unwrap_or_default(),
        at: entry["startedDateTime"].as_str().and_then(|time| DateTime::parse_from_rfc3339(time).ok()),
    }))
}

/// Whether a body is whole. Programs that do not keep it leave out its text, or leave that empty, and some put it into a file of its own; what
/// they say of its size still tells that there was one. Without `text`, a body was empty only if something says so, or if it `may_lack` it.
fn is_kept(
    body: Option<&[u8]>,
    content: &Value,
    message: &Value,
    headers: &[(String, String)],
    may_lack: bool,
) -> bool {
    if body.is_some_and(|body| !body.is_empty()) {
        return true;
    }
    let length = content_length(headers).filter(|_| !message.is_null());
    let sizes = [content["size"].as_f64(), message["bodySize"].as_f64(), length];
    let some = sizes.iter().flatten().any(|size| *size > 0.0) || !content["_file"].is_null();
    let none = length == Some(0.0) || sizes[..2].iter().all(|size| *size == Some(0.0));
    !some && (body.is_some() || none || may_lack)
}

fn body(content: &Value, headers: &[(String, String)]) -> Result<Option<Vec<u8>>, String> {
    let text = match (content, &content["text"]) {
        (Value::String(text), _) | (_, Value::String(text)) => text.clone(),
        (_, Value::Null) => return Ok(form(&content["params"])),
        (_, json) => json.to_string(),
    };
    let packed = match content["encoding"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "base64" => true,
        "" | "utf8" | "utf-8" => false,
        other => return Err(format!("a body with the encoding `{other}`, which is not supported")),
    };
    let bytes = match chunks(&text, packed, content["_isBinary"] == true) {
        Some(bytes) => bytes,
        None if packed => base64(&text).map_err(|error| format!("a body is {error}"))?,
        None => text.into_bytes(),
    };
    unpacked(bytes, headers).map(Some)
}

/// A form that was sent, instead of its text, as `application/x-www-form-urlencoded`.
fn form(params: &Value) -> Option<Vec<u8>> {
    let encoded = |value: &Value| utf8_percent_encode(value.as_str().unwrap_or_default(), NON_ALPHANUMERIC).to_string();
    let pairs = params.as_array().filter(|params| !params.is_empty())?;
    let pairs = pairs.iter().map(|pair| format!("{}={}", encoded(&pair["name"]), encoded(&pair["value"])));
    Some(pairs.collect::<Vec<_>>().join("&").into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(request: &Value, response: &Value) -> Result<Option<Exchange>, String> {
        let entry =
            json!({ "startedDateTime": "2026-03-01T10:00:00.000+01:00", "request": request, "response": response });
        let text = json!({ "log": { "version": "1.2", "entries": [entry] } }).to_string();
        read(text.as_bytes()).map_err(|fault| fault.reason).expect("a HAR").remove(0)
    }

    fn get() -> Value {
        json!({ "method": "GET", "url": "http://a/" })
    }

    #[test]
    fn bodies_headers_and_times() {
        let request = json!({
            "method": "POST", "url": "http://a/",
            "headers": [{ "name": "A", "value": "x\ny" }, { "name": "B" }, { "name": "C", "value": ["z", "z"] }],
            "postData": { "mimeType": "application/x-www-form-urlencoded", "params": [{ "name": "a b", "value": "ß" }, { "name": "c" }] },
        });
        let response = json!({ "status": 200, "content": { "size": 3, "text": "WzFd", "encoding": "base64" } });
        let exchange = one(&request, &response).expect("readable").expect("an answer");
        let lines = [("A", "x"), ("A", "y"), ("B", ""), ("C", "z"), ("C", "z")];
        assert_eq!(exchange.sent_headers, lines.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(exchange.sent, Some(json!("a%20b=%C3%9F&c=")));
        assert_eq!(exchange.body, b"[1]");
        let date = exchange.at(String::new(), "").expect("a URL").date().expect("a time");
        assert_eq!(date.to_utc().to_rfc3339(), "2026-03-01T09:00:00+00:00");
    }

    #[test]
    fn what_was_not_kept_is_no_answer() {
        let length = |length: &str| json!([{ "name": "Content-Length", "value": length }]);
        for (response, whole) in [
            (json!({}), false),
            (json!({ "status": 0 }), false),
            (json!({ "status": -1 }), false),
            (json!({ "status": 200 }), false),
            (json!({ "status": 200, "content": { "size": 12 } }), false),
            (json!({ "status": 200, "content": { "size": 12.5 } }), false),
            (json!({ "status": 200, "content": { "size": -1 } }), false),
            (json!({ "status": 200, "content": { "size": null } }), false),
            (json!({ "status": 200, "content": { "size": 12, "text": "" } }), false),
            (json!({ "status": 200, "content": { "size": 0, "_file": "a.json" } }), false),
            (json!({ "status": 200, "content": { "size": 0 }, "bodySize": 12 }), false),
            (json!({ "status": 200, "content": { "size": 0, "text": "" }, "headers": length("12") }), false),
            (json!({ "status": 200, "content": { "size": 0, "text": "" }, "headers": length("0") }), true),
            (json!({ "status": 200, "content": { "size": 0 }, "bodySize": 0 }), true),
            (json!({ "status": 200, "content": { "text": "" } }), true),
            (json!({ "status": 200, "content": { "size": null, "text": "x" } }), true),
            (json!({ "status": 204, "content": { "size": 0 } }), true),
            (json!({ "status": 204, "content": { "size": -1 } }), true),
            (json!({ "status": 204 }), true),
            (json!({ "status": 304, "headers": length("12") }), true),
        ] {
            assert_eq!(one(&get(), &response).expect("readable").is_some(), whole, "{response}");
        }
    }

    #[test]
    fn what_was_sent_is_whole_or_known_not_to_be() {
        for (posted, size, kept) in [
            (json!(null), 0, true),
            (json!(null), -1, true),
            (json!(""), -1, true),
            (json!({ "text": "x" }), 1, true),
            (json!(""), 12, false),
            (json!({ "text": "" }), 12, false),
            (json!({ "_file": "a.json" }), -1, false),
        ] {
            let request = json!({ "method": "PUT", "url": "http://a/", "postData": posted, "bodySize": size });
            let exchange = one(&request, &json!({ "status": 204 })).expect("readable").expect("an answer");
            assert_eq!(exchange.request_kept, kept, "{request}");
        }
    }

    #[test]
    fn packed_bodies_are_unpacked_however_they_were_written() {
        let gzip = json!([{ "name": "Content-Encoding", "value": "gzip" }]);
        let (hex, base64) = ("1f8b08000000000002038b368c0500b8322f4c03000000", "H4sIAAAAAAACA4s2jAUAuDIvTAMAAAA=");
        let list = |text: &str| json!([&text[..12], &text[12..]]).to_string();
        for content in [
            json!({ "text": base64, "encoding": "base64" }),
            json!({ "text": list(base64), "encoding": "base64" }),
            json!({ "text": list(hex), "encoding": "base64" }),
            json!({ "text": list(hex), "_isBinary": true }),
            json!({ "text": hex, "_isBinary": true }),
            json!({ "text": list(hex) }),
            json!({ "text": [&hex[..12], &hex[12..]] }),
            json!({ "text": "[1]", "encoding": "UTF-8" }),
        ] {
            for headers in [&gzip, &json!([])] {
                let response = json!({ "status": 200, "headers": headers, "content": content });
                let exchange = one(&get(), &response).expect("readable").expect("an answer");
                assert_eq!(String::from_utf8_lossy(&exchange.body), "[1]", "{response}");
            }
        }
        let response = json!({ "status": 200, "headers": gzip, "content": { "text": "[\"abcd\"]" } });
        assert_eq!(one(&get(), &response).expect("readable").expect("an answer").body, b"[\"abcd\"]");
    }
}
