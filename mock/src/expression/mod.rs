//! Okta's expression language, as far as claims are known to use it. Owns the language and its limits; what an expression
//! may ask about is handed to it as plain data, and what becomes of a value or a failure is the caller's.
//!
//! The language is a part of `SpEL` (docs), so what the docs leave open is as it is there. A word or a function that is not known fails when
//! it is evaluated, not when it is read: a branch that is not taken may hold anything (inferred, from `SpEL`).
//!
//! Without a user, as with client credentials, `appuser` is null (the stock `sub` proves it). Inferred: `user` is null as well, and
//! so is everything that is asked of either, group functions included; the claim is then left out of the token.

mod evaluate;
mod functions;
mod groups;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::{Map, Value};

use self::parser::Node;

/// How long an expression may be, in characters (docs).
const LONGEST: usize = 1024;
/// How deep an expression may be nested; ours, as the service's is not known.
const DEEPEST: usize = 100;

/// What an expression can ask about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) app: &'c App,
    /// The scopes that the token has.
    pub(crate) scopes: &'c [String],
    /// None for a token that is about no user.
    pub(crate) user: Option<&'c User>,
    /// The user as the app knows them.
    pub(crate) app_user: Option<&'c AppUser>,
}

/// The client that a token is for.
#[derive(Debug, Clone, Default)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) id: String,
    pub(crate) profile: Map<String, Value>,
}

/// The user that a token is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) login: String,
    pub(crate) profile: Map<String, Value>,
    pub(crate) groups: Vec<Group>,
}

/// A group of a user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A user as an app knows them.
#[derive(Debug, Clone, Default)]
pub(crate) struct AppUser {
    pub(crate) user_name: String,
    pub(crate) profile: Map<String, Value>,
}

/// An expression that could be read.
#[derive(Debug, Clone)]
pub(crate) struct Expression(Node);

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The bytes of the text that are wrong.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The bytes of the part that failed.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
}

impl Expression {
    pub(crate) fn parse(text: &str) -> Result<Expression, Mistake> {
        if let Some((at, _)) = text.char_indices().nth(LONGEST) {
            let message = format!("an expression has at most {LONGEST} characters");
            return Err(Mistake { span: at..text.len(), message });
        }
        parser::parse(&lexer::tokens(text)?, text.len()).map(Expression)
    }

    /// The value, which is null for a claim that is left out.
    pub(crate) fn evaluate(&self, context: &Context<'_>) -> Result<Value, Failure> {
        evaluate::evaluate(&self.0, context)
    }
}
