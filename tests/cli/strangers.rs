//! Foreign servers that were written without this suite, each with an answer key that was written before its first run: which of their
//! divergences a run names, and that it accuses nothing that they do right.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::Value;

use super::{
    forms::{root, yaml},
    support::{Place, read_until},
};

/// The generated table.
const TABLE: &str = "docs/strangers.md";

/// A server that is running.
struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

/// Starts a server of `tests/strangers`; nothing if the machine lacks what it is written in.
fn start(directory: &Path) -> Option<(Stranger, String)> {
    let (program, file) =
        if directory.join("server.py").exists() { ("python3", "server.py") } else { ("node", "server.mjs") };
    let mut command = Command::new(program);
    command.arg(directory.join(file)).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut out = BufReader::new(child.stdout.take().expect("its output"));
    let line = read_until(&mut out, |line| line.contains("listening on"));
    thread::spawn(move || out.lines().map_while(Result::ok).for_each(drop));
    let url = line.split_whitespace().last().expect("a URL").to_owned();
    Some((Stranger(child), url))
}

/// A place that a cause speaks of: an operation, and what of its answer.
struct Cause {
    title: String,
    calls: BTreeSet<String>,
    query: BTreeSet<String>,
    check: Value,
    expected: Value,
    /// Where in the body: the pointer, the member that is missing there, and where the nearest item of a list differs.
    places: Vec<String>,
    /// Whether what is at the first place holds nothing that could be right.
    hollow: bool,
    accuses: bool,
}

impl Cause {
    fn of(cause: &Value) -> Option<Self> {
        let texts = |name: &str| -> BTreeSet<String> {
            cause[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let standing = cause["standing"].as_str()?;
        let mut pointer = cause["pointer"].as_str().unwrap_or_default().to_owned();
        let mut expected = &cause["expected"];
        while expected["is"] == "when" {
            expected = &expected["of"]["wants"];
        }
        if expected["is"] == "member" {
            let _ = write!(pointer, "/{}", expected["of"].as_str()?);
        }
        if cause["check"] == "error-code" {
            "/errorCode".clone_into(&mut pointer);
        }
        let nearest = cause["actual"]["of"]["at"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let index =
            |step: &str| if step.bytes().all(|byte| byte.is_ascii_digit()) { "*".to_owned() } else { step.to_owned() };
        let pattern = |at: &str| {
            let steps: Vec<String> = at.split('/').skip(1).map(index).collect();
            steps.iter().fold(format!("{pointer}/*"), |text, step| format!("{text}/{step}"))
        };
        let places = std::iter::once(pointer.clone()).chain(nearest.map(pattern)).collect();
        let told = matches!(standing, "red" | "warning" | "unjudged")
            && (!cause["check"].is_null() || !texts("calls").is_empty());
        told.then(|| Self {
            title: cause["title"].as_str().unwrap_or_default().to_owned(),
            calls: texts("calls"),
            query: texts("query"),
            check: cause["check"].clone(),
            expected: cause["expected"].clone(),
            places,
            hollow: matches!(cause["actual"]["is"].as_str(), Some("not-json" | "absent" | "lacks")),
            accuses: standing != "unjudged",
        })
    }

    /// Whether it speaks of a place of a key: `OPERATION status N`, `… code CODE`, `… body POINTER`, `… header NAME`, `… link REL`,
    /// `… query NAME`. What is right is accused only by what can be nothing else.
    fn speaks_of(&self, place: &str, of_right: bool) -> bool {
        let mut words = place.splitn(3, ' ');
        let (operation, kind, what) =
            (words.next().unwrap_or_default(), words.next(), words.next().unwrap_or_default());
        if operation != "*" && !self.calls.contains(operation) {
            return false;
        }
        let wants = |value: &Value| self.expected["of"].as_array().is_some_and(|all| all.contains(value));
        match kind {
            // Of a path that is not there no operation has its status; a right 404 it has.
            Some("status") if self.check.is_null() => !of_right || !matches!(what, "404" | "405" | "501"),
            Some("status") => self.check == "status" && wants(&Value::from(what.parse::<u16>().expect("a status"))),
            Some("code") => self.check == "error-code" && wants(&Value::from(what)),
            Some("header") => self.check["header"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(what)),
            Some("link") => self.check["link"] == what,
            Some("query") => self.query.contains(what) && self.check["link"].is_null(),
            Some("body") => self.is_at(what.trim_end_matches('/'), of_right),
            other => panic!("{other:?} in {place}"),
        }
    }

    fn is_at(&self, wanted: &str, of_right: bool) -> bool {
        let of_a_body =
            ["body", "schema", "collected", "error-form", "error-code", "identity", "capture", "empty-body"];
        let below = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        self.check.as_str().is_some_and(|check| of_a_body.contains(&check))
            // Of a list whose nearest item differs, that item is wrong, and not the list.
            && self.places.iter().skip(usize::from(of_right && self.places.len() > 1)).any(|place| {
                place == wanted
                    || (!wanted.is_empty() && below(place, wanted))
                    || (!of_right && below(wanted, place) && (!place.is_empty() || self.hollow))
            })
    }
}

/// A row of a key.
fn rows<'k>(key: &'k Value, kind: &str) -> Vec<(&'k str, &'k str, Vec<&'k str>, Option<&'k str>)> {
    let rows = key[kind].as_array().expect("rows").iter();
    let row = |row: &'k Value| {
        let text = |name: &str| row[name].as_str().expect("a text");
        let seen = row["seen"].as_array().expect("places").iter().filter_map(Value::as_str).collect();
        (text("id"), text("what"), seen, row["unseen"].as_str())
    };
    rows.map(row).collect()
}

/// What a run said of a stranger.
struct Measured {
    name: String,
    /// Divergences that are named, of all that are certain.
    named: usize,
    certain: usize,
    right: usize,
    /// Rows that should be named and are not.
    missed: Vec<String>,
    /// Rows that the key says no run can see, with why.
    unseen: Vec<(String, String)>,
    /// Rows that are right and were accused.
    accused: Vec<String>,
    /// Rows that are marked as unseen and are named all the same.
    seen_now: Vec<String>,
}

fn measure(name: &str) -> Option<Measured> {
    let directory = root("tests/strangers").join(name);
    let (stranger, url) = start(&directory)?;
    let place = Place::new();
    place.target(&url, &["admin"], &["associated-servers", "resource-server-keys", "default-server-writable"]);
    let done = place.run(&[
        "run",
        "--target",
        "here",
        "--disposable",
        "--allow-default-server",
        "--keep",
        "0",
        "--jobs",
        "16",
        "--format",
        "json",
    ]);
    drop(stranger);
    assert_eq!(done.code, 1, "{}", done.told());
    let causes: Vec<Cause> = done.json()["causes"].as_array().expect("causes").iter().filter_map(Cause::of).collect();
    let key = yaml(&directory.join("key.yaml"));
    let named_by = |seen: &[&str]| causes.iter().any(|cause| seen.iter().any(|place| cause.speaks_of(place, false)));
    let mut measured = Measured {
        name: name.to_owned(),
        named: 0,
        certain: 0,
        right: 0,
        missed: vec![],
        unseen: vec![],
        accused: vec![],
        seen_now: vec![],
    };
    for (id, what, seen, unseen) in rows(&key, "divergences") {
        measured.certain += 1;
        match (named_by(&seen), unseen) {
            (true, None) => measured.named += 1,
            (false, None) => measured.missed.push(format!("{id}: {what}")),
            (false, Some(why)) => measured.unseen.push((id.to_owned(), why.to_owned())),
            (true, Some(_)) => measured.seen_now.push(id.to_owned()),
        }
    }
    for (id, _, seen, _) in rows(&key, "right") {
        measured.right += 1;
        let accuses = |cause: &&Cause| cause.accuses && seen.iter().any(|place| cause.speaks_of(place, true));
        if let Some(cause) = causes.iter().find(accuses) {
            measured.accused.push(format!("{id}: {}", cause.title));
        }
    }
    Some(measured)
}

fn table(all: &[Measured]) -> String {
    let mut text = fs::read_to_string(root(TABLE)).expect("the page");
    let mark = "<!-- generated -->\n";
    text.truncate(text.find(mark).expect("where the table begins") + mark.len());
    text.push_str("\n| stranger | certain divergences | named | not to be seen | right | accused |\n|---|---:|---:|---:|---:|---:|\n");
    for one in all {
        let Measured { name, certain, named, unseen, right, accused, .. } = one;
        let _ = writeln!(
            text,
            "| [{name}](../tests/strangers/{name}) | {certain} | {named} | {} | {right} | {} |",
            unseen.len(),
            accused.len()
        );
    }
    text.push_str("\nNot to be seen:\n\n");
    for (name, id, why) in all.iter().flat_map(|one| one.unseen.iter().map(|(id, why)| (&one.name, id, why))) {
        let _ = writeln!(text, "- {name}, `{id}`: {why}");
    }
    text
}

#[test]
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know that this one had nothing to do")]
#[ignore = "runs the whole suite six times against slow servers; `.ci/run` runs it by name"]
fn what_strangers_do_wrong_is_named_and_what_they_do_right_is_not_accused() {
    let mut names: Vec<String> = fs::read_dir(root("tests/strangers"))
        .expect("strangers")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    assert!(names.len() >= 6, "{names:?}");
    let all: Vec<Option<Measured>> = thread::scope(|scope| {
        let running: Vec<_> = names.iter().map(|name| scope.spawn(move || measure(name))).collect();
        running.into_iter().map(|one| one.join().expect("measured")).collect()
    });
    let Some(all) = all.into_iter().collect::<Option<Vec<_>>>() else {
        eprintln!("skipped: python3 and node are needed");
        return;
    };
    let list = |rows: fn(&Measured) -> &Vec<String>| -> String {
        all.iter().flat_map(|one| rows(one).iter().map(|row| format!("{}: {row}\n", one.name))).collect()
    };
    let [missed, accused, seen] = [list(|one| &one.missed), list(|one| &one.accused), list(|one| &one.seen_now)];
    assert!(missed.is_empty(), "not named:\n{missed}");
    assert!(accused.is_empty(), "accused, though right:\n{accused}");
    assert!(seen.is_empty(), "named, though marked as not to be seen:\n{seen}");
    let table = table(&all);
    if std::env::var_os("UPDATE_TABLES").is_some() {
        fs::write(root(TABLE), &table).expect("the page");
    }
    assert_eq!(fs::read_to_string(root(TABLE)).expect("the page"), table, "UPDATE_TABLES=1 writes it");
}
