"""`encounters keys` and `encounters settings`, as an operator types them."""

import json

import pytest

from forecast.cli.serving import settings_table
from forecast.settings import Settings
from service.settings import ServiceSettings
from tests.release.conftest import postgres, url  # noqa: F401 (fixtures)


@pytest.fixture
def keys(command, url, tmp_path, monkeypatch):  # noqa: F811 (the fixture)
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path))
    monkeypatch.setenv("ENCOUNTERS_DATABASE_URL", url)
    return lambda *arguments: command("keys", *arguments)


def test_a_key_is_printed_alone_on_stdout_and_shown_once(keys):
    code, out, err = keys("add", "city-shelter")
    key = out.strip()
    assert code == 0
    assert key.startswith("enc_")
    assert out.count("\n") == 1
    assert "not shown again" in err
    assert key not in err
    code, out, _ = keys("list")
    assert (code, key in out) == (0, False)
    assert "city-shelter" in out


def test_a_revoked_key_is_listed_as_such_and_revoking_again_changes_nothing(keys):
    keys("add", "city")
    assert keys("revoke", "city")[0] == 0
    first = json.loads(keys("list", "--json")[1])
    assert keys("revoke", "city")[0] == 0
    assert json.loads(keys("list", "--json")[1]) == first
    assert first[0]["revoked"] is not None
    assert "revoked" in keys("list")[1]


def test_a_name_is_taken_for_ever(keys):
    keys("add", "city")
    keys("revoke", "city")
    code, out, err = keys("add", "city")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "city-2" in err


@pytest.mark.parametrize("name", ["", "Two Words", "-x", "x" * 64, "a\nb", "é"])
def test_a_name_that_would_look_odd_in_a_log_is_refused(keys, name):
    code, out, err = keys("add", "--", name)
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_an_unknown_name_is_not_revoked(keys):
    keys("add", "city")
    code, _, err = keys("revoke", "county")
    assert (code, "encounters keys list" in err) == (1, True)


@pytest.mark.parametrize("name", ["add", "list", "revoke"])
def test_help_has_an_example(command, name):
    code, out, _ = command("keys", name, "--help")
    assert (code, f"Example: encounters keys {name}" in " ".join(out.split())) == (0, True)


def test_every_setting_is_listed_with_its_variable_default_and_meaning(command):
    code, out, _ = command("settings")
    rows = json.loads(command("settings", "--json")[1])
    assert code == 0
    assert rows == settings_table()
    names = {row["name"] for row in rows}
    expected = {f"ENCOUNTERS_{name.upper()}" for kind in (Settings, ServiceSettings) for name in kind.model_fields}
    named_otherwise = {"ENCOUNTERS_TRACKING_URI": "MLFLOW_TRACKING_URI", "ENCOUNTERS_ENGINE": "ENCOUNTERS_EXECUTOR"}
    assert names == {named_otherwise.get(name, name) for name in expected}
    for row in rows:
        assert f"{row['name']} " in out
        assert row["meaning"].endswith(".")


@pytest.mark.parametrize("kind", [Settings, ServiceSettings])
def test_every_setting_is_read_from_the_variable_of_its_name(kind, monkeypatch):
    for name, field in kind.model_fields.items():
        if name == "tracking_uri" or not isinstance(field.default, int | float) or isinstance(field.default, bool):
            continue
        monkeypatch.setenv(f"ENCOUNTERS_{name.upper()}", "1234")
        assert getattr(kind(), name) == 1234, name


def test_serve_points_at_the_settings(command):
    assert "encounters settings" in command("serve", "--help")[1]


def test_a_setting_that_cannot_be_read_is_one_line_that_names_it(command, monkeypatch, tmp_path):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path))
    monkeypatch.setenv("ENCOUNTERS_RATE", "many")
    code, _, err = command("serve")
    assert (code, err.count("\n")) == (1, 1)
    assert "ENCOUNTERS_RATE" in err
