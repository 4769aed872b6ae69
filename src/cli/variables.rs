//! Variables of the environment instead of flags, which say themselves by which variable: whose mistake a wrong value is, and which
//! variables had a say.
//!
//! What the values of variables must be is `settings`' to say.

use clap::{
    Arg, ArgMatches, Command, CommandFactory, FromArgMatches,
    builder::Resettable,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use super::Arguments;
use crate::settings::{self, FLAGS, KEYS, SettingsError};

/// Why there are no arguments.
pub(super) enum Refused {
    /// What was typed; also a page of help.
    Typed(clap::Error),
    /// What the environment says.
    Variable(SettingsError),
}

/// What was typed, and what the variables say beside it; with the names of the variables that had a say.
pub(super) fn arguments() -> Result<(Arguments, Vec<&'static str>), Refused> {
    FLAGS.iter().try_for_each(|variable| variable.value().map(drop)).map_err(Refused::Variable)?;
    // To the library an empty one is a value.
    let command = without_variables(|name| settings::is_empty(name));
    let matches = command.clone().try_get_matches().map_err(blame)?;
    let arguments = Arguments::from_arg_matches(&matches).map_err(Refused::Typed)?;
    Ok((arguments, used(&command, &matches)))
}

/// The command, in which no flag has any of these variables.
fn without_variables(these: impl Fn(&std::ffi::OsStr) -> bool) -> Command {
    let unbound = |argument: Arg| match argument.get_env() {
        Some(name) if these(name) => argument.env(Resettable::Reset),
        Some(_) | None => argument.hide_env_values(true),
    };
    Arguments::command().mut_subcommands(|command| command.mut_args(unbound))
}

/// The variables that stand for a flag which was not typed, and those that are for whatever target the command opens.
fn used(command: &Command, matches: &ArgMatches) -> Vec<&'static str> {
    let Some((name, matches)) = matches.subcommand() else { return Vec::new() };
    let of_command = command.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
    let of_environment =
        |argument: &&Arg| matches.value_source(argument.get_id().as_str()) == Some(ValueSource::EnvVariable);
    let said: Vec<_> = of_command.filter(of_environment).filter_map(Arg::get_env).collect();
    let opens = matches!(name, "run" | "list" | "sweep" | "replay");
    let flags = FLAGS.iter().filter(|variable| said.iter().any(|name| *name == variable.0));
    let keys = KEYS.iter().filter(|variable| opens && variable.value().is_ok_and(|value| value.is_some()));
    flags.chain(keys).map(|variable| variable.0).collect()
}

/// What there is to say of variables that nothing reads.
pub(super) fn unknown() -> Vec<String> {
    let command = Arguments::command();
    let flags = command.get_subcommands().flat_map(Command::get_arguments).filter_map(Arg::get_long);
    settings::unknown(&flags.map(str::to_owned).collect::<Vec<_>>())
}

/// A value that cannot be used is the variable's where what was typed has none such.
fn blame(error: clap::Error) -> Refused {
    let of_value = |error: &clap::Error| matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation);
    if !of_value(&error) || without_variables(|_| true).try_get_matches().is_err_and(|typed| of_value(&typed)) {
        return Refused::Typed(error);
    }
    // Such as `--jobs <N>`.
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return Refused::Typed(error) };
    let flag = shown.trim_start_matches('-').split([' ', '[', '=']).next().unwrap_or_default();
    match FLAGS.iter().find(|variable| variable.of() == flag) {
        Some(variable) => Refused::Variable(variable.refused()),
        None => Refused::Typed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands with the variables that they read, each with its flag.
    fn read() -> Vec<(String, String, String)> {
        let of = |command: &Command| {
            let variable =
                |argument: &Arg| Some((argument.get_env()?.to_str()?.to_owned(), argument.get_long()?.to_owned()));
            let name = command.get_name().to_owned();
            command
                .get_arguments()
                .filter_map(variable)
                .map(move |(variable, flag)| (name.clone(), variable, flag))
                .collect()
        };
        Arguments::command().get_subcommands().flat_map::<Vec<_>, _>(of).collect()
    }

    #[test]
    fn every_variable_stands_in_the_manual() {
        let all = read();
        let flag = |variable: &settings::Variable| {
            let commands: Vec<&str> =
                all.iter().filter(|(_, name, _)| name == variable.0).map(|(command, ..)| command.as_str()).collect();
            assert!(!commands.is_empty(), "nothing reads {}", variable.0);
            format!("| `{}` | `--{}` of `{}` | {} |\n", variable.0, variable.of(), commands.join("`, `"), variable.1)
        };
        let key = |variable: &settings::Variable| {
            format!("| `{}` | `{}` of a target | {} |\n", variable.0, variable.of(), variable.1)
        };
        let rows: String = FLAGS.iter().map(flag).chain(KEYS.iter().map(key)).collect();
        let table = format!("| variable | stands for | and must be |\n|---|---|---|\n{rows}");
        let manual = include_str!("../../docs/live-org.md");
        assert!(manual.contains(&format!("\n\n{table}\n")), "docs/live-org.md needs the table\n\n{table}");
    }

    #[test]
    fn every_variable_of_a_flag_is_called_as_the_flag() {
        for (command, name, flag) in read() {
            let known = FLAGS.iter().find(|variable| variable.0 == name);
            assert_eq!(known.map(settings::Variable::of), Some(flag), "{name} of {command}");
        }
    }
}
