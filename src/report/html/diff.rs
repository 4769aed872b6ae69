//! The body of an answer with what is wrong in it: at each place of a false check, what was expected and what stands there.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde_json::Value;
use similar::ChangeTag;

use crate::{difference, event::StepFinished};

/// Lines around a marked one that are shown too.
const AROUND: usize = 3;

/// Lines of a value that is wrong as a whole.
const MOST_MARKED: usize = 20;

/// A larger body is not set out.
const MOST_BODY: usize = 256 * 1024;

/// The body of the answer of a step, where a check of it names a place.
pub(super) fn body(failure: &StepFinished) -> Markup {
    let Some(lines) = lines(failure) else { return html! {} };
    html! {
        div .diff role="group" aria-label="The body of the answer, expected against actual" {
            h4 { "In the body" }
            pre tabindex="0" {
                @for piece in folded(&lines) {
                    @match piece {
                        Piece::Line(line) => (one(line)),
                        Piece::Gap(count) => span .gap { "  ⋯ " (count) " more lines\n" },
                    }
                }
            }
        }
    }
}

/// Two JSON values, the lines in which they differ.
pub(super) fn lines_of_both(lines: &[(ChangeTag, String)]) -> Markup {
    html! {
        div .diff role="group" aria-label="Expected against actual" {
            h4 { "Expected against actual" }
            pre tabindex="0" {
                @for line in lines { (one(line)) }
            }
        }
    }
}

type Line = (ChangeTag, String);

fn one((tag, text): &Line) -> Markup {
    let line = format!("{} {text}\n", difference::sign(*tag));
    match tag {
        ChangeTag::Equal => html! { span .foreign { (line) } },
        ChangeTag::Delete => html! { del .foreign { (line) } },
        ChangeTag::Insert => html! { ins .foreign { (line) } },
    }
}

fn lines(failure: &StepFinished) -> Option<Vec<Line>> {
    let body = failure.exchange.as_ref()?.response.body.as_ref()?.as_str();
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in &failure.findings {
        // The whole body against another one is told by the lines in which they differ.
        let whole = finding.at().is_none() && finding.expected.holds_others();
        if let Some(pointer) = finding.pointer.as_ref().filter(|_| !whole) {
            expected.entry(pointer.as_str()).or_default().push(finding.expected());
        }
    }
    if expected.is_empty() || body.len() > MOST_BODY {
        return None;
    }
    let value: Value = serde_json::from_str(body).ok()?;
    let mut writer = Writer { expected, lines: Vec::new() };
    writer.value(&value, "", "", 0, "");
    Some(writer.lines)
}

/// Sets a value out in lines.
struct Writer<'a> {
    expected: BTreeMap<&'a str, Vec<String>>,
    lines: Vec<Line>,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, pointer: &str, name: &str, depth: usize, comma: &str) {
        let marked = self.expected.contains_key(pointer);
        self.wanted(pointer, name, depth);
        let from = self.lines.len();
        match children(value) {
            Some(([open, close], children)) if !children.is_empty() || self.below(pointer) => {
                self.line(depth, &format!("{name}{open}"));
                let last = children.len().saturating_sub(1);
                for (index, (step, name, value)) in children.iter().enumerate() {
                    let comma = if index < last { "," } else { "" };
                    self.value(value, &format!("{pointer}/{step}"), name, depth + 1, comma);
                }
                self.missing(pointer, &children, depth + 1);
                self.line(depth, &format!("{close}{comma}"));
            }
            Some(_) | None => self.line(depth, &format!("{name}{value}{comma}")),
        }
        if marked {
            let below = self.lines.iter().skip(from).any(|(kind, _)| *kind != ChangeTag::Equal);
            // Of a value with marks of its own inside, the opening line alone is marked.
            let count = if below { 1 } else { MOST_MARKED };
            for (kind, _) in self.lines.iter_mut().skip(from).take(count) {
                *kind = ChangeTag::Insert;
            }
        }
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.lines.push((ChangeTag::Equal, format!("{}{text}", "  ".repeat(depth))));
    }

    fn wanted(&mut self, pointer: &str, name: &str, depth: usize) {
        for expected in self.expected.get(pointer).into_iter().flatten() {
            self.lines.push((ChangeTag::Delete, format!("{}{name}{expected}", "  ".repeat(depth))));
        }
    }

    /// Whether something is expected below a place.
    fn below(&self, pointer: &str) -> bool {
        let prefix = format!("{pointer}/");
        self.expected.keys().any(|key| key.starts_with(&prefix))
    }

    /// What is expected directly below a place where nothing of the name stands.
    fn missing(&mut self, pointer: &str, there: &[Child<'_>], depth: usize) {
        let prefix = format!("{pointer}/");
        let there: BTreeSet<&str> = there.iter().map(|(step, ..)| step.as_str()).collect();
        let below = self.expected.keys().filter_map(|key| key.strip_prefix(&prefix));
        let steps = below.map(|rest| rest.split('/').next().unwrap_or_default());
        let absent: Vec<String> = steps.filter(|step| !there.contains(step)).map(str::to_owned).collect();
        for step in absent {
            let name = Value::from(step.replace("~1", "/").replace("~0", "~"));
            self.wanted(&format!("{prefix}{step}"), &format!("{name}: "), depth);
        }
    }
}

/// A value in another: its step in a JSON Pointer (RFC 6901), what stands before it in its line, and itself.
type Child<'a> = (String, String, &'a Value);

/// The values in a value, with its brackets.
fn children(value: &Value) -> Option<([char; 2], Vec<Child<'_>>)> {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| {
                (key.replace('~', "~0").replace('/', "~1"), format!("{}: ", Value::from(key.as_str())), value)
            });
            Some((['{', '}'], members.collect()))
        }
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(index, value)| (index.to_string(), String::new(), value));
            Some((['[', ']'], items.collect()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A line that is shown, or some that are not.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Line(&'a Line),
    Gap(usize),
}

/// The marked lines and those around them.
fn folded(lines: &[Line]) -> Vec<Piece<'_>> {
    let marked: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].0 != ChangeTag::Equal).collect();
    let mut pieces = Vec::new();
    let (mut hidden, mut next) = (0, 0);
    for (at, line) in lines.iter().enumerate() {
        while next < marked.len() && marked[next] + AROUND < at {
            next += 1;
        }
        if marked.get(next).is_some_and(|mark| mark.abs_diff(at) <= AROUND) {
            pieces.extend(gap(&lines[at - hidden..at]));
            hidden = 0;
            pieces.push(Piece::Line(line));
        } else {
            hidden += 1;
        }
    }
    pieces.extend(gap(&lines[lines.len() - hidden..]));
    pieces
}

/// How many lines are left out; so few that nothing would be won are shown.
fn gap(lines: &[Line]) -> Vec<Piece<'_>> {
    if lines.len() < AROUND { lines.iter().map(Piece::Line).collect() } else { vec![Piece::Gap(lines.len())] }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Event;

    /// What is shown of this body where these places are wrong.
    fn shown(body: &Value, expected: &[(&str, &str)]) -> String {
        let findings = expected.iter().map(|(pointer, expected)| {
            json!({ "check": "body", "level": "must", "requirements": [], "pointer": pointer, "expected": expected, "actual": "" })
        });
        let event: Event = serde_json::from_value(json!({
            "event": "step-finished", "trial": "a/b", "phase": "steps", "attempt": 1, "step": 1, "call": "get",
            "principal": "admin", "requests": 1, "checks": { "must": 1, "should": 0, "info": 0 },
            "mismatches": findings.collect::<Vec<_>>(),
            "exchange": {
                "request": { "method": "GET", "url": "/", "headers": [] },
                "response": { "status": 200, "headers": [], "body": body.to_string() },
                "duration_ms": 1.0
            }
        }))
        .expect("an event");
        let Event::StepFinished(step) = event else { panic!("a step") };
        let failure = step.failure().expect("something is wrong");
        let lines = lines(&failure).expect("a body with places");
        let line = |piece: &Piece<'_>| match piece {
            Piece::Line((ChangeTag::Equal, text)) => format!("  {text}\n"),
            Piece::Line((ChangeTag::Delete, text)) => format!("- {text}\n"),
            Piece::Line((ChangeTag::Insert, text)) => format!("+ {text}\n"),
            Piece::Gap(count) => format!("  ({count} more)\n"),
        };
        folded(&lines).iter().map(line).collect()
    }

    #[test]
    fn a_wrong_value_stands_below_what_was_expected() {
        let body = json!({ "a": 1, "b": { "c": [true, "x"] }, "d~/": null });
        insta::assert_snapshot!(shown(&body, &[("/b/c/1", "\"y\""), ("/d~0~1", "any value")]), @r#"
          {
            "a": 1,
            "b": {
              "c": [
                true,
        -       "y"
        +       "x"
              ]
            },
        -   "d~/": any value
        +   "d~/": null
          }
        "#);
    }

    #[test]
    fn what_is_missing_stands_where_it_should_be() {
        let body = json!({ "a": {}, "list": [] });
        insta::assert_snapshot!(shown(&body, &[("/a/b", "1"), ("/list/0", "an object"), ("/gone/below", "2")]), @r#"
          {
            "a": {
        -     "b": 1
            },
            "list": [
        -     "0": an object
            ]
          }
        "#);
    }

    #[test]
    fn lines_far_from_a_mark_are_counted() {
        let members = (0..20).map(|number| (format!("m{number:02}"), json!(number)));
        let body = Value::Object(members.collect());
        insta::assert_snapshot!(shown(&body, &[("/m10", "11")]), @r#"
          (8 more)
            "m07": 7,
            "m08": 8,
            "m09": 9,
        -   "m10": 11
        +   "m10": 10,
            "m11": 11,
            "m12": 12,
            "m13": 13,
          (7 more)
        "#);
    }

    #[test]
    fn a_value_that_is_wrong_as_a_whole_leaves_marks_inside_it() {
        insta::assert_snapshot!(shown(&json!({ "a": { "b": 1 } }), &[("", "a list"), ("/a/b", "2")]), @r#"
        - a list
        + {
            "a": {
        -     "b": 2
        +     "b": 1
            }
          }
        "#);
    }
}
