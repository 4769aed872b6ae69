//! Ledgers on a disk that is full: a run that cannot write down what it makes ends before it makes more, and removes what it has made.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{
    gateway::{Fate, Gateway, Manner, SERVERS},
    org::{ALL, Org, Ran, Wrong, ledgers, target},
    support::Place,
};

/// Trials that make more than the ledgers here have room for.
const PART: [&str; 3] = ["authorization-servers", "policies/create", "rules/create"];

/// A small file system of its own; gone when this is dropped.
struct Disk(PathBuf);

impl Disk {
    /// None, with a printed line, where nobody may mount.
    #[expect(clippy::print_stderr, reason = "whoever runs the tests is to know that this one had nothing to do")]
    fn mount(path: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&path).expect("a directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&path);
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("skipped: no file system can be mounted here");
        }
        mounted.then_some(Self(path))
    }

    /// Takes all the room that there is.
    fn fill(&self) {
        let mut file = File::create(self.0.join("filler")).expect("a file");
        while file.write(&[b' '; 1024]).is_ok_and(|written| written > 0) {}
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn arguments() -> Vec<&'static str> {
    let common = ["--target", "here", "--format", "json", "--keep", "0", "--jobs", "8", "--events", "none"];
    [&["run"], &PART[..], &common].concat()
}

/// An org behind a gateway that changes nothing, and settings that name it.
fn scene() -> (Place, Org, Gateway) {
    let (place, org) = (Place::new(), Org::start());
    let gateway = Gateway::start(&org.mock.url, Manner::Said, |call| Fate::Answer(call.pass()));
    target(&place, &gateway.url, &ALL);
    (place, org, gateway)
}

/// The run has ended early, and has left nothing or told it.
fn unless_ended(wrong: &mut Wrong, org: &Org, ran: &Ran) {
    wrong.unless(ran.done.code == 2, format!("exit code {}", ran.done.code));
    wrong.unless(ran.count("/trials/not_run").is_some_and(|count| count > 0), format!("it went on: {}", ran.line()));
    let told = ran.count("/leaked").unwrap_or(0) + ran.count("/may_be_left").unwrap_or(0);
    let left = org.left() as u64;
    wrong.unless(left <= told, format!("{left} servers are left, and {told} are told"));
    // What was made is known while the run lives, so that it needs no ledger to remove it.
    let changes = org.changes();
    wrong.unless(changes.is_empty(), format!("not as at the start: {changes:?}"));
    let why = format!("{}{}", ran.done.err, Value::to_string(&ran.json)).contains("ledger");
    wrong.unless(why, format!("it does not say why: {:?}", ran.done.err));
}

#[test]
fn a_disk_that_gets_full_ends_the_run() {
    let mut wrong = Wrong::default();
    let (place, org, gateway) = scene();
    let Some(_disk) = Disk::mount(place.path("reports/ledgers"), "8k") else { return };
    let ran = Ran::of(place.run(&arguments()), &gateway);
    wrong.unless(gateway.count("POST", |path| path == SERVERS) > 0, "the scenario: something was made");
    unless_ended(&mut wrong, &org, &ran);
    wrong.end();
}

#[test]
fn on_a_disk_that_is_full_nothing_is_made() {
    let mut wrong = Wrong::default();
    let (place, org, gateway) = scene();
    let Some(disk) = Disk::mount(place.path("reports/ledgers"), "8k") else { return };
    disk.fill();
    let ran = Ran::of(place.run(&arguments()), &gateway);
    let creates = gateway.count("POST", |path| path == SERVERS);
    wrong.unless(creates == 0, format!("{creates} creates are sent"));
    wrong.unless([2, 3].contains(&ran.done.code), format!("exit code {}: {}", ran.done.code, ran.done.err));
    wrong.unless(org.changes().is_empty(), format!("{:?}", org.changes()));
    wrong.end();
}

/// A limit for the size of files is a full disk that everybody can have.
#[test]
fn a_ledger_that_may_not_grow_ends_the_run() {
    let mut wrong = Wrong::default();
    let (place, org, gateway) = scene();
    let ran = Ran::of(place.run_within("trap '' XFSZ; ulimit -f 8", &arguments()), &gateway);
    wrong.unless(gateway.count("POST", |path| path == SERVERS) > 0, "the scenario: something was made");
    unless_ended(&mut wrong, &org, &ran);
    // What the disk did not take is not settled by a ledger that says less.
    wrong.unless(ledgers(&place).len() <= 1, format!("{:?}", ledgers(&place)));
    wrong.end();
}
