//! What was sent and what came, and the line that sends it again.

use maud::{Markup, html};
use serde_json::Value;

use super::text::duration;
use crate::{brief::first, event::Transcript, secret::Redacted};

/// More of a body than a person reads on a page; the event stream has more of it.
const MOST_BODY: usize = 16 * 1024;

/// A body larger than this is shown as it came: setting it out would cost more than it is worth.
const MOST_SET_OUT: usize = 128 * 1024;

/// An exchange, folded up.
pub(super) fn details(exchange: &Transcript) -> Markup {
    let (request, response) = (&exchange.request, &exchange.response);
    html! {
        details .exchange {
            summary {
                "Exchange: " code .foreign { (request.method) " " (request.url) } " → " strong { (response.status) }
                " in " (duration(exchange.duration_ms))
            }
            div .message {
                h4 { "Request" }
                pre tabindex="0" .foreign { (head(&format!("{} {}", request.method, request.url), &request.headers)) }
                (body(request.body.as_ref(), request.cut_from))
            }
            div .message {
                h4 { "Answer" }
                pre tabindex="0" .foreign { (head(&response.status.to_string(), &response.headers)) }
                (body(response.body.as_ref(), response.cut_from))
            }
        }
    }
}

fn head(line: &str, headers: &[(Redacted, Redacted)]) -> Markup {
    html! { (line) @for (name, value) in headers { "\n" (name) ": " (value) } }
}

fn body(body: Option<&Redacted>, cut_from: Option<usize>) -> Markup {
    let Some(body) = body.map(Redacted::as_str).filter(|body| !body.is_empty()) else {
        return html! { p .muted { "No body" } };
    };
    let whole = Some(body).filter(|body| body.len() <= MOST_SET_OUT && cut_from.is_none());
    let set_out = whole.and_then(|body| Some(format!("{:#}", serde_json::from_str::<Value>(body).ok()?)));
    let text = set_out.as_deref().unwrap_or(body);
    let shown = first(text, MOST_BODY).unwrap_or(text);
    html! {
        pre tabindex="0" .foreign { (shown) }
        @match cut_from {
            Some(whole) => p .muted { "Only the beginning is shown: the body had " (whole) " bytes." },
            None if shown.len() < text.len() => {
                p .muted { (shown.len()) " of " (body.len()) " bytes are shown; the event stream of the run has all of them." }
            }
            None => {}
        }
    }
}

pub(super) fn curl(curl: &Redacted) -> Markup {
    html! {
        div .again {
            h4 { "Send it again" }
            div .copied {
                pre .foreign tabindex="0" { (curl) }
                button .copy.needs-script type="button" { "Copy" }
            }
        }
    }
}
