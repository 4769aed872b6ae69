//! The gate of a run: conformant, or no worse than the baseline. Trials keep their outcomes either way.

use serde_json::json;

use super::{
    server::{Answer, Server},
    support::{Done, Place, junit, text},
};

/// Things that are red, but for those of these names, which are of the colour behind them.
fn things(others: &'static [(&'static str, &'static str)]) -> Server {
    Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let color = others.iter().find(|(other, _)| *other == name).map_or("red", |(_, color)| color);
        Some(match color {
            "broken" => Answer::new(500, "trouble"),
            color => Answer::json(200, &json!({ "id": name, "name": name, "color": color })),
        })
    })
}

fn run(place: &Place, server: &Server, more: &[&str]) -> Done {
    let arguments = ["run", "--suite", "suite", "--target", &server.url, "--jobs", "1"];
    place.run(&[&arguments[..], more].concat())
}

/// A place with the run of two red trials in `old.jsonl`.
fn with_a_baseline() -> Place {
    let place = Place::with_suite(&["colors"]);
    let old = run(&place, &things(&[("b", "blue"), ("c", "broken")]), &["--events", "old.jsonl"]);
    assert_eq!(old.code, 1, "{}", old.out);
    place
}

#[test]
fn what_is_as_red_as_before_passes_the_gate_in_every_format() {
    let place = with_a_baseline();
    let server = things(&[("b", "blue"), ("c", "broken")]);
    let gated = ["--baseline", "old.jsonl", "--gate", "baseline"];
    let done = run(&place, &server, &gated);
    assert_eq!(done.code, 0, "{}", done.out);
    let line = done.last_line().to_owned();
    assert!(line.starts_with("no worse than the baseline: 7 passed, 1 failed, 1 errored; "), "{line}");
    assert_eq!(place.outcomes()["things/colors/red[b]"], "failed", "trials keep their outcomes");
    let report = |format: &str| {
        let done = place.run(&[&["report", "reports/events.jsonl", "--format", format], &gated[..]].concat());
        assert_eq!(done.code, 0, "{format}: {}", done.out);
        done
    };
    let summary = report("json").json();
    assert_eq!((text(&summary, "verdict").as_str(), &summary["exit_code"]), ("no worse than the baseline", &json!(0)));
    let badge = report("badge").json();
    assert_eq!((&badge["isError"], &badge["color"]), (&json!(false), &json!("yellowgreen")));
    for format in ["text", "html", "markdown", "tap", "github", "badge"] {
        let out = report(format).out.to_lowercase();
        assert!(out.contains("no worse than the baseline"), "{format}: {out}");
        assert!(!out.contains("bail out"), "{out}");
    }
    let (_, totals) = junit(&report("junit").out);
    assert_eq!((totals.failures, totals.errors), (1, 1), "the trials' own, and no more");
    let without = run(&place, &server, &["--baseline", "old.jsonl"]);
    assert_eq!(without.code, 1, "the gate is open only to who asks for it");
}

#[test]
fn what_is_newly_red_or_not_judged_does_not_pass_the_gate() {
    let place = with_a_baseline();
    let gated = ["--baseline", "old.jsonl", "--gate", "baseline", "--format", "json"];
    let rows: [(&[(&str, &str)], i32); 5] = [
        (&[("b", "blue"), ("c", "broken")], 0),
        (&[], 0),
        (&[("b", "blue"), ("c", "broken"), ("d", "blue")], 1),
        (&[("b", "green"), ("c", "broken")], 1),
        (&[("b", "broken"), ("c", "broken")], 1),
    ];
    for (others, code) in rows {
        let done = run(&place, &things(others), &gated);
        let summary = done.json();
        let verdict = if code == 0 { "no worse than the baseline" } else { "worse than the baseline" };
        assert_eq!((done.code, text(&summary, "verdict").as_str()), (code, verdict), "{others:?}: {}", done.out);
    }
    let stopped = run(&place, &things(&[("b", "blue"), ("c", "broken")]), &[&gated[..], &["--fail-fast"]].concat());
    assert_eq!(stopped.code, 1, "what was not run is not as good as before: {}", stopped.out);
}

#[test]
fn an_identifier_that_a_target_counts_up_is_no_other_failure() {
    let place = Place::with_suite(&["colors"]);
    let gated = ["--events", "new.jsonl", "--baseline", "old.jsonl", "--gate", "baseline"];
    for (color, code) in [("shade-2", 0), ("shade", 1)] {
        assert_eq!(run(&place, &things(&[("b", "shade-1")]), &["--events", "old.jsonl"]).code, 1);
        let server = Server::start(move |request| {
            let name = request.target.rsplit('/').next().unwrap_or_default();
            let color = if name == "b" { color } else { "red" };
            Some(Answer::json(200, &json!({ "id": name, "name": name, "color": color })))
        });
        let done = run(&place, &server, &gated);
        assert_eq!(done.code, code, "{color}: {}", done.out);
    }
}

#[test]
fn the_gate_needs_a_baseline() {
    let place = with_a_baseline();
    let server = things(&[]);
    for done in
        [run(&place, &server, &["--gate", "baseline"]), place.run(&["report", "old.jsonl", "--gate", "baseline"])]
    {
        assert_eq!(done.code, 3, "{}", done.out);
        let sentence = "`--gate baseline` needs an older run to compare with: `--baseline EVENTS`";
        assert!(done.err.contains(sentence), "{}", done.err);
    }
    assert_eq!(server.lines(), [""; 0], "nothing was sent");
}
