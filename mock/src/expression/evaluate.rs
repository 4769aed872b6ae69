//! The value of a tree. Owns operators, members and what an evaluation may use up; functions are in `functions`.

use std::{cmp::Ordering, ops::Range};

use serde_json::{Map, Number, Value};

use super::{
    App, AppUser, Context, Failure, User,
    functions::{self, Function},
    groups,
    parser::{Kind, Node, Operator},
};

/// How many steps and bytes of values an evaluation may take; ours. Without it a few nested projections run for ever, and a few nested
/// replacements fill the memory.
const MOST: usize = 1 << 20;

pub(super) fn evaluate(node: &Node, context: &Context<'_>) -> Result<Value, Failure> {
    let mut evaluation = Evaluation { context, left: MOST };
    evaluation.value(node, None)
}

/// One evaluation under way.
pub(super) struct Evaluation<'c> {
    pub(super) context: &'c Context<'c>,
    left: usize,
}

/// What a name or a part of an expression means.
enum Thing<'c> {
    Plain(Value),
    App(&'c App),
    Access,
    User(&'c User),
    AppUser(&'c AppUser),
}

/// What is wrong, of a part that the caller knows.
pub(super) type Trouble = String;

impl<'c> Evaluation<'c> {
    /// The value of a part. `item` is what a projection is at.
    fn value(&mut self, node: &Node, item: Option<&Value>) -> Result<Value, Failure> {
        match self.thing(node, item)? {
            Thing::Plain(value) => Ok(value),
            Thing::App(_) | Thing::Access | Thing::User(_) | Thing::AppUser(_) => {
                Err(failure(&node.span, "this has members, but is not a value"))
            }
        }
    }

    fn thing(&mut self, node: &Node, item: Option<&Value>) -> Result<Thing<'c>, Failure> {
        let value = match &node.kind {
            Kind::Null => Value::Null,
            Kind::Boolean(is) => Value::Bool(*is),
            Kind::Integer(number) => Value::from(*number),
            Kind::Real(number) => real(*number).map_err(|message| failure(&node.span, message))?,
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(self.values(items, item)?),
            Kind::Map(members) => {
                let member = |(name, value): &(String, Node)| Ok((name.clone(), self.value(value, item)?));
                Value::Object(members.iter().map(member).collect::<Result<_, Failure>>()?)
            }
            Kind::Name(name) => {
                self.spend(1, &node.span)?;
                if let Some(member) = item.and_then(|item| item.get(name)) {
                    return self.plain(member.clone(), node);
                }
                return self.root(name).map_err(|message| failure(&node.span, message));
            }
            Kind::Member(subject, name) => {
                let subject = self.thing(subject, item)?;
                self.member(&subject, name).map_err(|message| failure(&node.span, message))?
            }
            Kind::Item(list, place) => {
                let (list, place) = (self.value(list, item)?, self.value(place, item)?);
                functions::item(list, &place).map_err(|message| failure(&node.span, message))?
            }
            Kind::Call(subject, name, arguments) => self.call(node, subject.as_deref(), name, arguments, item)?,
            Kind::Projection(list, each) => self.projection(list, each, item)?,
            Kind::Not(operand) => Value::Bool(!self.truth(operand, item)?),
            Kind::Negative(operand) => {
                let value = self.value(operand, item)?;
                negative(&value).map_err(|message| failure(&node.span, message))?
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right, item, &node.span)?,
            Kind::Choice(condition, yes, no) => {
                let chosen = if self.truth(condition, item)? { yes } else { no };
                return self.thing(chosen, item);
            }
            Kind::Elvis(value, otherwise) => {
                let found = self.value(value, item)?;
                // SpEL: an empty text counts as nothing.
                if found.is_null() || found == "" {
                    return self.thing(otherwise, item);
                }
                found
            }
        };
        self.plain(value, node)
    }

    /// A value, for which there must be room.
    fn plain(&mut self, value: Value, node: &Node) -> Result<Thing<'c>, Failure> {
        self.spend(size(&value), &node.span)?;
        Ok(Thing::Plain(value))
    }

    fn spend(&mut self, amount: usize, span: &Range<usize>) -> Result<(), Failure> {
        self.left = self.left.checked_sub(amount).ok_or_else(|| failure(span, "the expression takes too long"))?;
        Ok(())
    }

    /// Whether a value of so many bytes can be made at all.
    pub(super) fn afford(&self, bytes: usize) -> Result<(), Trouble> {
        if bytes > self.left { Err("the value is too large".to_owned()) } else { Ok(()) }
    }

    /// What a word means that is no member of anything.
    fn root(&self, name: &str) -> Result<Thing<'c>, Trouble> {
        match name {
            "app" => Ok(Thing::App(self.context.app)),
            "access" => Ok(Thing::Access),
            "user" => Ok(self.context.user.map_or(Thing::Plain(Value::Null), Thing::User)),
            "appuser" => Ok(self.context.app_user.map_or(Thing::Plain(Value::Null), Thing::AppUser)),
            _ => Err(format!("`{name}` is not known")),
        }
    }

    /// Inferred: an attribute that the profile lacks is null, as one that is defined and has no value; which ones are defined is not known
    /// here.
    fn member(&self, subject: &Thing<'_>, name: &str) -> Result<Value, Trouble> {
        let of = |profile: &Map<String, Value>| profile.get(name).cloned().unwrap_or_default();
        match subject {
            Thing::App(app) => match name {
                "clientId" => Ok(Value::from(app.client_id.as_str())),
                "id" => Ok(Value::from(app.id.as_str())),
                "profile" => Ok(Value::Object(app.profile.clone())),
                // Facts, section 4: only these three of app.
                _ => Err(format!("`app.{name}` is not known")),
            },
            Thing::Access => match name {
                "scope" => Ok(Value::from(self.context.scopes)),
                _ => Err(format!("`access.{name}` is not known")),
            },
            Thing::User(user) if name == "login" => Ok(Value::from(user.login.as_str())),
            Thing::User(user) => Ok(of(&user.profile)),
            Thing::AppUser(user) if name == "userName" => Ok(Value::from(user.user_name.as_str())),
            Thing::AppUser(user) => Ok(of(&user.profile)),
            Thing::Plain(Value::Null) => Ok(Value::Null),
            Thing::Plain(Value::Object(members)) => Ok(of(members)),
            Thing::Plain(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                Err(format!("what has no members is asked for `{name}`"))
            }
        }
    }

    fn values(&mut self, nodes: &[Node], item: Option<&Value>) -> Result<Vec<Value>, Failure> {
        nodes.iter().map(|node| self.value(node, item)).collect()
    }

    /// `Name.function(…)` is a function of that name; only `user` has functions of its own.
    fn call(
        &mut self,
        node: &Node,
        subject: Option<&Node>,
        name: &str,
        arguments: &[Node],
        item: Option<&Value>,
    ) -> Result<Value, Failure> {
        let whole = match subject.map(|subject| &subject.kind) {
            None => name.to_owned(),
            Some(Kind::Name(of)) => format!("{of}.{name}"),
            Some(_) => return Err(failure(&node.span, "this has no functions")),
        };
        let Some(Function { least, most, run, .. }) = functions::find(&whole) else {
            return Err(failure(&node.span, format!("there is no function `{whole}`")));
        };
        if !(*least..=*most).contains(&arguments.len()) {
            return Err(failure(&node.span, format!("`{whole}` does not take {} arguments", arguments.len())));
        }
        let arguments = self.values(arguments, item)?;
        run(self, arguments).map_err(|message| failure(&node.span, message))
    }

    fn projection(&mut self, list: &Node, each: &Node, item: Option<&Value>) -> Result<Value, Failure> {
        match self.value(list, item)? {
            Value::Null => Ok(Value::Null),
            Value::Array(items) => {
                Ok(Value::Array(items.iter().map(|item| self.value(each, Some(item))).collect::<Result<_, _>>()?))
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(failure(&list.span, "only a list has items to go through"))
            }
        }
    }

    fn truth(&mut self, node: &Node, item: Option<&Value>) -> Result<bool, Failure> {
        let value = self.value(node, item)?;
        value.as_bool().ok_or_else(|| failure(&node.span, "a condition must be true or false"))
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Node,
        right: &Node,
        item: Option<&Value>,
        span: &Range<usize>,
    ) -> Result<Value, Failure> {
        match operator {
            Operator::Or => Ok(Value::Bool(self.truth(left, item)? || self.truth(right, item)?)),
            Operator::And => Ok(Value::Bool(self.truth(left, item)? && self.truth(right, item)?)),
            Operator::Equal => self.equal(left, right, item).map(Value::Bool),
            Operator::Unequal => self.equal(left, right, item).map(|equal| Value::Bool(!equal)),
            Operator::Less => self.compare(left, right, item, span, Ordering::is_lt),
            Operator::LessOrEqual => self.compare(left, right, item, span, Ordering::is_le),
            Operator::Greater => self.compare(left, right, item, span, Ordering::is_gt),
            Operator::GreaterOrEqual => self.compare(left, right, item, span, Ordering::is_ge),
            Operator::Plus => {
                let (left, right) = (self.value(left, item)?, self.value(right, item)?);
                sum(&left, &right).map_err(|message| failure(span, message))
            }
        }
    }

    fn compare(
        &mut self,
        left: &Node,
        right: &Node,
        item: Option<&Value>,
        span: &Range<usize>,
        holds: fn(Ordering) -> bool,
    ) -> Result<Value, Failure> {
        let order = order(&self.value(left, item)?, &self.value(right, item)?);
        order.map(|order| Value::Bool(holds(order))).ok_or_else(|| failure(span, "these cannot be compared"))
    }

    /// What is not a value, such as a user, equals nothing: the stock `sub` asks `appuser != null`.
    fn equal(&mut self, left: &Node, right: &Node, item: Option<&Value>) -> Result<bool, Failure> {
        Ok(match (self.thing(left, item)?, self.thing(right, item)?) {
            (Thing::Plain(left), Thing::Plain(right)) => functions::equal(&left, &right),
            (Thing::Plain(_) | Thing::App(_) | Thing::Access | Thing::User(_) | Thing::AppUser(_), _) => false,
        })
    }

    /// The groups of the user; none without one.
    pub(super) fn groups(&self) -> Option<groups::Groups<'c>> {
        self.context.user.map(|user| groups::Groups(&user.groups))
    }
}

fn failure(span: &Range<usize>, message: impl Into<String>) -> Failure {
    Failure { span: span.clone(), message: message.into() }
}

/// What a value takes up, roughly; at least one.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len(),
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => 1 + members.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>(),
    }
}

pub(super) fn real(number: f64) -> Result<Value, Trouble> {
    Number::from_f64(number).map(Value::Number).ok_or_else(|| "the number is too large".to_owned())
}

fn negative(value: &Value) -> Result<Value, Trouble> {
    match (value.as_i64(), value.as_f64()) {
        (Some(number), _) => number.checked_neg().map(Value::from).ok_or_else(|| "the number is too large".to_owned()),
        (None, Some(number)) => real(-number),
        (None, None) => Err("only a number can be negative".to_owned()),
    }
}

/// `SpEL`: numbers are added; if one of the two is a text, both are joined, null as `null`.
fn sum(left: &Value, right: &Value) -> Result<Value, Trouble> {
    if left.is_string() || right.is_string() {
        let text = |value| functions::text(value).map(|text| text.unwrap_or_else(|| "null".to_owned()));
        return Ok(Value::String(text(left)? + &text(right)?));
    }
    match (left.as_i64(), right.as_i64(), left.as_f64(), right.as_f64()) {
        (Some(left), Some(right), _, _) => {
            left.checked_add(right).map(Value::from).ok_or_else(|| "the sum is too large".to_owned())
        }
        (_, _, Some(left), Some(right)) => real(left + right),
        (_, _, _, _) => Err("these cannot be added".to_owned()),
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            (_, _) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (_, _) => None,
    }
}
