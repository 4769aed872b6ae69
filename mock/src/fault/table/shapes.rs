//! What the members of answers become: missing, null, of another type, of another name, with another value. Owns the table of
//! the members that the service always shows, as recorded or, where nothing was, as the spec has them.

use serde_json::{Value, json};

use super::{CREATE_SERVER, Edit, Fault, Kind, fault, last, member};

/// A resource: the operations that show it, and what they always show.
struct Resource {
    /// What the messages call it.
    noun: &'static str,
    get: &'static str,
    create: Option<&'static str>,
    replace: Option<&'static str>,
    list: Option<&'static str>,
    members: &'static [Member],
}

/// A member that is always there.
struct Member {
    at: &'static str,
    nullable: bool,
    wrong: Wrong,
}

/// A value that the member never has.
enum Wrong {
    /// None that would be told from a right one.
    Unknown,
    /// No value of the enum.
    Word(&'static str),
    /// An identifier without its first characters.
    Short(usize),
    /// A time in another form.
    Time(&'static str),
    Flag(bool),
    Number(i64),
    /// A part of the text and what stands for it.
    Part(&'static str, &'static str),
    /// One item more.
    More(&'static str),
}

const fn always(at: &'static str, wrong: Wrong) -> Member {
    Member { at, nullable: false, wrong }
}

const fn or_null(at: &'static str, wrong: Wrong) -> Member {
    Member { at, nullable: true, wrong }
}

const NO_MILLISECONDS: Wrong = Wrong::Time("2026-06-01T00:00:00Z");
const LOCAL_TIME: Wrong = Wrong::Time("2026-06-01T00:00:00.000+02:00");

const SERVER: Resource = Resource {
    noun: "server",
    get: "getAuthorizationServer",
    create: Some(CREATE_SERVER),
    replace: Some("replaceAuthorizationServer"),
    list: Some("listAuthorizationServers"),
    members: &[
        always("/id", Wrong::Short(3)),
        always("/name", Wrong::Word("renamed")),
        or_null("/description", Wrong::Word("described")),
        always("/audiences", Wrong::More("api://more")),
        always("/issuer", Wrong::Part("/oauth2/", "/oauth/")),
        always("/issuerMode", Wrong::Word("ORG")),
        always("/status", Wrong::Word("DISABLED")),
        always("/created", NO_MILLISECONDS),
        always("/lastUpdated", LOCAL_TIME),
        always("/credentials", Wrong::Unknown),
        always("/credentials/signing", Wrong::Unknown),
        always("/credentials/signing/kid", Wrong::Short(1)),
        always("/credentials/signing/rotationMode", Wrong::Word("AUTOMATIC")),
        always("/credentials/signing/lastRotated", NO_MILLISECONDS),
        always("/credentials/signing/nextRotation", Wrong::Time("2020-01-01T00:00:00.000Z")),
        always("/default", Wrong::Flag(true)),
        always("/_links", Wrong::Unknown),
        always("/_links/self", Wrong::Unknown),
        always("/_links/scopes", Wrong::Unknown),
        always("/_links/claims", Wrong::Unknown),
        always("/_links/policies", Wrong::Unknown),
        always("/_links/keys", Wrong::Unknown),
        always("/_links/rotateKey", Wrong::Unknown),
        always("/_links/metadata", Wrong::Unknown),
        always("/_links/deactivate", Wrong::Unknown),
    ],
};

const SCOPE: Resource = Resource {
    noun: "scope",
    get: "getOAuth2Scope",
    create: Some("createOAuth2Scope"),
    replace: Some("replaceOAuth2Scope"),
    list: Some("listOAuth2Scopes"),
    members: &[
        always("/id", Wrong::Short(3)),
        always("/name", Wrong::Word("renamed")),
        or_null("/description", Wrong::Word("described")),
        always("/system", Wrong::Flag(true)),
        always("/metadataPublish", Wrong::Word("SOME_CLIENTS")),
        always("/consent", Wrong::Word("ADMIN")),
        always("/optional", Wrong::Flag(true)),
        always("/default", Wrong::Flag(true)),
        or_null("/apiResourceId", Wrong::Word("api")),
        always("/_links", Wrong::Unknown),
        always("/_links/self", Wrong::Unknown),
    ],
};

const CLAIM: Resource = Resource {
    noun: "claim",
    get: "getOAuth2Claim",
    create: Some("createOAuth2Claim"),
    replace: Some("replaceOAuth2Claim"),
    list: Some("listOAuth2Claims"),
    members: &[
        always("/id", Wrong::Short(3)),
        always("/name", Wrong::Word("renamed")),
        always("/status", Wrong::Word("DISABLED")),
        always("/claimType", Wrong::Word("ACCESS")),
        always("/valueType", Wrong::Word("TEXT")),
        always("/conditions", Wrong::Unknown),
        always("/conditions/scopes", Wrong::More("more")),
        always("/system", Wrong::Flag(true)),
        always("/alwaysIncludeInToken", Wrong::Unknown),
        or_null("/apiResourceId", Wrong::Word("api")),
        always("/_links", Wrong::Unknown),
        always("/_links/self", Wrong::Unknown),
    ],
};

const POLICY: Resource = Resource {
    noun: "policy",
    get: "getAuthorizationServerPolicy",
    create: Some("createAuthorizationServerPolicy"),
    replace: Some("replaceAuthorizationServerPolicy"),
    list: Some("listAuthorizationServerPolicies"),
    members: &[
        always("/id", Wrong::Short(3)),
        always("/type", Wrong::Word("OKTA_SIGN_ON")),
        always("/status", Wrong::Word("DISABLED")),
        always("/name", Wrong::Word("renamed")),
        always("/description", Wrong::Word("described")),
        always("/priority", Wrong::Number(0)),
        always("/system", Wrong::Flag(true)),
        always("/conditions", Wrong::Unknown),
        always("/conditions/clients", Wrong::Unknown),
        always("/conditions/clients/include", Wrong::More("0oa1more000000000more")),
        always("/created", NO_MILLISECONDS),
        always("/lastUpdated", LOCAL_TIME),
        always("/_links", Wrong::Unknown),
        always("/_links/self", Wrong::Unknown),
        always("/_links/rules", Wrong::Unknown),
        always("/_links/deactivate", Wrong::Unknown),
    ],
};

const RULE: Resource = Resource {
    noun: "rule",
    get: "getAuthorizationServerPolicyRule",
    create: Some("createAuthorizationServerPolicyRule"),
    replace: Some("replaceAuthorizationServerPolicyRule"),
    list: Some("listAuthorizationServerPolicyRules"),
    members: &[
        always("/id", Wrong::Short(3)),
        always("/type", Wrong::Word("SIGN_ON")),
        always("/status", Wrong::Word("DISABLED")),
        always("/name", Wrong::Word("renamed")),
        always("/priority", Wrong::Number(0)),
        always("/system", Wrong::Flag(true)),
        always("/conditions", Wrong::Unknown),
        always("/conditions/people", Wrong::Unknown),
        always("/conditions/people/users/exclude", Wrong::More("00u1more000000000more")),
        always("/conditions/grantTypes", Wrong::Unknown),
        always("/conditions/grantTypes/include", Wrong::More("more")),
        always("/conditions/scopes", Wrong::Unknown),
        always("/conditions/scopes/include", Wrong::More("more")),
        always("/actions", Wrong::Unknown),
        always("/actions/token", Wrong::Unknown),
        always("/actions/token/accessTokenLifetimeMinutes", Wrong::Number(3600)),
        always("/actions/token/refreshTokenLifetimeMinutes", Wrong::Number(-1)),
        always("/actions/token/refreshTokenWindowMinutes", Wrong::Number(1)),
        or_null("/created", NO_MILLISECONDS),
        or_null("/lastUpdated", LOCAL_TIME),
        always("/_links", Wrong::Unknown),
        always("/_links/self", Wrong::Unknown),
        always("/_links/deactivate", Wrong::Unknown),
    ],
};

const KEY: Resource = Resource {
    noun: "key",
    get: "getAuthorizationServerKey",
    create: None,
    replace: None,
    list: Some("listAuthorizationServerKeys"),
    members: &[
        always("/kty", Wrong::Word("EC")),
        always("/status", Wrong::Word("DISABLED")),
        always("/alg", Wrong::Word("HS256")),
        always("/kid", Wrong::Short(1)),
        always("/use", Wrong::Word("enc")),
        always("/e", Wrong::Word("65537")),
        always("/n", Wrong::Short(200)),
        always("/_links", Wrong::Unknown),
        always("/_links/self", Wrong::Unknown),
    ],
};

const RESOURCE_KEY: Resource = Resource {
    noun: "key",
    get: "getOAuth2ResourceServerJsonWebKey",
    create: Some("addOAuth2ResourceServerJsonWebKey"),
    replace: None,
    list: Some("listOAuth2ResourceServerJsonWebKeys"),
    members: &[
        always("/id", Wrong::Unknown),
        or_null("/kid", Wrong::Word("other")),
        always("/kty", Wrong::Word("EC")),
        always("/use", Wrong::Word("sig")),
        always("/e", Wrong::Word("AAAA")),
        always("/n", Wrong::Short(200)),
        always("/status", Wrong::Word("DISABLED")),
        always("/created", NO_MILLISECONDS),
        always("/lastUpdated", LOCAL_TIME),
    ],
};

const TOKEN: Resource = Resource {
    noun: "token",
    get: "getRefreshTokenForAuthorizationServerAndClient",
    create: None,
    replace: None,
    list: Some("listRefreshTokensForAuthorizationServerAndClient"),
    members: &[
        always("/id", Wrong::Short(3)),
        always("/status", Wrong::Word("DISABLED")),
        always("/created", NO_MILLISECONDS),
        always("/lastUpdated", LOCAL_TIME),
        always("/expiresAt", Wrong::Time("2020-01-01T00:00:00Z")),
        always("/issuer", Wrong::Part("/oauth2/", "/oauth/")),
        always("/clientId", Wrong::Word("0oa1more000000000more")),
        always("/userId", Wrong::Unknown),
        always("/scopes", Wrong::Unknown),
        always("/_links", Wrong::Unknown),
        always("/_links/self", Wrong::Unknown),
        always("/_links/revoke", Wrong::Unknown),
        always("/_links/client", Wrong::Unknown),
        always("/_links/user", Wrong::Unknown),
        always("/_links/authorizationServer", Wrong::Unknown),
    ],
};

/// Members that are there if the request has them, and what they never are then.
const SOMETIMES: &[(&Resource, &str, &str)] = &[
    (&SCOPE, "/displayName", "Displayed"),
    (&CLAIM, "/value", "other"),
    (&CLAIM, "/group_filter_type", "NONE"),
    (&RULE, "/conditions/people/groups/include/0", "00g1more000000000more"),
    (&RULE, "/conditions/grantTypes/include/0", "other"),
    (&RULE, "/conditions/scopes/include/0", "other"),
    (&POLICY, "/conditions/clients/include/0", "0oa1more000000000more"),
    (&CLAIM, "/conditions/scopes/0", "other"),
    (&SERVER, "/audiences/0", "api://other"),
];

const RESOURCES: [&Resource; 8] = [&SERVER, &SCOPE, &CLAIM, &POLICY, &RULE, &KEY, &RESOURCE_KEY, &TOKEN];

/// Members that a create or a replace loses although a get has them.
const LOST: &[(&str, &str)] = &[
    (CREATE_SERVER, "/credentials/signing/nextRotation"),
    ("replaceAuthorizationServer", "/credentials/signing/nextRotation"),
    ("createOAuth2Scope", "/_links/self"),
    ("createOAuth2Claim", "/_links/self"),
    ("createAuthorizationServerPolicyRule", "/conditions/people/groups"),
    ("createAuthorizationServerPolicyRule", "/conditions/people/users/include"),
    ("createAuthorizationServerPolicyRule", "/conditions/people/groups/exclude"),
    ("getAuthorizationServerPolicyRule", "/conditions/people/users/include"),
    ("getAuthorizationServerPolicyRule", "/conditions/people/groups/exclude"),
];

/// Operation, member, and its value.
fn extra() -> Vec<(&'static str, &'static str, Value)> {
    let link = || json!({"href": "http://127.0.0.1/", "hints": {"allow": ["POST"]}});
    let time = || json!("2026-06-01T00:00:00.000Z");
    let mut all = vec![
        (CREATE_SERVER, "/credentials/signing/use", json!("sig")),
        ("createAuthorizationServerPolicyRule", "/conditions/people/users/include", json!([])),
        ("createAuthorizationServerPolicyRule", "/conditions/people/groups", json!({"include": []})),
        ("createAuthorizationServerPolicyRule", "/conditions/people/groups/exclude", json!([])),
        ("getAuthorizationServerPolicyRule", "/conditions/people/users/include", json!([])),
        ("getAuthorizationServerPolicyRule", "/conditions/people/groups/exclude", json!([])),
        ("createAuthorizationServerPolicyRule", "/actions/token/inlineHook", json!({"id": "cal1more000000000more"})),
        ("listRefreshTokensForAuthorizationServerAndClient", "/*/_embedded", json!({"scopes": []})),
    ];
    for at in ["/created", "/lastUpdated"] {
        all.push(("getOAuth2Scope", at, time()));
    }
    for at in ["/d", "/p", "/q"] {
        all.push(("getOAuth2ResourceServerJsonWebKey", at, json!("AQAB")));
    }
    for at in ["/_links/activate", "/_links/deactivate"] {
        all.push(("getOAuth2Claim", at, link()));
    }
    all.push(("getOAuth2Claim", "/group_filter_type", json!("EQUALS")));
    for operation in ["getAuthorizationServerPolicy", "getAuthorizationServerPolicyRule"] {
        all.push((operation, "/_links/activate", link()));
    }
    let token = "getRefreshTokenForAuthorizationServerAndClient";
    for at in ["/token", "/refresh_token"] {
        all.push((token, at, json!("secret")));
    }
    all.push((token, "/_embedded", json!({"scopes": []})));
    all
}

/// A get loses a member, a create gives it another type, a replace makes it null, a list gives it another name: each member in each of
/// four ways, without having each way at each place. A wrong value is shown by the get.
pub(super) fn add(all: &mut Vec<Fault>) {
    for resource in RESOURCES {
        for shown in resource.members {
            one_member(all, resource, shown);
        }
    }
    for (resource, at, value) in SOMETIMES {
        for operation in [Some(resource.get), resource.create, resource.replace].into_iter().flatten() {
            let title = format!("The {} in the answer has a wrong {}", resource.noun, last(at));
            all.push(fault(operation, Kind::Value, at, last(at), title, member(*at, Edit::Set(json!(value)))));
        }
    }
    for (operation, at) in ["getAuthorizationServer", CREATE_SERVER].map(|name| (name, "/audiences/0")) {
        let title = "The audience in the answer is of another type";
        all.push(fault(operation, Kind::Mistyped, at, "audiences", title, member(at, Edit::Mistype)));
    }
    let title = "The servers of a list have another audience";
    let other = member("/*/audiences/0", Edit::Set(json!("api://other")));
    all.push(fault("listAuthorizationServers", Kind::Value, "audience", "audiences", title, other));
    for (operation, at) in LOST {
        let title = format!("The answer has no {}", last(at));
        all.push(fault(operation, Kind::Missing, at, last(at), title, member(*at, Edit::Remove)));
    }
    for (operation, at, value) in extra() {
        let title = format!("The answer has a member {} that it should not have", last(at));
        all.push(fault(operation, Kind::Extra, at, last(at), title, member(at, Edit::Put(value))));
    }
}

fn one_member(all: &mut Vec<Fault>, resource: &Resource, shown: &Member) {
    let (at, name, noun) = (shown.at, last(shown.at), resource.noun);
    let missing = format!("The {noun} that a get shows has no {name}");
    all.push(fault(resource.get, Kind::Missing, at, name, missing, member(at, Edit::Remove)));
    if let Some(create) = resource.create {
        let title = format!("The answer to a create has {name} in another type");
        all.push(fault(create, Kind::Mistyped, at, name, title, member(at, Edit::Mistype)));
    }
    if let (Some(replace), false) = (resource.replace, shown.nullable) {
        let title = format!("The answer to a replace has null as {name}");
        all.push(fault(replace, Kind::Null, at, name, title, member(at, Edit::Null)));
    }
    if let Some(list) = resource.list {
        let title = format!("The {noun}s of a list have {name} under another name");
        let renamed = member(format!("/*{at}"), Edit::Rename("renamed"));
        all.push(fault(list, Kind::Renamed, at, name, title, renamed));
    }
    if let Some(edit) = shown.wrong.edit() {
        for operation in [Some(resource.get), resource.create, resource.replace].into_iter().flatten() {
            let title = format!("The {noun} in the answer has a wrong {name}");
            all.push(fault(operation, Kind::Value, at, name, title, member(at, edit.clone())));
        }
    }
    if let (None, Some(list)) = (resource.create, resource.list) {
        let title = format!("The {noun}s of a list have {name} in another type");
        all.push(fault(list, Kind::Mistyped, at, name, title, member(format!("/*{at}"), Edit::Mistype)));
    }
}

impl Wrong {
    fn edit(&self) -> Option<Edit> {
        let text = |text: &str| Edit::Set(Value::String(text.to_owned()));
        Some(match *self {
            Wrong::Unknown => return None,
            Wrong::Word(word) => text(word),
            Wrong::Short(length) => Edit::Cut(length),
            Wrong::Time(time) => text(time),
            Wrong::Flag(flag) => Edit::Set(json!(flag)),
            Wrong::Number(number) => Edit::Set(json!(number)),
            Wrong::Part(part, other) => Edit::Swap(part, other),
            Wrong::More(item) => Edit::Append(json!(item)),
        })
    }
}
