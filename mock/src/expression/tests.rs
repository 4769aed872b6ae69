//! What expressions come to: the examples of the docs, those that are known to be in use, and what fails.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{App, AppUser, Context, Expression, Failure, Group, LONGEST, User};

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("not an object: {other}"),
    }
}

/// An app, scopes and a user to ask about.
struct World {
    app: App,
    scopes: Vec<String>,
    user: User,
    app_user: AppUser,
}

fn world() -> World {
    let group = |id: &str, name: &str| Group { id: id.to_owned(), name: name.to_owned() };
    World {
        app: App {
            client_id: "0oaClient".to_owned(),
            id: "0oaApp".to_owned(),
            profile: members(json!({"label": "Shop", "groupallowlist": ["00gB", "00gC", "00gX"]})),
        },
        scopes: ["orders.read", "orders.write"].map(str::to_owned).to_vec(),
        user: User {
            id: "00uAda".to_owned(),
            login: "ada@example.com".to_owned(),
            profile: members(json!({"email": "ada@example.com", "firstName": "Ada", "salary": 100, "middle": null})),
            groups: vec![group("00gA", "Everyone"), group("00gB", "Eng-Compilers"), group("00gC", "Eng-Looms")],
        },
        app_user: AppUser { user_name: "ada".to_owned(), profile: members(json!({"role": "author"})) },
    }
}

impl World {
    fn ask(&self, text: &str, is_with_user: bool) -> Result<Value, Failure> {
        let expression = Expression::parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake:?}"));
        let user = is_with_user.then_some(&self.user);
        let app_user = is_with_user.then_some(&self.app_user);
        expression.evaluate(&Context { app: &self.app, scopes: &self.scopes, user, app_user })
    }
}

fn all_are(is_with_user: bool, table: &[(&str, Value)]) {
    let world = world();
    for (text, expected) in table {
        assert_eq!(world.ask(text, is_with_user).as_ref(), Ok(expected), "{text}");
    }
}

#[test]
fn the_examples_of_the_docs() {
    all_are(
        true,
        &[
            (r#"String.append("This is", " a test")"#, json!("This is a test")),
            (r#"String.join(",", "This", "is", "a", "test")"#, json!("This,is,a,test")),
            (r#"String.join("", "This", "is", "a", "test")"#, json!("Thisisatest")),
            (r#"String.len("This")"#, json!(4)),
            (r#"String.removeSpaces("This is a test")"#, json!("Thisisatest")),
            (r#"String.replace("This is a test", "is", "at")"#, json!("That at a test")),
            (r#"String.replaceFirst("This is a test", "is", "at")"#, json!("That is a test")),
            (r#"String.stringContains("This is a test", "test")"#, json!(true)),
            (r#"String.stringContains("This is a test", "doesn'tExist")"#, json!(false)),
            (r#"String.stringSwitch("This is a test", "default", "key1", "value1")"#, json!("default")),
            (r#"String.stringSwitch("This is a test", "default", "test", "value1")"#, json!("value1")),
            (
                r#"String.stringSwitch("First match wins", "default", "absent", "value1", "wins", "value2", "match", "value3")"#,
                json!("value2"),
            ),
            (r#"String.stringSwitch("Substrings count", "default", "ring", "value1")"#, json!("value1")),
            (r#"String.substring("This is a test", 2, 9)"#, json!("is is a")),
            (r#"String.substringAfter("abc@okta.com", "@")"#, json!("okta.com")),
            (r#"String.substringBefore("abc@okta.com", "@")"#, json!("abc")),
            (r#"String.toUpperCase("This")"#, json!("THIS")),
            (r#"String.toLowerCase("ThiS")"#, json!("this")),
            ("Arrays.add({10, 20, 30}, 40)", json!([10, 20, 30, 40])),
            ("Arrays.remove({10, 20, 30}, 20)", json!([10, 30])),
            ("Arrays.clear({10, 20, 30})", json!([])),
            ("Arrays.get({0, 1, 2}, 0)", json!(0)),
            ("Arrays.flatten(10, {20, 30}, 40)", json!([10, 20, 30, 40])),
            ("Arrays.contains({10, 20, 30}, 10)", json!(true)),
            ("Arrays.contains({10, 20, 30}, 50)", json!(false)),
            ("Arrays.size({10, 20, 30})", json!(3)),
            ("Arrays.size(NULL)", json!(0)),
            ("Arrays.isEmpty({10, 20})", json!(false)),
            ("Arrays.isEmpty(NULL)", json!(true)),
            (r#"Arrays.toCsvString({"This", "is", " a ", "test"})"#, json!("This,is, a ,test")),
            ("Convert.toInt('1234')", json!(1234)),
            ("Convert.toInt(123.4)", json!(123)),
            ("Convert.toInt(123.6)", json!(124)),
            ("Convert.toNum('2.75')", json!(2.75)),
            ("'Hello world'", json!("Hello world")),
            ("1234", json!(1234)),
            ("2.75", json!(2.75)),
            ("true", json!(true)),
            (r#"user.firstName + " " + user.login"#, json!("Ada ada@example.com")),
            ("user.salary == 123 ? 'Sales' : 'Other'", json!("Other")),
            ("user.salary > 99 AND !(user.firstName == 'Bob')", json!(true)),
            (r#"(user.title != "" ? "" : "none") + user.firstName"#, json!("Ada")),
        ],
    );
}

#[test]
fn what_is_known_to_be_in_use() {
    all_are(
        true,
        &[
            ("(appuser != null) ? appuser.userName : app.clientId", json!("ada")),
            ("app.id", json!("0oaApp")),
            ("app.profile.label", json!("Shop")),
            ("app.profile.none", json!(null)),
            ("access.scope", json!(["orders.read", "orders.write"])),
            (r#"String.replace(Arrays.toCsvString(access.scope),","," ")"#, json!("orders.read orders.write")),
            (r#"Arrays.contains(access.scope, "orders.read")"#, json!(true)),
            ("user.email", json!("ada@example.com")),
            ("user.middle", json!(null)),
            ("user.middle ?: 'none'", json!("none")),
            ("'' ?: 'none'", json!("none")),
            ("user.firstName ?: 'none'", json!("Ada")),
            (r#"user.getInternalProperty("id")"#, json!("00uAda")),
            ("appuser.role", json!("author")),
            (r#"Groups.startsWith("OKTA", "Eng-", 100)"#, json!(["Eng-Compilers", "Eng-Looms"])),
            (r#"Groups.startsWith("OKTA", "", 1)"#, json!(["Everyone"])),
            (r#"Groups.endsWith("OKTA", "Looms", 100)"#, json!(["Eng-Looms"])),
            (r#"Groups.contains("active_directory", "Eng", 100)"#, json!([])),
            (r#"app.clientId == "0oaClient" ? Groups.contains("OKTA","one",100) : null"#, json!(["Everyone"])),
            (r#"app.clientId == "0oaOther" ? Groups.startsWith("OKTA","",100) : null"#, json!(null)),
            (
                r#"getFilteredGroups(app.profile.groupallowlist, "group.name", 40)"#,
                json!(["Eng-Compilers", "Eng-Looms"]),
            ),
            (r#"isMemberOfGroupName("Everyone")"#, json!(true)),
            (r#"isMemberOfGroupNameStartsWith("Looms")"#, json!(false)),
            (r#"isMemberOfAnyGroup("00gX", "00gC")"#, json!(true)),
            (
                "user.getGroups({'group.type': {'OKTA_GROUP'}}).![name]",
                json!(["Everyone", "Eng-Compilers", "Eng-Looms"]),
            ),
            ("user.getGroups({'group.profile.name': 'Eng', 'operator': 'STARTS_WITH'}).![id]", json!(["00gB", "00gC"])),
            (
                "user.getGroups({'group.id': {'00gA', '00gB'}}, {'group.profile.name': 'Everyone'})[0].profile.name",
                json!("Everyone"),
            ),
            ("{1,2}", json!([1, 2])),
            ("{}", json!([])),
            ("{'a': {1, true}}", json!({"a": [1, true]})),
            ("'it''s' + \"\"\"\"", json!("it's\"")),
            ("1 + 2 == 3 or unknown", json!(true)),
            ("false && unknown", json!(false)),
            ("1 + 2.5", json!(3.5)),
            ("-1", json!(-1)),
            ("1 == 1.0", json!(true)),
            ("'n' + 1", json!("n1")),
            ("true ? 1 : unknown", json!(1)),
            ("false ? 1 : true ? 2 : 3", json!(2)),
        ],
    );
}

#[test]
fn without_a_user_what_is_asked_of_one_is_null() {
    all_are(
        false,
        &[
            ("(appuser != null) ? appuser.userName : app.clientId", json!("0oaClient")),
            ("appuser == null", json!(true)),
            ("user == null", json!(true)),
            ("user.email", json!(null)),
            ("String.toUpperCase(user.email)", json!(null)),
            (r#"Groups.startsWith("OKTA", "", 100)"#, json!(null)),
            (r#"isMemberOfGroupName("Everyone")"#, json!(false)),
            ("user.getGroups({'group.type': 'OKTA_GROUP'}).![name]", json!(null)),
            (r#"user.getInternalProperty("id")"#, json!(null)),
        ],
    );
}

#[test]
fn what_is_not_known_or_not_possible_fails_where_it_is() {
    let world = world();
    for (text, part) in [
        ("cool", "cool"),
        ("app.name", "app.name"),
        ("access.token", "access.token"),
        ("user", "user"),
        ("'a' + app", "app"),
        ("Strings.len('a')", "Strings.len('a')"),
        ("true ? exec('a') : 1", "exec('a')"),
        ("String.len()", "String.len()"),
        ("String.len({1})", "String.len({1})"),
        ("!'a'", "'a'"),
        ("'a' ? 1 : 2", "'a'"),
        ("1 < 'a'", "1 < 'a'"),
        ("{1} + 1", "{1} + 1"),
        ("9223372036854775807 + 1", "9223372036854775807 + 1"),
        ("'a'.b", "'a'.b"),
        ("'a'.![b]", "'a'"),
        ("Arrays.get({1}, 1)", "Arrays.get({1}, 1)"),
        ("Convert.toInt('x')", "Convert.toInt('x')"),
        ("user.getGroups({'group.x': 'y'})", "user.getGroups({'group.x': 'y'})"),
    ] {
        let failure = world.ask(text, true).expect_err(text);
        assert_eq!(&text[failure.span], part, "{text}");
    }
}

#[test]
fn what_cannot_be_read_says_where() {
    for (text, part) in [
        ("", ""),
        ("'a", "'"),
        ("a b", "b"),
        ("a = b", "="),
        ("a - b", "-"),
        ("(a", ""),
        ("f(a,", ""),
        ("{a: 1, 2}", "2"),
        ("a.", ""),
        ("a ? b", ""),
        ("#a", "#"),
        ("1a", "1"),
        ("99999999999999999999", "9"),
        ("+", "+"),
    ] {
        let mistake = Expression::parse(text).expect_err(text);
        assert_eq!(&text[mistake.span], part, "{text}: {}", mistake.message);
    }
}

#[test]
fn limits_hold() {
    let longest = format!("'{}'", "é".repeat(LONGEST - 2));
    assert!(Expression::parse(&longest).is_ok());
    assert!(Expression::parse(&format!("{longest} ")).is_err());
    for deep in
        ["(".repeat(500), "!".repeat(500), "{".repeat(500), "1+".repeat(500) + "1", "a".to_owned() + &".b".repeat(500)]
    {
        let mistake = Expression::parse(&deep).expect_err(&deep);
        assert!(mistake.message.contains("in one another"), "{deep}: {}", mistake.message);
    }
    // Each level multiplies: without a limit these would take years and terabytes.
    let projections = (0..12).fold("1".to_owned(), |inner, _| format!("{{1,2,3,4,5,6,7,8,9}}.![{inner}]"));
    let replacements =
        (0..9).fold("'a'".to_owned(), |inner, _| format!("String.replace({inner},'a','{}')", "a".repeat(80)));
    for text in [projections, replacements] {
        let failure = world().ask(&text, false).expect_err("too much");
        assert!(failure.message.contains("too l"), "{}", failure.message);
    }
}

/// Texts that are often nearly expressions.
fn nearly() -> impl Strategy<Value = String> {
    let words = [
        "user",
        "appuser",
        "app",
        "access",
        ".",
        ".scope",
        ".![",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        ":",
        "?",
        "?:",
        "!",
        "==",
        "+",
        "-",
        "AND",
        "null",
        "true",
        "'a'",
        "\"",
        "1",
        "2.5",
        "String.replace(",
        "Arrays.add(",
        "Groups.startsWith(",
        "getGroups(",
        " ",
        "é",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_panics(text in prop_oneof![nearly(), any::<String>()], is_with_user: bool) {
        if let Ok(expression) = Expression::parse(&text) {
            let world = world();
            let user = is_with_user.then_some(&world.user);
            let context = Context { app: &world.app, scopes: &world.scopes, user, app_user: None };
            if let Err(failure) = expression.evaluate(&context) {
                prop_assert!(text.get(failure.span).is_some());
            }
        }
    }
}
