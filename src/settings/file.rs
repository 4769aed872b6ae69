//! `okta-conformance.toml`: targets as they were written, every mistake with its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::Url;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{FILE, SettingsError, origin::SecretFrom, shown::shown};
use crate::{
    diagnostic::{COLUMNS, Diagnostic, Span},
    duration::parse_limit,
    file::Unread,
    http::{ClientMethod, parse_origin},
    suite::{NamedClient, Vocabulary},
    yaml::{Data, Fields, Key, Node, Problems},
};

/// What a settings file says.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) targets: BTreeMap<String, Entry>,
    /// Secrets that stand in the file itself, each for the target that has it.
    pub(super) warnings: BTreeMap<String, Vec<String>>,
}

impl File {
    /// The names of the targets that are at this URL, however it is written.
    pub(super) fn names_of(&self, url: &str) -> impl Iterator<Item = &str> {
        let origin = |url: &str| parse_origin(url).ok().map(|url| url.origin());
        let wanted = origin(url);
        let same = move |entry: &Entry| wanted.is_some() && entry.url.as_deref().and_then(origin) == wanted;
        self.targets.iter().filter(move |(_, entry)| same(entry)).map(|(name, _)| name.as_str())
    }
}

/// A target as it was written; its secrets have not been fetched.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(super) url: Option<String>,
    /// What it is able to.
    pub(crate) capabilities: Option<BTreeSet<String>>,
    /// How principals show who they are.
    pub(super) principals: BTreeMap<String, Login>,
    pub(super) proxy: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    /// The longest that a request may take, unless a flag says so.
    pub(crate) timeout: Option<Duration>,
    /// What the names of everything that is made begin with.
    pub(crate) prefix: Option<String>,
    /// The part of its rate limits that is left to others.
    pub(crate) rate_share: Option<f64>,
    /// The longest that a change of its configuration takes until it acts.
    pub(crate) effect: Option<Duration>,
    /// The OAuth clients that cases may use.
    pub(super) clients: BTreeMap<String, OAuthClientEntry>,
    /// The users that cases may name.
    pub(super) users: BTreeMap<String, UserEntry>,
}

/// An OAuth client that cases may use.
#[derive(Debug)]
pub(super) struct OAuthClientEntry {
    pub(super) id: String,
    pub(super) method: ClientMethod,
    pub(super) secret: Option<SecretFrom>,
    pub(super) key: Option<SecretFrom>,
    pub(super) key_id: Option<String>,
    pub(super) dpop: bool,
}

/// A user whom cases may name.
#[derive(Debug)]
pub(super) struct UserEntry {
    pub(super) login: String,
    pub(super) password: SecretFrom,
}

/// How a principal shows who it is.
#[derive(Debug)]
pub(super) enum Login {
    Ssws(SecretFrom),
    Bearer(SecretFrom),
    Client(Box<ClientEntry>),
}

/// A client that fetches tokens.
#[derive(Debug)]
pub(super) struct ClientEntry {
    pub(super) id: String,
    pub(super) auth: AuthEntry,
    pub(super) scopes: Vec<String>,
    pub(super) dpop: bool,
    pub(super) expired: bool,
    pub(super) token_url: Option<Url>,
}

/// How a client shows who it is.
#[derive(Debug)]
pub(super) enum AuthEntry {
    PrivateKey { from: SecretFrom, key_id: Option<String> },
    Secret(SecretFrom),
}

/// Whether a file that somebody named is one of settings.
pub(crate) fn is_settings(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// Reads a settings file for its mistakes alone, names that the suite does not know among them; gives the warnings.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn check(
    path: &Path,
    vocabulary: &Vocabulary,
    found: &mut Vec<Diagnostic>,
) -> Result<Vec<String>, SettingsError> {
    let text = text_of(path)?;
    Ok(check_text(&path.display().to_string(), &text, Some(vocabulary), found))
}

/// As [`check`], of the text of a file.
pub(crate) fn check_text(
    path: &str,
    text: &str,
    vocabulary: Option<&Vocabulary>,
    found: &mut Vec<Diagnostic>,
) -> Vec<String> {
    understand(path, text, vocabulary, found).warnings.into_values().flatten().collect()
}

/// The file that lies where the command is run, if there is one.
pub(super) fn lies_here<'p>() -> Option<&'p Path> {
    let default = Path::new(FILE);
    default.is_file().then_some(default)
}

/// Reads a settings file.
pub(super) fn read(path: &Path) -> Result<File, SettingsError> {
    let mut found = Vec::new();
    let file = understand(&path.display().to_string(), &text_of(path)?, None, &mut found);
    if found.is_empty() {
        return Ok(file);
    }
    found.sort_by_key(|diagnostic| diagnostic.span);
    let rendered: Vec<String> = found.iter().map(|diagnostic| diagnostic.render(false, COLUMNS)).collect();
    Err(SettingsError::Mistakes(path.display().to_string(), rendered.join("\n\n")))
}

fn text_of(path: &Path) -> Result<String, SettingsError> {
    Ok(crate::file::text(path, super::MAX_FILE).map_err(Unread::of(path))?)
}

/// What the text of a settings file says.
fn understand(path: &str, text: &str, names: Option<&Vocabulary>, found: &mut Vec<Diagnostic>) -> File {
    let mut problems = Problems::new(&shown(path, text), found);
    let root = parse(text, &mut problems);
    let mut file = File::default();
    if problems.count() > 0 {
        // What a broken document seems to say is not worth a message.
        return file;
    }
    let Some(mut fields) = Fields::of(&root, "settings file", &mut problems) else { return file };
    let targets = fields.optional("targets").and_then(|node| problems.map(node, "targets"));
    fields.finish(&mut problems);
    for (key, node) in targets.unwrap_or_default() {
        if key.name == "mock" || key.name.contains("://") {
            problems.at(key.span, format!("a target cannot be named `{}`, which has another meaning", key.name));
        }
        if let Some(vocabulary) = names {
            unknown_names(node, vocabulary, &mut problems);
        }
        let mut warnings = Vec::new();
        if let Some(entry) = target(node, &mut problems, &mut warnings) {
            file.targets.insert(key.name.clone(), entry);
            file.warnings.insert(key.name.clone(), warnings);
        }
    }
    file
}

fn target(node: &Node, problems: &mut Problems<'_>, warnings: &mut Vec<String>) -> Option<Entry> {
    let mut fields = Fields::of(node, "target", problems)?;
    let url = checked(fields.optional("url"), "url", problems, |url| parse_origin(url).map(|_| url.to_owned()));
    let mut entry = Entry { url, ..Entry::default() };
    if let Some(node) = fields.optional("capabilities") {
        entry.capabilities = Some(problems.texts(node, "capabilities").into_iter().map(|(_, name)| name).collect());
    }
    let of_proxy = fields.optional("proxy");
    entry.proxy = checked(of_proxy, "proxy", problems, proxy);
    if let (Some(url), Some(node)) = (&entry.proxy, of_proxy)
        && Url::parse(url).is_ok_and(|url| url.password().is_some())
    {
        let (line, column) = problems.source.position(node.span.start);
        warnings
            .push(format!("{}:{line}:{column}: the password of the proxy stands in the file", problems.source.path));
    }
    entry.ca_file = checked(fields.optional("ca-file"), "ca-file", problems, |path| Ok(PathBuf::from(path)));
    entry.timeout = checked(fields.optional("timeout"), "timeout", problems, parse_limit);
    entry.prefix = checked(fields.optional("prefix"), "prefix", problems, prefix);
    entry.rate_share = fields.optional("rate-share").and_then(|node| share_of(node, problems));
    let principals = fields.optional("principals").and_then(|node| problems.map(node, "principals"));
    for (key, node) in principals.unwrap_or_default() {
        if key.name == "anonymous" {
            problems.at(key.span, "`anonymous` has no credentials by definition");
        }
        if let Some(login) = login(node, problems, warnings) {
            entry.principals.insert(key.name.clone(), login);
        }
    }
    entry.effect = checked(fields.optional("effect"), "effect", problems, parse_limit);
    for (key, node) in fields.optional("clients").and_then(|node| problems.map(node, "clients")).unwrap_or_default() {
        if let Some(client) = oauth_client(node, problems, warnings) {
            entry.clients.insert(key.name.clone(), client);
        }
    }
    for (key, node) in fields.optional("users").and_then(|node| problems.map(node, "users")).unwrap_or_default() {
        if let Some(user) = user(node, problems, warnings) {
            entry.users.insert(key.name.clone(), user);
        }
    }
    fields.finish(problems);
    Some(entry)
}

fn oauth_client(node: &Node, problems: &mut Problems<'_>, warnings: &mut Vec<String>) -> Option<OAuthClientEntry> {
    let mut fields = Fields::of(node, "client", problems)?;
    let id = fields.text("client-id", problems).map(str::to_owned);
    let method = fields.required("method", problems).and_then(|node| problems.word(node, "method", "method"));
    let mut secret = |key, problems: &mut Problems<'_>| {
        let node = fields.optional(key)?;
        Some(SecretFrom::of(node, key, problems, warnings).ok_or(()))
    };
    let [secret, key] = [secret("client-secret", problems), secret("private-key", problems)];
    let key_id = fields.optional_text("key-id", problems);
    let dpop = fields.flag("dpop", problems);
    let span = fields.span();
    fields.finish(problems);
    let method = method?;
    let needed = match method {
        ClientMethod::ClientSecretBasic | ClientMethod::ClientSecretPost | ClientMethod::ClientSecretJwt => {
            secret.is_none().then_some("client-secret")
        }
        ClientMethod::PrivateKeyJwt => key.is_none().then_some("private-key"),
        ClientMethod::None => None,
    };
    if let Some(needed) = needed {
        problems.at(span, format!("a client of the method `{}` needs `{needed}`", <&str>::from(method)));
    }
    // What was given and cannot be read has been told.
    let (secret, key) = (secret.transpose().ok()?, key.transpose().ok()?);
    Some(OAuthClientEntry { id: id?, method, secret, key, key_id, dpop })
}

fn user(node: &Node, problems: &mut Problems<'_>, warnings: &mut Vec<String>) -> Option<UserEntry> {
    let mut fields = Fields::of(node, "user", problems)?;
    let login = fields.text("login", problems).map(str::to_owned);
    let password = fields.required("password", problems);
    let password = password.and_then(|node| SecretFrom::of(node, "password", problems, warnings));
    fields.finish(problems);
    Some(UserEntry { login: login?, password: password? })
}

/// A name that no case speaks of gives no trial anything, which nobody would notice.
fn unknown_names(target: &Node, vocabulary: &Vocabulary, problems: &mut Problems<'_>) {
    let principals = target.get("principals").and_then(Node::as_map).unwrap_or_default();
    for (key, _) in principals.iter().filter(|(key, _)| !vocabulary.principals.contains_key(&key.name)) {
        problems.unknown(key.span, "principal", &key.name, vocabulary.principals.keys().map(String::as_str));
    }
    let below = |key: &str| target.get(key).and_then(Node::as_map).unwrap_or_default();
    for (key, node) in below("clients") {
        problems.known(&vocabulary.clients, key.span, "client", &key.name);
        if let Some(named) = vocabulary.clients.get(&key.name) {
            check_client(&key.name, named, node, problems);
        }
    }
    for (key, _) in below("users") {
        problems.known(&vocabulary.users, key.span, "user", &key.name);
    }
    let capabilities = target.get("capabilities").and_then(Node::as_list).unwrap_or_default();
    let names = capabilities.iter().filter_map(|node| node.as_text().map(|name| (node.span, name)));
    for (span, name) in names.filter(|(_, name)| !vocabulary.capabilities.contains_key(*name)) {
        problems.unknown(span, "capability", name, vocabulary.capabilities.keys().map(String::as_str));
    }
}

/// A client that authenticates in another way than its name says would make cases fail that the target is right about.
fn check_client(name: &str, named: &NamedClient, node: &Node, problems: &mut Problems<'_>) {
    let method = node.get("method").and_then(|node| Some((node.span, node.as_text()?)));
    if let Some((span, method)) = method.filter(|(_, method)| *method != named.method) {
        let title = format!("the client `{name}` authenticates by {}, not {method}", named.method);
        problems.at_with(span, title, "give another client of the org this name, or leave it out");
    }
    let dpop = matches!(node.get("dpop").map(|node| &node.data), Some(Data::Bool(true)));
    if dpop != named.dpop {
        let title = format!("the client `{name}` has `dpop = {}`", named.dpop);
        problems.at_with(node.span, title, "give another client of the org this name, or leave it out");
    }
}

/// The text of `key` as `read` understands it; what it refuses is reported.
fn checked<T>(
    node: Option<&Node>,
    key: &'static str,
    problems: &mut Problems<'_>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let node = node?;
    match read(problems.text(node, key)?) {
        Ok(value) => Some(value),
        Err(reason) => {
            problems.at(node.span, format!("`{key}` cannot be used: {reason}"));
            None
        }
    }
}

impl Entry {
    /// With what is missing taken from another place.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            url: self.url.or(below.url),
            capabilities: self.capabilities.or(below.capabilities),
            principals: if self.principals.is_empty() { below.principals } else { self.principals },
            proxy: self.proxy.or(below.proxy),
            ca_file: self.ca_file.or(below.ca_file),
            timeout: self.timeout.or(below.timeout),
            prefix: self.prefix.or(below.prefix),
            rate_share: self.rate_share.or(below.rate_share),
            effect: self.effect.or(below.effect),
            clients: if self.clients.is_empty() { below.clients } else { self.clients },
            users: if self.users.is_empty() { below.users } else { self.users },
        }
    }
}

pub(super) fn proxy(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it must begin with http:// or https://".to_owned());
    }
    Ok(text.to_owned())
}

/// Names of everything that is made begin so, and what begins so is what a clean-up takes away: it must say whose it is.
pub(super) fn prefix(text: &str) -> Result<String, String> {
    let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && (3..=20).contains(&text.len());
    if !fits {
        return Err("use 3 to 20 letters, digits and hyphens".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn rate_share(number: Option<f64>) -> Result<f64, String> {
    let share = number.filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| "`rate-share` must be a number from 0 to below 1".to_owned())
}

fn share_of(node: &Node, problems: &mut Problems<'_>) -> Option<f64> {
    let number = if let Data::Number(number) = &node.data { number.as_f64() } else { None };
    let share = rate_share(number);
    share
        .map_err(|reason| {
            let meant = "it is the part of the rate limit that is left to others, such as 0.5";
            problems.at_with(node.span, reason, meant);
        })
        .ok()
}

fn login(node: &Node, problems: &mut Problems<'_>, warnings: &mut Vec<String>) -> Option<Login> {
    let mut fields = Fields::of(node, "principal", problems)?;
    let ssws = fields.optional("ssws").map(|node| SecretFrom::of(node, "ssws", problems, warnings).map(Login::Ssws));
    let bearer =
        fields.optional("bearer").map(|node| SecretFrom::of(node, "bearer", problems, warnings).map(Login::Bearer));
    let client = fields
        .optional("client-credentials")
        .map(|node| client(node, problems, warnings).map(|client| Login::Client(Box::new(client))));
    let span = fields.span();
    fields.finish(problems);
    let mut given: Vec<Option<Login>> = [ssws, bearer, client].into_iter().flatten().collect();
    if given.len() == 1 {
        return given.pop().flatten();
    }
    let title = format!("a principal needs one credential, not {}", given.len());
    problems.at_with(span, title, "give it one of `ssws`, `bearer` and `client-credentials`");
    None
}

fn client(node: &Node, problems: &mut Problems<'_>, warnings: &mut Vec<String>) -> Option<ClientEntry> {
    let mut fields = Fields::of(node, "client", problems)?;
    let id = fields.text("client-id", problems).map(str::to_owned);
    let key_id =
        fields.entry("key-id").and_then(|(key, node)| Some((key.span, problems.text(node, "key-id")?.to_owned())));
    let key = fields.optional("private-key").map(|node| SecretFrom::of(node, "private-key", problems, warnings));
    let secret = fields.optional("client-secret").map(|node| SecretFrom::of(node, "client-secret", problems, warnings));
    let scopes = fields.texts("scopes", problems);
    let [dpop, expired] = ["dpop", "expired"].map(|key| fields.flag(key, problems));
    let token_url = checked(fields.optional("token-url"), "token-url", problems, |text| {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err("it must begin with https://".to_owned()) }
    });
    let span = fields.span();
    fields.finish(problems);
    let auth = match (key, secret) {
        (Some(from), None) => from.map(|from| AuthEntry::PrivateKey { from, key_id: key_id.map(|(_, id)| id) }),
        (None, Some(from)) => {
            if let Some((span, _)) = key_id {
                problems.at(span, "`key-id` needs a private key");
            }
            from.map(AuthEntry::Secret)
        }
        _ => {
            problems.at(span, "a client needs one of `private-key` and `client-secret`");
            None
        }
    };
    Some(ClientEntry { id: id?, auth: auth?, scopes, dpop, expired, token_url })
}

/// Reads a document. Mistakes of syntax are reported, all at once; what could be read is still a tree.
fn parse(text: &str, problems: &mut Problems<'_>) -> Node {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or_default();
        problems.at(Span::new(span.start, span.end), format!("not TOML: {}", error.message()));
    }
    let span = root.span();
    Node { span: Span::new(span.start, span.end), data: table(root.get_ref()) }
}

fn table(table: &DeTable<'_>) -> Data {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        let span = key.span();
        (Key { span: Span::new(span.start, span.end), name: name.clone().into_owned() }, node(value))
    };
    Data::Map(table.iter().map(entry).collect())
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let data = match value.get_ref() {
        DeValue::String(text) => Data::Text(text.clone().into_owned()),
        DeValue::Boolean(value) => Data::Bool(*value),
        // In the forms that JSON does not have, a number is nothing that settings ask for.
        DeValue::Integer(number) => number_or_text(number.as_str()),
        DeValue::Float(number) => number_or_text(number.as_str()),
        DeValue::Datetime(time) => Data::Text(time.to_string()),
        DeValue::Array(items) => Data::List(items.iter().map(node).collect()),
        DeValue::Table(members) => table(members),
    };
    let span = value.span();
    Node { span: Span::new(span.start, span.end), data }
}

fn number_or_text(text: &str) -> Data {
    serde_json::from_str(text).map_or_else(|_| Data::Text(text.to_owned()), Data::Number)
}
