//! Targets without a mind: what share of the trials passes against them, and that none of these is one that speaks of state.
//!
//! What a target knows is the operation table and the schemas of the suite, as somebody has it who writes a stub from documents.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use jsonschema::{Registry, Validator};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    string::string_regex,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value, json};

use super::{
    forms::{root, yaml},
    red::{passed, run_all},
    server::{Answer, Request, Server},
    support::{Place, of_kind, text},
};

/// An operation as the table has it.
struct Operation {
    method: String,
    path: Vec<String>,
    status: u16,
    schema: Option<String>,
}

/// What a stub is made of.
struct Documents {
    operations: Vec<Operation>,
    schemas: BTreeMap<String, Value>,
    /// Values that fit each schema: what a stub has ready.
    samples: BTreeMap<String, Vec<Value>>,
}

impl Documents {
    fn read() -> Self {
        let mut schemas = BTreeMap::new();
        for entry in fs::read_dir(root("schemas/okta")).expect("the schemas") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            let text = fs::read_to_string(&path).expect("a schema");
            schemas.insert(name, serde_json::from_str::<Value>(&text).expect("JSON"));
        }
        let mut registry = Registry::new();
        for schema in schemas.values() {
            registry = registry.add(schema["$id"].as_str().expect("an ID"), schema.clone()).expect("a schema");
        }
        let registry = registry.prepare().expect("schemas that refer to each other");
        let validator = |schema: &Value| {
            let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).with_registry(&registry);
            options.build(schema).expect("a schema")
        };
        let table = yaml(&root("schemas/operations.yaml"));
        let operations = table["operations"].as_array().expect("a list").iter().map(|operation| {
            let text = |member: &str| operation[member].as_str().expect("a text").to_owned();
            let success = &operation["success"];
            let schema = success["schema"].as_str().filter(|name| *name != "none");
            Operation {
                method: text("method"),
                path: text("path").split('/').map(str::to_owned).collect(),
                status: success["status"].as_u64().and_then(|status| status.try_into().ok()).expect("a status"),
                schema: schema.map(|name| format!("{name}.schema.json")),
            }
        });
        let operations: Vec<Operation> = operations.collect();
        let names: Vec<String> = operations.iter().filter_map(|operation| operation.schema.clone()).collect();
        let mut documents = Self { operations, schemas, samples: BTreeMap::new() };
        for name in names_with_error(names.into_iter()) {
            let validator = validator(&documents.schemas[&name]);
            let samples = (0..SAMPLES).map(|seed| documents.make(&name, &validator, seed)).collect();
            documents.samples.insert(name, samples);
        }
        documents
    }

    fn operation(&self, request: &Request) -> Option<&Operation> {
        let path: Vec<&str> = request.target.split('?').next().unwrap_or_default().split('/').collect();
        self.operations.iter().find(|operation| {
            let fits = |(known, given): (&String, &&str)| known.starts_with('{') && !given.is_empty() || known == given;
            operation.method == request.method
                && operation.path.len() == path.len()
                && operation.path.iter().zip(&path).all(fits)
        })
    }

    /// A value that fits the schema, made of this number.
    fn make(&self, name: &str, validator: &Validator, seed: u64) -> Value {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut sampler = Sampler { documents: self, runner: TestRunner::new_with_rng(Config::default(), rng) };
        // Conditions among members are met by trying.
        for _ in 0..10_000 {
            let value = sampler.value(name, &self.schemas[name]);
            if validator.is_valid(&value) {
                return value;
            }
        }
        panic!("nothing fits {name}");
    }

    /// The success of the operation, with the sample of this number.
    fn answer(&self, request: &Request, number: usize) -> Answer {
        let sample = |name: &str| &self.samples[name][number % self.samples[name].len()];
        let Some(operation) = self.operation(request) else {
            return general(Answer::json(404, sample("error.schema.json")));
        };
        match &operation.schema {
            Some(schema) => general(Answer::json(operation.status, sample(schema))),
            None => general(Answer::new(operation.status, "")),
        }
    }
}

/// How many values of each schema there are.
const SAMPLES: u64 = 7;

fn names_with_error(names: impl Iterator<Item = String>) -> BTreeSet<String> {
    names.chain(["error.schema.json".to_owned()]).collect()
}

/// Makes values.
struct Sampler<'d> {
    documents: &'d Documents,
    runner: TestRunner,
}

impl Sampler<'_> {
    fn number(&mut self, below: u64) -> u64 {
        (0..below).new_tree(&mut self.runner).expect("a number").current()
    }

    fn text(&mut self, pattern: &str) -> String {
        let inner = pattern.trim_start_matches('^').trim_end_matches('$');
        string_regex(inner).expect("a pattern").new_tree(&mut self.runner).expect("a text").current()
    }

    fn value(&mut self, file: &str, schema: &Value) -> Value {
        if let Some(target) = schema["$ref"].as_str() {
            let (other, pointer) = target.split_once('#').unwrap_or((target, ""));
            let file = if other.is_empty() { file } else { other };
            let schema = self.documents.schemas[file].pointer(pointer).expect("what is referred to").clone();
            return self.value(file, &schema);
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").or(schema.get("x-extensible-enum")).and_then(Value::as_array) {
            let index = self.number(values.len() as u64);
            return values[usize::try_from(index).expect("an index")].clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => {
                let index = self.number(kinds.len() as u64);
                kinds[usize::try_from(index).expect("an index")].clone()
            }
            kind => kind.clone(),
        };
        match kind.as_str() {
            Some("null") => Value::Null,
            Some("boolean") => json!(self.number(2) == 1),
            Some("integer" | "number") => {
                let least = schema["minimum"].as_i64().unwrap_or(0);
                json!(least + i64::try_from(self.number(5)).expect("a small number"))
            }
            Some("string") if schema["format"] == "date-time" => {
                json!(format!("2026-06-{:02}T10:00:00.000Z", self.number(28) + 1))
            }
            Some("string") => {
                let pattern = schema["pattern"].as_str().unwrap_or("[a-z]{8}").to_owned();
                json!(self.text(&pattern))
            }
            Some("array") => {
                let least = schema["minItems"].as_u64().unwrap_or(1);
                let count = least + if schema["maxItems"].as_u64() == Some(least) { 0 } else { self.number(2) };
                let items: Vec<Value> = (0..count).map(|_| self.value(file, &schema["items"])).collect();
                Value::Array(items)
            }
            _ => self.object(file, schema),
        }
    }

    fn object(&mut self, file: &str, schema: &Value) -> Value {
        let needed: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut object = Map::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if needed.contains(&name.as_str()) || self.number(2) == 1 {
                object.insert(name.clone(), self.value(file, member));
            }
        }
        Value::Object(object)
    }
}

/// With the headers that every answer of the service has.
fn general(answer: Answer) -> Answer {
    let mut answer = Answer { headers: answer.headers.into_iter().skip(1).collect(), ..answer };
    for (name, value) in [
        ("X-Okta-Request-Id", "0123456789abcdef"),
        ("Cache-Control", "no-cache, no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Rate-Limit-Limit", "100000000"),
        ("X-Rate-Limit-Remaining", "99999999"),
        ("X-Rate-Limit-Reset", "1800000000"),
    ] {
        answer = answer.header(name, value);
    }
    answer
}

/// The targets, each with what it answers.
fn targets() -> Vec<(&'static str, Server)> {
    let documents = Arc::new(Documents::read());
    let examples = Arc::clone(&documents);
    let calls = AtomicUsize::new(0);
    let bare = |answer: Answer| Answer { headers: vec![], ..answer };
    vec![
        ("200 and `{}` to everything", Server::always(bare(Answer::json(200, &json!({}))))),
        ("500 to everything", Server::always(bare(Answer::json(500, &json!({}))))),
        ("404 to everything", Server::always(bare(Answer::json(404, &json!({}))))),
        (
            "a server of static files: a page to a GET of `/`, 404 to other GETs, 405 to writes",
            Server::start(|request| {
                let page = |status, text: &str| {
                    Answer { status, headers: vec![], body: text.into() }.header("Content-Type", "text/html")
                };
                Some(match (request.method.as_str(), request.target.as_str()) {
                    ("GET" | "HEAD", "/") => page(200, "<html>It works</html>"),
                    ("GET" | "HEAD", _) => page(404, "<html>Not found</html>"),
                    _ => page(405, "<html>Not allowed</html>"),
                })
            }),
        ),
        (
            "200 and the body that was sent",
            Server::start(|request| {
                let answer = Answer { status: 200, headers: vec![], body: request.body.clone() };
                Some(general(answer.header("X", "dropped")).header("Content-Type", "application/json"))
            }),
        ),
        (
            "the success of the operation with one example that fits its schema, always the same",
            Server::start(move |request| Some(examples.answer(request, 0))),
        ),
        (
            "the success of the operation with random data that fits its schema",
            Server::start(move |request| {
                let call = calls.fetch_add(1, Ordering::Relaxed);
                Some(documents.answer(request, call.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32))
            }),
        ),
    ]
}

/// Operations that change something.
fn writes(operation: &str) -> bool {
    ["create", "replace", "delete", "activate", "deactivate", "add", "rotate", "revoke"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

/// Trials that say that what is sent has no effect, which is what a target without state does.
const NO_EFFECT: &[&str] = &[
    "authorization-servers/create/read-only-members",
    "authorization-servers/credentials/manual-in-a-create",
    "authorization-servers/default-server/put-back[id]",
    "authorization-servers/default-server/put-back[word]",
];

/// Trials that passed without a warning although they change something and look at what came of it. Left out are probes, which record
/// what no source settles.
fn about_state(events: &[Value]) -> Vec<String> {
    let asserted =
        |trial: &Value| trial["checks"]["must"].as_u64() > Some(0) || trial["checks"]["should"].as_u64() > Some(0);
    let clean = of_kind(events, "trial-finished")
        .filter(|trial| trial["outcome"] == "passed" && trial["warnings"] == 0 && asserted(trial))
        .map(|trial| text(trial, "trial"))
        .filter(|trial| !trial.contains("/probes/") && !NO_EFFECT.contains(&trial.as_str()));
    clean
        .filter(|trial| {
            let steps = of_kind(events, "step-finished");
            let steps = steps.filter(|step| step["trial"] == trial.as_str() && step["phase"] == "steps");
            let calls: Vec<String> = steps.map(|step| text(step, "call")).collect();
            calls.len() > 1 && calls[..calls.len() - 1].iter().any(|call| writes(call))
        })
        .collect()
}

/// Why a trial passes that a target without a mind cannot fail.
fn why(trial: &Value) -> &'static str {
    let count = |member: &str| trial["checks"][member].as_u64().unwrap_or_default();
    if trial["outcome"] == "warned" {
        "passes with a warning: its checks of level `should` are false"
    } else if NO_EFFECT.contains(&text(trial, "trial").as_str()) {
        "tests that what is sent has no effect, and where there is no state nothing has"
    } else if count("must") + count("should") == 0 {
        "only records: no check is of level `must` or `should`"
    } else {
        "tests answers one by one, and each has what is asked of it"
    }
}

/// The trials that are left, by why they pass, each with the requirements of which a check was true.
fn left(events: &[Value], passed: &[String]) -> String {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for trial in of_kind(events, "trial-finished").filter(|trial| passed.contains(&text(trial, "trial"))) {
        let held = trial["held"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let of_its_own = held.filter(|requirement| !requirement.starts_with("api."));
        let line = of_its_own.fold(format!("- `{}`", text(trial, "trial")), |line, held| format!("{line} `{held}`"));
        groups.entry(why(trial)).or_default().push(line);
    }
    let mut list = String::new();
    for (why, mut trials) in groups {
        trials.sort();
        let _ = writeln!(list, "\n{}, each {why}:\n\n{}", trials.len(), trials.join("\n"));
    }
    list
}

const PAGE: &str = "docs/mindless-targets.md";
const GENERATED: &str = "<!-- generated -->\n";

#[test]
#[ignore = "runs the whole suite seven times; `.ci/run` runs it by name"]
fn no_trial_about_state_passes_where_there_is_none() {
    let mut table = String::from("\n| target | trials that pass |\n|---|---|\n");
    let (mut lists, mut stateful) = (String::new(), Vec::new());
    for (title, server) in targets() {
        let place = Place::new();
        let is_random = title.contains("random");
        // One after the other, so that random answers are the same in each run.
        let (trials, _) = run_all(&place, &server, if is_random { "1" } else { "16" });
        // How often a step is tried again is the machine's, so what comes next there is not the same in each run.
        if is_random {
            continue;
        }
        let (passed, events) = (passed(&place), place.events());
        let tenths = 1000 * passed.len() / trials.len();
        let share = format!("{}.{} %", tenths / 10, tenths % 10);
        let _ = writeln!(table, "| {title} | {} of {}, {share} |", passed.len(), trials.len());
        if !passed.is_empty() {
            let _ = write!(lists, "\n## {title}\n{}", left(&events, &passed));
        }
        stateful.extend(about_state(&events).into_iter().map(|trial| format!("{title}: {trial}")));
    }
    assert_eq!(stateful, [""; 0], "{table}");
    let page = fs::read_to_string(root(PAGE)).expect("the page");
    let (by_hand, _) = page.split_once(GENERATED).expect("a part that is generated");
    let made = format!("{by_hand}{GENERATED}{table}{lists}");
    if std::env::var_os("UPDATE_TABLES").is_some() {
        fs::write(root(PAGE), &made).expect("the page is written");
    }
    assert_eq!(fs::read_to_string(root(PAGE)).expect("the page"), made, "UPDATE_TABLES=1 writes it");
}
