//! What a request has to keep to, by name, and what is said about a field that does not. Owns the names and texts; where each
//! is looked at is up to its resource.

use std::rc::Rc;

use super::norm::Norm;

/// Something that a request is held to.
#[cfg_attr(not(feature = "faults"), expect(dead_code, reason = "faults alone name fields"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Constraint {
    /// A body is sent as JSON.
    MediaType,
    /// A body is a JSON object.
    WellFormed,
    /// Nothing is to be said about the field with this path.
    Field(&'static str, Complaint),
    /// The default server is not deleted.
    DefaultServerStays,
    /// The status of a policy changes by activate and deactivate alone.
    PolicyStatus,
    /// That of a rule that there is already, too.
    RuleStatus,
    /// The default server does not take a name that the vendor keeps.
    DefaultServerName,
    /// Keys are rotated for signatures.
    RotationUse,
    /// A key is not ACTIVE from the start.
    BornInactive,
    /// No two keys of a server have one `kid`.
    UniqueKid,
    /// A server has five keys at the most.
    FiveKeys,
    /// The ACTIVE key is not deleted.
    ActiveKeyStays,
    /// What the endpoints for tokens keep to.
    Norm(Norm),
}

/// Which constraints a request need not keep. It has to keep all, unless faults let some pass.
#[cfg_attr(not(feature = "faults"), expect(dead_code, reason = "faults alone let something pass"))]
#[derive(Debug, Clone, Default)]
pub(crate) enum Lenience {
    #[default]
    None,
    Of(Rc<[Constraint]>),
    All,
}

impl Lenience {
    pub(crate) fn enforces(&self, constraint: Constraint) -> bool {
        match self {
            Lenience::None => true,
            Lenience::Of(waived) => !waived.contains(&constraint),
            Lenience::All => false,
        }
    }

    /// As [`Lenience::enforces`], for the field `name` of the object at `path`, which ends in its dot.
    pub(crate) fn enforces_field(&self, path: &str, name: &str, complaint: Complaint) -> bool {
        let is_it = |waived: &Constraint| {
            matches!(waived, Constraint::Field(field, other)
                if *other == complaint && field.strip_prefix(path) == Some(name))
        };
        match self {
            Lenience::None => true,
            Lenience::Of(waived) => !waived.iter().any(is_it),
            Lenience::All => false,
        }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    Blank,
    WrongType,
    WrongLength,
    NotAChoice,
    Clash,
    Fixed,
    OneAudience,
    UnknownServer,
    TrustsItself,
    BadScopeName,
    ReservedClaimName,
    OnlyForGroups,
    OutOfRange,
    ShortLifetime,
    ScopesInActions,
    Nobody,
    NotANumber,
    ShortKey,
}

impl Complaint {
    /// Texts are inferred where nothing else is said: no 400 answer of these endpoints was ever recorded.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Complaint::Blank => "The field cannot be left blank",
            Complaint::WrongType => "The field has a value of the wrong type",
            Complaint::WrongLength => "The field is too short or too long",
            Complaint::NotAChoice => "The field has a value that is not supported",
            // The vendor's generic example of a clash (docs); that it is the text here is inferred.
            Complaint::Clash => "An object with this field already exists in the current organization",
            Complaint::Fixed => "The field cannot be changed on an object that Okta created",
            Complaint::OneAudience => "Only one audience is supported",
            Complaint::UnknownServer => "The field names an authorization server that does not exist",
            Complaint::TrustsItself => "An authorization server cannot be associated with itself",
            Complaint::BadScopeName => {
                "The name may have printable ASCII characters except space, double quote and backslash, and must not be one \
                 that Okta keeps for itself"
            }
            Complaint::ReservedClaimName => "The name is one that Okta keeps for claims of its own",
            Complaint::OnlyForGroups => "The field is only for claims with the value type GROUPS",
            Complaint::OutOfRange => "The value is out of range",
            Complaint::ShortLifetime => "The lifetime of a refresh token is zero or at least that of an access token",
            // Both texts are from public reports, doubled quotes included.
            Complaint::ScopesInActions => {
                "Cannot add scopes to 'action.scopes', add to 'conditions.scopes.include' instead."
            }
            Complaint::Nobody => {
                "At least one of ''conditions.people.users.include'' or ''conditions.people.groups.include'' must contain \
                 a valid user or group when ''conditions.grantTypes'' contains one or more of [authorization_code, \
                 implicit, password]."
            }
            Complaint::NotANumber => "The field must be a number in base64url",
            // Of the spec's example.
            Complaint::ShortKey => "RSA key length in the 'jwks' is less than '2,048' bits for the given key.",
        }
    }
}
