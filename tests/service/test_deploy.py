"""The files for containers, Prometheus and Grafana: read as their engines read them, and run as far as that goes here.

No container engine takes part: the images' files are copied and built into a wheel, and what the images start runs from
it, with their environment and their health check. Not run here: the base image, `groupadd`, `uv pip install` into /opt,
the read-only root, and the compose file's network; the operator's guide says what was seen of these.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.service.conftest import Office
from tests.waiting import HANG, until

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "service" / "deploy"


def stages():
    """Stage -> its instructions, as (name, rest); a line that ends with a backslash goes on."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Containerfile").read_text())
    by_stage, own = {}, []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, rest = line.split(maxsplit=1)
        if name == "FROM":
            base, _, stage = rest.rpartition(" AS ")
            own = by_stage.setdefault(stage, [("FROM", base)])
        else:
            own.append((name, rest))
    return by_stage


def whole(stage):
    """The instructions of a stage after those of the stages that it is made from."""
    own = stages()[stage]
    base = own[0][1]
    return (whole(base) if base in stages() else []) + own[1:]


def last(stage, name):
    return next(rest for kind, rest in reversed(whole(stage)) if kind == name)


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_the_images_run_as_nobody_in_particular_and_keep_state_in_one_place():
    for stage in ("serve", "train"):
        assert last(stage, "USER") == "10001:10001"
        assert [rest for kind, rest in whole(stage) if kind == "VOLUME"] == ["/state"]
        environment = dict(
            pair.split("=", 1) for kind, rest in whole(stage) if kind == "ENV" for pair in shlex.split(rest)
        )
        assert environment["ENCOUNTERS_HOME"].startswith("/state/")
        assert environment["MPLCONFIGDIR"].startswith("/tmp")  # noqa: S108 the container's own
    assert "/readyz" in last("serve", "HEALTHCHECK")


def test_what_the_images_install_is_what_the_project_declares_in_the_versions_of_the_lock():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for stage, wanted in (("build-serve", {"service"}), ("build-train", {"service", "train", "dask"})):
        (line,) = [rest for kind, rest in stages()[stage] if kind == "RUN"]
        words = shlex.split(line)
        extras = set(re.fullmatch(r"\.\[(.*)\]", words[-1])[1].split(","))
        assert wanted | {"postgres", "parquet"} == extras <= set(declared)
        assert words[words.index("--constraint") + 1] == "requirements.lock"
    lock = (ROOT / "requirements.lock").read_text()
    for name in ("fastapi", "uvicorn", "psycopg", "statsmodels", "mlflow"):
        assert re.search(rf"^{name}==", lock, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package of a wheel built from the files that the first stage copies, and from nothing else."""
    folder = tmp_path_factory.mktemp("context")
    source = folder / "src"
    source.mkdir()
    for kind, rest in stages()["source"]:
        if kind == "COPY":
            *names, target = rest.split()
            for name in names:
                original, place = ROOT / name, source / target / name if target.endswith("./") else source / target
                if original.is_dir():
                    shutil.copytree(original, source / target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(original, place)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "out"], cwd=source, check=True
    )
    (wheel,) = (folder / "out").glob("*.whl")
    shutil.unpack_archive(wheel, folder / "site", "zip")
    return folder / "site"


def test_the_service_starts_from_what_was_copied_and_its_health_check_tells(installed, blank, tmp_path):
    shutil.copy(blank, tmp_path / "encounters.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    check = [
        sys.executable if word == "python" else word.replace("8000", port)
        for word in json.loads(last("serve", "HEALTHCHECK").partition("CMD ")[2])
    ]
    command = [word.replace("8000", port) for word in json.loads(last("serve", "CMD"))]
    assert json.loads(last("serve", "ENTRYPOINT")) == ["encounters"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(installed),
        "ENCOUNTERS_HOME": str(tmp_path),
        "ENCOUNTERS_LOG": "json",
        "ENCOUNTERS_POLL_SECONDS": "0.2",
    }
    start = "import forecast, sys; from forecast.cli import main; print(forecast.__file__, flush=True); main()"
    started = subprocess.Popen(
        [sys.executable, "-P", "-c", start, *command], env=environment, cwd="/", stdout=subprocess.PIPE
    )
    try:
        assert str(installed) in started.stdout.readline().decode()

        def healthy():
            return subprocess.run(check, capture_output=True, env={"PATH": os.environ["PATH"]}).returncode == 0

        until(lambda: _answers(int(port)), process=started)
        assert not healthy()  # nothing is published yet
        Office(f"sqlite:///{tmp_path}/encounters.db", _engine(tmp_path)).publish()
        until(healthy, process=started)
    finally:
        started.send_signal(signal.SIGTERM)
        assert started.wait(HANG) in (0, -signal.SIGTERM)
        started.stdout.close()


def _engine(folder):
    from forecast.release.store import connect

    return connect(f"sqlite:///{folder}/encounters.db")


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def days(tmp_path):
    """Starts the loop of the training image, with a command that notes what it was asked, and fails."""

    def start(seconds, calls, again=HANG, code=1):
        (tmp_path / "encounters").write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/asked\nexit {code}\n')
        (tmp_path / "encounters").chmod(0o755)
        (tmp_path / "asked").touch()
        environment = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "RETRAIN_EVERY_SECONDS": f"{seconds:g}",
            "RETRAIN_AGAIN_SECONDS": f"{again:g}",
        }
        loop = subprocess.Popen([DEPLOY / "retrain-daily"], env=environment, stderr=subprocess.PIPE, text=True)
        until(lambda: len((tmp_path / "asked").read_text().split()) >= calls, process=loop)
        loop.send_signal(signal.SIGTERM)
        said = loop.communicate(timeout=HANG)[1]
        return loop.returncode, (tmp_path / "asked").read_text().split()[:calls], said

    return start


def test_the_training_image_goes_on_after_days_that_failed(days):
    code, asked, said = days(0, 4, code=3)  # a gate's refusal waits for the next day
    assert (code, asked) == (0, ["fetch", "retrain", "fetch", "retrain"])
    assert "the fetch ended with 3" in said
    assert "the retraining ended with 3" in said
    assert json.loads(last("train", "CMD")) == ["retrain-daily"]


@pytest.mark.parametrize("why", [1, 4])
def test_a_retraining_that_could_not_be_done_is_tried_again_six_times_before_the_next_day(days, why):
    """Since the database is still starting, or one that was killed still holds the lease."""
    code, asked, said = days(0, 9, again=0, code=why)
    assert (code, asked) == (0, ["fetch", *["retrain"] * 7, "fetch"])
    assert f"the retraining ended with {why}" in said


def test_the_training_image_ends_when_it_is_told_whatever_it_waits_for(days):
    assert days(10 * HANG, 2)[:2] == (0, ["fetch", "retrain"])


def test_every_service_of_the_compose_file_is_confined(compose):
    assert set(compose["services"]) == {"folders", "postgres", "mlflow", "retrain", "serve"}
    assert list(compose["volumes"]) == ["state"]
    for service in compose["services"].values():
        assert service["user"] == "10001:10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service.get("volumes", ["state:/state"]) == ["state:/state"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        if "build" in service:
            assert service["build"]["target"] in stages()
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).samefile(
                DEPLOY / "Containerfile"
            )
    assert "volumes" not in compose["services"]["serve"]  # the service reads the database, and can change no file
    assert "/readyz" in " ".join(compose["services"]["serve"]["healthcheck"]["test"])


def test_the_compose_file_holds_no_password_and_hands_one_store_to_all(compose):
    text = (DEPLOY / "compose.yaml").read_text()
    assert re.findall(r"//\w+:(?!\$\{)[^@/\s]+@", text) == []
    assert compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    urls = {compose["services"][name]["environment"]["ENCOUNTERS_DATABASE_URL"] for name in ("serve", "retrain")}
    assert len(urls) == 1
    assert compose["services"]["retrain"]["environment"]["MLFLOW_TRACKING_URI"] == "http://mlflow:5000"
    folders = compose["services"]["folders"]["command"][-1]
    for place in ("/state/home", "/state/postgres", "/state/mlflow"):
        assert place in folders


def test_whatever_ends_is_started_again(compose):
    """Podman starts nothing again that depends on a container which has ended, or is down at the time."""
    services = compose["services"]
    assert {service["restart"] for service in services.values()} == {"unless-stopped"}
    assert {name for service in services.values() for name in service.get("depends_on", [])} == {"folders"}
    assert all("folders" in service["depends_on"] for service in services.values() if _mounts(service, services))
    assert "exec sleep infinity" in services["folders"]["command"][-1]


def _mounts(service, services):
    return "volumes" in service and service is not services["folders"]


@pytest.mark.filterwarnings("ignore")  # MLflow and its libraries warn of themselves while they load
def test_mlflow_s_server_knows_the_options_it_is_started_with(compose):
    given = {word.split("=")[0] for word in compose["services"]["mlflow"]["command"] if word.startswith("--")}
    from mlflow.cli import cli

    known = {name for option in cli.commands["server"].params for name in option.opts}
    assert given <= known


@pytest.fixture(scope="module")
def exposed(blank, tmp_path_factory):
    """The names of the series that the service really has."""
    folder = tmp_path_factory.mktemp("exposed")
    shutil.copy(blank, folder / "encounters.db")
    office = Office(f"sqlite:///{folder}/encounters.db", _engine(folder))
    office.publish()
    with office.client() as client:
        client.get("/v1/areas")
        return set(re.findall(r"^(encounters_\w+)", client.get("/metrics").text, flags=re.MULTILINE))


def test_rules_and_dashboard_name_series_that_the_service_has(exposed):
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text())["groups"][0]["rules"]
    asked += [rule["expr"] for rule in rules]
    named = {name for expression in asked for name in re.findall(r"encounters_\w+", expression)}
    assert len(named) > 10
    assert named <= exposed
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    tested = yaml.safe_load((DEPLOY / "prometheus-alerts.test.yaml").read_text())["tests"]
    firing = {each["alertname"] for test in tested for each in test["alert_rule_test"] if each["exp_alerts"]}
    assert firing == {rule["alert"] for rule in rules}  # every rule is shown to fire


def test_the_alert_rules_fire_when_they_should_and_only_then():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here: Debian has it in the package prometheus")
    for words in (("check", "rules", "prometheus-alerts.yaml"), ("test", "rules", "prometheus-alerts.test.yaml")):
        done = subprocess.run([promtool, *words], cwd=DEPLOY, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
