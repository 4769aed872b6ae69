//! Many runs in the order of time: parts put together, nights in order, what changed and when.

use serde_json::json;

use super::{
    browser::in_browser,
    forms::mistakes,
    html::{CONTRAST, TOO_WIDE},
    server::{Answer, Server},
    support::{Place, data, edit, snapshot, text},
};

/// Things, of which those named are not red.
fn things(blue: &'static [&'static str]) -> Server {
    Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let color = if blue.contains(&name) { "blue" } else { "red" };
        Some(Answer::json(200, &json!({ "id": name, "name": name, "color": color })))
    })
}

/// A run as of that night, with answers that took so many milliseconds; the time that it really took is left out of the test.
fn night(place: &Place, day: u32, blue: &'static [&'static str], ms: f64, more: &[&str]) {
    let server = things(blue);
    place.target(&server.url, &["admin", "manager"], &[]);
    let part = more.last().map_or_else(String::new, |shard| shard.replace('/', "-of-"));
    let stream = format!("nights/{}-{part}.jsonl", 40 - day);
    let arguments =
        ["run", "--suite", "suite", "--target", "here", "--no-preflight", "--jobs", "1", "--events", &stream];
    place.run(&[&arguments[..], more].concat());
    edit(place, &stream, &stream, |event| {
        if event["event"] == "run-started" {
            event["started"] = format!("2026-11-{day:02}T02:00:00.000Z").into();
            event["run"] = format!("n{day:03}{}", part.get(..1).unwrap_or("x")).into();
        }
        if event["exchange"].is_object() {
            event["exchange"]["duration_ms"] = ms.into();
        }
    });
}

#[test]
fn nights_are_told_in_their_order_and_parts_are_one_night() {
    let place = Place::with_suite(&["colors"]);
    night(&place, 1, &[], 100.0, &[]);
    night(&place, 2, &["b"], 100.0, &[]);
    for shard in ["1/2", "2/2"] {
        night(&place, 3, &["b", "c"], 400.0, &["--shard", shard]);
    }
    night(&place, 4, &["c"], 200.0, &[]);
    let done = place.run(&["trend", "nights"]);
    assert_eq!(done.code, 0, "{}", done.err);
    snapshot(&place, "trend", &done.out);
    let trend = place.run(&["trend", "nights", "--format", "json"]).json();
    assert_eq!(mistakes("trend", &trend), [""; 0]);
    let days: Vec<String> =
        trend["points"].as_array().expect("a list").iter().map(|point| text(point, "started")).collect();
    assert_eq!(days, [1, 2, 3, 4].map(|day| format!("2026-11-{day:02}T02:00:00.000Z")));
    assert_eq!(trend["points"][2]["runs"], json!(["n0031", "n0032"]));
    assert_eq!(trend["points"][2]["trials"], json!({ "passed": 7, "failed": 2 }));
    assert_eq!(trend["operations"], json!([{ "call": "getThing", "medians_ms": [100.0, 100.0, 400.0, 200.0] }]));
    let course = |at: usize| (text(&trend["trials"][at], "trial"), trend["trials"][at]["outcomes"].clone());
    assert_eq!(
        (course(0), course(1)),
        (
            ("things/colors/red[c]".to_owned(), json!(["passed", "passed", "failed", "failed"])),
            ("things/colors/red[b]".to_owned(), json!(["passed", "failed", "failed", "passed"])),
        )
    );
    assert!(trend["trials"][2].is_null(), "what is always alike is not told");
    // The order in which streams are named does not matter; the same stream twice is a mistake.
    let files = [
        "nights/37-1-of-2.jsonl",
        "nights/36-.jsonl",
        "nights/37-2-of-2.jsonl",
        "nights/38-.jsonl",
        "nights/39-.jsonl",
    ];
    assert_eq!(place.run(&[&["trend", "--format", "json"], &files[..]].concat()).json(), trend);
    assert_eq!(place.run(&["trend", "nights", files[1]]).code, 3);
    // A night that was cut short is a night.
    let whole = place.read(files[1]);
    place.write(files[1], &whole[..whole.len() - whole.len() / 3]);
    let cut = place.run(&["trend", "nights", "--format", "json"]).json();
    assert_eq!(cut["points"][3]["complete"], false);
    assert!(place.run(&["trend", "nights"]).out.contains(", cut short"), "it is said");
}

#[test]
fn a_quarter_of_nights_is_read_at_a_glance() {
    let place = Place::with_suite(&["colors"]);
    night(&place, 1, &[], 100.0, &[]);
    let one = place.read("nights/39-.jsonl");
    for day in 0..90 {
        let (month, of_month) = (day / 28 + 1, day % 28 + 1);
        let text = one
            .replace("2026-11-01T", &format!("2026-{month:02}-{of_month:02}T"))
            .replace("n001x", &format!("n{day:03}x"));
        // One trial fails from the sixtieth night on.
        let broken = text.replace("\"outcome\":\"passed\"", "\"outcome\":\"failed\"");
        let lines = text.lines().zip(broken.lines());
        let changed = lines.map(|(line, broken)| if day >= 60 && line.contains("red[d]") { broken } else { line });
        let changed = changed.collect::<Vec<_>>().join("\n");
        let footer = if day >= 60 { "\"trials\":{\"failed\":1,\"passed\":8}" } else { "\"trials\":{\"passed\":9}" };
        place.write(
            &format!("quarter/{day}.jsonl"),
            &format!("{}\n", changed.replace("\"trials\":{\"passed\":9}", footer)),
        );
    }
    let done = place.run(&["trend", "quarter"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let strip = format!("  {}{}  things/colors/red[d] (since 2026-03-05; 1 change)\n", ".".repeat(60), "F".repeat(30));
    assert!(done.out.contains(&strip), "{}", done.out);
    assert!(done.out.lines().count() < 110, "a line a night, and little more");
    assert!(
        done.out.ends_with(": not conformant in the last 30 runs; 8 pass now, 1 not; 1 changed in between\n"),
        "{}",
        done.out
    );
}

#[test]
fn nights_as_a_page() {
    in_browser(async |browser| {
        let place = Place::with_suite(&["colors"]);
        night(&place, 1, &[], 100.0, &[]);
        night(&place, 2, &["b"], 300.0, &[]);
        night(&place, 3, &["b"], 200.0, &[]);
        let hostile = data("streams/hostile.jsonl").display().to_string();
        let done = place.run(&["trend", "nights", &hostile, "--format", "html"]);
        assert_eq!((done.code, done.err.as_str()), (0, ""));
        place.write("trend.html", &done.out);
        let path = place.path("trend.html");
        browser.requests().await;
        for (width, scheme) in [(1200, "light"), (1200, "dark"), (360, "light")] {
            browser.resize(width, 800).await;
            browser.prefer(scheme, "screen").await;
            browser.open(&path, "").await;
            let (over, elements): (i64, Vec<String>) = browser.ask(TOO_WIDE).await;
            assert!(over <= 0 && elements.is_empty(), "{width}: {over} {elements:?}");
            let (least, at, _): (f64, String, u8) = browser.ask(CONTRAST).await;
            assert!(least >= 4.5, "{scheme}: {least:.2} at {at}");
        }
        assert_eq!(browser.console().await, [""; 0], "nothing is refused, nothing fails");
        let requests = browser.requests().await;
        assert!(requests.iter().all(|url| url.starts_with("data:") || url.ends_with("/trend.html")), "{requests:?}");
        let (columns, cells, lines): (usize, Vec<usize>, usize) = browser
            .ask(
                "const course = [...document.querySelectorAll('#trials tbody tr')].find((row) => row.textContent.includes('red[b]'));
                 return [document.querySelectorAll('main figure g').length,
                     ['good', 'bad'].map((name) => course.querySelectorAll(`rect.${name}`).length),
                     document.querySelectorAll('#runs tbody tr').length];",
            )
            .await;
        assert_eq!((columns, cells.as_slice(), lines), (4, &[1, 2][..], 4), "a column, a cell and a line a run");
        let foreign: usize =
            browser.ask("return document.querySelectorAll('img, iframe, object, embed, base, video').length").await;
        assert_eq!(foreign, 0, "what a target sends is no markup");
        let text: String = browser.ask("return document.body.textContent").await;
        assert!(text.contains("\\u{1b}[31m"), "it can be read");
    });
}
