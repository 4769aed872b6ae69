//! The faults that there are, as tables: one file a family. A fault is only here if what the service does instead is
//! established; what nothing settles, a mock may do as it likes.

mod access;
mod constraints;
mod headers;
mod links;
mod lists;
mod metadata;
mod norms;
mod shapes;
mod statuses;
mod tokens;
mod turns;
mod writes;

use super::{
    Admission, Constraint, Effect, Fault, Kind, TokenType, When, answer::Change, member::Edit, request::Rewrite,
    state::StateChange,
};

// Operations that many rows speak of.
const SERVER: &str = "getAuthorizationServer";
const SERVERS: &str = "listAuthorizationServers";
const CREATE_SERVER: &str = "createAuthorizationServer";
const POLICY: &str = "getAuthorizationServerPolicy";
const ROTATE: &str = "rotateAuthorizationServerKeys";
const CLIENTS: &str = "listOAuth2ClientsForAuthorizationServer";
const TOKENS: &str = "listRefreshTokensForAuthorizationServerAndClient";
const TOKEN: &str = "getRefreshTokenForAuthorizationServerAndClient";
const ISSUE: &str = "tokenCustomAS";
const INTROSPECT: &str = "introspectCustomAS";
const REVOKE: &str = "revokeCustomAS";
const USERINFO: &str = "userinfoCustomAS";
const AUTHORIZE: &str = "authorizeCustomAS";
const LOGOUT: &str = "logoutCustomAS";

const JSON: &str = "application/json";

/// All of them, in the order of the families.
pub(super) fn all() -> Vec<Fault> {
    let mut all = Vec::new();
    statuses::add(&mut all);
    shapes::add(&mut all);
    writes::add(&mut all);
    constraints::add(&mut all);
    lists::add(&mut all);
    headers::add(&mut all);
    links::add(&mut all);
    access::add(&mut all);
    metadata::add(&mut all);
    tokens::add(&mut all);
    norms::add(&mut all);
    turns::add(&mut all);
    all
}

/// One row: where, of what kind, the word that tells it from others of that kind, what a message has to name, what happens, and how.
fn fault(
    operation: &'static str,
    kind: Kind,
    word: &str,
    subject: impl Into<String>,
    title: impl Into<String>,
    effect: Effect,
) -> Fault {
    let name = format!("{}/{}/{}", kebab(operation), kind.name(), kebab(word));
    Fault {
        name,
        operation: Some(operation),
        kind,
        title: title.into(),
        subject: subject.into(),
        parameter: None,
        every: 1,
        together: false,
        effect,
    }
}

/// The same of requests that are no operation.
fn of_no_operation(fault: Fault) -> Fault {
    Fault { name: format!("no-operation{}", fault.name), operation: None, ..fault }
}

/// `getOAuth2Scope` as `get-oauth2-scope`, and `/credentials/signing/lastRotated` as `credentials.signing.last-rotated`.
fn kebab(text: &str) -> String {
    let text = text.replace("OAuth", "Oauth").replace("/*", "").replace('_', "-");
    let mut kebab = String::new();
    let mut lower = false;
    for c in text.trim_start_matches('/').trim_matches('-').chars() {
        match c {
            '/' => kebab.push('.'),
            c if c.is_ascii_uppercase() => {
                if lower {
                    kebab.push('-');
                }
                kebab.push(c.to_ascii_lowercase());
            }
            c => kebab.push(c),
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    kebab.replace(".-", ".")
}

/// The last name of a pointer, or of names with dots.
fn last(pointer: &str) -> &str {
    pointer.rsplit(['/', '.']).find(|name| name.parse::<usize>().is_err() && *name != "*").unwrap_or_default()
}

fn on_success(change: Change) -> Effect {
    Effect::Answer(When::Success, change)
}

fn on(status: u16, change: Change) -> Effect {
    Effect::Answer(When::Status(status), change)
}

fn member(pointer: impl Into<String>, edit: Edit) -> Effect {
    on_success(Change::Member(pointer.into(), edit))
}
