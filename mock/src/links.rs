//! The `_links` of resources. Owns their form; where they lead is up to each resource.

use serde::Serialize;

use super::state::Status;

/// A link of a resource: `{"href": …, "hints": {"allow": […]}}`.
#[derive(Serialize)]
pub(super) struct Link {
    href: String,
    hints: Hints,
}

#[derive(Serialize)]
struct Hints {
    allow: &'static [&'static str],
}

impl Link {
    /// The order of the methods is fixed for each kind of link (recorded).
    pub(super) fn new(href: String, allow: &'static [&'static str]) -> Link {
        Link { href, hints: Hints { allow } }
    }

    /// `activate` and `deactivate`, of which there is the one that changes something (recorded for servers and policies).
    pub(super) fn lifecycle(status: Status, href: &str) -> (Option<Link>, Option<Link>) {
        let link = |operation: &str| Some(Link::new(format!("{href}/lifecycle/{operation}"), &["POST"]));
        match status {
            Status::Active => (None, link("deactivate")),
            Status::Inactive => (link("activate"), None),
        }
    }
}

/// A link that is one of several of its kind.
#[derive(Serialize)]
pub(super) struct NamedLink {
    name: &'static str,
    href: String,
    hints: Hints,
}

impl NamedLink {
    pub(super) fn new(name: &'static str, href: String, allow: &'static [&'static str]) -> NamedLink {
        NamedLink { name, href, hints: Hints { allow } }
    }
}

/// The `_links` of a resource that has only itself to point to.
#[derive(Serialize)]
pub(super) struct SelfLink {
    #[serde(rename = "self")]
    this: Link,
}

impl SelfLink {
    pub(super) fn new(href: String, allow: &'static [&'static str]) -> SelfLink {
        SelfLink { this: Link::new(href, allow) }
    }
}

/// A link of a client or a refresh token: with a title instead of hints, or with neither (recorded).
#[derive(Serialize)]
pub(super) struct TitledLink {
    href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

impl TitledLink {
    pub(super) fn new(href: String, title: Option<&str>) -> TitledLink {
        TitledLink { href, title: title.map(str::to_owned) }
    }
}
