//! A suite of many independent cases, written into a directory: six requests each, every answer held to its contract and to a body of its
//! own. Operations, schemas and requirements are the shipped ones.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// What a suite is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) cases: usize,
    /// By default about as many as a person would let a file have.
    pub(crate) a_file: usize,
    /// Whether a file has one case, with a row for each trial.
    pub(crate) rows: bool,
    /// Of how many cases in a hundred two checks are false.
    pub(crate) failing: usize,
    /// Whether what a case creates is written to the ledger and removed at its end, as in the shipped suite.
    pub(crate) removal: bool,
}

impl Shape {
    pub(crate) fn of(cases: usize) -> Self {
        Self { cases, a_file: 25, rows: false, failing: 0, removal: true }
    }
}

/// The requirements that the cases name.
const HELD_TO: [&str; 6] =
    ["as.create", "as.get", "as.replace", "as.deactivate", "as.delete", "as.links.follow-status"];

/// Writes a suite below `root`.
pub(crate) fn write(root: &Path, shape: Shape) -> io::Result<()> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
    copy(&shipped.join("schemas"), &root.join("schemas"))?;
    if !shape.removal {
        let table = root.join("schemas/operations.yaml");
        let text = fs::read_to_string(&table)?;
        let kept = text.lines().filter(|line| !line.starts_with("    makes:"));
        fs::write(&table, kept.flat_map(|line| [line, "\n"]).collect::<String>())?;
    }
    let directory = root.join("cases/authorization-servers");
    fs::create_dir_all(&directory)?;
    fs::copy(shipped.join("cases/vocabulary.yaml"), root.join("cases/vocabulary.yaml"))?;
    fs::write(root.join("cases/requirements.yaml"), requirements(shipped)?)?;
    let numbers: Vec<usize> = (0..shape.cases).collect();
    for (index, chunk) in numbers.chunks(shape.a_file).enumerate() {
        let topic = format!("life-{index:03}");
        let mut text = format!("area: authorization-servers\ntopic: {topic}\nprofile: core\ncases:\n");
        match (shape.rows, chunk) {
            (true, [first, .., last]) => case(&mut text, "${number}", false, &rows(*first, *last)),
            _ => chunk.iter().for_each(|number| case(&mut text, &number.to_string(), number % 100 < shape.failing, "")),
        }
        fs::write(directory.join(format!("{topic}.yaml")), text)?;
    }
    Ok(())
}

/// A table with a row for each number.
fn rows(first: usize, last: usize) -> String {
    let mut rows = String::from("    each:\n");
    for number in first..=last {
        let _ = writeln!(rows, "      - {{ row: r{number:06}, number: {number} }}");
    }
    rows
}

fn case(text: &mut String, number: &str, failing: bool, rows: &str) {
    let held_to = HELD_TO.join(", ");
    let id = if rows.is_empty() { number } else { "rows" };
    let (shown, description) = if failing { (299, "Another") } else { (200, "Made") };
    let _ = write!(
        text,
        r#"
  - id: life-{id}
    title: Server {number} is made, shown, changed, stopped and removed
    requirements: [{held_to}]
    principal: admin
{rows}    steps:
      - call: createAuthorizationServer
        body:
          name: "${{unique}}"
          description: Made by benchmark case {number}
          audiences: ["api://default"]
        capture: {{ id: $.id, created: $.created, body: $ }}
        expect:
          status: 201
          body:
            id: {{ $pattern: "^aus[A-Za-z0-9]+$" }}
            name: "${{unique}}"
            description: {description} by benchmark case {number}
            audiences: ["api://default"]
            status: ACTIVE
            created: {{ $format: date-time }}
            _links: {{ deactivate: {{ $present: true }}, activate: {{ $absent: true }} }}
      - call: getAuthorizationServer
        path: {{ authServerId: "${{id}}" }}
        expect:
          status: {shown}
          body: {{ $sameAs: {{ value: "${{body}}", except: [/lastUpdated] }} }}
      - call: replaceAuthorizationServer
        path: {{ authServerId: "${{id}}" }}
        body:
          name: "${{unique}}"
          description: Changed by benchmark case {number}
          audiences: ["api://changed"]
          issuerMode: ORG_URL
        expect:
          status: 200
          body:
            id: "${{id}}"
            description: Changed by benchmark case {number}
            audiences: ["api://changed"]
            created: "${{created}}"
            lastUpdated: {{ $notBefore: "${{created}}" }}
      - call: deactivateAuthorizationServer
        path: {{ authServerId: "${{id}}" }}
        expect: {{ status: 204, body: none }}
      - call: deleteAuthorizationServer
        path: {{ authServerId: "${{id}}" }}
        expect: {{ status: 204, body: none }}
      - call: getAuthorizationServer
        path: {{ authServerId: "${{id}}" }}
        expect:
          status: 404
          error: E0000007
"#
    );
}

/// The shipped requirements that something in the suite is held to; others would be mistakes.
fn requirements(shipped: &Path) -> io::Result<String> {
    let mut naming = fs::read_to_string(shipped.join("schemas/operations.yaml"))?;
    for entry in fs::read_dir(shipped.join("schemas/okta"))? {
        naming.push_str(&fs::read_to_string(entry?.path())?);
    }
    let all = fs::read_to_string(shipped.join("cases/requirements.yaml"))?;
    let mut kept = String::from("requirements:\n");
    for block in all.split("\n  - id: ").skip(1) {
        let id = block.lines().next().unwrap_or_default().trim();
        let named = |closer: &str| naming.contains(&format!("{id}{closer}"));
        if HELD_TO.contains(&id) || [" ", "\n", "\"", ",", "}"].into_iter().any(named) {
            let _ = writeln!(kept, "  - id: {block}");
        }
    }
    Ok(kept)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let from = entry?.path();
        let to: PathBuf = to.join(from.file_name().unwrap_or_default());
        if from.is_dir() { copy(&from, &to)? } else { fs::copy(&from, &to).map(drop)? }
    }
    Ok(())
}
