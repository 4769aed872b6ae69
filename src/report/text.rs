//! Foreign text made fit to be shown: nothing in it is obeyed, and none of it is longer than somebody reads.

use std::fmt::{Display, Write as _};

use serde::Serialize;
use serde_json::Value;

use crate::brief::first;
pub(super) use crate::{brief::shortened, counted::counted};

/// The text without anything that a terminal, a reader's eye, an XML reader or a CI system would obey: control characters, marks of
/// direction, separators of lines, characters that XML does not allow, the bracket of `##[command]`, `##vso[command]`, and the first colon
/// of a line that begins with `::` are spelt out.
pub fn printable(text: &str) -> String {
    if !text.contains(obeyed) && !text.contains("##") && !text.contains("::") {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let (mut begins, mut rest) = (true, text.chars());
    while let Some(c) = rest.next() {
        let command = match c {
            '[' => ends_with_command(&clean),
            ':' => begins && rest.as_str().starts_with(':'),
            _ => false,
        };
        if obeyed(c) || command {
            let _ = write!(clean, "\\u{{{:x}}}", u32::from(c));
        } else {
            clean.push(c);
        }
        begins = c == '\n' || (begins && c.is_whitespace());
    }
    clean
}

fn obeyed(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// JSON with the same values, in which nothing is left that a terminal or a CI system would obey: it is written in escapes. No line of it
/// begins with `::`, since a text has no line breaks there.
pub fn printable_json(json: String) -> String {
    if !json.contains(obeyed) && !json.contains("##") {
        return json;
    }
    json.chars().fold(String::with_capacity(json.len()), |mut clean, c| {
        // Outside of a text there is no `##`.
        if obeyed(c) || (c == '[' && ends_with_command(&clean)) {
            // All of these are in the basic plane, so one escape is one of them.
            let _ = write!(clean, "\\u{:04x}", u32::from(c));
        } else {
            clean.push(c);
        }
        clean
    })
}

/// The value as JSON over several lines, fit to be shown.
///
/// # Errors
/// None that is known; what a serialiser may say.
pub(super) fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(printable_json)
}

/// An object without those of its members that are null.
pub(super) fn without_nulls(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.retain(|_, member| !member.is_null());
    }
    object
}

/// The items as text, with something between them.
pub(super) fn joined<T: Display>(items: impl IntoIterator<Item = T>, between: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(between)
}

/// Whether a bracket would make a command of a CI system of what comes before it.
fn ends_with_command(text: &str) -> bool {
    text.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).ends_with("##")
}

/// The text as one printable line, with its line ends spelt out.
pub fn on_one_line(text: &str) -> String {
    let text = printable(text);
    if text.contains('\n') { text.replace('\n', "\\n") } else { text }
}

/// The text as one printable line of at most this many characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    shortened(&printable(text).split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// The beginning of a longer text, and that it was cut.
pub(super) fn beginning(text: String, most: usize) -> String {
    match first(&text, most) {
        Some(beginning) => format!("{beginning}\n… cut; the event stream has all of it\n"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_anybody_obeys_is_left() {
        assert_eq!(printable("a\u{1b}[31mb\nc\t\u{202e}d\0"), "a\\u{1b}[31mb\nc\t\\u{202e}d\\u{0}");
        assert_eq!(printable("::a::\n \u{a0}::b\nc ::d : :e\n:f"), "\\u{3a}:a::\n \u{a0}\\u{3a}:b\nc ::d : :e\n:f");
        let commands = "\u{fffe} ##[error]x ##vso[y] [z] # #[q]";
        assert_eq!(printable(commands), "\\u{fffe} ##\\u{5b}error]x ##vso\\u{5b}y] [z] # #[q]");
    }

    #[test]
    fn json_keeps_its_values() {
        let value = serde_json::json!({ "a\u{9b}": "\u{202e}\u{ffff}\u{1b}\n", "##vso[b]": ["##[c]"] });
        let clean = printable_json(value.to_string());
        assert!(!clean.contains(obeyed) && !clean.contains("##[") && !clean.contains("vso["), "{clean}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&clean).expect("JSON"), value);
    }

    #[test]
    fn a_line_is_one_line_and_not_too_long() {
        assert_eq!(one_line(" a\r\n b\tc ", 9), "a\\u{d} b …");
        assert_eq!(one_line("äöü", 2), "äö…");
    }
}
