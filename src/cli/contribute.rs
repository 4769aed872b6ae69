//! `contribute`: runs twice against an org, makes a draft of what both runs showed without anything that is the org's own, and writes the
//! draft that a person has read as a bundle. Nothing is ever uploaded.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{
    CommandError, Mistake, WRONG_INPUT,
    out::{out, shown, tell, width},
    run::{self, Once, Ran},
    suite::{self, Choice},
};
use crate::{
    bundle::{self, Draft, Engine, HostKind, House},
    counted::counted,
    duration::parse_limit,
    file,
    report::fit,
    suite::Words,
    targets::Located,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// The org: a URL, or the name of a target in the settings file
    #[arg(long, value_name = "URL|NAME", env = "OKTA_CONFORMANCE_TARGET", required_unless_present = "reviewed")]
    target: Option<String>,
    /// Where the bundle goes; the draft goes beside it, with `.draft` behind its name
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write the bundle of a draft that you have read. Sends nothing
    #[arg(long, value_name = "DRAFT", conflicts_with_all = ["target", "patterns", "profiles", "failed_in"])]
    reviewed: Option<PathBuf>,
    /// The host is neither one of Okta's for previews nor one for developers, and may be run against all the same
    #[arg(long)]
    production: bool,
    /// The settings file, instead of okta-conformance.toml
    #[arg(long, value_name = "FILE", env = "OKTA_CONFORMANCE_SETTINGS")]
    settings: Option<PathBuf>,
    /// Where the random IDs of targets are kept
    #[arg(long, value_name = "FILE", default_value = "reports/contribute-ids.json")]
    ids: PathBuf,
    /// Trials at a time [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    #[arg(env = "OKTA_CONFORMANCE_JOBS")]
    jobs: Option<u16>,
    /// How much of each rate limit is left to other users of the org, in percent [default: what the settings say, or 50]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=99))]
    keep: Option<u8>,
    /// The longest that each run may take before it starts no further trial
    #[arg(long, value_name = "DUR", value_parser = parse_limit, env = "OKTA_CONFORMANCE_DEADLINE")]
    deadline: Option<Duration>,
}

/// More than a file of IDs has, in bytes.
const MOST_OF_IDS: u64 = 1024 * 1024;

/// The IDs of targets, by origin, as they are kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Ids(BTreeMap<String, String>);

pub(crate) fn contribute(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    match (&arguments.reviewed, &arguments.target) {
        (Some(draft), _) => write_bundle(draft, &arguments.out),
        (None, Some(target)) => write_draft(arguments, target, color),
        (None, None) => Err(Mistake::boxed("name the org: `--target URL|NAME`")),
    }
}

/// Writes exactly what was reviewed.
fn write_bundle(draft: &Path, out_file: &Path) -> Result<u8, CommandError> {
    if draft.canonicalize().ok().is_some_and(|draft| out_file.canonicalize().ok() == Some(draft)) {
        return Err(Mistake::boxed("the bundle would replace its draft: choose another `--out`"));
    }
    let (manifest, events) = bundle::read_draft(draft)?;
    bundle::write(out_file, &manifest, &events)?;
    let bytes = fs::metadata(out_file).map_or(0, |file| file.len());
    writeln!(
        out(),
        "{}: {} with {}, {} KB. Nothing was sent; hand it on yourself",
        shown(&out_file.display().to_string()),
        counted(manifest.trials, "trial"),
        counted(manifest.exchanges, "exchange"),
        bytes.div_ceil(1000),
    )?;
    Ok(0)
}

fn write_draft(arguments: &Arguments, target: &str, color: bool) -> Result<u8, CommandError> {
    let draft_file = beside(&arguments.out, "draft");
    let located = Located::find(target, arguments.settings.as_deref())?;
    let host = host(&located, arguments.production)?;
    let Some(plan) = suite::load(arguments.choice.suite.as_deref(), color)? else { return Ok(WRONG_INPUT) };
    let words = Words::of(arguments.choice.suite.as_deref())?;
    let id = id(&arguments.ids, &located)?;
    // The runs take long, and what cannot be written is known before.
    fs::write(&draft_file, "").map_err(|error| Mistake::boxed(format!("{}: {error}", draft_file.display())))?;
    let streams = ["first", "second"].map(|which| beside(&arguments.out, &format!("{which}.jsonl")));
    let (mut prefix, mut engine) = (String::new(), Engine::Unknown);
    for (number, stream) in ["first", "second"].into_iter().zip(&streams) {
        tell(&format!("{number} run; its events go to {}", stream.display()));
        let once = Once {
            choice: arguments.choice.clone(),
            target: target.to_owned(),
            settings: arguments.settings.clone(),
            jobs: arguments.jobs,
            keep: arguments.keep,
            deadline: arguments.deadline,
            events: stream.display().to_string(),
        };
        match run::once(once, color)? {
            Ran::Told { prefix: of_names, engine: of_org } => (prefix, engine) = (of_names, of_org),
            Ran::Ended(code) => return Ok(code),
        }
    }
    let of = House { id, prefix, host, engine };
    let draft = bundle::draft(&plan, &words, [&streams[0], &streams[1]], &of)?;
    let digest = bundle::write_draft(&draft_file, &draft)?;
    print(&draft, &draft_file, &arguments.out, &digest)?;
    Ok(0)
}

/// The kind of the target's host, if it may be run against.
fn host(located: &Located, production: bool) -> Result<HostKind, CommandError> {
    let Some(origin) = located.origin() else {
        return Err(Mistake::boxed(
            "the embedded mock is no evidence of the service: name an org with `--target URL|NAME`",
        ));
    };
    let host = HostKind::of(&origin);
    if host == HostKind::Production && !production {
        return Err(Mistake::boxed(format!(
            "{} is no host for previews (`*.oktapreview.com`) or developers (`dev-*.okta.com`): give `--production` if the org may be run against all the same",
            shown(origin.host_str().unwrap_or_default()),
        )));
    }
    Ok(host)
}

/// The random ID of a target: made once, kept where only whoever runs this sees which target has it.
fn id(file: &Path, located: &Located) -> Result<String, CommandError> {
    let origin = located.origin().map_or_else(String::new, |url| url.origin().ascii_serialization());
    let refused = |what: String| Mistake::boxed(format!("{}: {what}", file.display()));
    let mut ids: Ids = match file::text(file, MOST_OF_IDS) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| refused(format!("not the IDs of targets: {error}")))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ids::default(),
        Err(error) => return Err(refused(error.to_string())),
    };
    if let Some(id) = ids.0.get(&origin) {
        return Ok(id.clone());
    }
    let id = format!("{:032x}", rand::random::<u128>());
    ids.0.insert(origin, id.clone());
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).map_err(|error| refused(error.to_string()))?;
    }
    let text = serde_json::to_string_pretty(&ids).unwrap_or_default();
    fs::write(file, text + "\n").map_err(|error| refused(error.to_string()))?;
    Ok(id)
}

/// A file with this behind the name of another.
fn beside(file: &Path, behind: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{behind}"));
    name.into()
}

/// What would leave, on a page.
fn print(draft: &Draft, file: &Path, out_file: &Path, digest: &str) -> Result<(), CommandError> {
    let Draft { manifest, events, contents } = draft;
    let list = |texts: &mut dyn Iterator<Item = String>| {
        let texts: Vec<String> = texts.collect();
        if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
    };
    let left_out = manifest.left_out;
    let header = bundle::HEADERS.join(", ");
    let lines = [
        (
            "draft",
            format!(
                "{}: {} with {}, {} KB",
                file.display(),
                counted(manifest.trials, "trial"),
                counted(manifest.exchanges, "exchange"),
                events.len().div_ceil(1000)
            ),
        ),
        (
            "left out",
            format!(
                "{} not the same in both runs, {} not judged, {} whose outcome does not follow from what may be told",
                counted(left_out.different, "trial"),
                left_out.not_judged,
                left_out.not_rechecked
            ),
        ),
        (
            "says of you",
            format!(
                "{} host, engine {}, month {}, ID {}, capabilities {}",
                manifest.host,
                manifest.engine,
                manifest.month,
                manifest.id,
                list(&mut manifest.capabilities.iter().cloned())
            ),
        ),
        ("operations", list(&mut contents.operations.iter().map(|(operation, count)| format!("{operation} {count}")))),
        ("headers", header),
        (
            "new members",
            format!(
                "{} (names that no file of the suite has, in what the run made)",
                list(&mut contents.names.iter().cloned())
            ),
        ),
        (
            "texts",
            format!(
                "those of the suite as they are; {} replaced by others of the same form, times moved, tokens left out",
                counted(contents.replaced, "other")
            ),
        ),
        ("digest", digest.to_owned()),
    ];
    let mut text = String::new();
    for (word, line) in lines {
        let _ = writeln!(text, "{word:<13}{}", shown(&line));
    }
    let (file, out_file) = (shown(&file.display().to_string()), shown(&out_file.display().to_string()));
    write!(out(), "{}", fit(&text, width()))?;
    writeln!(out(), "\nRead the draft: it is all that would leave. Then")?;
    writeln!(out(), "  okta-conformance contribute --reviewed {file} --out {out_file}")?;
    Ok(())
}
