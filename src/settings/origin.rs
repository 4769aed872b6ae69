//! Where a secret comes from: a variable, a file, a command; in the settings file itself only with a warning.

use std::{io, path::PathBuf, process::Stdio, thread, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::AsyncReadExt as _,
    process::Command,
    time::{Instant, timeout_at},
};

use super::{SettingsError, environment};
use crate::{
    file::Unread,
    yaml::{Data, Fields, Node, Problems},
};

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
            Self::Literal(secret) => Ok(trimmed(secret.expose_secret())),
            Self::Env(variable) => {
                let state = match environment::text(variable) {
                    Ok(Some(value)) => return Ok(trimmed(&value)),
                    Ok(None) if environment::is_empty(variable) => "is empty",
                    Ok(None) => "is not set",
                    Err(()) => "holds bytes that are not UTF-8",
                };
                Err(SettingsError::Variable(what.to_owned(), variable.clone(), state))
            }
            Self::File(path) => Ok(trimmed(&crate::file::text(path, super::MAX_FILE).map_err(Unread::of(path))?)),
            Self::Command(words) => command(words, what, LONGEST).map(|text| trimmed(&text)),
        }
    }
}

/// The longest that a program may take: somebody may have to unlock what it reads.
const LONGEST: Duration = Duration::from_mins(2);

/// No secret is as long; in bytes.
const MOST: u64 = 1024 * 1024;

/// What a program prints. It may ask on the terminal for what it needs itself.
fn command(words: &[String], what: &str, longest: Duration) -> Result<String, SettingsError> {
    let program = words.first().cloned().unwrap_or_default();
    let failed = |reason: String| SettingsError::Command(what.to_owned(), program.clone(), reason);
    // On a thread of its own: whoever asks for a secret may be waiting for other things at the same time.
    let printed = thread::scope(|scope| scope.spawn(|| printed(words, longest)).join());
    let bytes = printed.unwrap_or_else(|_| Err("it could not be waited for".to_owned())).map_err(failed)?;
    match String::from_utf8(bytes) {
        Ok(text) if !text.trim().is_empty() => Ok(text),
        Ok(_) => Err(failed("it printed nothing".to_owned())),
        Err(_) => Err(failed("its output is not text".to_owned())),
    }
}

/// Runs a program; one that takes too long, or prints too much, is ended. Else why there is nothing of it.
fn printed(words: &[String], longest: Duration) -> Result<Vec<u8>, String> {
    let said = |error: io::Error| error.to_string();
    let Some((program, arguments)) = words.split_first() else { return Ok(Vec::new()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::inherit()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(said)?;
    runtime.block_on(async {
        let ends = Instant::now() + longest;
        let mut child = command.spawn().map_err(said)?;
        let mut bytes = Vec::new();
        if let Some(output) = child.stdout.take() {
            let reading = timeout_at(ends, output.take(MOST + 1).read_to_end(&mut bytes)).await;
            reading.map_err(|_| format!("it did not end within {longest:?}"))?.map_err(said)?;
        }
        if bytes.len() as u64 > MOST {
            return Err(format!("it printed more than {MOST} bytes"));
        }
        let ended = timeout_at(ends, child.wait()).await;
        let ended = ended.map_err(|_| format!("it printed something, but did not end within {longest:?}"))?;
        let status = ended.map_err(said)?;
        if status.success() { Ok(bytes) } else { Err(format!("it ended with {status}")) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_closes_its_output_and_goes_on_is_ended() {
        let shell = |script: &str| ["sh", "-c", script].map(str::to_owned);
        let fetch =
            |script: &str, longest| command(&shell(script), "token", longest).map_err(|error| error.to_string());
        let refused = fetch("echo s3cret; exec >&-; exec cat /dev/zero > /dev/null", Duration::from_millis(50));
        let said = "cannot read the token from the command `sh`: it printed something, but did not end within 50ms";
        assert_eq!(refused, Err(said.to_owned()));
        assert_eq!(fetch("echo s3cret", LONGEST), Ok("s3cret\n".to_owned()));
    }
}
