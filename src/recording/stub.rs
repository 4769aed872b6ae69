//! Files in which somebody has written what a mock answers: mappings of `WireMock` and the interactions of a Pact file (versions 2 to 4).
//!
//! They hold exchanges where they name one request and one answer. Neither says which host was asked.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Entries, Exchange, coding, has_no_body, headers, sent, status, text};

/// RFC 6761, section 6.4: nobody's.
const ORIGIN: &str = "http://recorded.invalid";

/// One mapping, or all below `mappings`.
pub(super) fn wiremock(document: &Value) -> Entries {
    match document["mappings"].as_array() {
        Some(mappings) => mappings.iter().map(mapping).collect(),
        None => vec![mapping(document)],
    }
}

fn mapping(mapping: &Value) -> Result<Option<Exchange>, String> {
    let (request, response) = (&mapping["request"], &mapping["response"]);
    let url = ["url", "urlPath"].iter().find_map(|key| request[*key].as_str());
    let url = url.ok_or("it answers a pattern of URLs, not one request")?;
    let method = text(request, "method")?;
    if method == "ANY" {
        return Err("it answers any method, not one request".to_owned());
    }
    let templated =
        response["transformers"].as_array().is_some_and(|names| names.contains(&"response-template".into()));
    if templated || ["bodyFileName", "fault", "proxyBaseUrl"].iter().any(|key| !response[*key].is_null()) {
        return Ok(None);
    }
    let packed = response["base64Body"].as_str().map(coding::base64).transpose();
    let packed = packed.map_err(|error| format!("a body is {error}"))?;
    let plain = response["body"].as_str().map(|text| text.as_bytes().to_vec());
    let json = response.get("jsonBody").map(|json| json.to_string().into_bytes());
    let asked = match request["bodyPatterns"].as_array().map(Vec::as_slice) {
        Some([pattern]) => pattern.get("equalToJson").or(pattern.get("equalTo")).map(as_text),
        _ => None,
    };
    let queries = request["queryParameters"].as_object().into_iter().flatten();
    let query = queries.filter_map(|(name, value)| Some((name.as_str(), value["equalTo"].as_str()?)));
    stub(Stub {
        // A mapping without patterns answers whatever is sent.
        request_kept: asked.is_some() || matches!(method.as_str(), "GET" | "HEAD" | "DELETE"),
        asked,
        path: with_query(url, query),
        method,
        answered: Some(json.or(plain).or(packed).unwrap_or_default()),
        request,
        response,
    })
}

/// The interactions over HTTP; those of version 4 say what they are.
pub(super) fn pact(document: &Value) -> Entries {
    let interactions = document["interactions"].as_array().map(Vec::as_slice).unwrap_or_default();
    interactions.iter().map(interaction).collect()
}

fn interaction(interaction: &Value) -> Result<Option<Exchange>, String> {
    if let Some(other) = interaction["type"].as_str().filter(|kind| *kind != "Synchronous/HTTP") {
        return Err(format!("an interaction of the type `{other}`, which is not HTTP"));
    }
    let (request, response) = (&interaction["request"], &interaction["response"]);
    let path = text(request, "path")?;
    let method = text(request, "method")?.to_ascii_uppercase();
    let asked = pact_body(interaction, request)?.map(|body| String::from_utf8_lossy(&body).into_owned());
    stub(Stub {
        path: match &request["query"] {
            Value::String(query) if !query.is_empty() => format!("{path}?{query}"),
            Value::Object(names) => with_query(
                &path,
                names.iter().flat_map(|(name, values)| {
                    let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
                    values.iter().filter_map(|value| Some((name.as_str(), value.as_str()?)))
                }),
            ),
            _ => path,
        },
        // Without a body, it says nothing of what is sent.
        request_kept: asked.is_some() || matches!(method.as_str(), "GET" | "HEAD" | "DELETE"),
        method,
        asked,
        answered: pact_body(interaction, response)?,
        request,
        response,
    })
}

/// A body that is missing is any; one that is null is none. Version 4, whose interactions have a type, wraps it in its encoding.
fn pact_body(interaction: &Value, message: &Value) -> Result<Option<Vec<u8>>, String> {
    let body = message.get("body");
    let (content, encoded) = match body {
        Some(body) if interaction["type"].is_string() => (body.get("content"), &body["encoded"]),
        other => (other, &Value::Null),
    };
    match content {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Vec::new())),
        Some(Value::String(text)) if *encoded == "base64" || *encoded == true => {
            coding::base64(text).map(Some).map_err(|error| format!("a body is {error}"))
        }
        Some(content) => Ok(Some(as_text(content).into_bytes())),
    }
}

/// What both kinds come to.
struct Stub<'a> {
    method: String,
    path: String,
    asked: Option<String>,
    request_kept: bool,
    answered: Option<Vec<u8>>,
    request: &'a Value,
    response: &'a Value,
}

fn stub(stub: Stub<'_>) -> Result<Option<Exchange>, String> {
    let status = match &stub.response["status"] {
        // Both answer so unless they are told otherwise.
        Value::Null => Some(200),
        told => status(told).map_err(|error| error.to_string())?,
    };
    let Some(status) = status else { return Ok(None) };
    if stub.answered.is_none() && !has_no_body(&stub.method, status) {
        return Ok(None);
    }
    Ok(Some(Exchange {
        url: format!("{ORIGIN}{}", stub.path),
        sent_headers: headers(&stub.request["headers"]),
        sent: stub.asked.map(String::into_bytes).and_then(sent),
        request_kept: stub.request_kept,
        method: stub.method,
        status,
        headers: headers(&stub.response["headers"]),
        body: stub.answered.unwrap_or_default(),
        at: None,
    }))
}

/// A text as it is, anything else as JSON.
fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn with_query<'q>(path: &str, pairs: impl Iterator<Item = (&'q str, &'q str)>) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    pairs.fold(path.to_owned(), |url, (name, value)| {
        let mark = if url.contains('?') { '&' } else { '?' };
        format!("{url}{mark}{}={}", encoded(name), encoded(value))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Method, URL, what is sent, status and body; or why it is none.
    type Told = Result<Option<Held>, String>;
    type Held = (String, String, Option<Value>, u16, String);

    fn told(mut entries: Entries) -> Told {
        let one = |one: Exchange| {
            let sent = one.sent.filter(|_| one.request_kept);
            (one.method, one.url, sent, one.status, String::from_utf8_lossy(&one.body).into_owned())
        };
        entries.remove(0).map(|exchange| exchange.map(one))
    }

    fn held(method: &str, path: &str, sent: Option<Value>, status: u16, body: &str) -> Held {
        (method.to_owned(), format!("{ORIGIN}{path}"), sent, status, body.to_owned())
    }

    #[test]
    fn a_mapping_is_an_exchange_if_it_is_about_one_request_and_one_answer() {
        let get = json!({ "method": "GET", "url": "/a" });
        for (request, response, expected) in [
            (get.clone(), json!({}), Ok(Some(held("GET", "/a", None, 200, "")))),
            (get.clone(), json!({ "status": 201, "body": "x" }), Ok(Some(held("GET", "/a", None, 201, "x")))),
            (get.clone(), json!({ "jsonBody": [] }), Ok(Some(held("GET", "/a", None, 200, "[]")))),
            (get.clone(), json!({ "base64Body": "W10" }), Ok(Some(held("GET", "/a", None, 200, "[]")))),
            (
                json!({ "method": "GET", "urlPath": "/a", "queryParameters": { "q": { "equalTo": "b c" }, "r": { "equalTo": "1" } } }),
                json!({}),
                Ok(Some(held("GET", "/a?q=b%20c&r=1", None, 200, ""))),
            ),
            (
                json!({ "method": "PUT", "url": "/a", "bodyPatterns": [{ "equalToJson": { "b": 1 } }] }),
                json!({}),
                Ok(Some(held("PUT", "/a", Some(json!({ "b": 1 })), 200, ""))),
            ),
            (
                json!({ "method": "GET", "urlPattern": "/a.*" }),
                json!({}),
                Err("it answers a pattern of URLs, not one request".to_owned()),
            ),
            (
                json!({ "method": "ANY", "url": "/a" }),
                json!({}),
                Err("it answers any method, not one request".to_owned()),
            ),
            (json!({ "url": "/a" }), json!({}), Err("`method` is missing, or not a text".to_owned())),
            (get.clone(), json!({ "bodyFileName": "a.json" }), Ok(None)),
            (get.clone(), json!({ "proxyBaseUrl": "http://a" }), Ok(None)),
            (get.clone(), json!({ "fault": "EMPTY_RESPONSE" }), Ok(None)),
            (get, json!({ "body": "{{now}}", "transformers": ["response-template"] }), Ok(None)),
        ] {
            let mapping = json!({ "request": request, "response": response });
            assert_eq!(told(wiremock(&mapping)), expected, "{mapping}");
        }
    }

    #[test]
    fn what_a_stub_leaves_open_is_not_known() {
        for (method, more, kept) in [
            ("DELETE", json!({}), true),
            ("POST", json!({}), false),
            ("POST", json!({ "bodyPatterns": [{ "matchesJsonPath": "$.a" }] }), false),
        ] {
            let mut request = json!({ "method": method, "url": "/a" });
            request.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            let exchange = wiremock(&json!({ "request": request, "response": {} })).remove(0);
            assert_eq!(exchange.expect("readable").expect("an answer").request_kept, kept, "{request}");
        }
    }

    #[test]
    fn interactions_of_all_versions() {
        let request = json!({ "method": "get", "path": "/a", "query": "q=b%20c" });
        let newer = json!({ "method": "GET", "path": "/a", "query": { "q": ["b", "c"], "r": "d" } });
        let http = "Synchronous/HTTP";
        for (kind, request, response, expected) in [
            (
                None,
                &request,
                json!({ "status": 201, "body": { "a": 1 } }),
                Ok(Some(held("GET", "/a?q=b%20c", None, 201, "{\"a\":1}"))),
            ),
            (None, &request, json!({ "body": null }), Ok(Some(held("GET", "/a?q=b%20c", None, 200, "")))),
            (None, &request, json!({ "status": 204 }), Ok(Some(held("GET", "/a?q=b%20c", None, 204, "")))),
            (None, &request, json!({ "status": 200 }), Ok(None)),
            (None, &newer, json!({ "body": "x" }), Ok(Some(held("GET", "/a?q=b&q=c&r=d", None, 200, "x")))),
            (
                Some(http),
                &newer,
                json!({ "body": { "content": [] } }),
                Ok(Some(held("GET", "/a?q=b&q=c&r=d", None, 200, "[]"))),
            ),
            (
                Some(http),
                &newer,
                json!({ "body": { "content": "W10=", "encoded": "base64" } }),
                Ok(Some(held("GET", "/a?q=b&q=c&r=d", None, 200, "[]"))),
            ),
            (
                Some(http),
                &newer,
                json!({ "body": { "content": "[]", "encoded": "JSON" } }),
                Ok(Some(held("GET", "/a?q=b&q=c&r=d", None, 200, "[]"))),
            ),
            (Some(http), &newer, json!({ "body": {} }), Ok(None)),
            (
                Some("Asynchronous/Messages"),
                &newer,
                json!({}),
                Err("an interaction of the type `Asynchronous/Messages`, which is not HTTP".to_owned()),
            ),
        ] {
            let document = json!({ "interactions": [{ "type": kind, "request": request, "response": response }] });
            assert_eq!(told(pact(&document)), expected, "{document}");
        }
    }
}
