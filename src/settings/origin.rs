//! Where a secret comes from: a variable, a file, a command; in the settings file itself only with a warning.

use std::{
    io::{self, Read},
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
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
            Self::Env(variable) => {
                let state = match environment::text(variable) {
                    Ok(Some(value)) => return Ok(trimmed(&value)),
                    Ok(None) if environment::is_empty(variable) => "is empty",
                    Ok(None) => "is not set",
                    Err(()) => "holds bytes that are not UTF-8",
                };
                Err(SettingsError::Variable { what: what.to_owned(), variable: variable.clone(), state })
            }
            Self::File(path) => crate::file::text(path, super::MAX_FILE)
                .map(|text| trimmed(&text))
                .map_err(|source| SettingsError::Read { path: path.display().to_string(), source }),
            Self::Command(words) => command(words, what, LONGEST).map(|text| trimmed(&text)),
        }
    }
}

/// The longest that a program may take: somebody may have to unlock what it reads.
const LONGEST: Duration = Duration::from_secs(120);

/// No secret is as long; in bytes.
const MOST: u64 = 1024 * 1024;

/// What a program prints. It may ask on the terminal for what it needs itself.
fn command(words: &[String], what: &str, longest: Duration) -> Result<String, SettingsError> {
    let program = words.first().cloned().unwrap_or_default();
    let failed = |reason: String| SettingsError::Command { what: what.to_owned(), program: program.clone(), reason };
    let mut command = Command::new(&program);
    command.args(words.iter().skip(1)).stdin(Stdio::inherit()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let begun = Instant::now();
    let printed = child.stdout.take().map(read_aside);
    let read = printed.and_then(|printed| printed.recv_timeout(longest).ok());
    let ended = match &read {
        Some(Ok(bytes)) if bytes.len() as u64 <= MOST => wait(&mut child, longest.saturating_sub(begun.elapsed())),
        _ => Ok(None),
    };
    // Whatever is not needed any more, or takes too long, is ended.
    if !matches!(ended, Ok(Some(_))) {
        child.kill().and_then(|()| child.wait()).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = match read {
        None => return Err(failed(format!("it did not end within {longest:?}"))),
        Some(Err(error)) => return Err(failed(error.to_string())),
        Some(Ok(bytes)) if bytes.len() as u64 > MOST => {
            return Err(failed(format!("it printed more than {MOST} bytes")));
        }
        Some(Ok(bytes)) => bytes,
    };
    let ended = ended.map_err(|error| failed(error.to_string()))?;
    let status = ended.ok_or_else(|| failed(format!("it printed something, but did not end within {longest:?}")))?;
    if !status.success() {
        return Err(failed(format!("it ended with {status}")));
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.trim().is_empty() => Ok(text),
        Ok(_) => Err(failed("it printed nothing".to_owned())),
        Err(_) => Err(failed("it printed something that is no text".to_owned())),
    }
}

/// How the program ended, if it does so in time. There is no way to wait with a limit but to look again and again; most end as soon as
/// they have printed.
fn wait(child: &mut Child, longest: Duration) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() >= longest {
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// Reads to the end, or a byte more than there may be, on a thread that may be left alone.
fn read_aside(output: ChildStdout) -> Receiver<io::Result<Vec<u8>>> {
    let (give, given) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(MOST + 1).read_to_end(&mut bytes);
        // Whoever waited may have gone.
        let _ = give.send(read.map(|_| bytes));
    });
    given
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
        let said = "the token is to come from the command `sh`: it printed something, but did not end within 50ms";
        assert_eq!(refused, Err(said.to_owned()));
        assert_eq!(fetch("echo s3cret", LONGEST), Ok("s3cret\n".to_owned()));
    }
}
