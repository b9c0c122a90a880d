"""A local publisher, an archive and a folder for downloads."""

import pytest

from forecast.counts.archive import Archive
from tests.counts.publisher_server import publisher


@pytest.fixture
def site():
    with publisher() as server:
        yield server


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "downloads"
