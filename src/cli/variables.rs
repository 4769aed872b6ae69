//! Variables of the environment in the place of flags: which flags have one, and whose mistake a wrong value is.
//!
//! What the variables are is `settings`' to say.

use clap::{
    ArgMatches, Command, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use super::Arguments;
use crate::settings::{self, SettingsError, StandsFor, VARIABLES, Variable};

/// Why there are no arguments.
pub(super) enum Refused {
    /// What was typed; also a page of help.
    Typed(clap::Error),
    /// What the environment says.
    Variable(SettingsError),
}

/// What was typed, and what the variables say beside it; with the names of the variables that had a say.
pub(super) fn arguments() -> Result<(Arguments, Vec<&'static str>), Refused> {
    let command = bound(Arguments::command()).map_err(Refused::Variable)?;
    let matches = command.try_get_matches().map_err(|error| blame(error, Arguments::command()))?;
    let arguments = Arguments::from_arg_matches(&matches).map_err(Refused::Typed)?;
    Ok((arguments, used(&matches)))
}

/// The variables that stand for a flag which was not typed, and those that are for whatever target the command opens.
fn used(matches: &ArgMatches) -> Vec<&'static str> {
    let Some((name, matches)) = matches.subcommand() else { return Vec::new() };
    let of_environment = |flag: &str| {
        let command = Arguments::command();
        let mut arguments = command.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
        let argument = arguments.find(|argument| argument.get_long() == Some(flag));
        argument
            .is_some_and(|argument| matches.value_source(argument.get_id().as_str()) == Some(ValueSource::EnvVariable))
    };
    let opens = matches!(name, "run" | "list" | "sweep" | "replay");
    let had_a_say = |variable: &&Variable| match variable.stands_for {
        StandsFor::Flag(commands) => commands.contains(&name) && of_environment(&variable.of()),
        StandsFor::Key => opens && variable.value().is_ok_and(|value| value.is_some()),
    };
    VARIABLES.iter().filter(had_a_say).map(|variable| variable.name).collect()
}

/// What there is to say of variables that nothing reads.
pub(super) fn unknown() -> Vec<String> {
    let command = Arguments::command();
    let flags = command.get_subcommands().flat_map(Command::get_arguments).filter_map(clap::Arg::get_long);
    settings::unknown(&flags.map(str::to_owned).collect::<Vec<_>>())
}

/// The command with the variables of its flags.
fn bound(mut command: Command) -> Result<Command, SettingsError> {
    for variable in &VARIABLES {
        let StandsFor::Flag(commands) = variable.stands_for else { continue };
        // To the library an empty one is a value.
        if variable.is_empty() {
            continue;
        }
        variable.value()?;
        for name in commands {
            command = command.mut_subcommand(*name, |command| bind(command, variable));
        }
    }
    Ok(command)
}

fn bind(command: Command, variable: &Variable) -> Command {
    let flag = variable.of();
    command.mut_args(|argument| {
        if argument.get_long() == Some(flag.as_str()) {
            argument.env(variable.name).hide_env_values(true)
        } else {
            argument
        }
    })
}

/// A value that cannot be used is the variable's where what was typed has none such.
fn blame(error: clap::Error, plain: Command) -> Refused {
    let of_value = |error: &clap::Error| matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation);
    if !of_value(&error) || plain.try_get_matches().is_err_and(|typed| of_value(&typed)) {
        return Refused::Typed(error);
    }
    // Such as `--jobs <N>`.
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return Refused::Typed(error) };
    let flag = shown.trim_start_matches('-').split([' ', '[', '=']).next().unwrap_or_default();
    let mut flags = VARIABLES.iter().filter(|variable| matches!(variable.stands_for, StandsFor::Flag(_)));
    match flags.find(|variable| variable.of() == flag) {
        Some(variable) => Refused::Variable(variable.refused()),
        None => Refused::Typed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_of_a_flag_has_its_flag() {
        let command = Arguments::command();
        for variable in &VARIABLES {
            let StandsFor::Flag(commands) = variable.stands_for else { continue };
            for name in commands {
                let command = command.find_subcommand(name).expect("a command");
                let mut flags = command.get_arguments().filter_map(clap::Arg::get_long);
                assert!(flags.any(|flag| flag == variable.of()), "{name} has no --{}", variable.of());
            }
        }
    }
}
