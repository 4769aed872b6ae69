//! Comparing a recorded answer with the target's: status, body, the headers that matter.
//!
//! Identifiers go through the mapping, times by form and order, lists of texts and of identified objects as sets.

use chrono::DateTime;
use serde_json::Value;

use super::mapping::{Mapping, tokens};
use crate::{
    brief::{brief, shorten},
    http::Answer,
    matcher::equal,
    pointer,
    secret::{Redacted, Redactor},
};

/// A place where the target's answer is another one than the recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<T = Redacted> {
    /// `status`, `header NAME`, or a JSON Pointer into the body.
    pub place: T,
    /// What was recorded; `None`: nothing.
    pub recorded: Option<T>,
    /// What the target says; `None`: nothing.
    pub actual: Option<T>,
}

impl Difference<String> {
    /// The same without secrets.
    pub(super) fn redacted(self, redactor: &Redactor) -> Difference {
        let side = |text: Option<String>| text.map(|text| redactor.text(&text));
        Difference { place: redactor.text(&self.place), recorded: side(self.recorded), actual: side(self.actual) }
    }
}

/// How strict lists are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// Everything in them was made by the recording.
    Whole,
    /// The org had things before: only what the recording has made is compared.
    OfOrg,
}

struct Compare<'a> {
    mapping: &'a mut Mapping,
    differences: Vec<Difference<String>>,
    times: Vec<(String, String)>,
    lists: Lists,
}

/// All places where `actual` differs from `recorded`.
pub(super) fn compare(
    recorded: &Answer,
    actual: &Answer,
    mapping: &mut Mapping,
    lists: Lists,
) -> Vec<Difference<String>> {
    let mut compare = Compare { mapping, differences: Vec::new(), times: Vec::new(), lists };
    if recorded.status != actual.status {
        compare.differ("status", Some(recorded.status.to_string()), Some(actual.status.to_string()));
        return compare.differences;
    }
    match (recorded.json(), actual.json()) {
        (Ok(recorded), Ok(actual)) => compare.value(recorded, actual, ""),
        _ if recorded.body.is_empty() && actual.body.is_empty() => {}
        _ => {
            let text = |answer: &Answer| (!answer.body.is_empty()).then(|| shorten(&answer.text()));
            compare.differ("", text(recorded), text(actual));
        }
    }
    compare.order_of_times();
    compare.headers(recorded, actual);
    compare.differences
}

impl Compare<'_> {
    fn differ(&mut self, place: &str, recorded: Option<String>, actual: Option<String>) {
        self.differences.push(Difference { place: place.to_owned(), recorded, actual });
    }

    fn values_differ(&mut self, place: &str, recorded: Option<&Value>, actual: Option<&Value>) {
        self.differ(place, recorded.map(brief), actual.map(brief));
    }

    fn value(&mut self, recorded: &Value, actual: &Value, place: &str) {
        match (recorded, actual) {
            (Value::String(left), Value::String(right)) => self.text(left, right, place),
            (Value::Object(left), Value::Object(right)) => {
                for (key, recorded) in left {
                    let place = pointer::below(place, key);
                    match right.get(key) {
                        Some(actual) => self.value(recorded, actual, &place),
                        None => self.values_differ(&place, Some(recorded), None),
                    }
                }
                for (key, actual) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                    self.values_differ(&pointer::below(place, key), None, Some(actual));
                }
            }
            (Value::Array(left), Value::Array(right)) => self.list(left, right, place),
            _ if equal(recorded, actual) => {}
            _ => self.values_differ(place, Some(recorded), Some(actual)),
        }
    }

    fn text(&mut self, recorded: &str, actual: &str, place: &str) {
        let time = |text: &str| DateTime::parse_from_rfc3339(text).is_ok();
        if time(recorded) && time(actual) && recorded.len() == actual.len() {
            self.times.push((recorded.to_owned(), actual.to_owned()));
        } else if place.ends_with(MODULUS) && are_moduli(recorded, actual) {
            // A key is known by its `kid`. Whoever draws moduli may draw one twice, as the embedded mock does, which has a small pool of them.
        } else if !self.mapping.same(recorded, actual) {
            self.differ(place, Some(format!("{recorded:?}")), Some(format!("{actual:?}")));
        }
    }

    /// What was earlier in the recording is not later on the target.
    fn order_of_times(&mut self) {
        let times = std::mem::take(&mut self.times);
        for (recorded, actual) in &times {
            let crossed = times.iter().find(|(other, later)| recorded < other && actual > later);
            if let Some((other, later)) = crossed {
                let (recorded, actual) = (format!("{recorded} before {other}"), format!("{actual} after {later}"));
                self.differ("order of times", Some(recorded), Some(actual));
                return;
            }
        }
    }

    fn list(&mut self, recorded: &[Value], actual: &[Value], place: &str) {
        let identified = |items: &[Value]| items.iter().all(|item| item.get("id").or(item.get("kid")).is_some());
        let texts = |items: &[Value]| items.iter().all(Value::is_string);
        if identified(recorded) && identified(actual) {
            self.identified(recorded, actual, place);
        } else if texts(recorded) && texts(actual) {
            self.set(recorded, actual, place);
        } else if recorded.len() == actual.len() {
            for (index, (recorded, actual)) in recorded.iter().zip(actual).enumerate() {
                self.value(recorded, actual, &format!("{place}/{index}"));
            }
        } else {
            self.differ(place, Some(brief(recorded)), Some(brief(actual)));
        }
    }

    /// Texts in any order.
    fn set(&mut self, recorded: &[Value], actual: &[Value], place: &str) {
        let mut left: Vec<&str> = actual.iter().filter_map(Value::as_str).collect();
        for text in recorded.iter().filter_map(Value::as_str) {
            match left.iter().position(|other| self.mapping.same(text, other)) {
                Some(index) => {
                    left.remove(index);
                }
                None => self.differ(place, Some(format!("an item {text:?}")), None),
            }
        }
        for text in left {
            self.differ(place, None, Some(format!("an item {text:?}")));
        }
    }

    /// Objects with an ID in any order: first those whose name is known, then those that look the same.
    fn identified(&mut self, recorded: &[Value], actual: &[Value], place: &str) {
        let of_another = |item: &&Value| self.mapping.stands_for_another(identity(item));
        let mut left: Vec<&Value> = actual.iter().filter(|item| !of_another(item)).collect();
        let mut unknown = Vec::new();
        for item in recorded {
            let id = identity(item);
            if self.mapping.of_another(id) {
                continue;
            }
            let known = self.mapping.knows(id).then(|| self.mapping.translate(id));
            match known.and_then(|id| left.iter().position(|other| identity(other) == id)) {
                Some(index) => {
                    let other = left.remove(index);
                    self.value(item, other, &format!("{place}/*"));
                }
                None => unknown.push(item),
            }
        }
        for item in unknown {
            let closest = left
                .iter()
                .enumerate()
                .filter_map(|(index, other)| self.distance(item, other).map(|distance| (distance, index)))
                .min();
            let Some((distance, index)) = closest else {
                if self.lists == Lists::Whole || self.mapping.knows(identity(item)) {
                    self.values_differ(&format!("{place}/*"), Some(item), None);
                }
                continue;
            };
            // Of what an org had before, only what is the same is the same thing.
            if distance == 0 || self.lists == Lists::Whole {
                let other = left.remove(index);
                self.value(item, other, &format!("{place}/*"));
            }
        }
        if self.lists == Lists::Whole {
            for other in left {
                self.values_differ(&format!("{place}/*"), None, Some(other));
            }
        }
    }

    /// In how many places two items differ; not at all comparable when they have different names.
    fn distance(&self, recorded: &Value, actual: &Value) -> Option<usize> {
        if recorded.get("name") != actual.get("name") {
            return None;
        }
        let mut mapping = self.mapping.clone();
        let mut tried =
            Compare { mapping: &mut mapping, differences: Vec::new(), times: Vec::new(), lists: self.lists };
        tried.value(recorded, actual, "");
        Some(tried.differences.len())
    }

    /// The type of the body and the links; everything else is of the moment, or of the server in front.
    fn headers(&mut self, recorded: &Answer, actual: &Answer) {
        let media_type = |answer: &Answer| {
            answer.header("Content-Type").map(|text| text.split(';').next().unwrap_or_default().trim().to_owned())
        };
        let (left, right) = (media_type(recorded), media_type(actual));
        if left != right && !recorded.headers.is_empty() {
            self.differ("header Content-Type", left, right);
        }
        // Recordings whose headers were cut say nothing about links that are missing.
        let telling = recorded.header("Link").is_some() || recorded.header("X-Okta-Request-Id").is_some();
        if !telling {
            return;
        }
        let (left, right) = (recorded.links(), actual.links());
        for (relation, target) in left.all() {
            match right.target(relation) {
                // Where a page ends is up to all that the list holds.
                Some(_) if tokens(target).any(|token| self.mapping.of_another(token)) => {}
                Some(other) if self.mapping.same(target, other) => {}
                other => self.differ(&format!("link {relation}"), Some(target.clone()), other.map(str::to_owned)),
            }
        }
        for (relation, target) in right.all().iter().filter(|(relation, _)| left.target(relation).is_none()) {
            self.differ(&format!("link {relation}"), None, Some(target.clone()));
        }
    }
}

/// Where the modulus of a JWK stands (RFC 7518, section 6.3.1.1).
const MODULUS: &str = "/n";

fn are_moduli(recorded: &str, actual: &str) -> bool {
    let base64url = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    recorded.len() == actual.len() && base64url(recorded) && base64url(actual)
}

fn identity(item: &Value) -> &str {
    item.get("id").or_else(|| item.get("kid")).and_then(Value::as_str).unwrap_or_default()
}
