"""What is shipped: the wheel carries data and assets;
server and client bring no model library; the lock is whole and names no address.
"""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata, resources
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {
    "pandas",
    "prophet",
    "statsmodels",
    "mlflow",
    "mlflow-skinny",
    "matplotlib",
    "pyarrow",
    "alembic",
    "scipy",
    "scikit-learn",
}


def needs(distribution, extras=()):
    """The distributions that installing one with some extras brings, by what is installed here."""
    needed, waiting = set(), [(distribution, frozenset(extras))]
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in needed:
            continue
        needed.add((name, wanted))
        for text in metadata.requires(name) or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*wanted, "")):
                waiting.append((re.sub(r"[-_.]+", "-", requirement.name).lower(), frozenset(requirement.extras)))
    return {name for name, _ in needed} - {distribution}


def test_a_server_brings_no_model_library():
    brought = needs("encounter-forecast", ["service"])
    assert {"fastapi", "uvicorn", "sqlalchemy", "numpy"} <= brought
    assert not brought & HEAVY


def test_training_brings_the_model_libraries():
    assert {"pandas", "statsmodels", "prophet", "mlflow", "alembic"} <= needs("encounter-forecast", ["train"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_everything_that_the_packages_hold(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    kept = subprocess.run(
        ["git", "ls-files", "forecast", "service"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert set(kept) <= inside
    assert {
        "forecast/counts/data/published.toml",
        "forecast/recipe/recipes/bank.toml",
        "forecast/models/events.toml",
    } <= inside
    assert sum(name.startswith("forecast/counts/data/") and name.endswith(".csv") for name in inside) == 9
    assert any(name.endswith("licenses/LICENSE") for name in inside)
    assert not any(name.startswith(("tests", "experiments", "var")) for name in inside)


def test_every_locked_package_has_a_hash_and_none_an_address():
    for name in ("requirements.lock", "requirements-uv.lock"):
        text = (ROOT / name).read_text()
        packages = re.findall(r"^[a-z0-9][^\s]*==", text, re.MULTILINE)
        assert packages
        assert len(re.findall(r"^[a-z0-9][^\n]*==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(packages)
        assert not re.search(r"://|^-", text, re.MULTILINE)


def test_the_lock_holds_every_dependency_that_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    declared += [text for extra in project["project"]["optional-dependencies"].values() for text in extra]
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    for text in declared:
        requirement = Requirement(text)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert requirement.specifier.contains(locked[name]), text


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "experiments/RESULTS.md"])
def test_every_link_into_the_repository_leads_somewhere(page):
    text = (ROOT / page).read_text()
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    missing = [link for link in links if not ((ROOT / page).parent / link).exists()]
    assert not missing


def test_the_client_loads_no_other_module_of_the_project_and_no_table_library():
    code = (
        "import sys, forecast.client\n"
        "house = [name for name in sys.modules if name.split('.')[0] in ('forecast', 'service')]\n"
        "print(sorted(house), [name for name in ('pandas', 'numpy', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['forecast', 'forecast.client', 'forecast.client_transport'] []\n"


def test_the_package_tells_type_checkers_that_it_is_typed():
    assert (resources.files("forecast") / "py.typed").is_file()
