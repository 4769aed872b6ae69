//! Exchanges as they may be written down: without secrets.

use serde::{Deserialize, Serialize};

use crate::secret::Redacted;

/// An exchange without secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// What was sent.
    pub request: TranscriptRequest,
    /// What came.
    pub response: TranscriptResponse,
    /// When it was sent: milliseconds from the start of the run.
    #[serde(default)]
    pub started_ms: f64,
    /// From sending to the last byte.
    pub duration_ms: f64,
}

/// A request without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptRequest {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: Redacted,
    /// Name and value.
    pub headers: Vec<(Redacted, Redacted)>,
    /// The body as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Redacted>,
    /// How long the body was, in bytes, where only its beginning is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<usize>,
}

/// An answer without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptResponse {
    /// The status.
    pub status: u16,
    /// Name and value.
    pub headers: Vec<(Redacted, Redacted)>,
    /// The body as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Redacted>,
    /// How long the body was, in bytes, where only its beginning is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<usize>,
    /// JSON Pointers to what was replaced or left out of the body before it left the house, in a way that keeps checks of it from being made
    /// again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
}
