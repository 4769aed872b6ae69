//! What the endpoints for tokens keep to, by name. Owns the names; where each is kept is up to its endpoint. Faults alone let one go.

/// A rule of the service about tokens, which [`Call::keeps`](super::call::Call::keeps) asks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    // Clients.
    /// The secret of a client is its own.
    Secret,
    /// The whole of it.
    WholeSecret,
    /// Nothing follows it.
    NothingAfterSecret,
    /// A client proves itself by the method that it is configured for.
    Method,
    /// A confidential client proves itself.
    Credentials,
    /// It does so in one way.
    OneCredential,
    /// It does not do so in the query.
    NoQueryCredentials,
    /// A header that cannot be read is none.
    ReadableHeader,
    AssertionType,
    AssertionSignature,
    AssertionKey,
    AssertionIssuer,
    AssertionSubject,
    /// The audience of an assertion is the endpoint.
    AssertionAudience,
    /// An assertion says when it expires.
    AssertionExpiry,
    /// It has not expired.
    AssertionExpired,
    /// It expires within an hour.
    AssertionHour,
    /// It was made before now.
    AssertionIssued,
    /// It is used once.
    AssertionOnce,
    /// The assertion of another algorithm of the same family will do.
    AssertionAlgorithms,
    /// An assertion may name several audiences.
    AssertionAudiences,

    // Proofs of keys.
    /// A client that has to use `DPoP` does so.
    Proof,
    ProofNonce,
    ProofType,
    ProofMethod,
    ProofUrl,
    /// A proof is not older than some minutes.
    ProofAge,
    /// It is not of the future.
    ProofFuture,
    /// The token of a proof names its key.
    ProofBinding,

    // Requests.
    /// An INACTIVE server issues no tokens.
    ActiveServer,
    /// A client asks for a grant that it has.
    GrantOfClient,
    /// Each parameter is sent once.
    NoDoubles,
    Password,
    /// A code is used once.
    CodeOnce,
    /// A code is used with the redirect URI that it was sent to.
    CodeRedirect,
    /// A code is used by the client that it was sent to.
    CodeClient,
    /// A code is used with the verifier of its challenge.
    CodeVerifier,
    /// Policies are not asked again for a code.
    CodePolicy,

    // Scopes.
    /// Scopes that the server lacks are refused.
    KnownScopes,
    /// One scope that the server lacks refuses the others.
    NoUnknownScope,
    /// Scopes about a user are none for a client alone.
    UserScopes,
    /// Scopes about a user are granted with `openid`.
    ScopesWithOpenId,
    /// A scope that requires consent is none for a client alone.
    ConsentRequired,
    /// A FLEXIBLE scope is one for a client alone.
    ConsentFlexible,
    /// Default scopes are granted if none is asked for.
    DefaultScopes,
    /// No other scopes are.
    OnlyDefaults,
    /// Default scopes are not added to those that are asked for.
    OnlyAsked,
    /// Of default scopes those are granted that the rule allows.
    DefaultsFiltered,
    /// The others do not stand in the way.
    DefaultsSome,
    /// A rule allows all scopes that are asked for, or it does not fit.
    AllOrNothing,

    // Policies and rules.
    PolicyClients,
    /// `ALL_CLIENTS` is each client.
    PolicyAllClients,
    PolicyStatus,
    PolicyPriority,
    /// Without a rule that fits in a policy the next one is asked.
    PolicyFallsThrough,
    /// Policies of other servers do not count.
    PolicyOwn,
    /// A policy without rules is for nobody.
    PolicyRules,
    /// What no rule allows is refused.
    Match,
    RuleStatus,
    RuleGrantTypes,
    RuleScopes,
    /// `*` is each scope.
    RuleAllScopes,
    RulePeople,
    /// People are not asked of a client alone.
    RulePeopleOfUsers,
    RulePriority,
    /// The rule after one that does not fit is asked.
    RuleFallsThrough,
    RuleLifetime,
    /// The lifetime is that of the rule that fits, not of the first.
    RuleLifetimeOfMatch,

    // Claims.
    ClaimStatus,
    ClaimType,
    ClaimScopes,
    /// One of the scopes of a claim is enough.
    ClaimAnyScope,
    /// A claim that is null is left out.
    ClaimNull,
    /// A claim that cannot be evaluated refuses the token.
    ClaimBroken,
    /// One that the token would not have does not.
    ClaimUnused,
    /// A claim has the type of its value.
    ClaimValueType,
    /// Expressions are evaluated.
    ClaimExpression,
    ClaimOwn,
    /// A claim of the ID token that is not always included is left out.
    ClaimOnDemand,
    /// `/userinfo` tells it.
    ClaimUserInfo,
    /// All filters of groups but expressions ignore the case.
    GroupCase,
    /// Expressions do not.
    GroupRegexCase,
    GroupFilter,

    // Tokens.
    /// The issuer names the domain of its mode.
    IssuerMode,
    /// The ACTIVE key signs.
    ActiveKey,
    /// Nobody else's does.
    OwnKey,
    /// No two tokens have one identifier.
    TokenIdentifier,
    /// The identifier of an access token names its refresh token.
    TokenFamily,
    /// An ID token needs the scope `openid`.
    OpenId,
    /// A refresh token needs the scope `offline_access`.
    OfflineAccess,
    /// By default a refresh token stays the same.
    RefreshSame,
    /// That of a public client is replaced.
    RefreshRotation,
    RefreshNarrower,
    RefreshWider,
    /// Policies are asked again for a refresh.
    RefreshPolicy,
    RefreshServer,

    // What is told of tokens, and their end.
    /// A request about a token has one.
    TokenNeeded,
    /// Any client of the org may ask.
    IntrospectAnyClient,
    /// A token of another server is not active.
    IntrospectServer,
    /// Of a token that is not active nothing is told.
    IntrospectInactive,
    /// The hint is no more than one.
    IntrospectHint,
    /// The whole token counts.
    IntrospectWhole,
    /// A token is the one that was signed.
    TokenSignature,
    IntrospectRefresh,
    /// Nothing about an earlier token changes with its server.
    IntrospectEarlier,
    RevokeAccess,
    RevokeRefresh,
    /// With a refresh token go its access tokens.
    RevokeFamily,
    /// A client revokes its own tokens.
    RevokeOwn,
    /// An access token goes alone.
    RevokeOnlyThat,
    /// Revoking nothing is no mistake.
    RevokeUnknown,
    /// `/userinfo` is for tokens with the scope `openid`.
    UserInfoScope,
    /// It is for access tokens.
    UserInfoKind,
    /// The former key is published.
    FormerKey,
    /// Scopes for no clients are not published.
    PublishedScopes,
}
