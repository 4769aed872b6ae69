//! What the real service has changed, and the first day on which recordings show the change. Owns the days only: what a
//! change does is said where it is done. Everything else is as it is today.

use chrono::NaiveDate;

/// A change of the service that the mock can show the time before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// A list of servers has a link to itself.
    SelfLinkOfServers,
    /// `default` of servers.
    DefaultMember,
    /// `apiResourceId` of scopes and claims, always null.
    ApiResourceId,
    /// The system scope `device_sso`.
    DeviceSso,
    /// The last page of servers has no link to a next one.
    NoNextLinkOnTheLastPage,
    /// `consent` and `optional` of scopes. Orgs with user consent told `consent` before (recorded 2021-06); the mock is as one without.
    ScopeConsent,
    /// The metadata of servers knows the device grant.
    DeviceGrant,
    /// `displayName` of system scopes.
    SystemScopeNames,
    /// Every answer about a rule tells both dates.
    RuleDates,
    /// The answer to the create of a policy tells both dates, as it had done before an error of the vendor.
    PolicyDates,
    /// The scopes `okta.myAccount.*` are no system scopes.
    MyAccountOfClients,
    /// Metadata may be kept for a day.
    CachedMetadata,
    /// `_links.resourceServerCredentialsKeys` of servers.
    ResourceServerKeysLink,
    /// Metadata knows pushed authorization requests, `DPoP` and token exchange.
    PushedRequests,
}

impl Change {
    /// The first day on which a recording shows it, or on which the vendor says that it was released.
    #[expect(clippy::match_same_arms, reason = "changes that were first seen together are still several")]
    fn seen(self) -> (i32, u32, u32) {
        match self {
            // Both lists of py:list_auth_servers (2020-08) have a next link alone; ok:list_authorization_servers has both.
            Change::SelfLinkOfServers => (2022, 5, 3),
            // Up to oktakit (2022-05) no server has it, from 2023-01 on all have.
            Change::DefaultMember => (2023, 1, 12),
            // py:list_oauth2_scopes and py:list_oauth2_claims (2020-08) have none, from 2023-01 on all have.
            Change::ApiResourceId => (2023, 1, 12),
            // Not among the six of py:list_oauth2_scopes (2020-08); in dsScopes of 2023-01.
            Change::DeviceSso => (2023, 1, 12),
            // dsServer: with it in 2023-01, without it in 2023-04.
            Change::NoNextLinkOnTheLastPage => (2023, 4, 6),
            // No scope has them in 2023-01, all have in 2023-04 (ScopeCrud).
            Change::ScopeConsent => (2023, 4, 6),
            // A document of 2018 has none of it, a kept one of 2023-05 has all of it.
            Change::DeviceGrant => (2023, 5, 30),
            // dsScopes: none of 17 in 2023-01, all in 2023-08.
            Change::SystemScopeNames => (2023, 8, 15),
            // RulePrio and RuleCreate: null in 2023-08, filled in in 2025-03.
            Change::RuleDates => (2025, 3, 13),
            // Release notes of 2025.02.1, OKTA-848623.
            Change::PolicyDates => (2025, 2, 12),
            // dsScopes: `system` is true in 2023-08 and false in 2025-03.
            Change::MyAccountOfClients => (2025, 3, 13),
            // Recorded with `no-cache` in 2018, and with `max-age` in 2026-01.
            Change::CachedMetadata => (2026, 1, 10),
            // One org: absent on 2026-01-10, there on 2026-01-30.
            Change::ResourceServerKeysLink => (2026, 1, 30),
            // dsMeta, of the org's own server.
            Change::PushedRequests => (2026, 3, 26),
        }
    }
}

/// The day whose behaviour is shown; none is today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AsOf(pub(super) Option<NaiveDate>);

impl AsOf {
    /// Whether the service had changed so by then.
    pub(super) fn has(self, change: Change) -> bool {
        let (year, month, day) = change.seen();
        self.0.is_none_or(|shown| Some(shown) >= NaiveDate::from_ymd_opt(year, month, day))
    }

    /// Whether the answer to the create of a policy tells dates. When the vendor's error began is not known: the last recording with
    /// dates before it is of 2024-07-31.
    pub(super) fn has_policy_dates(self) -> bool {
        self.has(Change::PolicyDates) || self.0 <= NaiveDate::from_ymd_opt(2024, 7, 31)
    }
}
