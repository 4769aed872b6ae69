//! What the tests of the command line share: a directory to run in, the program, how its outputs are read and compared.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use quick_junit::{NonSuccessKind, TestCaseStatus};
use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

use super::server::{Answer, ask};

/// Longer than anything here takes on the busiest machine; a test that needs it has found a hang.
pub(crate) const PATIENCE: Duration = Duration::from_mins(10);

/// The token of tests that do not care.
pub(crate) const TOKEN: &str = "00-a-token-of-these-tests";

/// A file or directory of `tests/data`.
pub(crate) fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

/// A directory of its own in which the program runs.
pub(crate) struct Place {
    dir: TempDir,
}

/// What the program left behind when it ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().expect("a temporary directory") }
    }

    /// With the suite of things in `suite`, and these files of `tests/data/cases` as its cases.
    pub(crate) fn with_suite(topics: &[&str]) -> Self {
        let place = Self::new();
        copy(&data("things"), &place.path("suite"));
        for topic in topics {
            let text = fs::read_to_string(data(&format!("cases/{topic}.yaml"))).expect("a file of cases");
            place.write(&format!("suite/cases/things/{topic}.yaml"), &text);
        }
        place
    }

    /// With the suite of two cases on authorization servers in `suite`.
    pub(crate) fn use_servers(&self) {
        fs::remove_dir_all(self.path("suite")).ok();
        copy(&data("servers"), &self.path("suite"));
    }

    /// Settings with the target `here`, at `url`, with these principals (the reader has an access token) and capabilities.
    pub(crate) fn target(&self, url: &str, principals: &[&str], capabilities: &[&str]) {
        let mut text =
            format!("[targets.here]\nurl = {url:?}\ncapabilities = {capabilities:?}\n[targets.here.principals]\n");
        for principal in principals {
            let scheme = if *principal == "reader" { "bearer" } else { "ssws" };
            let file = format!("secrets/{principal}");
            self.write(&file, &format!("token-of-{principal}\n"));
            let _ = writeln!(text, "{principal} = {{ {scheme} = {{ file = {file:?} }} }}");
        }
        self.write("okta-conformance.toml", &text);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Every file below the place, by its name.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        let mut open = vec![self.dir.path().to_owned()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(dir).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(self.dir.path()).expect("below").display().to_string();
                    all.insert(name, fs::read(&path).expect("a file"));
                }
            }
        }
        all
    }

    /// The program with these arguments, in this place, with nothing of the surroundings but a token.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-conformance"));
        command.args(arguments).current_dir(self.dir.path()).env_clear().env("OKTA_CLIENT_TOKEN", TOKEN);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        finish(self.command(arguments).spawn().expect("the program starts"))
    }

    /// As [`Self::run`], within limits that a shell sets for it.
    pub(crate) fn run_within(&self, limits: &str, arguments: &[&str]) -> Done {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", &format!("{limits}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_okta-conformance")])
            .args(arguments);
        shell.current_dir(self.dir.path()).env_clear().env("OKTA_CLIENT_TOKEN", TOKEN);
        finish(shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell"))
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        let text = self.read("reports/events.jsonl");
        text.lines().map(|line| serde_json::from_str(line).expect("an event a line")).collect()
    }

    /// Trials and their outcomes, from the event stream.
    pub(crate) fn outcomes(&self) -> BTreeMap<String, String> {
        outcomes(&self.events())
    }
}

impl Done {
    /// The one JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What is on stderr beside the line that says which target is used.
    pub(crate) fn told(&self) -> String {
        self.err.split_inclusive('\n').filter(|line| !line.starts_with("target: ")).collect()
    }

    /// The last line for people.
    pub(crate) fn last_line(&self) -> &str {
        self.out.trim_end().lines().last().unwrap_or_default()
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

/// Waits for the program to end, but not for ever.
pub(crate) fn finish(child: Child) -> Done {
    finish_within(child, PATIENCE)
}

/// As [`finish`], for programs that take longer.
pub(crate) fn finish_within(child: Child, patience: Duration) -> Done {
    let id = child.id();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(child.wait_with_output()));
    let Ok(output) = told.recv_timeout(patience) else {
        signal(id, "KILL");
        panic!("the program did not end");
    };
    let output = output.expect("the outputs");
    Done {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("text on stdout"),
        err: String::from_utf8(output.stderr).expect("text on stderr"),
    }
}

/// Ends the program if it outlives every patience, so that who waits for its output gets an end of it.
pub(crate) fn watch(id: u32) -> mpsc::Sender<()> {
    let (ended, end) = mpsc::channel::<()>();
    thread::spawn(move || {
        if end.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            signal(id, "KILL");
        }
    });
    ended
}

/// Reads lines until one of them is the one that is waited for.
pub(crate) fn read_until(reader: &mut impl BufRead, wanted: impl Fn(&str) -> bool) -> String {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).expect("output") > 0, "it ended before: {all}");
        all.push_str(&line);
        if wanted(&line) {
            return all;
        }
    }
}

/// What the program says from now on, and its end.
pub(crate) fn rest(mut child: Child, mut out: impl Read) -> Done {
    let (mut text, mut err) = (String::new(), String::new());
    out.read_to_string(&mut text).expect("text");
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut err).expect("text");
    }
    let status = child.wait().expect("an end");
    Done { code: status.code().unwrap_or(-1), out: text, err }
}

/// Runs a program to its end, which an interrupt makes as soon as it says that it waits; and whether it did.
pub(crate) fn run_up_to_a_wait(mut command: Command) -> (Done, bool) {
    let mut child = command.spawn().expect("the program starts");
    let _watched = watch(child.id());
    let mut out = BufReader::new(child.stdout.take().expect("its output"));
    let (mut said, mut line, mut waits) = (String::new(), String::new(), false);
    while !waits && out.read_line(&mut line).expect("output") > 0 {
        waits = line.starts_with("waiting ");
        said.push_str(&line);
        line.clear();
    }
    if waits {
        signal(child.id(), "INT");
    }
    let done = rest(child, out);
    said.push_str(&done.out);
    (Done { out: said, ..done }, waits)
}

/// Interrupts a run whose target has been `asked`, and waits until it says so. What it says later comes through what is given back.
pub(crate) fn interrupt(child: &mut Child, asked: &mpsc::Receiver<()>) -> BufReader<ChildStderr> {
    asked.recv_timeout(PATIENCE).expect("a request");
    signal(child.id(), "INT");
    let mut err = BufReader::new(child.stderr.take().expect("its errors"));
    read_until(&mut err, |line| line.starts_with("interrupted: "));
    err
}

/// Sends a signal to a process.
pub(crate) fn signal(id: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status();
    assert!(sent.expect("kill").success(), "no process to signal");
}

pub(crate) fn outcomes(events: &[Value]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for event in of_kind(events, "trial-finished") {
        let (trial, outcome) = (text(event, "trial"), text(event, "outcome"));
        assert!(all.insert(trial.clone(), outcome).is_none(), "{trial} ended twice");
    }
    all
}

pub(crate) fn of_kind<'e>(events: &'e [Value], kind: &'e str) -> impl Iterator<Item = &'e Value> {
    events.iter().filter(move |event| event["event"] == kind)
}

/// What a finding is of: `status`, `header NAME`.
pub(crate) fn check(finding: &Value) -> String {
    match &finding["check"] {
        Value::String(kind) => kind.clone(),
        named => {
            let (kind, name) = named.as_object().and_then(|named| named.iter().next()).expect("a kind with a name");
            format!("{kind} {}", name.as_str().expect("a name"))
        }
    }
}

/// Writes a stream with each of its events changed, without their digest, which an older program did not write.
pub(crate) fn edit(place: &Place, from: &str, to: &str, mut change: impl FnMut(&mut Value)) {
    let lines = place.read(from).lines().fold(String::new(), |all, line| {
        let mut event: Value = serde_json::from_str(line).expect("an event");
        event.as_object_mut().expect("an object").shift_remove("sum");
        change(&mut event);
        format!("{all}{event}\n")
    });
    place.write(to, &lines);
}

/// The events of a stream without their digest.
pub(crate) fn unsealed(stream: &str) -> String {
    Regex::new(r#","sum":"[0-9a-f]{16}"\}"#).expect("a pattern").replace_all(stream, "}").into_owned()
}

/// A string member.
pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no text {member} in {value}")).to_owned()
}

/// The counts of a `JUnit` report, each found by looking at the cases.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) tests: usize,
    pub(crate) passed: usize,
    pub(crate) failures: usize,
    pub(crate) errors: usize,
    pub(crate) skipped: usize,
}

/// Reads a report as a consumer does, and holds the totals it claims to the cases it has.
pub(crate) fn junit(xml: &str) -> (quick_junit::Report, Totals) {
    let forbidden = |c: &char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    assert_eq!(xml.chars().find(forbidden), None, "a character that XML does not allow");
    let report = quick_junit::Report::deserialize_from_str(xml).expect("well-formed XML");
    let mut totals = Totals::default();
    for case in report.test_suites.iter().flat_map(|suite| &suite.test_cases) {
        totals.tests += 1;
        match &case.status {
            TestCaseStatus::Success { .. } => totals.passed += 1,
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. } => totals.failures += 1,
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. } => totals.errors += 1,
            TestCaseStatus::Skipped { .. } => totals.skipped += 1,
        }
    }
    let claimed = (report.tests, report.failures, report.errors);
    assert_eq!(claimed, (totals.tests, totals.failures, totals.errors), "the totals of the report are its cases'");
    (report, totals)
}

/// Compares with a snapshot what people read, without what differs from run to run.
pub(crate) fn snapshot(place: &Place, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(data("../snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let real = place.dir.path().canonicalize().expect("a path");
    for dir in [real.as_path(), place.dir.path()] {
        settings.add_filter(&regex::escape(&dir.display().to_string()), "DIR");
    }
    for (pattern, shown) in [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"\brun [a-z0-9]{6}\b", "run RUNID"),
        (r"(run.*value=.)[a-z0-9]{6}\b", "${1}RUNID"),
        (r"okc_[a-z0-9]{6}_\d{5}", "okc_RUNID_SERIAL"),
        (r"\b\d+(\.\d+)? ms", "N ms"),
        (r"\bin \d+\.\d\d s", "in N s"),
        (r#"time="\d+\.\d+""#, r#"time="N""#),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "TIME"),
        (r"(okta-conformance[ /])\d+\.\d+\.\d+", "${1}VERSION"),
        (r#"(name="program" value=")[^"]*"#, "${1}VERSION"),
        (r#"(name="suite" value=")[0-9a-f]{32}"#, "${1}HASH"),
    ] {
        settings.add_filter(pattern, shown);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The mock as a process of its own; ended when this is dropped.
pub(crate) struct MockProcess {
    child: Child,
    pub(crate) url: String,
    _out: BufReader<ChildStdout>,
}

impl MockProcess {
    /// A mock that lets in the token of these tests.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::with_token(TOKEN, arguments)
    }

    pub(crate) fn with_token(token: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-conformance"));
        command.args(["mock", "--port", "0", "--token", token]).args(arguments).env_clear();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the mock starts");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        out.read_line(&mut line).expect("its first line");
        let url = line.trim_end().strip_prefix("mock org at ").expect("its URL").to_owned();
        Self { child, url, _out: out }
    }

    /// The servers that the org has now.
    pub(crate) fn servers(&self) -> Vec<Value> {
        let authorization = format!("SSWS {TOKEN}");
        let headers = [("Authorization", authorization.as_str())];
        let Answer { status, body, .. } = ask(&self.url, "GET", "/api/v1/authorizationServers", &headers, b"");
        assert_eq!(status, 200);
        serde_json::from_slice(&body).expect("a list")
    }
}

impl Drop for MockProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The recordings of the real service beside this clone; none, with a printed line, where there are none.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know that this one had nothing to do")]
pub(crate) fn shared_recordings(folder: &str) -> Option<Vec<String>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder);
    let Ok(entries) = fs::read_dir(&dir) else {
        eprintln!("skipped: there are no recordings beside this clone");
        return None;
    };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let recordings = paths.filter(|path| path.extension().is_some_and(|name| name == "jsonl"));
    Some(recordings.map(|path| path.display().to_string()).collect())
}
