"""The log of a service process: its own and the server's records in one form."""

import json
import os
import socket
import subprocess
import sys

import pytest

COMMANDS = {
    "serve": [sys.executable, "-c", "from forecast.cli import main; main()", "serve"],
    "uvicorn": [sys.executable, "-m", "uvicorn", "--factory", "service.app:create", "--log-level", "warning"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_as_json_the_service_and_its_server_write_one_record_per_line(command, tmp_path):
    """A port that is taken is an error of the server, a store that is empty a warning of the service."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = {**os.environ, "ENCOUNTERS_HOME": str(tmp_path), "ENCOUNTERS_LOG": "json", "ENCOUNTERS_DATABASE_URL": ""}
        address = ["--port", str(taken.getsockname()[1])]
        done = subprocess.run([*command, *address], env=settings, capture_output=True, text=True, timeout=120)
    records = {record["logger"]: record for record in map(json.loads, done.stderr.splitlines())}
    assert done.returncode != 0
    assert "address already in use" in records["uvicorn.error"]["message"]
    assert "The store cannot be read" in records["service.releases"]["message"]
