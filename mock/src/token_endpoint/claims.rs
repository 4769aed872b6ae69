//! What the claims of a server come to in a token. Owns which of them a token has and where their values are from;
//! the language of their expressions is in `expression`.

use axum::http::StatusCode;
use regex::RegexBuilder;
use serde_json::{Map, Value, json};

use super::Granted;
use crate::{
    apps::App,
    call::Call,
    claims::{self, Claim, ClaimType, GroupFilter},
    expression::{self, Context, Expression},
    norm::Norm,
    people::User,
    state::{Org, Server, Status},
    wire::Refusal,
};

/// How many groups a claim may have (docs).
const MOST_GROUPS: usize = 100;
/// How large the automaton of a pattern may become, in bytes; ours.
const LARGEST_PATTERN: usize = 1 << 18;

/// Where claims about a user appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// In a token that comes with an access token, or is one.
    WithAccessToken,
    /// In an ID token that comes alone.
    Alone,
    /// By `/userinfo`.
    UserInfo,
}

/// What claims are about.
pub(crate) struct About<'o> {
    pub(crate) call: &'o Call<'o>,
    pub(crate) server: &'o Server,
    pub(crate) app: &'o App,
    pub(crate) user: Option<&'o User>,
    pub(crate) scopes: &'o [String],
}

/// The claims of a token of that type.
pub(super) fn evaluate(
    org: &Org,
    call: &Call<'_>,
    granted: &Granted,
    token: ClaimType,
    occasion: Occasion,
) -> Result<Map<String, Value>, Refusal> {
    let signed = granted.signed.as_ref();
    let about = About {
        call,
        server: org.servers.find(&granted.server)?,
        app: &granted.app,
        user: signed.and_then(|signed| org.people.users.get(&signed.user)),
        scopes: &granted.scopes,
    };
    told(org, &about, token, occasion)
}

/// The claims of that type that have a value.
pub(crate) fn told(
    org: &Org,
    about: &About<'_>,
    token: ClaimType,
    occasion: Occasion,
) -> Result<Map<String, Value>, Refusal> {
    let facts = Facts::new(org, about);
    let mut told = Map::new();
    for claim in of(org, about, token) {
        let is_wanted = is_wanted(claim, about, occasion);
        if !is_wanted && about.call.keeps(Norm::ClaimUnused) {
            continue;
        }
        let value = match facts.value(claim) {
            Err(_) if !about.call.keeps(Norm::ClaimBroken) => continue,
            value => value?,
        };
        if let Some(value) = value.filter(|_| is_wanted) {
            told.insert(claim.name.clone(), value);
        }
    }
    Ok(told)
}

/// The claims that are meant for a token of that type.
fn of<'o>(org: &'o Org, about: &About<'o>, token: ClaimType) -> Vec<&'o Claim> {
    let own = about.server.claims.iter();
    let all: Vec<&Claim> = if about.call.keeps(Norm::ClaimOwn) {
        own.collect()
    } else {
        own.chain(org.servers.from(0).flat_map(|server| server.claims.iter())).collect()
    };
    all.into_iter().filter(|claim| claim.token == token || !about.call.keeps(Norm::ClaimType)).collect()
}

/// Adds them to a token, whose own members they do not replace (inferred: the service refuses such names when they are saved).
pub(super) fn add(token: &mut Map<String, Value>, claims: Map<String, Value>) {
    for (name, value) in claims {
        token.entry(name).or_insert(value);
    }
}

/// Docs: none of an INACTIVE claim, and none without one of its scopes if it has any.
fn is_wanted(claim: &Claim, about: &About<'_>, occasion: Occasion) -> bool {
    let (call, scopes) = (about.call, about.scopes);
    let is_active = match claim.status {
        Status::Active => true,
        Status::Inactive => !call.keeps(Norm::ClaimStatus),
    };
    // Docs: a claim that is not always included is in an ID token issued without an access token, and otherwise at `/userinfo`.
    let is_here = match occasion {
        Occasion::WithAccessToken => claim.always_include_in_token || !call.keeps(Norm::ClaimOnDemand),
        Occasion::UserInfo => claim.always_include_in_token || call.keeps(Norm::ClaimUserInfo),
        Occasion::Alone => true,
    };
    let mut granted = claim.scopes.iter().map(|scope| scopes.contains(scope));
    let is_scope = if call.keeps(Norm::ClaimAnyScope) {
        claim.scopes.is_empty() || granted.any(|granted| granted)
    } else {
        granted.all(|granted| granted)
    };
    is_active && is_here && (is_scope || !call.keeps(Norm::ClaimScopes))
}

/// What values are made of.
struct Facts<'o> {
    call: &'o Call<'o>,
    app: expression::App,
    scopes: &'o [String],
    person: Option<&'o User>,
    user: Option<expression::User>,
    app_user: Option<expression::AppUser>,
}

impl<'o> Facts<'o> {
    fn new(org: &Org, about: &About<'o>) -> Facts<'o> {
        let (app, person) = (about.app, about.user);
        let user = person.map(|user| expression::User {
            id: user.id.clone(),
            login: user.username().to_owned(),
            profile: profile(user),
            groups: org
                .people
                .groups_of(user)
                .map(|(id, name)| expression::Group { id: id.to_owned(), name: name.to_owned() })
                .collect(),
        });
        let app_user =
            person.map(|user| expression::AppUser { user_name: user.username().to_owned(), profile: profile(user) });
        Facts {
            call: about.call,
            app: expression::App { client_id: app.client_id.clone(), id: app.id.clone(), profile: app.profile.clone() },
            scopes: about.scopes,
            person,
            user,
            app_user,
        }
    }

    /// The value of a claim; none for null, which is left out (vendor review).
    fn value(&self, claim: &Claim) -> Result<Option<Value>, Refusal> {
        let value = match &claim.value {
            claims::Value::Expression(text) => self.expression(text).ok_or_else(|| failed(claim))?,
            claims::Value::Groups { pattern, filter } => {
                self.groups(pattern, *filter).map_err(|problem| problem.told(claim))?
            }
            claims::Value::System => self.person.and_then(|user| system(user, &claim.name)).unwrap_or_default(),
        };
        let value = match value {
            Value::Bool(_) | Value::Number(_) if !self.call.keeps(Norm::ClaimValueType) => json!(value.to_string()),
            value => value,
        };
        Ok(Some(value).filter(|value| !value.is_null() || !self.call.keeps(Norm::ClaimNull)))
    }

    fn expression(&self, text: &str) -> Option<Value> {
        if !self.call.keeps(Norm::ClaimExpression) {
            return Some(json!(text));
        }
        let context =
            Context { app: &self.app, scopes: self.scopes, user: self.user.as_ref(), app_user: self.app_user.as_ref() };
        Expression::parse(text).ok()?.evaluate(&context).ok()
    }

    /// The names of the user's groups that a filter lets pass. Inferred: without a user, or without any, the claim is left out.
    fn groups(&self, pattern: &str, filter: GroupFilter) -> Result<Value, GroupProblem> {
        let Some(user) = &self.user else { return Ok(Value::Null) };
        let ignoring =
            |text: &str| if self.call.keeps(Norm::GroupCase) { text.to_lowercase() } else { text.to_owned() };
        let wanted = ignoring(pattern);
        let fits: Box<dyn Fn(&str) -> bool> = match filter {
            GroupFilter::StartsWith => Box::new(|name| ignoring(name).starts_with(&wanted)),
            GroupFilter::Equals => Box::new(|name| ignoring(name) == wanted),
            GroupFilter::Contains => Box::new(|name| ignoring(name).contains(&wanted)),
            GroupFilter::Regex => {
                // Inferred: of the whole name.
                let mut whole = RegexBuilder::new(&format!("^(?:{pattern})$"));
                let ignores = !self.call.keeps(Norm::GroupRegexCase);
                let whole = whole.size_limit(LARGEST_PATTERN).case_insensitive(ignores).build();
                let whole = whole.map_err(|_| GroupProblem::Pattern)?;
                Box::new(move |name| whole.is_match(name))
            }
        };
        let fits = |name: &&str| fits(name) || !self.call.keeps(Norm::GroupFilter);
        let names: Vec<&str> = user.groups.iter().map(|group| group.name.as_str()).filter(fits).collect();
        if names.len() > MOST_GROUPS {
            return Err(GroupProblem::TooMany);
        }
        Ok(if names.is_empty() { Value::Null } else { json!(names) })
    }
}

/// Why a claim has no list of groups.
enum GroupProblem {
    Pattern,
    TooMany,
}

impl GroupProblem {
    fn told(&self, claim: &Claim) -> Refusal {
        match self {
            GroupProblem::Pattern => failed(claim),
            GroupProblem::TooMany => server_error(String::from(
                "The groups claim matched too many groups and must be configured to match fewer groups.",
            )),
        }
    }
}

fn server_error(description: String) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, "server_error", description)
}

/// Catalogue.
fn failed(claim: &Claim) -> Refusal {
    let kind = if claim.system { "system" } else { "user" };
    server_error(format!("The '{}' {kind} claim could not be evaluated.", claim.name))
}

/// `user` of expressions: the profile.
fn profile(user: &User) -> Map<String, Value> {
    let mut profile = user.profile.clone();
    let own = [
        ("login", user.login.as_ref()),
        ("email", user.email.as_ref()),
        ("firstName", user.first_name.as_ref()),
        ("lastName", user.last_name.as_ref()),
    ];
    for (name, value) in own {
        if let Some(value) = value {
            profile.insert(name.to_owned(), json!(value));
        }
    }
    profile
}

/// What a claim with a value of the service tells (docs: from which member of the profile).
fn system(user: &User, claim: &str) -> Option<Value> {
    let member = match claim {
        "name" => return Some(json!(user.name)),
        "preferred_username" => return user.login.as_ref().map(|login| json!(login)),
        "email" => return user.email.as_ref().map(|email| json!(email)),
        "email_verified" => return user.email.as_ref().map(|_| json!(true)),
        "given_name" => return user.first_name.as_ref().map(|name| json!(name)),
        "family_name" => return user.last_name.as_ref().map(|name| json!(name)),
        "address" => return address(&user.profile),
        "middle_name" => "middleName",
        "nickname" => "nickName",
        "profile" => "profileUrl",
        "zoneinfo" => "timezone",
        "phone_number" => "primaryPhone",
        other => other,
    };
    user.profile.get(member).cloned()
}

/// Docs; none if the profile has no part of it.
fn address(profile: &Map<String, Value>) -> Option<Value> {
    let parts = [
        ("street_address", "streetAddress"),
        ("locality", "city"),
        ("region", "state"),
        ("postal_code", "zipCode"),
        ("country", "countryCode"),
    ];
    let there = parts.into_iter().filter_map(|(name, member)| Some((name.to_owned(), profile.get(member)?.clone())));
    let address: Map<String, Value> = there.collect();
    (!address.is_empty()).then_some(Value::Object(address))
}
