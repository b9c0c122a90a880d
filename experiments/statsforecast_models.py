"""What do statsforecast's models say of the same series? Asked of another Python that has the package; it is no part of
this project, whose pandas it does not bear.

    python -m venv peer && peer/bin/pip install statsforecast 'pandas<3'

Prints nothing: `any_panel.py` and `complex_smoothing.py` name that Python with `--peer-python`.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from forecast.core.tables import LEVELS, Floats, Series

__all__ = ["NAMES", "quantiles"]

# Families, each on counts (-raw) and on log(1 + count) (-log).
FAMILIES = ("AutoCES", "AutoETS", "DynamicOptimizedTheta")
NAMES = tuple(f"{family}-{scale}" for family in FAMILIES for scale in ("raw", "log"))
# Central intervals whose ends are LEVELS below and above the median.
_COVERAGES = tuple(round(100 * (1 - 2 * level)) for level in LEVELS[: len(LEVELS) // 2])
# Run by the other Python. A series that a model fails on has its last season again, without a spread.
_SCRIPT = """
import sys, warnings
import numpy as np
from statsforecast import models
warnings.filterwarnings("ignore")
asked = np.load(sys.argv[1])
family, logs, horizon, coverages = str(asked["family"]), bool(asked["logs"]), int(asked["horizon"]), asked["coverages"]
made = []
for values, season in zip(np.split(asked["values"], asked["ends"]), asked["seasons"]):
    values = np.log1p(values) if logs else values.copy()
    try:
        model = getattr(models, family)(season_length=int(season))
        said = model.forecast(y=values, h=horizon, level=coverages.tolist())
        lows = [said[f"lo-{coverage}"] for coverage in coverages]
        highs = [said[f"hi-{coverage}"] for coverage in coverages[::-1]]
        table = np.stack([*lows, said["mean"], *highs], axis=1)
        assert np.isfinite(table).all()
    except Exception as error:
        print(family, "failed:", error, file=sys.stderr)
        table = np.repeat(np.resize(values[-int(season):], horizon)[:, None], 2 * len(coverages) + 1, axis=1)
    made.append(np.sort(np.maximum(np.expm1(np.minimum(table, 40)) if logs else table, 0), axis=1))
np.save(sys.argv[2], made)
"""


def quantiles(python: str, name: str, series: Sequence[Series], horizon: int) -> Floats:
    """(series, horizon, LEVELS) of one of NAMES; the median is the model's mean. Unknown steps are bridged by a
    straight line. Raises CalledProcessError.
    """
    family, scale = name.rsplit("-", 1)
    known = [_bridged(one.values) for one in series]
    with tempfile.TemporaryDirectory() as folder:
        asked, made = Path(folder, "asked.npz"), Path(folder, "made.npy")
        np.savez(
            asked, values=np.concatenate(known), ends=np.cumsum([len(one) for one in known])[:-1],
            seasons=[one.season for one in series], family=family, logs=scale == "log", horizon=horizon,
            coverages=_COVERAGES,
        )  # fmt: skip
        subprocess.run([python, "-c", _SCRIPT, str(asked), str(made)], check=True)
        return np.asarray(np.load(made))


def _bridged(values: Floats) -> Floats:
    known = np.flatnonzero(np.isfinite(values))
    return np.interp(np.arange(len(values)), known, values[known])
