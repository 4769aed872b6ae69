"""Checks what pages say of each other and of the project: links.py BOOK, the directory that mdBook made, or `-`.

- every relative link of the README, the docs and the other pages in the root leads to a file, and its `#part` to a heading of it;
- every page of `docs/` is in `docs/SUMMARY.md`, once;
- every link inside the built book leads to a page that was built;
- figures of the README are those of the pages that they link to.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md")),
         *sorted((ROOT / "packaging").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")


def without_code(text):
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page):
    """The fragments of a page, as GitHub and mdBook make them from headings."""
    found, text = {}, re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ +(.*)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        count = found.get(name, 0)
        found[name] = count + 1
        if count:
            found[f"{name}-{count}"] = 1
    return set(found) | set(re.findall(r"<a (?:name|id)=\"([^\"]+)\"", text))


def links():
    for page in PAGES:
        for found in LINK.finditer(without_code(page.read_text())):
            target = found[1] or found[2]
            if re.match(r"\w+:", target):
                continue
            path, _, part = unquote(target).partition("#")
            there = (page.parent / path).resolve() if path else page
            name = f"{page.relative_to(ROOT)}: {target}"
            if not there.exists():
                yield f"{name}: there is no such file"
            elif part and there.suffix == ".md" and part not in anchors(there):
                yield f"{name}: there is no such heading"


def summary():
    listed = re.findall(r"\]\(([^)]+)\)", (ROOT / "docs/SUMMARY.md").read_text())
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"SUMMARY.md"}
    for name in sorted(set(listed) ^ pages):
        yield f"docs/SUMMARY.md: {name}: {'no such page' if name in listed else 'is not listed'}"
    for name in {name for name in listed if listed.count(name) > 1}:
        yield f"docs/SUMMARY.md: {name}: is listed twice"


class Built(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.ids = [], set()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.add(values["id"])
        for name in ("href", "src", "srcset"):
            if values.get(name):
                self.links.append(values[name])


def book(directory):
    pages = {}
    for page in directory.rglob("*.html"):
        pages[page] = Built()
        pages[page].feed(page.read_text())
    if len(pages) < 20:
        yield f"{directory}: there are {len(pages)} pages"
    for page, built in pages.items():
        if page.name in ("print.html", "404.html", "toc.html"):
            continue
        for link in built.links:
            if re.match(r"\w+:|//|#", link):
                continue
            path, _, part = unquote(link).partition("#")
            there = (page.parent / path).resolve() if path else page
            if not there.exists():
                yield f"{page.relative_to(directory)}: {link}: there is no such page in the book"
            elif part and there in pages and part not in pages[there].ids:
                yield f"{page.relative_to(directory)}: {link}: there is no such part of that page"


def figures():
    readme = (ROOT / "README.md").read_text()
    table = (ROOT / "docs/fault-table.md").read_text()
    killed = re.search(r"(\d+) faults, (\d+) killed, .*? (\d+) checks, (\d+) never red", table)
    catalogue = re.search(r"(\d+) trials hold \d+ operations to (\d+) requirements", (ROOT / "cases/CATALOGUE.md").read_text())
    strangers = [[int(cell) for cell in row] for row in re.findall(
        r"^\| \[.*?\| (\d+) \| (\d+) \| (\d+) \| \d+ \| (\d+) \|$", (ROOT / "docs/strangers.md").read_text(), re.MULTILINE)]
    certain, named, unseen, accused = (sum(column) for column in zip(*strangers))
    mindless = max(int(count) for count in re.findall(r"\| (\d+) of \d+, [\d.]+ % \|$", (ROOT / "docs/mindless-targets.md").read_text(), re.MULTILINE))
    wanted = [f"{killed[2]} of {killed[1]}", f"{killed[4]} of {killed[3]}", f"{catalogue[1]} trials hold a target to {catalogue[2]} requirements",
              f"{named} of {certain - unseen} that can be seen", f"{mindless} of {catalogue[1]}"]
    floor, harness = re.search(r"\| 200 cases, CPU \| ([\d.]+) ms \| ([\d.]+) ms", (ROOT / "docs/performance.md").read_text()).groups()
    wanted.append(f"{float(floor):.0f} ms, {float(harness):.0f} ms")
    if accused:
        wanted.append(f"{accused} accused wrongly")
    for figure in wanted:
        if figure not in readme:
            yield f"README.md: the pages that it links to say {figure!r}"


def main():
    problems = [*links(), *summary(), *figures()]
    if sys.argv[1] != "-":
        problems += book(Path(sys.argv[1]))
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{len(PAGES)} pages, {len(problems)} mistakes in links and figures")
    return 1 if problems else 0


sys.exit(main())
