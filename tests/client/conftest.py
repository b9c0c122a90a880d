"""A running service that the client asks, and what it was asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date

import pytest
import uvicorn

from forecast.client import Client
from forecast.release import store
from forecast.release.migrations import migrate
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.conftest import Office
from tests.waiting import HANG, until


@dataclass
class Running:
    """A service on a port of this machine.
    `seen`: of every answer its address, status and the request's headers, in order.
    """

    url: str = ""
    office: Office = None
    seen: list = field(default_factory=list)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('client')}/encounters.db"
    engine = store.connect(url)
    migrate(engine)
    here = Running(office=Office(url, engine))
    here.office.publish(
        fallbacks={"tucson": "the floor stands in"}, scores={"figures": {"all": {"pool": {"sWIS": 0.5}}}}
    )
    here.office.publish("cbp-states", key="b", origin="2025-09")
    here.office.observe("el-paso", "2024-10", date(2024, 11, 20), 9000)
    here.office.observe("el-paso", "2024-11", date(2024, 12, 19), 9120)
    here.office.observe("el-paso", "2024-11", date(2025, 1, 15), 9130)
    app = create_app(ServiceSettings(database_url=url, poll_seconds=0.2), clock=lambda: here.office.now)

    async def watched(scope, receive, send):
        async def note(message):
            if message["type"] == "http.response.start":
                headers = {name.decode(): value.decode() for name, value in scope["headers"]}
                here.seen.append((scope["path"], message["status"], headers))
            await send(message)

        await app(scope, receive, note if scope["type"] == "http" else send)

    server = uvicorn.Server(uvicorn.Config(watched, port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    assert thread.is_alive()
    here.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield here
    server.should_exit = True
    thread.join(HANG)
    engine.dispose()
    assert not thread.is_alive()


@pytest.fixture
def client(running):
    running.seen.clear()
    with Client(running.url) as made:
        yield made
