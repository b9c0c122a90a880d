"""The site of the pages: it builds without a warning, and neither it nor its reader needs another host."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.main import get_command

from docs import build
from docs.build import ROOT, pages
from forecast.cli.main import app
from forecast.client import Client
from tests.service.browsing import chromium, visiting

# What a browser fetches by itself when it reads a page.
FETCHED = re.compile(
    r"<(?:script|img|source|iframe|embed|audio|video)\b[^>]*?\bsrc(?:set)?=\"([^\"]*)\""
    r"|<link\b(?![^>]*rel=\"(?:next|prev|canonical)\")[^>]*?\bhref=\"([^\"]*)\"|url\(([^)]*)\)|@import\s+([^;]*)"
)


class Quiet(SimpleHTTPRequestHandler):
    """Sends the files of a folder, and prints nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, once."""
    return build.build(tmp_path_factory.mktemp("docs") / "built")


def test_every_page_is_built_from_the_file_that_the_repository_has(site):
    for page in pages():
        made = site / ("index.html" if page == "README.md" else page.replace(".md", ".html"))
        title = re.search(r"^# (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)[1]
        assert title.replace("'", "&#39;") in made.read_text() or title in made.read_text(), page
    assert {path.name for path in (ROOT / "docs").glob("*.md")} == {
        page.removeprefix("docs/") for page in pages() if page.startswith("docs/")
    }


def test_no_page_or_style_loads_anything_from_elsewhere(site):
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css")]
    assert len(files) > len(pages())
    for path in files:
        wanted = ["".join(parts) for parts in FETCHED.findall(path.read_text())]
        assert wanted or path.suffix == ".css"
        assert [target for target in wanted if re.match(r"['\"]?(?:\w+:)?//", target)] == [], path


def test_a_reader_in_a_browser_asks_no_other_host(site):
    handler = functools.partial(Quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, chromium() as browser:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}/"
        asked: list[str] = []
        with visiting(browser, width=375) as page:
            page.on("request", lambda request: asked.append(request.url))
            for name in ("index.html", "docs/api.html"):
                page.goto(here + name)
                assert page.evaluate("document.documentElement.scrollWidth") <= 375
        server.shutdown()
    assert f"{here}docs/api.html" in asked
    assert [url for url in asked if not url.startswith((here, "data:"))] == []


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path, monkeypatch):
    pages_of = tmp_path / "repository"
    (pages_of / "docs").mkdir(parents=True)
    for name in {*pages(), build.STYLE}:
        (pages_of / name).parent.mkdir(exist_ok=True, parents=True)
        (pages_of / name).write_text("# A page\n\n[over there](#nowhere)\n")
    monkeypatch.setattr(build, "ROOT", pages_of)
    with pytest.raises(subprocess.CalledProcessError) as broken:
        build.build(tmp_path / "built")
    assert "anchor does not exist" in broken.value.stdout


def test_the_api_guide_names_every_address():
    text = (ROOT / "docs/api.md").read_text()
    paths = json.loads((ROOT / "tests/service/openapi.json").read_text())["paths"]
    plain = {re.sub(r"\.(csv|parquet)$", "", path) for path in paths}
    assert {path for path in plain if f"`{path}`" not in text and f" {path}`" not in text} == set()


def test_the_analysts_guide_names_every_script_and_the_operators_every_alert_and_command():
    analysts, operators = ((ROOT / f"docs/{name}.md").read_text() for name in ("analysts", "operators"))
    scripts = [path.name for path in (ROOT / "experiments").glob("*.py") if "def main(" in path.read_text()]
    assert [name for name in scripts if f"../experiments/{name})" not in analysts] == []
    methods = [name for name in vars(Client) if not name.startswith("_") and name != "close"]
    assert [name for name in methods if f"`{name}`" not in analysts and f".{name}(" not in analysts] == []
    alerts = re.findall(r"alert: (\w+)", (ROOT / "service/deploy/prometheus-alerts.yaml").read_text())
    assert alerts
    assert [name for name in alerts if f"| `{name}` |" not in operators] == []
    names = list(get_command(app).commands)
    table = operators.split("## All commands")[1]
    assert names
    assert [name for name in names if not re.search(rf"\b{name}\b", table)] == []
