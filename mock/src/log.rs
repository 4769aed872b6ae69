//! What the mock was asked, for tests that look at what their program sends. Owns the record and its bounds.

use std::collections::VecDeque;

use axum::{body::Bytes, http::request::Parts};

use super::wire::Refusal;

/// How many bytes of bodies are kept in all.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Such as `GET`.
    pub method: String,
    /// As it was sent, without the query.
    pub path: String,
    /// What stands behind the `?`, as it was sent.
    pub query: Option<String>,
    /// Names in lower case, in the order of their first values.
    pub headers: Vec<(String, String)>,
    /// Empty if it could not be read to its end.
    pub body: Vec<u8>,
}

impl Received {
    /// The first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The latest requests.
pub(super) struct Log {
    most: usize,
    bytes: usize,
    received: VecDeque<Received>,
}

impl Log {
    /// One that keeps so many.
    pub(super) fn new(most: usize) -> Log {
        Log { most, bytes: 0, received: VecDeque::new() }
    }

    pub(super) fn add(&mut self, head: &Parts, body: &Result<Bytes, Refusal>) {
        if self.most == 0 {
            return;
        }
        let headers = head.headers.iter();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let received = Received {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: headers.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
            body: body.as_deref().unwrap_or_default().to_vec(),
        };
        self.bytes += received.body.len();
        self.received.push_back(received);
        while self.received.len() > self.most || self.bytes > MOST_BYTES {
            let Some(oldest) = self.received.pop_front() else { return };
            self.bytes -= oldest.body.len();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Log::new(self.most);
    }

    pub(super) fn all(&self) -> Vec<Received> {
        self.received.iter().cloned().collect()
    }
}
