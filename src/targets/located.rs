//! A target that was named, before it is opened: all that can be told of it while no secret has been read, no program has been run and
//! nothing has been sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use reqwest::Url;

use super::{MOCK, OpenError, Opened, OrgKind, PREFIX, clients, mock_principals};
use crate::{
    diagnostic::did_you_mean,
    http::{Client, Credential, Limits, Network, target_url},
    plan::Plan,
    run::{Has, Target},
    secret::Redactor,
    settings::TargetSettings,
};

/// A target that was found by what the user called it.
#[derive(Debug)]
pub struct Located {
    /// The name as given.
    pub name: String,
    /// The principals that it has credentials for.
    pub principals: BTreeSet<String>,
    /// What it is able to.
    pub capabilities: BTreeSet<String>,
    /// The OAuth clients that cases may use.
    pub clients: BTreeSet<String>,
    /// The users that cases may name.
    pub users: BTreeSet<String>,
    /// None: the embedded mock.
    settings: Option<TargetSettings>,
}

impl Located {
    /// Finds `mock`, a URL, or the name of a target in the settings file.
    ///
    /// # Errors
    /// Wrong settings.
    pub fn find(target: &str, settings: Option<&Path>) -> Result<Self, OpenError> {
        let name = target.to_owned();
        if target == MOCK {
            let capabilities = OrgKind::Licensed.capabilities().iter().map(|&name| name.to_owned()).collect();
            let (principals, clients, users) = (mock_principals(), clients::client_names(), clients::user_names());
            return Ok(Self { name, principals, capabilities, clients, users, settings: None });
        }
        let mut found = TargetSettings::find(target, settings)?;
        target_url(&found.url)?;
        let capabilities = found.entry.capabilities.take().unwrap_or_default();
        let (principals, clients, users) = (found.principals(), found.clients(), found.users());
        Ok(Self { name, principals, capabilities, clients, users, settings: Some(found) })
    }

    /// What it has that trials may need.
    pub(crate) fn has(&self) -> Has<'_> {
        let Self { principals, capabilities, clients, users, .. } = self;
        Has { principals, capabilities, clients, users }
    }

    /// Its origin; none of the embedded mock.
    pub(crate) fn origin(&self) -> Option<Url> {
        Url::parse(&self.settings.as_ref()?.url).ok()
    }

    /// Whether the target is the embedded mock.
    pub fn is_mock(&self) -> bool {
        self.settings.is_none()
    }

    /// What the user should know about its settings.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().flat_map(|found| &found.warnings).map(String::as_str)
    }

    /// How to use a settings file that was not read.
    pub fn hint(&self) -> Option<&str> {
        self.settings.as_ref()?.hint.as_deref()
    }

    /// What is used of settings and surroundings, for one that is reached over the network.
    pub fn used(&self) -> Option<String> {
        self.settings.as_ref().map(TargetSettings::used)
    }

    /// Whether there are credentials at all.
    pub fn has_credentials(&self) -> bool {
        self.settings.as_ref().is_none_or(TargetSettings::has_credentials)
    }

    /// A principal or capability of the settings that the suite does not know: a slip there would silently drop trials.
    pub fn unknown_name(&self, plan: &Plan) -> Option<String> {
        // The mock offers what the shipped suite knows; a suite of one's own may know less.
        let settings = self.settings.as_ref()?;
        let wrong = |what: &str, name: &str, known: &BTreeSet<String>| {
            let hint = did_you_mean(name, known.iter().map(String::as_str));
            let hint =
                hint.unwrap_or_else(|| format!("known are {}", known.iter().cloned().collect::<Vec<_>>().join(", ")));
            let by = if what == "capability" && settings.capabilities_by_variable {
                ", as OKTA_CONFORMANCE_CAPABILITIES says"
            } else {
                ""
            };
            let target = &self.name;
            format!("the target `{target}` has the {what} `{name}`{by}, which the suite does not know: {hint}")
        };
        let (principals, capabilities) = (&plan.principals, &plan.capabilities);
        let principal = self.principals.iter().find(|name| !principals.is_empty() && !principals.contains(*name));
        let capability = self.capabilities.iter().find(|name| !capabilities.contains(*name));
        let given = |name: &&String| !matches!(name.as_str(), "admin" | "manager" | "anonymous" | "invalid-token");
        principal
            .filter(given)
            .map(|name| wrong("principal", name, principals))
            .or_else(|| capability.map(|name| wrong("capability", name, capabilities)))
            .or_else(|| self.clients.difference(&plan.clients).next().map(|name| wrong("client", name, &plan.clients)))
            .or_else(|| self.users.difference(&plan.users).next().map(|name| wrong("user", name, &plan.users)))
    }

    /// Takes away the capabilities that let cases write to what the target shares with others.
    pub fn withhold(&mut self, plan: &Plan) {
        for protected in &plan.contract.protected {
            self.capabilities.retain(|name| !protected.unless.contains(name));
        }
    }

    /// Opens it, so that something can be sent: its secrets are read, and programs that give them are run.
    ///
    /// # Errors
    /// A secret that is not there, or a mock that cannot start.
    pub fn open(&self, limits: Limits) -> Result<Opened, OpenError> {
        match &self.settings {
            None => Opened::mock_holding(limits, &BTreeSet::new(), None),
            Some(found) => {
                let network = found.network()?;
                let opened = self.over_network(found, found.read_secrets()?, &network, limits)?;
                let (clients, users) = (found.read_clients()?, found.read_users()?);
                let target = Target { client: opened.target.client.knowing(clients, users), ..opened.target };
                Ok(Opened { target, ..opened })
            }
        }
    }

    /// Opens it for a run that will send nothing, without the secrets that nobody is going to use.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_idle(&self, limits: Limits) -> Result<Opened, OpenError> {
        match &self.settings {
            None => self.open(limits),
            Some(found) => self.over_network(found, BTreeMap::new(), &found.network()?, limits),
        }
    }

    fn over_network(
        &self,
        found: &TargetSettings,
        credentials: BTreeMap<String, Credential>,
        network: &Network,
        limits: Limits,
    ) -> Result<Opened, OpenError> {
        let limits = Limits { request: limits.request.or(found.entry.timeout), ..limits };
        let redactor = Redactor::default();
        let client = Client::new(&found.url, credentials, limits, network, &redactor)?;
        let (principals, capabilities) = (self.principals.clone(), self.capabilities.clone());
        let (clients, users) = (self.clients.clone(), self.users.clone());
        Ok(Opened {
            target: Target { name: self.name.clone(), client, principals, capabilities, clients, users },
            redactor,
            prefix: found.entry.prefix.clone().unwrap_or_else(|| PREFIX.to_owned()),
            rate_share: found.entry.rate_share,
            effect: found.entry.effect,
            mock: None,
        })
    }
}
