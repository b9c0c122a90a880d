"""What a log record looks like, and that no text from outside forges one."""

import json
import logging
import sys

import pytest

from forecast.core import logs

FORGED = "page.csv\n2026-01-01T00:00:00Z INFO forecast: published\r\x1b[2J\u2028\u202eend\x85\x00"


@pytest.fixture
def log():
    """A logger of the project; the process's logging is as before afterwards."""
    root, kept = logging.getLogger(), (logging.getLogger().handlers[:], logging.getLogger().level)
    yield logging.getLogger("forecast.test")
    root.handlers[:], root.level = kept[0], kept[1]
    logging.captureWarnings(False)


def written(form, capsys, action):
    logs.configure(form)
    action()
    return capsys.readouterr().err


def test_a_text_record_has_its_time_level_and_logger(log, capsys):
    line = written("text", capsys, lambda: log.warning("The store is down"))
    stamp, rest = line.split(" ", 1)
    assert stamp.endswith("Z")
    assert rest == "WARNING forecast.test: The store is down\n"


def test_a_json_record_has_its_fields(log, capsys):
    record = json.loads(written("json", capsys, lambda: log.info("done", extra={"event": "end", "seconds": 1.5})))
    assert record.pop("time").endswith("+00:00")
    assert record == {"level": "INFO", "logger": "forecast.test", "message": "done", "event": "end", "seconds": 1.5}


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_text_forges_a_record(form, log, capsys):
    out = written(form, capsys, lambda: log.error("cannot read %s", FORGED, extra={"file": FORGED}))
    assert out.endswith("\n")
    assert out[:-1].isprintable()


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_forges_no_record_either(form, log, capsys):
    def fail():
        try:
            raise ValueError(FORGED)
        except ValueError:
            log.exception("It failed")

    first, *others = written(form, capsys, fail).splitlines()
    if form == "json":
        assert others == []
        assert "ValueError: page.csv" in json.loads(first)["exception"]
    else:
        assert first.endswith("ERROR forecast.test: It failed")
        assert all(line.startswith("  | ") and line.isprintable() for line in others)
        assert any("ValueError: page.csv" in line for line in others)


def test_information_of_libraries_is_left_out_and_their_warnings_are_not(log, capsys):
    def speak():
        logging.getLogger("library").info("chatter")
        logging.getLogger("library").warning("trouble")

    assert json.loads(written("json", capsys, speak))["message"] == "trouble"


def test_a_record_goes_to_the_standard_error_of_the_moment(log, capsys, monkeypatch, tmp_path):
    logs.configure("text")
    with (tmp_path / "err").open("w+") as other:
        monkeypatch.setattr(sys, "stderr", other)
        log.warning("here")
        other.seek(0)
        assert other.read().endswith("here\n")
    monkeypatch.undo()
    assert capsys.readouterr().err == ""


def test_printable_text_stays_as_it_is():
    assert logs.escaped("Río Grande, 5 % — 10 000") == "Río Grande, 5 % — 10 000"
