"""What stands beside ours at a thousand series? A loop over Prophet and statsforecast's models, and scores of all on
the same hidden months; measures no time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from forecast.core.months import month_range
from forecast.core.scoring import inside, seasonal_scale, weighted_interval_score
from forecast.core.tables import Floats
from forecast.counts.plain import read_plain

__all__ = ["ASKED", "STATSFORECAST", "accuracy", "of_ours", "of_statsforecast", "prophet_loop"]

# Run by another Python, which has the package: it is no part of this project.
STATSFORECAST = """
import sys, pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, AutoTheta
rows = pd.read_csv(sys.argv[1]).rename(columns={"series": "unique_id", "month": "ds", "value": "y"})
rows["ds"] = pd.to_datetime(rows["ds"])
models = [AutoETS(season_length=12), AutoTheta(season_length=12)]
made = StatsForecast(models=models, freq="MS", n_jobs=2).forecast(df=rows, h=12, level=[50, 80, 95])
made.to_csv(sys.argv[2], index=False)
"""
# What all of them give: the median and three central intervals.
COVERAGES = (50, 80, 95)
ASKED = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def prophet_loop(counts: Path, sample: int, horizon: int, out: Path) -> None:
    """What a user writes who loops over series with Prophet."""
    import pandas as pd
    from prophet import Prophet

    quantiles = []
    for series in read_plain(counts)[:sample]:
        months = [month.first_day for month in month_range(series.first, len(series.values))]
        table = pd.DataFrame({"ds": pd.to_datetime(months), "y": series.values})
        model = Prophet(uncertainty_samples=500).fit(table)
        ahead = model.make_future_dataframe(horizon, freq="MS", include_history=False)
        quantiles.append(np.quantile(model.predictive_samples(ahead)["yhat"], ASKED, axis=1).T)
    np.save(out, np.array(quantiles))


def of_ours(path: Path, horizon: int) -> Floats:
    """(series, horizon, ASKED) of the table that `encounters predict` wrote."""
    import pandas as pd

    table = pd.read_parquet(path)
    table = table[table["level"].isin(ASKED)].sort_values(["series", "horizon", "level"])
    return table["value"].to_numpy().reshape(-1, horizon, len(ASKED))


def of_statsforecast(path: Path, model: str, horizon: int) -> Floats:
    """(series, horizon, ASKED) of one of its models."""
    import pandas as pd

    table = pd.read_csv(path).sort_values(["unique_id", "ds"])
    ends = [f"{model}-lo-{coverage}" for coverage in reversed(COVERAGES)]
    names = [*ends, model, *(f"{model}-hi-{coverage}" for coverage in COVERAGES)]
    return table[names].to_numpy().reshape(-1, horizon, len(ASKED))


def accuracy(name: str, quantiles: Floats, past: Floats, hidden: Floats) -> str:
    """A line of scores of (series, horizon, ASKED). `past`, `hidden`: (series or more, months), counts before and in
    the months that were forecast.
    """
    past, hidden = past[: len(quantiles)], hidden[: len(quantiles)]
    scale = np.array([seasonal_scale(values) for values in past])
    quantiles = np.maximum(np.sort(quantiles, axis=2), 0.0)
    scaled = weighted_interval_score(quantiles, ASKED, hidden, COVERAGES) / scale[:, None]
    logs = weighted_interval_score(np.log(10 + quantiles), ASKED, np.log(10 + hidden), COVERAGES)
    held = inside(np.rint(quantiles), ASKED, hidden, 80)
    return f"      {name:<38}sWIS {scaled.mean():.3f}, of log(10 + count) {logs.mean():.3f}, c80 {held.mean():.2f}"
