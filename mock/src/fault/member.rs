//! Members of JSON bodies by pointer: finding them, changing them. Owns the pointers of faults, in which `*` is every item of a
//! list.

use serde_json::{Value, json};

/// What becomes of a member.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Edit {
    Remove,
    Null,
    /// A value of another type.
    Mistype,
    Rename(&'static str),
    Set(Value),
    /// The member is there, whether or not it was.
    Put(Value),
    /// A text without its first so many characters, of which identifiers have their kind.
    Cut(usize),
    /// Another text for a part of a text.
    Swap(&'static str, &'static str),
    /// A list without its first item.
    Shorten,
    /// A list whose first item stands twice.
    Repeat,
    /// A list in the opposite order.
    Reverse,
    /// A list with one item more.
    Append(Value),
    /// A list or object without anything.
    Empty,
}

/// Changes what stands at a pointer; nothing where nothing stands there.
pub(super) fn edit(value: &mut Value, pointer: &str, edit: &Edit) {
    if pointer.is_empty() {
        change(value, edit);
        return;
    }
    let (path, name) = pointer.rsplit_once('/').unwrap_or_default();
    each(value, path, &mut |parent| at(parent, name, edit));
}

/// All values at a pointer.
fn each(value: &mut Value, pointer: &str, visit: &mut dyn FnMut(&mut Value)) {
    let Some(rest) = pointer.strip_prefix('/') else {
        visit(value);
        return;
    };
    let (name, rest) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
    match value {
        Value::Array(items) if name == "*" => items.iter_mut().for_each(|item| each(item, rest, visit)),
        Value::Array(items) => {
            if let Some(item) = name.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                each(item, rest, visit);
            }
        }
        Value::Object(members) => {
            if let Some(member) = members.get_mut(name) {
                each(member, rest, visit);
            }
        }
        _ => {}
    }
}

fn at(parent: &mut Value, name: &str, edit: &Edit) {
    match (parent, edit) {
        (Value::Object(members), Edit::Remove) => {
            members.shift_remove(name);
        }
        (Value::Object(members), Edit::Rename(other)) => {
            if let Some(value) = members.shift_remove(name) {
                members.insert((*other).to_owned(), value);
            }
        }
        (Value::Object(members), Edit::Put(value)) => {
            members.insert(name.to_owned(), value.clone());
        }
        (Value::Array(items), Edit::Remove) => {
            if let Some(index) = name.parse::<usize>().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        (parent, edit) => each(parent, &format!("/{name}"), &mut |value| change(value, edit)),
    }
}

fn change(value: &mut Value, edit: &Edit) {
    match (edit, value) {
        (Edit::Null, value) => *value = Value::Null,
        (Edit::Set(other), value) => *value = other.clone(),
        (Edit::Mistype, value) => *value = mistyped(value),
        (Edit::Cut(length), Value::String(text)) => *text = text.chars().skip(*length).collect(),
        (Edit::Swap(from, to), Value::String(text)) => *text = text.replacen(from, to, 1),
        (Edit::Shorten, Value::Array(items)) if !items.is_empty() => drop(items.remove(0)),
        (Edit::Repeat, Value::Array(items)) => items.extend(items.first().cloned()),
        (Edit::Reverse, Value::Array(items)) => items.reverse(),
        (Edit::Append(item), Value::Array(items)) => items.push(item.clone()),
        (Edit::Empty, Value::Array(items)) => items.clear(),
        (Edit::Empty, Value::Object(members)) => members.clear(),
        _ => {}
    }
}

/// As a client library in another language might write it: numbers and booleans as texts, one thing instead of a list.
fn mistyped(value: &Value) -> Value {
    match value {
        Value::Null => json!(0),
        Value::Bool(truth) => json!(truth.to_string()),
        Value::Number(number) => json!(number.to_string()),
        Value::String(_) => json!(1),
        Value::Array(items) => items.first().cloned().unwrap_or_else(|| json!({})),
        Value::Object(_) => json!([]),
    }
}

/// What stands at a pointer without `*`.
pub(super) fn find<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    value.pointer(pointer)
}

/// Puts a value at a pointer without `*`, with the objects on the way; none takes the member away.
pub(super) fn put(value: &mut Value, pointer: &str, member: Option<Value>) {
    let (path, name) = pointer.rsplit_once('/').unwrap_or_default();
    let mut parent = value;
    for step in path.split('/').skip(1) {
        let Value::Object(members) = parent else { return };
        if member.is_none() && !members.contains_key(step) {
            return;
        }
        parent = members.entry(step).or_insert_with(|| json!({}));
    }
    let Value::Object(members) = parent else { return };
    match member {
        Some(member) => drop(members.insert(name.to_owned(), member)),
        None => drop(members.shift_remove(name)),
    }
}

/// The members of `former` that `body` does not have are added to it, at any depth.
pub(super) fn merge(body: &mut Value, former: &Value) {
    let (Value::Object(body), Value::Object(former)) = (body, former) else { return };
    for (name, old) in former {
        match body.get_mut(name) {
            Some(new) => merge(new, old),
            None => drop(body.insert(name.clone(), old.clone())),
        }
    }
}
