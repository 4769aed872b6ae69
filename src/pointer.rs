//! JSON Pointers (RFC 6901): steps added to one, and read from one.

use std::borrow::Cow;

/// Adds the step to a member, whatever its name, or to an item by its index.
pub(crate) fn push(pointer: &mut String, step: &str) {
    pointer.push('/');
    if !step.contains(['~', '/']) {
        pointer.push_str(step);
        return;
    }
    for c in step.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// The pointer with one step more.
pub(crate) fn below(pointer: &str, step: &str) -> String {
    let mut longer = String::with_capacity(pointer.len() + 1 + step.len());
    longer.push_str(pointer);
    push(&mut longer, step);
    longer
}

/// What is left of a pointer behind a first step to the member with this name; `None` where it leads elsewhere.
pub(crate) fn strip<'p>(pointer: &'p str, member: &str) -> Option<&'p str> {
    let path = pointer.strip_prefix('/')?;
    let (step, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    (name(step) == member).then_some(rest)
}

/// The name of a member as a step of a pointer spells it.
pub(crate) fn name(step: &str) -> Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}
