//! Hurl on the same work: a file for each case, with the same six requests and what Hurl can say of the answers (status, some members). An
//! optional step, since Hurl has to be installed.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::{Bench, CASES, Failure, MockProcess, TOKEN, measure, median, suite::Shape};

const ROUNDS: usize = 7;

#[expect(clippy::print_stdout, reason = "the table is what the benchmark is for")]
pub(crate) fn compare(program: &str) -> Result<(), Failure> {
    let bench = Bench { directory: tempfile::tempdir()?, rounds: ROUNDS };
    println!("| latency | jobs | Hurl, wall | Hurl, CPU | harness, wall | harness, CPU |\n|---|---|---|---|---|---|");
    for (latency, jobs) in [("0ms", 1), ("0ms", 16), ("50ms", 200)] {
        let mock = MockProcess::start(latency)?;
        let files = write(&bench.directory.path().join(format!("hurl-{latency}-{jobs}")), &mock.url)?;
        let report = bench.path("hurl.xml");
        let mut words: Vec<String> =
            ["--test", "--jobs", &jobs.to_string(), "--report-junit", &report].map(str::to_owned).into();
        words.insert(0, program.to_owned());
        words.extend(files.iter().map(|file| file.display().to_string()));
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            theirs.push(measure(&words)?);
            ours.push(bench.harness(&mock, Shape::of(CASES), jobs)?);
        }
        let (theirs, ours) = (median(&theirs), median(&ours));
        let numbers = [theirs.wall_ms, theirs.cpu_ms, ours.wall_ms, ours.cpu_ms];
        println!("| {latency} | {jobs} | {} |", numbers.map(|number| format!("{number:.0} ms")).join(" | "));
    }
    Ok(())
}

fn write(directory: &Path, url: &str) -> Result<Vec<PathBuf>, Failure> {
    fs::create_dir_all(directory)?;
    let mut files = Vec::new();
    for number in 0..CASES {
        let path = directory.join(format!("life-{number:05}.hurl"));
        fs::write(&path, case(url, number))?;
        files.push(path);
    }
    Ok(files)
}

fn case(url: &str, number: usize) -> String {
    let servers = format!("{url}/api/v1/authorizationServers");
    let mut text = String::new();
    let mut ask = |method: &str, path: &str, body: &str, status: u16, asserts: &str| {
        let _ =
            write!(text, "{method} {servers}{path}\nAuthorization: SSWS {TOKEN}\n{body}\nHTTP {status}\n{asserts}\n");
    };
    let named = |what: &str, audience: &str| {
        format!(
            "{{\"name\": \"hurl-{number}\", \"description\": \"{what}\", \"audiences\": [\"{audience}\"], \"issuerMode\": \"ORG_URL\"}}"
        )
    };
    let shown = "[Asserts]\njsonpath \"$.id\" matches \"^aus[A-Za-z0-9]+$\"\njsonpath \"$.status\" == \"ACTIVE\"";
    ask("POST", "", &named("Made", "api://default"), 201, &format!("[Captures]\nid: jsonpath \"$.id\"\n{shown}"));
    ask("GET", "/{{id}}", "", 200, shown);
    ask(
        "PUT",
        "/{{id}}",
        &named("Changed", "api://changed"),
        200,
        "[Asserts]\njsonpath \"$.description\" == \"Changed\"",
    );
    ask("POST", "/{{id}}/lifecycle/deactivate", "", 204, "");
    ask("DELETE", "/{{id}}", "", 204, "");
    ask("GET", "/{{id}}", "", 404, "[Asserts]\njsonpath \"$.errorCode\" == \"E0000007\"");
    text
}
