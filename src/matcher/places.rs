//! Where the expectations of a matcher stand: what a check of a body is made of, whatever the answer says.

use super::{Kind, Matcher};

impl Matcher {
    /// JSON Pointers of the places that something is expected of, with `*` for every item of a list.
    pub(crate) fn places(&self) -> Vec<String> {
        let (mut found, mut pointer) = (Vec::new(), String::new());
        self.walk(&mut pointer, &mut found);
        found
    }

    fn walk(&self, pointer: &mut String, found: &mut Vec<String>) {
        let length = pointer.len();
        let mut under = |step: &str, matcher: &Self| {
            pointer.push('/');
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
            matcher.walk(pointer, found);
            pointer.truncate(length);
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
                    matcher.walk(pointer, found);
                }
            }
            _ => found.push(pointer.clone()),
        }
    }
}
