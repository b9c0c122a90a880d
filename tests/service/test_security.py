"""What SECURITY.md says: every test that it names exists, and the controls that no other test shows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import service

PAGE = Path(service.__file__).with_name("SECURITY.md")
HERE = Path(__file__).parent


def test_every_test_that_the_page_names_exists():
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE.read_text())
    assert len(named) > 20
    missing = []
    for file, name in named:
        path = HERE / file
        functions = (
            {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
            if path.exists()
            else set()
        )
        if name not in functions:
            missing.append(f"{file}::{name}")
    assert not missing


def test_each_of_the_ten_risks_has_a_control_and_a_test():
    rows = re.findall(r"^\| (API\d+) [^|]+\| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert [name for name, _, _ in rows] == [f"API{number}" for number in range(1, 11)]
    assert all(control.strip() and "::test_" in shown for _, control, shown in rows)


def test_the_service_can_open_no_connection_of_its_own():
    """No client of any protocol is loaded with it, beyond the drivers of the store."""
    clients = ("requests", "httpx", "httpx2", "aiohttp", "urllib3", "websockets", "smtplib", "ftplib", "paramiko")
    code = f"import sys, service.app; print([name for name in {clients} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    for path in Path(service.__file__).parent.rglob("*.py"):
        assert not re.search(
            r"^\s*(import|from) (urllib\.request|http\.client|socket|subprocess|pickle)\b",
            path.read_text(),
            re.MULTILINE,
        ), path


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/forecasts?area=el-paso", "/nowhere", "/livez", "/metrics"])
def test_no_answer_names_the_server_or_sets_a_cookie(client, path):
    headers = client.get(path).headers
    assert not {"server", "x-powered-by", "set-cookie"} & set(headers)


def test_no_address_answers_that_is_not_in_the_document(client):
    listed = set(client.get("/openapi.json").json()["paths"]) | {"/", "/models", "/docs", "/openapi.json"}
    listed |= {"/areas", "/areas/{slug}", "/charts/{slug}.svg", "/static/{name}"}
    paths = set()

    def walk(routes, prefix=""):
        for route in routes:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                walk(inner.routes, prefix + route.include_context.prefix)
            else:
                paths.add(prefix + route.path)

    walk(client.app.routes)
    assert paths == listed
    for path in ("/redoc", "/admin", "/v1/keys", "/debug", "/.env", "/v2/forecasts", "/docs/oauth2-redirect"):
        assert client.get(path).status_code == 404
