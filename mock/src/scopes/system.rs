//! The scopes that come with a server. Owns their names and texts.

use super::{Consent, MetadataPublish, Scope};
use crate::{
    changes::{AsOf, Change},
    source::{IdKind, Source},
};

/// Name, display name and description of the system scopes, in list order. Texts recorded; that a new server has
/// `device_sso` is inferred from the default server.
const SYSTEM: [(&str, &str, &str); 7] = [
    ("openid", "openid", "Signals that a request is an OpenID request."),
    (
        "profile",
        "View your profile information.",
        "The exact data varies based on what profile information you have provided, such as: name, time zone, \
         picture, or birthday.",
    ),
    ("email", "View your email address.", "This allows the app to view your email address."),
    (
        "address",
        "View your address.",
        "This allows the app to view your address, such as: street address, city, state, and zip code.",
    ),
    ("phone", "View your phone number.", "This allows the app to view your phone number."),
    (
        "offline_access",
        "Keep you signed in to the app.",
        "This keeps you signed in to the app, even when you are not using it.",
    ),
    (
        "device_sso",
        "Request device secret.",
        "This allows you to single sign on between native client applications on your device.",
    ),
];

/// What the default server has besides, in list order: name without `okta.myAccount.`, display name, and what the end
/// user may do (recorded in 2025: these 20; there were fewer before).
const MY_ACCOUNT: [(&str, &str, &str); 20] = [
    (
        "appAuthenticator.maintenance.manage",
        "Manage non-sensitive attributes of my account app authenticator enrollment",
        "manage non-sensitive attributes of their app authenticator enrollment.",
    ),
    (
        "appAuthenticator.maintenance.read",
        "Read non-sensitive attributes of my account app authenticator enrollment",
        "read non-sensitive attributes of their app authenticator enrollment.",
    ),
    (
        "appAuthenticator.manage",
        "Manage my account app authenticator enrollment",
        "manage their app authenticator enrollment.",
    ),
    (
        "appAuthenticator.read",
        "Read my account app authenticator enrollment",
        "read their app authenticator enrollment.",
    ),
    (
        "authenticators.manage",
        "Manage my account authenticator enrollments",
        "manage their account authenticator enrollments.",
    ),
    (
        "authenticators.read",
        "Read my account authenticator enrollments",
        "read their account authenticator enrollments.",
    ),
    ("customAuthenticator.manage", "Manage my account custom authenticator", "manage their custom authenticators."),
    ("customAuthenticator.read", "Read my account custom authenticator", "read their custom authenticators."),
    // The blank at the end is the vendor's.
    ("email.manage", "Manage my account email ", "manage their email addresses."),
    ("email.read", "Read my account email", "read their email addresses."),
    ("manage", "Manage my account", "manage their account profile, email addresses, and phone numbers."),
    ("oktaApplications.read", "Read my Okta applications", "read their Okta applications information."),
    ("organization.read", "Read my account org details", "read their account org details information."),
    ("password.manage", "Manage my account password", "manage their account password."),
    ("password.read", "Read my account password enrollment", "read their account password enrollment."),
    ("phone.manage", "Manage my account phone number", "manage their phone numbers."),
    ("phone.read", "Read my account phone number", "read their phone numbers."),
    ("profile.manage", "Manage my account profile", "manage their account profile."),
    ("profile.read", "Read my account profile", "read their account profile."),
    ("read", "Read my account", "read their account profile, email addresses, and phone numbers."),
];

/// The system scopes.
pub(crate) fn of_a_new_server(source: &mut Source, as_of: AsOf) -> Vec<Scope> {
    SYSTEM
        .iter()
        .filter(|(name, ..)| *name != "device_sso" || as_of.has(Change::DeviceSso))
        .map(|(name, display_name, description)| {
            let display_name = as_of.has(Change::SystemScopeNames).then_some(*display_name);
            public(source, (*name).to_owned(), display_name, description, true)
        })
        .collect()
}

/// What the default server lists before the system scopes (recorded).
pub(crate) fn of_the_default_server(source: &mut Source, as_of: AsOf) -> Vec<Scope> {
    let name = |tail: &str| format!("okta.myAccount.{tail}");
    MY_ACCOUNT
        .iter()
        .map(|(tail, display_name, may)| {
            let display_name = as_of.has(Change::SystemScopeNames).then_some(*display_name);
            let system = !as_of.has(Change::MyAccountOfClients);
            public(source, name(tail), display_name, &format!("Allows the end user to {may}"), system)
        })
        .collect()
}

/// All of them are in the metadata, need no consent and are not defaults (recorded).
fn public(source: &mut Source, name: String, display_name: Option<&str>, description: &str, system: bool) -> Scope {
    Scope {
        id: source.id(IdKind::Scope),
        name,
        display_name: display_name.map(str::to_owned),
        description: Some(description.to_owned()),
        system,
        metadata_publish: MetadataPublish::AllClients,
        consent: Consent::Implicit,
        optional: false,
        default: false,
    }
}
