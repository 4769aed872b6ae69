//! Where a secret comes from: a variable, a file, a command; in the settings file itself only with a warning.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use secrecy::SecretString;

use super::{SettingsError, environment};
use crate::yaml::{Data, Fields, Node, Problems};

/// The place of a secret.
#[derive(Debug)]
pub(super) enum SecretFrom {
    Literal(SecretString),
    Env(String),
    File(PathBuf),
    /// A program with its arguments; no shell reads them.
    Command(Vec<String>),
}

impl SecretFrom {
    /// Reads the place of the secret `key`; a literal one is added to `warnings`.
    pub(super) fn of(
        node: &Node,
        key: &'static str,
        problems: &mut Problems<'_>,
        warnings: &mut Vec<String>,
    ) -> Option<Self> {
        const FORMS: &str = "write `{ env = \"NAME\" }`, `{ file = \"PATH\" }` or `{ command = [\"PROGRAM\", …] }`";
        if let Data::Text(text) = &node.data {
            let (line, column) = problems.source.position(node.span.start);
            warnings.push(format!(
                "{}:{line}:{column}: the value of `{key}` is a secret and stands in the file; better {FORMS}",
                problems.source.path
            ));
            return Some(Self::Literal(SecretString::from(text.as_str())));
        }
        let mut fields = Fields::of(node, "secret", problems)?;
        let env = fields.optional("env").map(|node| problems.text(node, "env").map(|name| Self::Env(name.to_owned())));
        let file =
            fields.optional("file").map(|node| problems.text(node, "file").map(|path| Self::File(PathBuf::from(path))));
        let command = fields.optional("command").map(|node| {
            let words: Vec<String> = problems.texts(node, "command").into_iter().map(|(_, word)| word).collect();
            if words.is_empty() {
                problems.at(node.span, "`command` names no program");
            }
            (!words.is_empty()).then_some(Self::Command(words))
        });
        let span = fields.span();
        fields.finish(problems);
        let mut given: Vec<Option<Self>> = [env, file, command].into_iter().flatten().collect();
        if given.len() == 1 {
            return given.pop().flatten();
        }
        problems.at_with(span, format!("`{key}` needs one place, not {}", given.len()), FORMS);
        None
    }

    /// Fetches the secret, which messages call `what`.
    pub(super) fn read(&self, what: &str) -> Result<SecretString, SettingsError> {
        let trimmed = |text: &str| SecretString::from(text.trim());
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::Env(variable) => environment::variable(variable)
                .map(|value| trimmed(&value))
                .ok_or_else(|| SettingsError::Variable { what: what.to_owned(), variable: variable.clone() }),
            Self::File(path) => crate::file::text(path, super::MAX_FILE)
                .map(|text| trimmed(&text))
                .map_err(|source| SettingsError::Read { path: path.display().to_string(), source }),
            Self::Command(words) => command(words, what).map(|text| trimmed(&text)),
        }
    }
}

/// What a program prints. It may ask on the terminal for what it needs itself.
fn command(words: &[String], what: &str) -> Result<String, SettingsError> {
    let program = words.first().cloned().unwrap_or_default();
    let failed = |reason: String| SettingsError::Command { what: what.to_owned(), program: program.clone(), reason };
    let mut command = Command::new(&program);
    command.args(words.iter().skip(1)).stdin(Stdio::inherit()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("it ended with {}", output.status)));
    }
    match String::from_utf8(output.stdout) {
        Ok(text) if !text.trim().is_empty() => Ok(text),
        Ok(_) => Err(failed("it printed nothing".to_owned())),
        Err(_) => Err(failed("it printed something that is no text".to_owned())),
    }
}
