"""Reads reports with junitparser and junit2html, and holds what they count to the summary of the same stream.

    junit.py DIR

DIR has, for each NAME, NAME.json and the two forms NAME.junit and NAME.junit-strict.
"""

import json
import pathlib
import sys

from junitparser import xunit2
from junit2htmlreport import parser as junit2html


def wanted(summary):
    """The counts of the console, as cases of JUnit: a leak is a case of its own, and in error; so is that a run was stopped before some."""
    trials, alone = summary["trials"], summary["leaked"] + summary.get("may_be_left", 0)
    alone += bool(summary.get("stopped") and trials["not_run"])
    failures = ["failed", "unexpected_pass", "changed_failure", "expired"]
    skipped = ["known_failure", "not_applicable", "not_run"]
    return {
        "tests": sum(trials.values()) + alone,
        "failures": sum(trials[name] for name in failures),
        "errors": trials["blocked"] + trials["errored"] + alone,
        "skipped": sum(trials[name] for name in skipped),
        "flaky": trials["flaky"],
    }


def by_junitparser(path):
    xml = xunit2.JUnitXml.fromfile(str(path))
    claimed = (xml.tests, xml.failures, xml.errors)
    cases = [case for suite in xml for case in suite]
    xml.update_statistics()
    assert claimed == (xml.tests, xml.failures, xml.errors), f"{path.name} claims {claimed}"
    return {
        "tests": len(cases),
        "failures": sum(case.is_failure for case in cases),
        "errors": sum(case.is_error for case in cases),
        "skipped": sum(case.is_skipped for case in cases),
        "flaky": sum(case.is_flaky for case in cases),
    }


def by_junit2html(path):
    report = junit2html.Junit(filename=str(path))
    cases = [case for suite in report for case in suite.all()]
    count = lambda outcome: sum(case.outcome() == outcome for case in cases)
    page = report.html()
    assert all(case.name in page for case in cases), f"{path.name}: a case is not on the page"
    assert "<script>alert" not in page, f"{path.name}: foreign text became markup"
    # It does not tell failures from errors.
    return {"tests": len(cases), "red": count(junit2html.CaseResult.FAILED), "skipped": count(junit2html.CaseResult.SKIPPED)}


read = 0
for summary in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    counts = wanted(json.loads(summary.read_text()))
    for form in ["junit", "junit-strict"]:
        path = summary.with_suffix(f".{form}")
        assert by_junitparser(path) == counts, f"{path.name}: junitparser reads {by_junitparser(path)}, not {counts}"
        shown = {"tests": counts["tests"], "red": counts["failures"] + counts["errors"], "skipped": counts["skipped"]}
        assert by_junit2html(path) == shown, f"{path.name}: junit2html reads {by_junit2html(path)}, not {shown}"
        read += 1
assert read, "there are no reports"
print(f"{read} JUnit reports: junitparser and junit2html count what the console counts")
