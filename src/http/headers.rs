//! The headers of requests as they are sent, and those of both sides as texts.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Fault, Outgoing, answer::text};

/// The headers of a request; a case's own stand in the place of any other.
pub(super) fn headers(
    outgoing: &Outgoing,
    credentials: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_static("application/json"));
    if outgoing.body.is_some() {
        headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    if outgoing.body.is_none() && matches!(outgoing.method.as_str(), "POST" | "PUT" | "PATCH") {
        // Okta answers 411 to a write that says nothing of its length, and the library says nothing of an empty body's.
        headers.insert("content-length", HeaderValue::from_static("0"));
    }
    let refused = |name: &str| Fault::Request(format!("the value of `{name}` cannot stand in a header"));
    for (name, text) in credentials {
        let mut value = HeaderValue::from_str(&text).map_err(|_| refused(name))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    for (name, values) in &outgoing.headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(name))?;
        headers.remove(&key);
        for value in values.iter().flatten() {
            headers.append(&key, HeaderValue::from_str(value).map_err(|_| refused(name))?);
        }
    }
    Ok(headers)
}

pub(super) fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()).into_owned())).collect()
}
