//! Cassettes of go-vcr (all versions), vcrpy and VCR for Ruby (YAML and JSON), Betamax for Python (JSON) and for Java (YAML). They say the
//! same with small differences: go-vcr has `url`, `code` and bodies as text, the others `uri`, `status` and bodies of answers below `string`
//! or `base64_string`. go-vcr 1 and 2 and vcrpy write version 1, go-vcr 3 and later version 2, the others none.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, FixedOffset, NaiveDateTime};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Tagged;

use serde_json::Value;

use super::{
    Broken, Entries, Exchange, NO_STATUS,
    coding::{base64, unpacked},
    has_no_body, is_lost, sent,
};

/// What a tag of binary data is called once it is resolved, and as Ruby writes it.
const BINARY: [&str; 2] = ["tag:yaml.org,2002:binary", "!binary"];

#[derive(Deserialize)]
struct Cassette {
    #[serde(default)]
    version: Option<u32>,
    #[serde(alias = "http_interactions")]
    interactions: Vec<Interaction>,
}

#[derive(Deserialize)]
struct Interaction {
    request: Request,
    response: Response,
    #[serde(default, alias = "recorded")]
    recorded_at: Option<String>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    #[serde(alias = "uri")]
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, Values>,
    #[serde(default)]
    body: Body,
}

#[derive(Deserialize)]
struct Response {
    /// go-vcr.
    #[serde(default, deserialize_with = "super::status")]
    code: Option<u16>,
    /// vcrpy, VCR; text in a cassette of go-vcr, a number in one of Betamax for Java.
    #[serde(default)]
    status: Status,
    /// vcrpy for httpx, before version 6.
    #[serde(default, deserialize_with = "super::status")]
    status_code: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, Values>,
    #[serde(default, alias = "content")]
    body: Body,
}

pub(super) fn read_json(document: Value) -> Result<Entries, Broken> {
    exchanges(serde_json::from_value(document).map_err(|error| Broken::whole(error.to_string()))?)
}

pub(super) fn read_yaml(text: &[u8]) -> Result<Entries, Broken> {
    exchanges(serde_saphyr::from_slice_with_options(text, options())?)
}

/// The library bounds depth, what aliases are blown up to, and the like.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: 500_000,
            // Programs write an alias wherever they have met a value before.
            enforce_alias_anchor_ratio: false,
        },
        // What is binary is seen by its tag.
        ignore_binary_tag_for_string: true,
        strict_booleans: true,
    }
}

impl From<serde_saphyr::Error> for Broken {
    fn from(error: serde_saphyr::Error) -> Self {
        use serde_saphyr::Error;

        let place = error.location().map(|at| (at.line(), at.column()));
        let mut fault = error.without_snippet();
        while let Error::AliasError { error, .. } = fault {
            fault = error.without_snippet();
        }
        let reason = match fault {
            // These speak to programmers.
            Error::MultipleDocuments { .. } => "a second document in one file".to_owned(),
            Error::DuplicateMappingKey { key: Some(key), .. } => format!("duplicate key `{key}`"),
            Error::Budget { .. } => "it has more events than any recording".to_owned(),
            // The place is told once.
            other => other.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        };
        Self { place, reason }
    }
}

fn exchanges(cassette: Cassette) -> Result<Entries, Broken> {
    match cassette.version {
        None | Some(1 | 2) => Ok(cassette.interactions.into_iter().map(exchange).collect()),
        Some(other) => Err(Broken::whole(format!("version {other} is not supported, only 1 and 2"))),
    }
}

/// None where the body of the answer was not kept.
fn exchange(Interaction { request, response, recorded_at }: Interaction) -> Result<Option<Exchange>, String> {
    let status = response.code.or(response.status.0).or(response.status_code).ok_or(NO_STATUS)?;
    // A symbol of Ruby.
    let method = request.method.to_ascii_uppercase();
    let (sent_headers, headers) = (flat(request.headers), flat(response.headers));
    if is_lost(&response.body.0, &headers) && !has_no_body(&method, status) {
        return Ok(None);
    }
    Ok(Some(Exchange {
        method,
        url: request.url,
        request_kept: !is_lost(&request.body.0, &sent_headers),
        sent_headers,
        sent: sent(request.body.0),
        status,
        body: unpacked(response.body.0, &headers)?,
        headers,
        at: recorded_at.and_then(|time| at(&time)),
    }))
}

/// VCR writes RFC 2822, Betamax RFC 3339, for Python without a zone.
fn at(time: &str) -> Option<DateTime<FixedOffset>> {
    let full = DateTime::parse_from_rfc2822(time).or_else(|_| DateTime::parse_from_rfc3339(time)).ok();
    full.or_else(|| Some(time.parse::<NaiveDateTime>().ok()?.and_utc().fixed_offset()))
}

fn flat(headers: BTreeMap<String, Values>) -> Vec<(String, String)> {
    let lines = headers.into_iter().map(|(name, values)| values.0.into_iter().map(move |value| (name.clone(), value)));
    lines.flatten().collect()
}

/// The values of a header: one, or a list.
struct Values(Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;

        impl<'de> Visitor<'de> for Seen {
            type Value = Values;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the text of a header, or a list of such")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Values, E> {
                Ok(Values(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(Body(value)) = list.next_element()? {
                    values.push(String::from_utf8_lossy(&value).into_owned());
                }
                Ok(Values(values))
            }
        }

        deserializer.deserialize_any(Seen)
    }
}

/// The status of vcrpy, `{ code, message }`; go-vcr's line of text says nothing more than its `code`.
#[derive(Default)]
struct Status(Option<u16>);

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Told {
            #[serde(deserialize_with = "super::status")]
            code: Option<u16>,
        }

        struct Seen;

        impl<'de> Visitor<'de> for Seen {
            type Value = Status;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a status")
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Status, E> {
                Ok(Status(None))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Status, E> {
                super::Status.visit_i64(number).map(Status)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Status, E> {
                super::Status.visit_u64(number).map(Status)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Status, A::Error> {
                let told = Told::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Status(told.code))
            }
        }

        deserializer.deserialize_any(Seen)
    }
}

/// A body: text, binary data, nothing, or one of these below `string`, or text below `base64_string`.
#[derive(Default)]
struct Body(Vec<u8>);

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(shape, tag) = Tagged::<Shape>::deserialize(deserializer)?;
        match shape {
            Shape::Held(body) => Ok(body),
            Shape::Text(text) if tag.is_some_and(|tag| BINARY.contains(&tag.as_str())) => of_base64(&text),
            Shape::Text(text) => Ok(Body(text.into_bytes())),
        }
    }
}

fn of_base64<E: de::Error>(text: &str) -> Result<Body, E> {
    base64(text).map(Body).map_err(E::custom)
}

enum Shape {
    Text(String),
    Held(Body),
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;

        impl<'de> Visitor<'de> for Seen {
            type Value = Shape;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a body")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Shape, E> {
                Ok(Shape::Held(Body::default()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Shape, E> {
                Ok(Shape::Text(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Shape, E> {
                Ok(Shape::Text(text))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
                let mut held = Body::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "string" => held = map.next_value()?,
                        "base64_string" => held = of_base64(&map.next_value::<String>()?)?,
                        _ => drop(map.next_value::<de::IgnoredAny>()?),
                    }
                }
                Ok(Shape::Held(held))
            }
        }

        deserializer.deserialize_any(Seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(yaml: &str) -> Exchange {
        let text = format!("interactions:\n{yaml}\nversion: 1\n");
        let mut exchanges = read_yaml(text.as_bytes()).map_err(|fault| fault.reason).expect("a cassette");
        exchanges.remove(0).expect("readable").expect("an exchange")
    }

    fn body(exchange: &Exchange) -> &str {
        std::str::from_utf8(&exchange.body).expect("text")
    }

    #[test]
    fn one_header_or_several_of_one_name() {
        let exchange = one("- request: {method: GET, uri: http://a/, headers: {A: x, B: [y, z], C: []}}\n  \
             response: {status: {code: 200, message: OK}, headers: {D: [!!binary eA==]}}");
        let pairs = [("A", "x"), ("B", "y"), ("B", "z")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(exchange.sent_headers, pairs);
        assert_eq!(exchange.headers, [("D".to_owned(), "x".to_owned())]);
        assert_eq!((exchange.status, exchange.body.len(), exchange.sent.is_none()), (200, 0, true));
    }

    #[test]
    fn bodies_in_all_their_shapes() {
        for shape in [
            "'[1]'",
            "{string: '[1]'}",
            "{string: !!binary WzFd}",
            "!!binary |\n      Wz\n      Fd",
            "{encoding: utf-8, string: !!python/unicode '[1]'}",
            "{encoding: ASCII-8BIT, string: !binary WzFd}",
            "{encoding: UTF-8, base64_string: \"Wz\\nFd\\n\"}",
        ] {
            let exchange = one(&format!(
                "- request: {{method: PUT, url: http://a/}}\n  response:\n    code: 200\n    status: 200 OK\n    body: {shape}\n"
            ));
            assert_eq!(body(&exchange), "[1]", "{shape}");
        }
        let sent = |shape: &str| {
            one(&format!("- request: {{method: PUT, url: http://a/, body: {shape}}}\n  response: {{code: 200}}")).sent
        };
        assert_eq!(sent("'{\"a\": 1}'"), Some(serde_json::json!({"a": 1})));
        assert_eq!(sent("!!binary YT1i"), Some(serde_json::json!("a=b")));
        assert_eq!((sent("null"), sent("''"), sent("!!binary /w==")), (None, None, None));
    }

    #[test]
    fn httpx_before_version_6_has_other_names() {
        let exchange = one("- request: {method: GET, uri: http://a/}\n  response: {status_code: 201, content: '[1]'}");
        assert_eq!((exchange.status, body(&exchange)), (201, "[1]"));
    }

    #[test]
    fn others_have_other_keys_statuses_and_times() {
        for (recorded, status) in [
            ("recorded_at: Wed, 01 Jul 2026 12:00:00 GMT", "{code: 201}"),
            ("recorded: 2026-07-01T12:00:00.000Z", "201"),
            ("recorded_at: '2026-07-01T12:00:00'", "201"),
        ] {
            let text = format!(
                "http_interactions:\n- {recorded}\n  request: {{method: get, uri: http://a/}}\n  response: {{status: {status}}}\n"
            );
            let mut exchanges = read_yaml(text.as_bytes()).map_err(|fault| fault.reason).expect("a cassette");
            let exchange = exchanges.remove(0).expect("readable").expect("an exchange");
            assert_eq!((exchange.method.as_str(), exchange.status), ("GET", 201));
            let date = exchange.at(String::new(), "").expect("a URL").date().expect("a time");
            assert_eq!(date.to_utc().to_rfc3339(), "2026-07-01T12:00:00+00:00", "{recorded}");
        }
    }

    #[test]
    fn what_was_not_kept_is_no_answer() {
        for (method, response, kept) in [
            ("GET", "{code: 200, headers: {Content-Length: ['12']}, body: ''}", false),
            ("GET", "{code: 200, headers: {content-length: '12'}}", false),
            ("GET", "{code: 200, headers: {Content-Length: ['0']}, body: ''}", true),
            ("HEAD", "{code: 200, headers: {Content-Length: ['12']}, body: ''}", true),
            ("GET", "{code: 304, headers: {Content-Length: ['12']}}", true),
        ] {
            let text = format!(
                "interactions:\n- request: {{method: {method}, uri: http://a/}}\n  response: {response}\nversion: 1\n"
            );
            let mut exchanges = read_yaml(text.as_bytes()).map_err(|fault| fault.reason).expect("a cassette");
            assert_eq!(exchanges.remove(0).expect("readable").is_some(), kept, "{method} {response}");
        }
        let request_kept = |length: u32, body: &str| {
            let request =
                format!("{{method: PUT, uri: http://a/, headers: {{Content-Length: ['{length}']}}, body: {body}}}");
            one(&format!("- request: {request}\n  response: {{code: 200}}")).request_kept
        };
        assert_eq!([request_kept(2, "''"), request_kept(0, "''"), request_kept(2, "ab")], [false, true, true]);
    }

    #[test]
    fn an_alias_stands_for_what_it_names() {
        let exchange = one("- request: {method: GET, uri: http://a/, headers: &id001 {A: [x]}}\n  \
             response: {code: 200, headers: *id001}");
        assert_eq!(exchange.headers, exchange.sent_headers);
    }

    #[test]
    fn a_packed_body_is_unpacked_unless_it_was_already() {
        let packed = |coding: &str, body: &str| {
            one(&format!(
                "- request: {{method: GET, uri: http://a/}}\n  response: {{code: 200, headers: {{content-encoding: {coding}}}, body: {body}}}"
            ))
        };
        assert_eq!(body(&packed("gzip", "!!binary H4sIAAAAAAACA4s2jAUAuDIvTAMAAAA=")), "[1]");
        assert_eq!(body(&packed("deflate", "!!binary eJyLNowFAAHTAOo=")), "[1]");
        assert_eq!(body(&packed("gzip", "'[1]'")), "[1]", "edited, or unpacked by the client");
        assert_eq!(body(&packed("br", "!!binary CwGAWzFdAw==")), "[1]");
        assert_eq!(body(&packed("br", "'[1]'")), "[1]");
        assert_eq!(body(&packed("zstd", "!!binary KLUv/SADGQAAWzFd")), "[1]");
        assert_eq!(body(&packed("zstd", "'[1]'")), "[1]");
    }
}
