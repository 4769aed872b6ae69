//! Where the expectations of a matcher stand: what a check of a body is made of, whatever the answer says.

use super::{Kind, Matcher};
use crate::pointer;

impl Matcher {
    /// Tells JSON Pointers of the places that something is expected of, with `*` for every item of a list.
    pub(crate) fn each_place(&self, tell: &mut dyn FnMut(&str)) {
        self.walk(&mut String::new(), tell);
    }

    fn walk(&self, place: &mut String, tell: &mut dyn FnMut(&str)) {
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
            _ => tell(place),
        }
    }
}
