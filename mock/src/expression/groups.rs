//! The functions of the language over the groups of the user. Owns what each of them finds.
//!
//! All groups are the org's own, `OKTA` (docs). Inferred: without a user they give null or false.

use serde_json::{Value, json};

use super::{
    Group,
    evaluate::{Evaluation, Trouble},
    functions::texts,
};

/// The type of each group.
const KIND: &str = "OKTA_GROUP";

/// The groups of a user.
pub(super) struct Groups<'c>(pub(super) &'c [Group]);

/// `("OKTA", part, most)`: the names of the groups whose name fits.
pub(super) fn named(
    room: &Evaluation<'_>,
    given: &[Value],
    fits: impl Fn(&str, &str) -> bool,
) -> Result<Value, Trouble> {
    let [source, part, most] = given else { return Ok(Value::Null) };
    let most = limit(most)?;
    let (Some(Groups(groups)), Some(part)) = (room.groups(), part.as_str()) else { return Ok(Value::Null) };
    let fitting = groups.iter().filter(|group| source == "OKTA" && fits(&group.name, part));
    Ok(fitting.take(most).map(|group| Value::from(group.name.as_str())).collect())
}

/// `({ids}, "group.name", most)`: of the groups with these ids, those that the user is in.
pub(super) fn filtered(room: &Evaluation<'_>, given: &[Value]) -> Result<Value, Trouble> {
    let [allowed, what, most] = given else { return Ok(Value::Null) };
    let most = limit(most)?;
    let Some(Groups(groups)) = room.groups() else { return Ok(Value::Null) };
    let is_allowed = |group: &&Group| match allowed {
        Value::String(id) => *id == group.id,
        Value::Array(ids) => ids.iter().any(|id| *id == *group.id),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    let tell: fn(&Group) -> &str = match what.as_str() {
        Some("group.name") => |group| &group.name,
        Some("group.id") => |group| &group.id,
        Some(_) | None => return Err("only `group.name` and `group.id` are known of a group".to_owned()),
    };
    Ok(groups.iter().filter(is_allowed).take(most).map(|group| Value::from(tell(group))).collect())
}

/// Whether a group of the user fits one of the texts.
pub(super) fn is_in(
    room: &Evaluation<'_>,
    given: &[Value],
    fits: impl Fn(&Group, &str) -> bool,
) -> Result<Value, Trouble> {
    let texts = texts(given)?.unwrap_or_default();
    let groups = room.groups().map_or(&[][..], |Groups(groups)| groups);
    Ok(Value::Bool(groups.iter().any(|group| texts.iter().any(|text| fits(group, text)))))
}

/// `user.getGroups({'group.id': …}, {'group.profile.name': …, 'operator': 'STARTS_WITH'})`: the groups that meet all conditions.
pub(super) fn matching(room: &Evaluation<'_>, given: &[Value]) -> Result<Value, Trouble> {
    let conditions: Vec<Condition<'_>> = given.iter().map(Condition::read).collect::<Result<_, _>>()?;
    let Some(Groups(groups)) = room.groups() else { return Ok(Value::Null) };
    let found = groups.iter().filter(|group| conditions.iter().all(|condition| condition.holds(group)));
    let tell =
        |group: &Group| json!({"id": group.id, "type": KIND, "name": group.name, "profile": {"name": group.name}});
    Ok(found.map(tell).collect())
}

/// `user.isMemberOf({'group.id': …})`: whether there is a group of the user that meets all conditions.
pub(super) fn is_in_matching(room: &Evaluation<'_>, given: &[Value]) -> Result<Value, Trouble> {
    let found = matching(room, given)?;
    Ok(Value::Bool(found.as_array().is_some_and(|groups| !groups.is_empty())))
}

/// What a group must be, and one of the texts that it must be.
struct Condition<'g> {
    actual: fn(&Group) -> &str,
    texts: Vec<&'g str>,
    is_prefix: bool,
}

impl Condition<'_> {
    fn read(value: &Value) -> Result<Condition<'_>, Trouble> {
        let members = value.as_object().ok_or_else(|| "a condition is written `{'group.id': …}`".to_owned())?;
        let is_prefix = match members.get("operator").map(Value::as_str) {
            None | Some(Some("EXACT")) => false,
            Some(Some("STARTS_WITH")) => true,
            Some(_) => return Err("the operator is `EXACT` or `STARTS_WITH`".to_owned()),
        };
        let mut named = members.iter().filter(|(name, _)| *name != "operator");
        let (Some((member, wanted)), None) = (named.next(), named.next()) else {
            return Err("a condition names one member of a group".to_owned());
        };
        let actual: fn(&Group) -> &str = match member.as_str() {
            "group.id" => |group| &group.id,
            "group.type" => |_| KIND,
            "group.profile.name" => |group| &group.name,
            _ => return Err(format!("`{member}` is not known of a group")),
        };
        let texts = match wanted {
            Value::String(text) => vec![text.as_str()],
            Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        Ok(Condition { actual, texts, is_prefix })
    }

    fn holds(&self, group: &Group) -> bool {
        let actual = (self.actual)(group);
        self.texts.iter().any(|text| if self.is_prefix { actual.starts_with(text) } else { actual == *text })
    }
}

fn limit(value: &Value) -> Result<usize, Trouble> {
    value.as_u64().and_then(|most| usize::try_from(most).ok()).ok_or_else(|| "the limit must be a number".to_owned())
}
