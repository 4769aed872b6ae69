//! The functions of the language and what they do with values. Owns their table; those over groups are in `groups`.
//!
//! Names, results and order of arguments are those of the docs. Inferred throughout: a text function gives null for null, a list function
//! takes null as an empty list, which the docs show of `Arrays.size` and `Arrays.isEmpty`, and a number is taken as a text where one is
//! asked for.

use std::iter;

use serde_json::Value;

use super::{
    evaluate::{Evaluation, Trouble, real},
    groups,
};

type Run = fn(&mut Evaluation<'_>, Vec<Value>) -> Result<Value, Trouble>;

/// A function and how many arguments it takes.
pub(super) struct Function {
    name: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) run: Run,
}

const ANY: usize = usize::MAX;

const fn function(name: &'static str, least: usize, most: usize, run: Run) -> Function {
    Function { name, least, most, run }
}

static FUNCTIONS: &[Function] = &[
    function("String.append", 2, 2, |room, given| join(room, "", &given)),
    function("String.join", 1, ANY, |room, given| {
        let Some(separator) = first_text(&given)? else { return Ok(Value::Null) };
        join(room, &separator, &given[1..])
    }),
    function("String.len", 1, 1, |_, given| {
        Ok(Value::from(first_text(&given)?.map_or(0, |text| text.chars().count())))
    }),
    function("String.removeSpaces", 1, 1, |_, given| mapped(&given, |text| text.replace(' ', ""))),
    function("String.replace", 3, 3, |room, given| replace(room, &given, usize::MAX)),
    function("String.replaceFirst", 3, 3, |room, given| replace(room, &given, 1)),
    function("String.startsWith", 2, 2, |_, given| is(&given, |text, part| text.starts_with(part))),
    function("String.stringContains", 2, 2, |_, given| is(&given, |text, part| text.contains(part))),
    function("String.stringSwitch", 2, ANY, |_, given| switch(&given)),
    function("String.substring", 3, 3, |_, given| substring(&given)),
    function("String.substringAfter", 2, 2, |_, given| {
        parted(&given, |text, part| text.split_once(part).map_or_else(String::new, |(_, after)| after.to_owned()))
    }),
    function("String.substringBefore", 2, 2, |_, given| {
        parted(&given, |text, part| text.split_once(part).map_or(text, |(before, _)| before).to_owned())
    }),
    function("String.toUpperCase", 1, 1, |_, given| mapped(&given, str::to_uppercase)),
    function("String.toLowerCase", 1, 1, |_, given| mapped(&given, str::to_lowercase)),
    function("Arrays.add", 2, 2, |_, given| {
        let (mut list, value) = list_and_value(given)?;
        list.push(value);
        Ok(Value::Array(list))
    }),
    function("Arrays.remove", 2, 2, |_, given| {
        let (mut list, value) = list_and_value(given)?;
        list.retain(|item| !equal(item, &value));
        Ok(Value::Array(list))
    }),
    function("Arrays.clear", 1, 1, |_, given| only_list(given).map(|_| Value::Array(Vec::new()))),
    function("Arrays.get", 2, 2, |_, given| {
        let (list, place) = list_and_value(given)?;
        item(Value::Array(list), &place)
    }),
    function("Arrays.flatten", 0, ANY, |_, given| {
        let mut flat = Vec::new();
        flatten(Value::Array(given), &mut flat);
        Ok(Value::Array(flat))
    }),
    function("Arrays.contains", 2, 2, |_, given| {
        let (list, value) = list_and_value(given)?;
        Ok(Value::Bool(list.iter().any(|item| equal(item, &value))))
    }),
    function("Arrays.size", 1, 1, |_, given| only_list(given).map(|list| Value::from(list.len()))),
    function("Arrays.isEmpty", 1, 1, |_, given| only_list(given).map(|list| Value::Bool(list.is_empty()))),
    function("Arrays.toCsvString", 1, 1, |room, given| join(room, ",", &only_list(given)?)),
    function("Convert.toInt", 1, 1, |_, given| to_int(&given)),
    function("Convert.toNum", 1, 1, |_, given| to_num(&given)),
    function("Groups.startsWith", 3, 3, |room, given| groups::named(room, &given, |name, part| name.starts_with(part))),
    function("Groups.endsWith", 3, 3, |room, given| groups::named(room, &given, |name, part| name.ends_with(part))),
    function("Groups.contains", 3, 3, |room, given| groups::named(room, &given, |name, part| name.contains(part))),
    function("getFilteredGroups", 3, 3, |room, given| groups::filtered(room, &given)),
    function("isMemberOfGroupName", 1, 1, |room, given| groups::is_in(room, &given, |group, name| group.name == name)),
    function("isMemberOfGroupNameStartsWith", 1, 1, |room, given| {
        groups::is_in(room, &given, |group, part| group.name.starts_with(part))
    }),
    function("isMemberOfGroupNameContains", 1, 1, |room, given| {
        groups::is_in(room, &given, |group, part| group.name.contains(part))
    }),
    function("isMemberOfGroup", 1, 1, |room, given| groups::is_in(room, &given, |group, id| group.id == id)),
    function("isMemberOfAnyGroup", 1, ANY, |room, given| groups::is_in(room, &given, |group, id| group.id == id)),
    function("user.getGroups", 0, ANY, |room, given| groups::matching(room, &given)),
    function("user.isMemberOf", 1, ANY, |room, given| groups::is_in_matching(room, &given)),
    function("user.getInternalProperty", 1, 1, |room, given| match first_text(&given)?.as_deref() {
        Some("id") => Ok(room.context.user.map_or(Value::Null, |user| Value::from(user.id.as_str()))),
        Some(name) => Err(format!("the internal property `{name}` is not known")),
        None => Ok(Value::Null),
    }),
];

pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// A value as a text; none for null.
pub(super) fn text(value: &Value) -> Result<Option<String>, Trouble> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(is) => Ok(Some(is.to_string())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(_) | Value::Object(_) => Err("a text is expected, not a list".to_owned()),
    }
}

/// Numbers are equal whatever they are written as.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (_, _) => left == right,
    }
}

/// An item of a list, from 0.
pub(super) fn item(list: Value, place: &Value) -> Result<Value, Trouble> {
    let list = list_of(list)?;
    let at = place.as_u64().and_then(|at| usize::try_from(at).ok());
    let found = at.and_then(|at| list.into_iter().nth(at));
    found.ok_or_else(|| "the list has no such item".to_owned())
}

fn first_text(given: &[Value]) -> Result<Option<String>, Trouble> {
    text(given.first().unwrap_or(&Value::Null))
}

/// All arguments as texts; none if one of them is null.
pub(super) fn texts(given: &[Value]) -> Result<Option<Vec<String>>, Trouble> {
    given.iter().map(text).collect()
}

fn list_of(value: Value) -> Result<Vec<Value>, Trouble> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => Ok(items),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => Err("a list is expected".to_owned()),
    }
}

fn only_list(given: Vec<Value>) -> Result<Vec<Value>, Trouble> {
    list_of(given.into_iter().next().unwrap_or_default())
}

fn list_and_value(given: Vec<Value>) -> Result<(Vec<Value>, Value), Trouble> {
    let mut given = given.into_iter();
    let list = list_of(given.next().unwrap_or_default())?;
    Ok((list, given.next().unwrap_or_default()))
}

fn mapped(given: &[Value], change: impl Fn(&str) -> String) -> Result<Value, Trouble> {
    Ok(first_text(given)?.map_or(Value::Null, |text| Value::String(change(&text))))
}

fn parted(given: &[Value], change: impl Fn(&str, &str) -> String) -> Result<Value, Trouble> {
    Ok(match texts(given)?.as_deref() {
        Some([text, part]) => Value::String(change(text, part)),
        Some(_) | None => Value::Null,
    })
}

fn is(given: &[Value], holds: impl Fn(&str, &str) -> bool) -> Result<Value, Trouble> {
    Ok(Value::Bool(matches!(texts(given)?.as_deref(), Some([text, part]) if holds(text, part))))
}

fn join(room: &Evaluation<'_>, separator: &str, parts: &[Value]) -> Result<Value, Trouble> {
    let Some(parts) = texts(parts)? else { return Ok(Value::Null) };
    room.afford(parts.iter().map(|part| part.len() + separator.len()).sum())?;
    Ok(Value::String(parts.join(separator)))
}

/// Inferred: what is looked for is a text, not a pattern.
fn replace(room: &Evaluation<'_>, given: &[Value], most: usize) -> Result<Value, Trouble> {
    let texts = texts(given)?;
    let Some([text, old, new]) = texts.as_deref() else { return Ok(Value::Null) };
    let found = text.matches(old.as_str()).take(most).count();
    room.afford(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(Value::String(text.replacen(old, new, most)))
}

/// Docs: the first key that is a part of the text wins.
fn switch(given: &[Value]) -> Result<Value, Trouble> {
    let (Some(input), [_, otherwise, pairs @ ..]) = (first_text(given)?, given) else { return Ok(Value::Null) };
    let (pairs, rest) = pairs.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("the last key has no value".to_owned());
    }
    for [key, value] in pairs {
        if text(key)?.is_some_and(|key| input.contains(&key)) {
            return Ok(value.clone());
        }
    }
    Ok(otherwise.clone())
}

/// From one place up to another, which is not in it (docs).
fn substring(given: &[Value]) -> Result<Value, Trouble> {
    let Some(text) = first_text(given)? else { return Ok(Value::Null) };
    let place = |at: usize| given.get(at).and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
    let [start, end] = [place(1), place(2)];
    let (Some(start), Some(end)) = (start, end) else { return Err("a place in a text is a number".to_owned()) };
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain(iter::once(text.len())).collect();
    let part = starts.get(start).zip(starts.get(end)).and_then(|(start, end)| text.get(*start..*end));
    part.map(Value::from).ok_or_else(|| "the text is shorter than that".to_owned())
}

fn flatten(value: Value, flat: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.into_iter().for_each(|item| flatten(item, flat)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => flat.push(value),
    }
}

/// Docs: a number is rounded to the nearest whole one. Inferred: a text must be a whole number.
fn to_int(given: &[Value]) -> Result<Value, Trouble> {
    let [value] = given else { return Ok(Value::Null) };
    match value {
        Value::Null => Ok(Value::Null),
        Value::Number(number) if number.is_i64() => Ok(value.clone()),
        Value::Number(number) => {
            let rounded = number.as_f64().map(f64::round).filter(|number| number.abs() < 9e15);
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within the range")]
            let whole = rounded.map(|number| number as i64);
            whole.map(Value::from).ok_or_else(|| "the number is too large".to_owned())
        }
        Value::String(text) => text.parse::<i64>().map(Value::from).map_err(|_| "the text is not a number".to_owned()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err("a text or a number is expected".to_owned()),
    }
}

fn to_num(given: &[Value]) -> Result<Value, Trouble> {
    let [value] = given else { return Ok(Value::Null) };
    match value {
        Value::Null => Ok(Value::Null),
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) => text.parse().map_err(|_| "the text is not a number".to_owned()).and_then(real),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err("a text or a number is expected".to_owned()),
    }
}
