//! Where the expectations of a matcher stand: what a check of a body is made of, whatever the answer says.

use super::{Kind, Matcher};
use crate::{diagnostic::Span, pointer};

impl Matcher {
    /// Tells the expectations that can be false by themselves: the JSON Pointer of the place that each is of, with `*` for every item of a
    /// list, and where it stands in its file.
    pub(crate) fn leaves(&self, tell: &mut dyn FnMut(&str, Span)) {
        self.walk(&mut String::new(), tell);
    }

    fn walk(&self, place: &mut String, tell: &mut dyn FnMut(&str, Span)) {
        let length = place.len();
        let mut under = |step: &str, matcher: &Self| {
            pointer::push(place, step);
            matcher.walk(place, tell);
            place.truncate(length);
        };
        match &self.kind {
            Kind::Object(members) if !members.is_empty() => {
                for (key, matcher) in members {
                    under(key, matcher);
                }
            }
            Kind::List(items) if !items.is_empty() => {
                for (index, matcher) in items.iter().enumerate() {
                    under(&index.to_string(), matcher);
                }
            }
            Kind::Each(matcher) => under("*", matcher),
            Kind::All(all) => {
                for matcher in all {
                    matcher.walk(place, tell);
                }
            }
            Kind::Object(_)
            | Kind::List(_)
            | Kind::Equal(_)
            | Kind::Exact(_)
            | Kind::Type(_)
            | Kind::Pattern(_)
            | Kind::Format(_)
            | Kind::Present
            | Kind::Absent
            | Kind::Contains(_)
            | Kind::Unordered(_)
            | Kind::Distinct
            | Kind::Length { .. }
            | Kind::OneOf(_)
            | Kind::Not(_)
            | Kind::Min(_)
            | Kind::Max(_)
            | Kind::NotBefore(_)
            | Kind::NotAfter(_)
            | Kind::SameAs { .. }
            | Kind::Schema(_) => tell(place, self.span),
        }
    }
}
