//! `mock`: serves the mock until it is interrupted.

use std::{
    collections::BTreeSet,
    fs,
    io::{ErrorKind, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use okta_mock::{
    Fault, IssuerMode, Mock, Settings, StartError, Tls, Token, TokenKind, UnknownPaths, faults, start::Example,
};
use rand::Rng as _;
use serde_json::json;

use super::{
    CommandError, Format, Mistake, WRONG_INPUT,
    out::{self, out, shown},
    parse_as_of, suite,
};
use crate::{
    diagnostic::did_you_mean,
    duration::{parse as parse_duration, parse_limit},
    targets::{StateError, StateFile},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The address to listen on, or `localhost`; beyond the loopback interface it needs a token, and one is made if none is given
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS", value_parser = parse_bind)]
    bind: IpAddr,
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8899, value_name = "N")]
    port: u16,
    /// A token that is accepted (repeatable): `VALUE` is an API token with all rights, `VALUE=SCOPE,SCOPE` an access token with these
    /// scopes, `VALUE=` one without any; `:expired` or `:N` behind VALUE makes it expired or gives it N requests a minute
    #[arg(long = "token", value_name = "TOKEN", value_parser = parse_token)]
    tokens: Vec<Token>,
    /// Makes identifiers, keys and times repeatable
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Requests a minute in each bucket
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    rate_limit: u32,
    /// How long a window of the rate limit is, in whole seconds
    #[arg(long, default_value = "60s", value_name = "DUR", value_parser = parse_seconds)]
    rate_window: Duration,
    /// How long an access token of the token endpoint lives, in whole seconds
    #[arg(long, default_value = "1h", value_name = "DUR", value_parser = parse_seconds)]
    token_lifetime: Duration,
    /// How long a nonce for `DPoP` is good
    #[arg(long, default_value = "24h", value_name = "DUR", value_parser = parse_limit)]
    nonce_lifetime: Duration,
    /// Let the API ask for nonces in proofs of `DPoP`, as the token endpoint does
    #[arg(long)]
    api_nonce: bool,
    #[command(flatten)]
    https: Https,
    /// A port, on the loopback interface, for tests that steer the mock: /__admin/health, requests, reset, clock; 0 takes a free one
    #[arg(long, value_name = "N")]
    admin_port: Option<u16>,
    /// The status of a documented operation that is not served: `404` is the service's answer to an unknown path
    #[arg(long, value_enum, default_value_t = Unknown::NotImplemented, value_name = "STATUS")]
    unknown_paths: Unknown,
    /// Time added to each answer
    #[arg(long, default_value = "0ms", value_name = "DUR", value_parser = parse_duration)]
    latency: Duration,
    /// The issuer mode of a server that was created without one
    #[arg(long, value_enum, default_value_t = Mode::Dynamic, value_name = "MODE")]
    issuer_mode: Mode,
    /// The host, with its port, that issuers of servers with `CUSTOM_URL` name [default: the org's own]
    #[arg(long, value_name = "HOST")]
    custom_domain: Option<String>,
    /// Behave as the service did on this day, as far as recordings tell it [default: as today]
    #[arg(long, value_name = "DATE", value_parser = parse_as_of)]
    as_of: Option<NaiveDate>,
    /// What the org holds at the start, as YAML (schemas/harness/state.schema.json)
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Who is signed in for /authorize and /activate, which have no page: the login or id of a user of the state
    #[arg(long, value_name = "USER")]
    login: Option<String>,
    /// An org that lacks the API Access Management feature
    #[arg(long)]
    without_api_access_management: bool,
    /// A change of behaviour, by its name (repeatable)
    #[arg(long = "fault", value_name = "NAME", num_args = 1..)]
    faults: Vec<String>,
    /// List all faults, and serve nothing
    #[arg(long)]
    list_faults: bool,
    /// Format of the list
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT", requires = "list_faults")]
    format: Format,
}

/// How the mock speaks HTTPS.
#[derive(Debug, Args)]
struct Https {
    /// Speak HTTPS, with a certificate that is made at the start for `localhost` and the loopback addresses
    #[arg(long)]
    tls: bool,
    /// Another name or address for the certificate (repeatable)
    #[arg(long, value_name = "NAME", requires = "tls")]
    tls_name: Vec<String>,
    /// Where to write the certificate of the authority that clients have to trust
    #[arg(long, default_value = "okta-mock-ca.pem", value_name = "FILE", requires = "tls")]
    ca_file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    OrgUrl,
    Dynamic,
    CustomUrl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unknown {
    #[value(name = "501")]
    NotImplemented,
    #[value(name = "404")]
    NotFound,
}

/// How many requests the port for tests tells.
const LOG: usize = 1_000;

/// How many random bytes a token has.
const TOKEN_BYTES: usize = 24;

fn parse_bind(text: &str) -> Result<IpAddr, String> {
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    text.parse().map_err(|_| format!("`{text}` is neither an address nor `localhost`"))
}

/// What everybody knows is enough where nobody else can connect.
fn default_token(bind: IpAddr) -> String {
    if bind.is_loopback() {
        return "mock-token".to_owned();
    }
    BASE64_URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; TOKEN_BYTES]>())
}

/// `VALUE[:expired|:N][=SCOPE,SCOPE]`.
fn parse_token(text: &str) -> Result<Token, String> {
    let (head, scopes) = text.split_once('=').map_or((text, None), |(head, scopes)| (head, Some(scopes)));
    let (value, option) = head.split_once(':').map_or((head, None), |(value, option)| (value, Some(option)));
    if value.is_empty() || value.contains(char::is_whitespace) {
        return Err("a token needs at least one character and no spaces".to_owned());
    }
    let (mut expired, mut rate_limit) = (false, None);
    match option {
        None => {}
        Some("expired") => expired = true,
        Some(number) => {
            rate_limit = Some(number.parse().map_err(|_| format!("`{number}` is neither `expired` nor a number"))?);
        }
    }
    let kind = match scopes {
        None => TokenKind::Ssws { read_only: false },
        Some(list) => {
            let scopes: BTreeSet<String> =
                list.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
            TokenKind::Bearer { scopes }
        }
    };
    Ok(Token { value: value.to_owned(), kind, rate_limit, expired })
}

/// What headers and bodies tell in seconds.
fn parse_seconds(text: &str) -> Result<Duration, String> {
    let whole = |duration: &Duration| duration.subsec_nanos() == 0;
    let refused = || format!("`{text}` is not a whole number of seconds: write `10s`, `5m` or `1h`");
    parse_limit(text).and_then(|duration| Some(duration).filter(whole).ok_or_else(refused))
}

pub(crate) fn mock(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    if arguments.list_faults {
        return list_faults(arguments.format);
    }
    serve(arguments).or_else(|error| match *error.downcast::<StateError>()? {
        StateError::Wrong(mistakes) => {
            suite::show_each(&mistakes, color);
            Ok(WRONG_INPUT)
        }
        error @ StateError::Files(_) => Err(error.into()),
    })
}

fn list_faults(format: Format) -> Result<u8, CommandError> {
    let mut out = out();
    match format {
        Format::Text => {
            for fault in faults() {
                writeln!(out, "{}: {}", fault.name, fault.title)?;
            }
        }
        Format::Json => {
            let row = |fault: &Fault| {
                json!({
                    "name": fault.name, "operations": fault.operation.as_slice(), "kind": fault.kind.name(), "title": fault.title,
                })
            };
            out::json(&faults().iter().map(row).collect::<Vec<_>>())?;
        }
    }
    Ok(0)
}

/// The faults with these names.
fn find_faults(names: &[String]) -> Result<Vec<Fault>, CommandError> {
    // The table is nine tenths of what a mock does to start.
    let all = if names.is_empty() { Vec::new() } else { faults() };
    let find = |name: &String| {
        all.iter().find(|fault| fault.name == *name).cloned().ok_or_else(|| {
            let near = did_you_mean(name, all.iter().map(|fault| fault.name.as_str()));
            let hint = near.unwrap_or_else(|| "`okta-conformance mock --list-faults` shows them".to_owned());
            Mistake::boxed(format!("there is no fault `{name}`: {hint}"))
        })
    };
    names.iter().map(find).collect()
}

fn serve(arguments: &Arguments) -> Result<u8, CommandError> {
    let file = arguments.state.as_deref().map(StateFile::read).transpose()?;
    let example = Example::new(arguments.seed);
    let mut tokens = arguments.tokens.clone();
    if tokens.is_empty() {
        tokens.push(Token::ssws(default_token(arguments.bind)));
    }
    let first = tokens.first().map(|token| token.value.clone()).unwrap_or_default();
    let settings = Settings {
        bind: SocketAddr::new(arguments.bind, arguments.port),
        seed: arguments.seed,
        tokens,
        rate_limit: arguments.rate_limit,
        rate_window: arguments.rate_window,
        token_lifetime: arguments.token_lifetime,
        dpop_nonce_lifetime: arguments.nonce_lifetime,
        dpop_nonce_at_api: arguments.api_nonce,
        api_access_management: !arguments.without_api_access_management,
        issuer_mode: match arguments.issuer_mode {
            Mode::OrgUrl => IssuerMode::OrgUrl,
            Mode::Dynamic => IssuerMode::Dynamic,
            Mode::CustomUrl => IssuerMode::CustomUrl,
        },
        custom_domain: arguments.custom_domain.clone(),
        as_of: arguments.as_of,
        latency: arguments.latency,
        unknown_paths: match arguments.unknown_paths {
            Unknown::NotImplemented => UnknownPaths::NotImplemented,
            Unknown::NotFound => UnknownPaths::NotFound,
        },
        admin_port: arguments.admin_port,
        log: if arguments.admin_port.is_some() { LOG } else { 0 },
        tls: arguments.https.tls.then(|| Tls { names: arguments.https.tls_name.clone() }),
        faults: find_faults(&arguments.faults)?,
        state: Some(file.as_ref().map_or_else(|| example.state.clone(), |file| file.state.clone())),
        login: arguments.login.clone(),
        ..Settings::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mock = Mock::start(settings).await.map_err(|error| match (error, &file) {
            (StartError::State(error), Some(file)) if error.location.is_some() => file.drawn(&error).into(),
            (StartError::State(error), _) => Mistake::boxed(error.message),
            (StartError::Io(error), _) if error.kind() == ErrorKind::AddrInUse => Mistake::boxed(format!(
                "cannot listen on {}:{}: another program does; `--port 0` takes a free port",
                arguments.bind, arguments.port
            )),
            (error, _) => Mistake::boxed(format!("cannot listen on {}:{}: {error}", arguments.bind, arguments.port)),
        })?;
        write_authority(&mock, &arguments.https.ca_file)?;
        let mut out = out();
        writeln!(
            out,
            "mock org at {}\n  export OKTA_CLIENT_ORGURL={} OKTA_CLIENT_TOKEN={}",
            mock.url(),
            mock.url(),
            shown(&first)
        )?;
        if file.is_none() {
            write_example(&mut out, &mock, &example, &arguments.https.ca_file)?;
        }
        if mock.authority().is_some() {
            writeln!(out, "certificate authority in {}", shown(&arguments.https.ca_file.display().to_string()))?;
        }
        if let Some(admin) = mock.admin_url() {
            writeln!(out, "admin at {admin}/__admin/")?;
        }
        out.flush()?;
        drop(out);
        mock.serve_until(async { drop(tokio::signal::ctrl_c().await) }).await;
        Ok(0)
    })
}

/// What can be tried at once, where the org holds nothing of the user's.
fn write_example(out: &mut impl Write, mock: &Mock, example: &Example, ca_file: &Path) -> std::io::Result<()> {
    let Example { client_id, client_secret, scope, login, password, state: _ } = example;
    let url = mock.url();
    let trust = mock.authority().map(|_| format!("--cacert '{}' ", shown(&ca_file.display().to_string())));
    let trust = trust.unwrap_or_default();
    writeln!(out, "a client and a user ({login}, password {password}); a token:")?;
    writeln!(
        out,
        "  curl {trust}-u {client_id}:{client_secret} -d 'grant_type=client_credentials&scope={scope}' {url}/oauth2/default/v1/token"
    )
}

fn write_authority(mock: &Mock, file: &Path) -> Result<(), CommandError> {
    let Some(authority) = mock.authority() else { return Ok(()) };
    fs::write(file, authority).map_err(|error| Mistake::boxed(format!("cannot write {}: {error}", file.display())))
}
