//! The boundary between foreign text and the page: what an HTML report shows passes through here.
//!
//! Markup is made by maud, which escapes whatever is spliced into it, and [`visible`] spells out what a reader's eye would obey: the frame lets
//! no body of a page through without it. The data that the page's script reads is made fit for a script element by [`Data`]. `PreEscaped` is
//! used here, and for the page's own style and scripts in the frame; nowhere else.

use chrono::DateTime;
use maud::{Markup, PreEscaped, Render, html};
use serde::Serialize;

pub(super) use crate::counted::{counted, plural};
use crate::{report::printable, secret::Redacted};

impl Render for Redacted {
    fn render_to(&self, buffer: &mut String) {
        self.as_str().render_to(buffer);
    }
}

/// The markup of the body of a page, with whatever a reader's eye would obey spelt out, in texts and in attributes alike.
pub(super) fn visible(markup: &Markup) -> Markup {
    PreEscaped(printable(&markup.0))
}

/// What ends or opens something in HTML, or a line in an old JavaScript.
const SPECIAL: [char; 5] = ['<', '>', '&', '\u{2028}', '\u{2029}'];

/// JSON for a script of the page, in an element that is data and never run.
pub(in crate::report) struct Data(String);

impl Data {
    /// What `value` is as JSON, without a character that ends or opens anything in HTML.
    pub(in crate::report) fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_string(value)?;
        let escaped = |text: String, c: char| text.replace(c, &format!("\\u{:04x}", u32::from(c)));
        Ok(Self(SPECIAL.into_iter().fold(json, escaped)))
    }

    pub(super) fn element(&self) -> Markup {
        html! { script #data type="application/json" { (PreEscaped(&self.0)) } }
    }
}

/// The words as a heading begins.
pub(super) fn capital(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// A moment for people, to the second: `2026-11-24 08:15:00 UTC`; as it stands where it is none.
pub(super) fn moment(rfc3339: &str) -> String {
    let moment = DateTime::parse_from_rfc3339(rfc3339).map(|moment| moment.to_utc());
    moment.map_or_else(|_| rfc3339.to_owned(), |moment| moment.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// Milliseconds for people: three digits at most, then seconds, then minutes.
pub(super) fn duration(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms if ms < 60_000.0 => format!("{:.1} s", ms / 1000.0),
        ms => format!("{:.0} min {:02.0} s", (ms / 60_000.0).floor(), (ms / 1000.0) % 60.0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn foreign_text_is_text() {
        let hostile = "<script>alert(1)</script>\u{1b}[31m\u{202e}<!--\0";
        let shown = visible(&html! { p title=(hostile) { (hostile) } }).into_string();
        let text = "&lt;script&gt;alert(1)&lt;/script&gt;\\u{1b}[31m\\u{202e}&lt;!--\\u{0}";
        assert_eq!(shown, format!("<p title=\"{text}\">{text}</p>"));
    }

    proptest! {
        #[test]
        fn data_says_the_same_and_ends_no_element(text in "(.|[<>&\u{2028}\u{2029}/!-]){0,40}") {
            let data = Data::of(&text).expect("JSON");
            let special = data.0.contains(SPECIAL);
            prop_assert!(!special);
            prop_assert_eq!(serde_json::from_str::<String>(&data.0).expect("JSON"), text);
        }
    }
}
