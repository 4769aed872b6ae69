//! The command line: what the user typed, which command it is, which exit code follows.
//!
//! The only module that sees everything, and the only one that prints. Exit codes: 0 conformant, 1 not conformant, 2 could not be judged,
//! 3 the user's input is wrong, 4 nothing ran, 130 interrupted, 143 ended by SIGTERM.

mod check;
mod contribute;
mod dates;
mod diff;
mod evidence;
mod explain;
mod list;
mod mock;
mod mutants;
mod offline;
mod out;
mod outside;
mod recheck;
mod replay;
mod report;
mod rerun;
mod run;
mod streams;
mod suite;
mod sweep;
mod target;
mod trend;
mod variables;
mod verify;
mod version;

use std::{error::Error, ffi::OsStr, io, io::Write as _, process::ExitCode};

use chrono::NaiveDate;
use clap::{
    Arg, Parser, Subcommand, ValueEnum,
    builder::{EnumValueParser, PossibleValue, StringValueParser, TypedValueParser},
};

use self::variables::Refused;
use crate::report::Verdict;

/// The exit code for flags, settings, cases and files that are wrong.
const WRONG_INPUT: u8 = 3;

/// Holds an API to its word: a conformance suite for Okta's Authorization Servers management API.
#[derive(Debug, Parser)]
#[command(name = "okta-conformance", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Colours in the output
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run trials against a target
    Run(Box<run::Arguments>),
    /// List the trials that `run` with the same options would run
    List(list::Arguments),
    /// Read a suite, or single case files, and report every mistake
    Check(check::Arguments),
    /// Explain a trial: requirement, evidence, steps, last outcome
    Explain(explain::Arguments),
    /// Serve the mock
    Mock(mock::Arguments),
    /// Run the suite against every fault of the mock and print which check finds it
    Mutants(mutants::Arguments),
    /// Judge recorded traffic without sending anything
    Verify(verify::Arguments),
    /// Send a recording's requests to a target and compare the answers
    Replay(replay::Arguments),
    /// Remove what earlier runs left behind on a target
    Sweep(sweep::Arguments),
    /// Make reports from one or more event streams
    Report(report::Arguments),
    /// Compare two runs by their event streams
    Diff(diff::Arguments),
    /// Show many runs in the order of time
    Trend(trend::Arguments),
    /// Make evidence of an org's behaviour that may leave the house: run twice, take out all that is the org's own
    Contribute(Box<contribute::Arguments>),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// How a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One object, for scripts
    Json,
}

/// A command that could not do its work, with the chain of causes.
pub(crate) type CommandError = Box<dyn Error>;

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    if version::is_asked() {
        return version::tell().map_or_else(
            |error| {
                complain(error.as_ref());
                ExitCode::from(WRONG_INPUT)
            },
            |()| ExitCode::SUCCESS,
        );
    }
    let (arguments, variables) = match variables::arguments() {
        Ok(both) => both,
        Err(Refused::Typed(error)) => {
            return match refuse(&error) {
                Err(error) => {
                    complain(&error);
                    ExitCode::from(WRONG_INPUT)
                }
                Ok(()) if error.use_stderr() => ExitCode::from(WRONG_INPUT),
                Ok(()) => ExitCode::SUCCESS,
            };
        }
        Err(Refused::Variable(error)) => {
            complain(&error);
            return ExitCode::from(WRONG_INPUT);
        }
    };
    for warning in variables::unknown() {
        out::warn(&warning);
    }
    let color = match arguments.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => out::takes_colours(out::out_is_watched()),
    };
    let done = match arguments.command {
        Command::Run(arguments) => run::run(&arguments, color),
        Command::List(arguments) => list::list(&arguments, color),
        Command::Check(arguments) => check::check(&arguments, color),
        Command::Explain(arguments) => explain::explain(&arguments, color),
        Command::Mock(arguments) => mock::mock(&arguments, color),
        Command::Mutants(arguments) => mutants::mutants(&arguments, color),
        Command::Verify(arguments) => verify::verify(&arguments, color),
        Command::Replay(arguments) => replay::replay(&arguments, color),
        Command::Sweep(arguments) => sweep::sweep(&arguments, color),
        Command::Report(arguments) => report::report(&arguments, color),
        Command::Diff(arguments) => diff::diff(&arguments),
        Command::Trend(arguments) => trend::trend(&arguments),
        Command::Contribute(arguments) => contribute::contribute(&arguments, color),
        Command::Completions { shell } => version::completions(shell),
    };
    let code = match done {
        Ok(code) => code,
        Err(error) if is_closed_pipe(error.as_ref()) => return ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            WRONG_INPUT
        }
    };
    // Who is told of a name that they never typed has to know where it comes from.
    if !variables.is_empty() && (code == WRONG_INPUT || code == Verdict::NothingRan.exit_code()) {
        out::tell(&format!("  the environment sets this: {}", variables.join(", ")));
    }
    ExitCode::from(code)
}

/// What the reader of arguments says: a mistake, or a page of help.
fn refuse(error: &clap::Error) -> io::Result<()> {
    let said = error.render();
    if error.use_stderr() {
        let colours = out::takes_colours(out::err_is_watched());
        // Where nobody listens, there is nobody to tell.
        let _ = write!(out::coloured_err(colours), "{}", painted(&said, colours));
        return Ok(());
    }
    let colours = out::takes_colours(out::out_is_watched());
    let mut out = out::coloured_out(colours);
    write!(out, "{}", painted(&said, colours))?;
    out.flush()
}

fn painted(said: &clap::builder::StyledStr, colours: bool) -> String {
    if colours { said.ansi().to_string() } else { said.to_string() }
}

/// The month of the oldest recordings: nothing tells what the service did before.
const OLDEST: NaiveDate = NaiveDate::from_ymd_opt(2020, 8, 1).expect("a day");

/// A full-date of RFC 3339, of which it is known how the service behaved then.
fn parse_as_of(text: &str) -> Result<NaiveDate, String> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    // The library reads 2025-3-1 too.
    let day = day.filter(|day| day.to_string() == text).ok_or_else(|| "write a day as 2025-03-01".to_owned())?;
    // Somewhere it is tomorrow already.
    if day > chrono::Utc::now().date_naive() + chrono::Days::new(1) {
        return Err("that day is in the future; leave it out for today's behaviour".to_owned());
    }
    if day < OLDEST {
        return Err(format!("no recording is older than {OLDEST}: use {OLDEST} for the oldest known behaviour"));
    }
    Ok(day)
}

/// Values that stand several in one text separated by commas, typed or in a variable: blanks around one are no part of it.
#[derive(Clone)]
struct Listed<P>(P);

/// Reads names.
fn names() -> Listed<StringValueParser> {
    Listed(StringValueParser::new())
}

/// Reads words of an enumeration.
fn words<E: clap::ValueEnum + Clone + Send + Sync + 'static>() -> Listed<EnumValueParser<E>> {
    Listed(EnumValueParser::new())
}

impl<P: TypedValueParser> TypedValueParser for Listed<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, clap::Error> {
        // What is no text is the other's to refuse.
        let trimmed = value.to_str().map_or(value, |text| OsStr::new(text.trim()));
        self.0.parse_ref(command, argument, trimmed)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// The error, what caused it, and so on.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The whole chain of causes, once.
fn complain(error: &(dyn Error + 'static)) {
    out::tell(&chain(error));
}

/// The whole chain of causes, a line each.
fn chain(error: &(dyn Error + 'static)) -> String {
    format!("error: {}", causes(error).map(ToString::to_string).collect::<Vec<_>>().join("\n  because: "))
}

/// The whole chain of causes, on one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Says what went wrong, if anything did, where the command goes on; whether nothing did.
fn told(done: Result<(), impl Into<CommandError>>) -> bool {
    let failed = done.err().map(|error| out::complain(&with_causes(error.into().as_ref())));
    failed.is_none()
}

/// `… | head` is no mistake, whatever was writing.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = error.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        kind.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}

/// A mistake of the user that no other error type names.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Mistake(String);

impl Mistake {
    fn boxed(text: impl Into<String>) -> CommandError {
        Box::new(Self(text.into()))
    }
}
