"""The log of a service process: its own and the server's records in one form."""

import json
import os
import socket
import subprocess
import sys

from tests.waiting import HANG

SERVE = [sys.executable, "-c", "from forecast.cli import main; main()", "serve"]
UVICORN = [sys.executable, "-m", "uvicorn", "--factory", "service.app:create", "--log-level", "warning"]


def started_on_a_taken_port(command, home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = {**os.environ, "ENCOUNTERS_HOME": str(home), "ENCOUNTERS_LOG": "json", "ENCOUNTERS_DATABASE_URL": ""}
        address = ["--port", str(taken.getsockname()[1])]
        done = subprocess.run([*command, *address], env=settings, capture_output=True, text=True, timeout=HANG)
    assert done.returncode != 0
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_as_json_the_service_and_its_server_write_one_record_per_line(tmp_path):
    """A port that is taken is an error of the server, a store that is empty a warning of the service."""
    records = {record["logger"]: record for record in started_on_a_taken_port(UVICORN, tmp_path)}
    assert "address already in use" in records["uvicorn.error"]["message"]
    assert "The store cannot be read" in records["service.releases"]["message"]


def test_serve_refuses_a_taken_port_in_one_record_and_claims_nothing(tmp_path):
    (record,) = started_on_a_taken_port(SERVE, tmp_path)
    assert "cannot be listened on" in record["message"]
    assert "--port" in record["message"]
