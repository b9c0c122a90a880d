"""The verbs that `import forecast` offers: their examples run, and importing the package loads nothing."""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pytest

import forecast
from forecast import verbs

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", forecast.__all__)
def test_the_example_of_a_verb_runs(name, monkeypatch, tmp_path):
    verb = getattr(forecast, name)
    assert verb is getattr(verbs, name)
    monkeypatch.chdir(ROOT)
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(verb, name, globs=dict(vars(verbs)))
    assert example.examples
    output: list[str] = []
    result = doctest.DocTestRunner(optionflags=flags).run(example, out=output.append)
    assert result.failed == 0, "".join(output)


def test_importing_the_package_loads_no_part_of_it():
    code = "import sys, json, forecast; print(json.dumps([n for n in sys.modules if n.startswith('forecast.')]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
    with pytest.raises(AttributeError, match="no attribute 'predict_all'"):
        forecast.predict_all  # noqa: B018
