//! Where the expectations of a matcher stand: what a check of a body is made of, whatever the answer says.

use super::{Matcher, Shape, judge::TOKEN};
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
        match self.kind.shape() {
            Shape::Members([]) | Shape::Items([]) | Shape::Any(_) | Shape::Absent | Shape::Single => {
                tell(place, self.span);
            }
            Shape::Members(members) => members.iter().for_each(|(key, matcher)| under(key, matcher)),
            Shape::Items(items) => {
                items.iter().enumerate().for_each(|(index, matcher)| under(&index.to_string(), matcher));
            }
            Shape::Each(matcher) => under("*", matcher),
            Shape::Token(decoded) => {
                tell(place, self.span);
                place.push(TOKEN);
                if !matches!(decoded.kind.shape(), Shape::Members([])) {
                    decoded.walk(place, tell);
                }
                place.truncate(length);
            }
            Shape::All(all) => all.iter().for_each(|matcher| matcher.walk(place, tell)),
        }
    }
}
