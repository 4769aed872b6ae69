//! The state of the org: its tables and what belongs to all of them. Owns identity and order of the rows; the rules of
//! a resource are in its own file.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{
    apps::Apps,
    auth::Tokens,
    call::Call,
    changes::AsOf,
    claims::{self, Claim},
    clients::{Client, RefreshToken},
    dpop::Dpop,
    issued::Issued,
    keys::KeyRing,
    limits::Limits,
    norm::Norm,
    people::People,
    policies::Policy,
    replay_guard::Once,
    resource_keys::ResourceKey,
    routes::COLLECTION,
    rules::Rule,
    scopes::{self, Scope},
    settings::{IssuerMode, Settings},
    source::{ClockError, Source, Stamp},
    token::{Issuing, ServiceApp},
    wire::{Entity, Refusal},
};

/// The name that stands for the default server in paths and links (recorded).
pub(super) const DEFAULT_ALIAS: &str = "default";

/// The default server of an org is as old as the org; the mock's org is this old at the start.
const AGE_DAYS: i64 = 30;

/// Everything the mock remembers.
#[derive(Clone)]
pub(super) struct Org {
    pub(super) source: Source,
    pub(super) limits: Limits,
    pub(super) tokens: Tokens,
    pub(super) issuing: Issuing,
    pub(super) dpop: Dpop,
    pub(super) servers: Servers,
    pub(super) issuer_mode: IssuerMode,
    pub(super) as_of: AsOf,
    pub(super) people: People,
    pub(super) clients: Vec<Client>,
    pub(super) refresh_tokens: Vec<RefreshToken>,
    pub(super) service_apps: Vec<ServiceApp>,
    pub(super) apps: Apps,
    /// The assertions that apps have used up.
    pub(super) assertions: Once,
    pub(super) issued: Issued,
    /// The id of the user who is signed in.
    pub(super) login: Option<String>,
}

impl Org {
    /// An org as it is when nobody has done anything: the default server and no people or clients.
    pub(super) fn new(settings: &Settings) -> Self {
        let mut source = Source::new(settings.seed, settings.built_in_keys);
        let as_of = AsOf(settings.as_of);
        let born = source.now().plus_days(-AGE_DAYS);
        let mut default = Server::new(&mut source, born, settings.issuer_mode, as_of);
        default.name = String::from("default");
        default.description = Some(String::from("Default Authorization Server for your Applications"));
        default.audience = String::from("api://default");
        default.is_default = true;
        default.scopes.splice(0..0, scopes::of_the_default_server(&mut source, as_of));
        default.policies.push(default_policy(&mut source, born));
        Org {
            source,
            limits: Limits::new(settings.rate_limit, settings.rate_window),
            tokens: Tokens::new(&settings.tokens),
            issuing: Issuing::new(settings.token_lifetime),
            dpop: Dpop::new(settings.dpop_nonce_lifetime, settings.dpop_nonce_at_api),
            servers: Servers::new(default),
            issuer_mode: settings.issuer_mode,
            as_of,
            people: People::default(),
            clients: Vec::new(),
            refresh_tokens: Vec::new(),
            service_apps: Vec::new(),
            apps: Apps::default(),
            assertions: Once::default(),
            issued: Issued::default(),
            login: None,
        }
    }
}

impl Org {
    /// Moves the clock. Keys that were due until then are rotated, each at its moment (docs: every ninety days). Inferred: the former key is
    /// served until the next rotation.
    pub(super) fn advance(&mut self, seconds: i64) -> Result<(), ClockError> {
        self.source.advance(seconds)?;
        let now = self.source.now();
        for server in self.servers.rows.values_mut() {
            while let Some(due) = server.next_rotation().filter(|due| *due <= now) {
                server.keys.rotate(&mut self.source);
                server.last_rotated = due;
            }
        }
        Ok(())
    }

    /// Whether a client trusts the pages of an origin.
    pub(super) fn trusts(&self, client: &str, origin: &[u8]) -> bool {
        let origins = self.apps.find(client).map(|app| app.trusted_origins.as_slice());
        origins.unwrap_or_default().iter().any(|trusted| trusted.as_bytes() == origin)
    }

    /// Whether there is such a client, whatever it is for: apps are clients too.
    pub(super) fn knows_client(&self, id: &str) -> bool {
        self.clients.iter().any(|client| client.id == id) || self.service_apps.iter().any(|app| app.client_id == id)
    }

    /// Becomes what it was at the start. Without a seed what it gives out goes on being new.
    pub(super) fn reset(&mut self, start: Org) {
        let former = std::mem::replace(self, start);
        self.source.go_on_from(former.source);
    }

    /// Revokes a refresh token and what came with it.
    pub(super) fn end_family(&mut self, refresh: &str) {
        self.refresh_tokens.retain(|token| token.id != refresh);
        self.issued.revoke_family(refresh);
    }
}

/// Whether a resource is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Active,
    Inactive,
}

impl Status {
    /// Becomes `to`; the date moves, never back, if that changes anything.
    pub(super) fn turn(&mut self, to: Status, last_updated: &mut Stamp, now: Stamp) {
        if *self != to {
            *self = to;
            *last_updated = (*last_updated).max(now);
        }
    }
}

/// Who rotates the signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RotationMode {
    Auto,
    Manual,
}

/// An authorization server and what belongs to it alone.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    /// The service keeps a list and allows one (recorded: always exactly one; spec).
    pub(super) audience: String,
    pub(super) issuer_mode: IssuerMode,
    pub(super) status: Status,
    pub(super) created: Stamp,
    pub(super) last_updated: Stamp,
    pub(super) rotation_mode: RotationMode,
    pub(super) last_rotated: Stamp,
    pub(super) is_default: bool,
    pub(super) keys: KeyRing,
    pub(super) encryption: Encryption,
    pub(super) resource_keys: Vec<ResourceKey>,
    pub(super) scopes: Vec<Scope>,
    pub(super) claims: Vec<Claim>,
    /// In the order of their priorities.
    pub(super) policies: Vec<Policy>,
    /// The ids of the servers that this one trusts.
    pub(super) trusted: Vec<String>,
}

/// Whether and for whom the access tokens of a server are encrypted (spec).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Encryption {
    pub(super) algorithm: Option<EncryptionAlgorithm>,
    pub(super) jwks_uri: Option<String>,
}

/// How access tokens are encrypted (spec).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum EncryptionAlgorithm {
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    #[serde(rename = "RSA-OAEP-384")]
    RsaOaep384,
    #[serde(rename = "RSA-OAEP-512")]
    RsaOaep512,
}

impl Server {
    /// A server as it comes into being (recorded: ACTIVE, rotation AUTO, system scopes and claims, nothing else).
    pub(super) fn new(source: &mut Source, now: Stamp, issuer_mode: IssuerMode, as_of: AsOf) -> Self {
        Server {
            id: source.id(Entity::AuthorizationServer),
            name: String::new(),
            description: None,
            audience: String::new(),
            issuer_mode,
            status: Status::Active,
            created: now,
            last_updated: now,
            rotation_mode: RotationMode::Auto,
            last_rotated: now,
            is_default: false,
            keys: KeyRing::new(source),
            encryption: Encryption::default(),
            resource_keys: Vec::new(),
            scopes: scopes::of_a_new_server(source, as_of),
            claims: claims::of_a_new_server(source),
            policies: Vec::new(),
            trusted: Vec::new(),
        }
    }

    /// How links and issuer call the server (recorded: the default server is `default` there, however it was asked
    /// for).
    pub(super) fn handle(&self) -> &str {
        if self.is_default { DEFAULT_ALIAS } else { &self.id }
    }

    /// The URL of the server under the management API.
    pub(super) fn href(&self, base: &str) -> String {
        format!("{base}{COLLECTION}/{}", self.handle())
    }

    /// What its tokens and metadata are by.
    pub(super) fn issuer(&self, call: &Call<'_>) -> String {
        let mode = if call.keeps(Norm::IssuerMode) { self.issuer_mode } else { IssuerMode::Dynamic };
        self.endpoints(call.issuer_base(mode))
    }

    /// Where its endpoints are.
    pub(super) fn endpoints(&self, base: &str) -> String {
        format!("{base}/oauth2/{}", self.handle())
    }
}

/// The servers, in the order of their creation.
#[derive(Clone)]
pub(super) struct Servers {
    rows: BTreeMap<u64, Server>,
    /// Places of all servers there ever were, so that a cursor outlives the server it names.
    places: HashMap<String, u64>,
    default: u64,
}

impl Servers {
    fn new(default: Server) -> Self {
        let mut servers = Servers { rows: BTreeMap::new(), places: HashMap::new(), default: 0 };
        servers.insert(default);
        servers
    }

    /// Adds a server behind all others, and gives it back.
    pub(super) fn insert(&mut self, server: Server) -> &Server {
        let place = self.places.len() as u64;
        self.places.insert(server.id.clone(), place);
        self.rows.entry(place).or_insert(server)
    }

    /// The server of a path: by id, or by `default`.
    pub(super) fn find(&self, name: &str) -> Result<&Server, Refusal> {
        let place = self.place_in_path(name);
        place.and_then(|place| self.rows.get(&place)).ok_or_else(|| unknown(name))
    }

    pub(super) fn find_mut(&mut self, name: &str) -> Result<&mut Server, Refusal> {
        let place = self.place_in_path(name);
        place.and_then(|place| self.rows.get_mut(&place)).ok_or_else(|| unknown(name))
    }

    /// Takes a server and all that belongs to it away. Those that trusted it name an id that leads nowhere from then on.
    pub(super) fn remove(&mut self, id: &str) {
        if let Some(place) = self.places.get(id) {
            self.rows.remove(place);
        }
    }

    /// Where a server stands or stood in the list.
    pub(super) fn place(&self, id: &str) -> Option<u64> {
        self.places.get(id).copied()
    }

    /// All servers from a place on.
    pub(super) fn from(&self, place: u64) -> impl Iterator<Item = &Server> {
        self.rows.range(place..).map(|(_, server)| server)
    }

    fn place_in_path(&self, name: &str) -> Option<u64> {
        if name == DEFAULT_ALIAS { Some(self.default) } else { self.place(name) }
    }
}

fn unknown(name: &str) -> Refusal {
    Refusal::not_found(name, Entity::AuthorizationServer)
}

/// The default server lets everybody have every scope (docs: it comes with a basic policy and rule). Names and values
/// are those of the spec's examples; what a real org's look like was not recorded.
fn default_policy(source: &mut Source, born: Stamp) -> Policy {
    let mut policy = Policy {
        id: source.id(Entity::Policy),
        name: String::from("Default Policy"),
        description: Some(String::from("Default policy description")),
        status: Status::Active,
        clients: vec![String::from("ALL_CLIENTS")],
        created: born,
        last_updated: born,
        rules: Vec::new(),
    };
    policy.rules.push(Rule::for_everybody(source.id(Entity::PolicyRule), born));
    policy
}
