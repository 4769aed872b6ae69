"""Runs the blocks of code of pages, as a reader would who types them one after the other into an empty directory.

    blocks.py BINARY [PAGE...]

Each page gets a directory of its own, a shell that lives as long as the page, BINARY on its PATH, and a mock that stands for the org
`https://example.oktapreview.com`. A page says by comments above a block what is special about it:

    <!-- file: NAME -->      the block is the content of this file; without it, so is a block whose first line is `# NAME` or `// NAME`
    <!-- exit: N -->         the last command of the block ends with N instead of 0
    <!-- not run: WHY -->    the block is shown only
    <!-- hidden … -->        the rest of the comment is run, not shown

A block of the language `sh` is run. A block of `text` that follows it is what it prints: each line of it must be a line of the output or of
standard error, in that order, whatever the numbers, times, ports and generated identifiers are; a line `…` stands for any lines between.
Blocks of other languages are shown only. Port 8899 and its neighbours become free ones.
"""

import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(sys.argv[1]).resolve()
ORG = "https://example.oktapreview.com"
HOOK = "https://hooks.example.com/services/T000/B000/XXXX"
TOKEN = "token-of-the-org"
PORTS = ("8899", "8898", "8443", "8077")
LIMIT = 120

BLOCK = re.compile(r"<!--\s*(?P<comment>.*?)\s*-->|^(?P<indent> *)(?P<fence>```+)(?P<language>[\w-]*)\n(?P<code>.*?)^ *(?P=fence)$", re.DOTALL | re.MULTILINE)
# What differs from run to run.
VARIES = [
    (r"\x1b\[[0-9;]*m", ""),
    (r"\b(aus|scp|ocl|0pr|00p|oar)[0-9A-Za-z]{16,17}\b", "<id>"),
    (r"okc_[a-z0-9]{6}_\d+", "<name>"),
    (r"\brun [a-z0-9]{6}\b", "run <run>"),
    (r"https?://127\.0\.0\.1:\d+|" + re.escape(ORG), "<origin>"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"),
    (r"x-okta-request-id: \S+", "x-okta-request-id: <request>"),
    (r"\d+(\.\d+)? (m?s)\b", "<duration>"),
    (r"\d[\d,.]*", "N"),
    (r"\s+", " "),
]


class Wrong(Exception):
    pass


def normal(line):
    for pattern, by in VARIES:
        line = re.sub(pattern, by, line)
    return line.strip()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def blocks(page):
    """(line, kind, comment, language, code) of each block, with the comment right above it."""
    text, comment = page.read_text(), None
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["comment"] is not None:
            comment = found["comment"]
            if comment.startswith("hidden"):
                yield line, "", "sh", comment.removeprefix("hidden").strip() + "\n"
                comment = None
            continue
        yield line, comment or "", found["language"], textwrap.dedent(found["code"])
        comment = None


class Shell:
    """A shell that lives as long as a page."""

    def __init__(self, place, url, hook):
        (place / ".bin").mkdir()
        (place / ".bin/okta-conformance").symlink_to(BINARY)
        home = place / ".home"
        home.mkdir()
        self.place, self.count = place, 0
        self.substituted = {port: free_port() for port in PORTS} | {ORG: url, HOOK: hook}
        environment = {
            "PATH": f"{place}/.bin:{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "100",
            "OKTA_ADMIN_TOKEN": TOKEN, "PROJECT": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=place, env=environment, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def here(self, text):
        for written, real in self.substituted.items():
            text = re.sub(rf"(?<!\d){re.escape(written)}(?!\d)", real.replace("\\", r"\\"), text)
        return text

    def run(self, command):
        """Exit code and output of one command; one that stays in the background is waited for until it listens."""
        self.count += 1
        script, output, code = (self.place / f".{name}-{self.count}" for name in ("script", "output", "code"))
        script.write_text(self.here(command))
        self.process.stdin.write(f"source {script} </dev/null >{output} 2>&1; echo $? >{code}.new; mv {code}.new {code}\n")
        self.process.stdin.flush()
        end = time.monotonic() + LIMIT
        while not code.exists():
            if time.monotonic() > end or self.process.poll() is not None:
                raise Wrong(f"`{command.strip()}` did not end: {output.read_text()[-1000:]}")
            time.sleep(0.01)
        if re.search(r"&\s*$", command):
            for written, port in self.substituted.items():
                if re.search(rf"(?<!\d){written}(?!\d)", command):
                    self.until(port, end, output)
            # The mock listens a moment before it has written the certificate that `--tls` makes; it prints its URL after that.
            while "okta-conformance mock" in command and "mock org at" not in output.read_text() and time.monotonic() < end:
                time.sleep(0.01)
        return int(code.read_text()), output.read_text(errors="replace")

    def until(self, port, end, output):
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(port))).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise Wrong(f"nothing listens: {output.read_text()[-1000:]}") from None
                time.sleep(0.01)

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def commands(code):
    """The commands of a block: as many lines each as the shell needs."""
    held = ""
    for line in code.splitlines(keepends=True):
        held += line
        if held.rstrip("\n").endswith("\\"):
            continue
        checked = subprocess.run(["bash", "-n", "-c", held], capture_output=True, text=True)
        if checked.returncode == 0 and "here-document" not in checked.stderr:
            if held.strip() and not all(text.lstrip().startswith("#") for text in held.strip().splitlines()):
                yield held
            held = ""
    if held.strip():
        raise Wrong(f"this is not a command: {held}")


def compare(expected, output):
    """Each line of the block is a line of the output, in this order; without a `…` between, right after the one before."""
    lines = [normal(line) for line in output.splitlines() if line.strip()]
    at, anywhere = 0, True
    for line in expected.splitlines():
        if not line.strip():
            continue
        if line.strip() == "…":
            anywhere = True
            continue
        wanted = normal(line)
        cut = wanted.endswith("…") and wanted.rstrip("…").strip()
        fits = (lambda text: text.startswith(cut)) if cut else (lambda text: text == wanted)
        where = next((index for index in range(at, len(lines)) if fits(lines[index])), None)
        if where is None or (not anywhere and where != at):
            near = "\n".join(output.splitlines()[-40:])
            raise Wrong(f"the output lacks the line\n    {line}\nThe output ends\n{near}")
        at, anywhere = where + 1, False


def run_page(page, url, hook):
    """How many blocks were run."""
    count = 0
    with tempfile.TemporaryDirectory() as held:
        place = Path(held).resolve()
        shell = Shell(place, url, hook)
        try:
            output = None
            for line, comment, language, code in blocks(page):
                try:
                    named = re.match(r"file: (\S+)", comment) or (language in ("yaml", "toml", "json", "python") and re.match(r"(?:#|//) ([\w./-]+\.\w+)\n", code))
                    if comment.startswith("not run"):
                        output = None
                    elif named:
                        file = place / named[1]
                        file.parent.mkdir(parents=True, exist_ok=True)
                        file.write_text(shell.here(code))
                        output = None
                    elif language == "sh":
                        wanted = int(found[1]) if (found := re.match(r"exit: (\d+)", comment)) else 0
                        output, all_of_it = "", list(commands(code))
                        for index, command in enumerate(all_of_it):
                            ended, said = shell.run(command)
                            output += said
                            expected = wanted if index == len(all_of_it) - 1 else 0
                            if ended != expected:
                                raise Wrong(f"`{command.strip()}` ended with {ended}, not {expected}:\n{said[-3000:]}")
                        count += 1
                    elif language == "text" and output is not None:
                        compare(code, output)
                        count += 1
                except Wrong as reason:
                    raise Wrong(f"{page.relative_to(ROOT)}:{line}: {reason}") from None
        finally:
            shell.end()
    return count


class Hook(http.server.BaseHTTPRequestHandler):
    """Slack's side of a webhook: it accepts a JSON object with a text, and nothing else."""

    def do_POST(self):
        try:
            good = bool(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
        except (ValueError, KeyError, TypeError):
            good = False
        self.send_response(200 if good else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    pages = [Path(name).resolve() for name in sys.argv[2:]]
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    command = [BINARY, "mock", "--port", "0", "--token", TOKEN]
    passed = failed = 0
    for page in pages:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as mock:
            try:
                url = mock.stdout.readline().removeprefix("mock org at ").strip()
                count = run_page(page, url, f"http://127.0.0.1:{hook.server_port}/")
            except Wrong as reason:
                print(f"FAILED: {reason}")
                if mock.poll() is not None:
                    print(f"    The mock that stands for the org ended with {mock.returncode} meanwhile.")
                failed += 1
            else:
                print(f"ok: {page.relative_to(ROOT)}: {count} blocks")
                passed += 1
            finally:
                mock.terminate()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
