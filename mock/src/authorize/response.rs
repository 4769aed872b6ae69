//! How the authorization endpoint answers: by a redirection, or by a page that sends a form (OAuth 2.0 Form Post Response Mode) or a
//! message. Owns the
//! forms of both, and of the page of an error.

use axum::http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::wire::Answer;

/// What is not written as it is in a parameter (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the parameters of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Query,
    Fragment,
    FormPost,
    /// The vendor's own: a page in a frame or a window of the client's page.
    PostMessage,
}

impl Mode {
    pub(super) fn read(name: &str) -> Option<Mode> {
        match name {
            "query" => Some(Mode::Query),
            "fragment" => Some(Mode::Fragment),
            "form_post" => Some(Mode::FormPost),
            "okta_post_message" => Some(Mode::PostMessage),
            _ => None,
        }
    }
}

/// An answer that is sent on to the client.
pub(super) struct Response {
    address: String,
    mode: Mode,
    parameters: Vec<(&'static str, String)>,
}

impl Response {
    pub(super) fn new(address: &str, mode: Mode) -> Response {
        Response { address: address.to_owned(), mode, parameters: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &'static str, value: &str) {
        self.parameters.push((name, value.to_owned()));
    }

    pub(super) fn answer(self) -> Answer {
        match self.mode {
            Mode::Query => {
                let separator = if self.address.contains('?') { '&' } else { '?' };
                Answer::Redirect(format!("{}{separator}{}", self.address, encoded(&self.parameters)))
            }
            Mode::Fragment => Answer::Redirect(format!("{}#{}", self.address, encoded(&self.parameters))),
            Mode::FormPost => self.form(),
            Mode::PostMessage => self.message(),
        }
    }

    /// A page that tells the one that opened it, if that is the client's.
    fn message(self) -> Answer {
        let message: Map<String, Value> =
            self.parameters.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
        let origin = self.address.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        // No `<` can end the script.
        let text = |value: Value| value.to_string().replace('<', "\\u003c");
        let html = format!(
            "<!DOCTYPE html><title>okta-mock</title><script>(window.opener || window.parent).postMessage({}, {})</script>",
            text(Value::Object(message)),
            text(Value::String(origin))
        );
        Answer::Page { status: StatusCode::OK, html }
    }

    /// A page that sends itself.
    fn form(self) -> Answer {
        let field = |(name, value): &(&str, String)| {
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
        };
        let fields: String = self.parameters.iter().map(field).collect();
        let html = format!(
            "<!DOCTYPE html><title>okta-mock</title><body onload=\"document.forms[0].submit()\">\
             <form method=\"post\" action=\"{}\">{fields}</form>",
            escaped(&self.address)
        );
        Answer::Page { status: StatusCode::OK, html }
    }
}

/// A redirection that tells no more than the client's own state.
pub(crate) fn with_state(address: &str, state: Option<&str>) -> Answer {
    let Some(state) = state else { return Answer::Redirect(address.to_owned()) };
    let mut response = Response::new(address, Mode::Query);
    response.add("state", state);
    response.answer()
}

fn encoded(parameters: &[(&'static str, String)]) -> String {
    let pair = |(name, value): &(&str, String)| format!("{name}={}", utf8_percent_encode(value, RESERVED));
    parameters.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// What a browser is shown.
pub(crate) fn error_page(status: StatusCode, error: &str, description: &str) -> Answer {
    let html = format!(
        "<!DOCTYPE html><title>okta-mock</title><h1>{} {}</h1><p>{}",
        status.as_u16(),
        escaped(error),
        escaped(description)
    );
    Answer::Page { status, html }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
