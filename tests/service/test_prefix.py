"""Behind a proxy that publishes the service under a path:
every link of every page and every problem leads back to the service.
"""

from __future__ import annotations

import re
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin

import httpx2
import pytest
from pydantic import ValidationError

from forecast.client import Client
from forecast.release import store
from service.routes.parameters import RELEASE
from service.settings import ServiceSettings
from tests.service.conftest import Office
from tests.service.processes import served
from tests.waiting import HANG

PREFIX = "/enc"


@contextmanager
def proxied(port, *, strips):
    """A proxy that knows one path, as nginx does with `location /enc/ { proxy_pass … }`;
    `strips`: with a slash behind the address.
    """

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404, "outside the path")
                return
            target = self.path.removeprefix(PREFIX) if strips else self.path
            sent = {
                name: value
                for name, value in self.headers.items()
                if name.lower() in ("accept", "if-none-match", "host")
            }
            answer = inside.get(target, headers={**sent, "Accept-Encoding": "identity"})
            self.send_response(answer.status_code)
            for name in ("content-type", "content-length", "etag", "retry-after"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=HANG) as inside:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


@pytest.fixture
def url(blank, tmp_path):
    """A store with a release of each panel, under the ids that the documentation gives as examples."""
    shutil.copy(blank, tmp_path / "encounters.db")
    engine = store.connect(address := f"sqlite:///{tmp_path}/encounters.db")
    office = Office(address, engine)
    office.publish(key=RELEASE.rpartition("-")[2])
    office.publish("cbp-states", key="b")
    engine.dispose()
    return address


def links_of(client, address):
    """Every address that a page leads to, as a browser reads it."""
    page = client.get(address)
    assert page.status_code == 200, address
    return {urljoin(address, link.replace("&amp;", "&")) for link in re.findall(r'<a href="([^"]*)"', page.text)}


@pytest.mark.parametrize("strips", [True, False])
def test_every_link_of_every_page_and_problem_stays_under_the_path(url, tmp_path, strips):
    with (
        served(url, tmp_path, root_path=f"{PREFIX}/", rate=0) as running,
        proxied(running.port, strips=strips) as outside,
        httpx2.Client(timeout=HANG) as client,
    ):
        home = f"{outside}{PREFIX}/"
        links = links_of(client, home) | links_of(client, f"{home}docs")
        assert {home, f"{home}docs", f"{home}v1/status", f"{home}v1/releases/{RELEASE}"} <= links
        assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)

        document = client.get(f"{home}openapi.json").json()
        (server,) = document["servers"]
        assert client.get(urljoin(home, f"{server['url']}/v1/status")).status_code == 200
        operations = [operation for item in document["paths"].values() for operation in item.values()]
        files = {
            urljoin(f"{home}openapi.json", content["examples"]["file"]["externalValue"])
            for operation in operations
            for content in operation["responses"]["200"]["content"].values()
            if "file" in content.get("examples", {})
        }
        assert {file: client.get(file).status_code for file in files} == dict.fromkeys(files, 200)

        for wrong in ("nowhere", "v1/forecasts?covarage=80", "v1/forecasts?area=nowhere", "v1/areas/nowhere"):
            problem = client.get(home + wrong).json()
            kind = urljoin(home + wrong, problem["type"])
            assert f'id="{kind.partition("#")[2]}"' in client.get(kind).text
            assert problem["instance"] == f"{PREFIX}/{wrong.partition('?')[0]}"
            assert client.get(urljoin(home, problem["instance"])).status_code in (200, 404)

        for wrong, right in (
            ("v1/areas/", "v1/areas"),
            ("v1/forecast", "v1/forecasts"),
            ("v1/models?format=csv", "v1/models.csv"),
        ):
            assert f"{PREFIX}/{right}" in client.get(home + wrong).json()["detail"]
        assert f"See {PREFIX}/docs" in client.get(f"{home}nowhere").json()["remedy"]
        with Client(home) as service:
            assert set(service.forecasts("El Paso, TX")["area"]) == {"el-paso"}


def test_pages_lead_back_under_a_path_that_was_not_set(url, tmp_path):
    with (
        served(url, tmp_path, rate=0) as running,
        proxied(running.port, strips=True) as outside,
        httpx2.Client(timeout=HANG) as client,
    ):
        home = f"{outside}{PREFIX}/"
        links = links_of(client, home) | links_of(client, f"{home}docs")
        assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_without_a_path_nothing_of_an_answer_says_one(client):
    assert client.get("/nowhere").json()["type"] == "/docs#not-found"
    assert "servers" not in client.get("/openapi.json").json()


@pytest.mark.parametrize("text", ["enc", "/enc//x", "/e c", "http://x/enc", "/v1", "/v1/enc", '/"><script>'])
def test_what_is_no_path_is_refused_when_the_service_starts(text):
    with pytest.raises(ValidationError, match="is not a path"):
        ServiceSettings(root_path=text)


@pytest.mark.parametrize(("text", "path"), [("", ""), ("/", ""), ("/enc/", "/enc"), ("/a/b", "/a/b"), ("/v1x", "/v1x")])
def test_a_slash_at_the_end_of_the_path_is_nothing(text, path):
    assert ServiceSettings(root_path=text).root_path == path
