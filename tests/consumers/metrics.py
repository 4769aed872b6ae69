"""Reads metrics with the parser of prometheus_client, and holds what they count to the summary of the same stream.

    metrics.py DIR

DIR has, for each NAME, NAME.json and NAME.openmetrics.
"""

import json
import pathlib
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

read = 0
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    summary = json.loads(file.read_text())
    families = text_string_to_metric_families(file.with_suffix(".openmetrics").read_text())
    samples = [sample for family in families for sample in family.samples]
    value = lambda name, **labels: [s.value for s in samples if s.name == "okta_conformance_" + name and s.labels == labels]
    assert value("exit_code") == [summary["exit_code"]], file.name
    for outcome, count in summary["trials"].items():
        assert value("trials", outcome=outcome.replace("_", "-")) == [count], f"{file.name}: {outcome}"
    assert value("drift", explained="false") == [summary["new_drift"]], file.name
    assert value("leaked") == [summary["leaked"]], file.name
    [run] = [sample.labels for sample in samples if sample.name == "okta_conformance_run_info"]
    assert run["verdict"] == summary["verdict"], file.name
    read += 1
assert read > 0, "there are no reports"
print(f"{read} reports: prometheus_client reads the counts of the console")
