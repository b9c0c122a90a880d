"""The service's answers as pandas tables. Knows the answers' shapes, and no other module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = [
    "accuracy",
    "capacity",
    "compare",
    "exceedance",
    "forecasts",
    "frozen_scenario",
    "frozen_scenarios",
    "observations",
    "replayed",
    "scenario",
]

_SIDES = ("baseline", "scenario", "difference")
_PLAIN = ("nights_full", "missing_beds", "missing_beds_when_full", "idle_beds")


def _ends(intervals: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """`lower_80`, `upper_80` and so on of some intervals."""
    return {f"{end}_{one['coverage']}": one[end] for one in intervals for end in ("lower", "upper")}


def _as_numbers(coverage: Iterable[int]) -> dict[str, str]:
    """The types of median, mean and the ends of intervals."""
    ends = {f"{end}_{one}": "float64" for one in coverage for end in ("lower", "upper")}
    return {"median": "float64", "mean": "float64", **ends}


def forecasts(document: Mapping[str, Any], coverage: Iterable[int]) -> DataFrame:
    """A row per area and month."""
    import pandas as pd

    rows = [
        {name: entry[name] for name in ("panel", "release", "area", "name", "kind")}
        | {name: month[name] for name in ("month", "horizon", "lead", "median", "mean")}
        | _ends(month["intervals"])
        | {"unit": document["unit"], "fallback": entry["fallback"]}
        for entry in document["forecasts"]
        for month in entry["months"]
    ]
    table = pd.DataFrame(rows).astype({"fallback": "str", **_as_numbers(coverage)})
    table["month"] = pd.to_datetime(table["month"], format="%Y-%m")
    table.attrs["releases"] = document["releases"]
    return table


def compare(document: Mapping[str, Any], coverage: Iterable[int], *, replays: bool) -> DataFrame:
    """A row per area, month and release; with `replays` behind those of a month its replays, in columns of their own
    `replayed` and `as_of` too.
    """
    import pandas as pd

    said = ("release", "issued_at", "data_through", "hindcast", "horizon", "lead", "median", "mean")
    columns = ("panel", "area", "name", "kind", "month", "observed", "published", "unit", *said, *_as_numbers(coverage))
    if replays:
        columns = (*columns, "replayed", "as_of")
    rows = [
        {name: entry[name] for name in ("panel", "area", "name", "kind", "month", "observed", "published")}
        | {"unit": document["unit"], "hindcast": False, "replayed": False}
        | {name: one[name] for name in (*said, "replayed", "as_of") if name in one}
        | _ends(one["intervals"])
        for entry in document["compare"]
        # A service of before replays were kept has none of them.
        for one in (*entry["releases"], *entry.get("replayed", ()))
    ]
    table = pd.DataFrame(rows, columns=list(dict.fromkeys(columns)))
    table = table.astype({"observed": "float64", "hindcast": "bool", "horizon": "int64", **_as_numbers(coverage)})
    table["month"] = pd.to_datetime(table["month"], format="%Y-%m")
    table["published"] = pd.to_datetime(table["published"], format="%Y-%m-%d")
    if replays:
        table = table.astype({"lead": "Int64", "replayed": "bool"})
        table["as_of"] = pd.to_datetime(table["as_of"], format="%Y-%m-%d")
    else:
        table = table.astype({"lead": "int64"})
    return table


def replayed(document: Mapping[str, Any]) -> DataFrame:
    """A row per area that has replays."""
    import pandas as pd

    columns = dict.fromkeys(("panel", "area", "name", "kind", "release"), "str") | {"n": "int64"}
    columns |= dict.fromkeys(("coverage_50", "coverage_80", "coverage_95"), "float64")
    return pd.DataFrame(document["replayed"], columns=list(columns)).astype(columns)


def exceedance(document: Mapping[str, Any]) -> DataFrame:
    """A row per area and chance."""
    import pandas as pd

    columns = dict.fromkeys(("threshold", "percent"), "float64") | {"month": "object"}
    columns |= dict.fromkeys(("horizon", "lead"), "Int64") | {"probability": "float64", "bound": "str"}
    rows = [
        {name: entry[name] for name in ("panel", "release", "area", "name", "kind", "draws")}
        | {"unit": document["unit"], "question": question}
        | {name: chance.get(name) for name in columns}
        for entry in document["exceedance"]
        for question, chance in _chances(entry)
    ]
    table = pd.DataFrame(rows).astype(columns)
    table["month"] = pd.to_datetime(table["month"], format="%Y-%m")
    table.attrs |= {"releases": document["releases"], "note": document["note"]}
    return table


def _chances(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The chances of an area, each with its question, and the month and threshold that it is about."""
    for one in entry["thresholds"]:
        of = {"threshold": one["threshold"]}
        for month in one["months"]:
            yield "above", month | of
            yield "first", month | month["first"] | of
        yield "any", one["any"] | of
        yield "never", one["never"] | of
    for one in (entry["change"] or {"chances": ()})["chances"]:
        yield "change", one


def observations(document: Mapping[str, Any]) -> DataFrame:
    """A row per area and month."""
    import pandas as pd

    texts, numbers = ("area", "name", "month"), ("count", "precision")
    columns = dict.fromkeys(texts, "str") | dict.fromkeys(numbers, "int64") | {"published": "str"}
    rows = [
        {"area": entry["area"], "name": entry["name"]}
        | {name: month[name] for name in ("month", "count", "precision", "published")}
        for entry in document["observations"]
        for month in entry["months"]
    ]
    table = pd.DataFrame(rows, columns=list(columns)).astype(columns)
    table["month"] = pd.to_datetime(table["month"], format="%Y-%m")
    table["published"] = pd.to_datetime(table["published"], format="%Y-%m-%d")
    return table


def accuracy(document: Mapping[str, Any]) -> DataFrame:
    """A row per area and lead."""
    import pandas as pd

    columns = dict.fromkeys(("panel", "area", "name", "kind"), "str") | dict.fromkeys(
        ("lead", "n", "releases", "months"), "int64"
    )
    figures = ("sWIS", "floor_sWIS", "ratio", "coverage_50", "coverage_80", "coverage_95")
    columns |= {"through": "str", **dict.fromkeys(figures, "float64")}
    rows = document["accuracy"]
    if any("decisions" in row for row in rows):
        names = ("cost", "median_cost", "saved")
        prices = [{f"{name}_{one['ratio']}": one[name] for one in row["decisions"] for name in names} for row in rows]
        rows = [row | own for row, own in zip(rows, prices, strict=True)]
        columns |= dict.fromkeys(prices[0], "float64")
    table = pd.DataFrame(rows, columns=list(columns)).astype(columns)
    table["through"] = pd.to_datetime(table["through"], format="%Y-%m")
    table.attrs |= {"overall": document["overall"], "note": document["note"]}
    return table


def scenario(document: Mapping[str, Any]) -> DataFrame:
    """A row per area and month; an end that too few worlds carry is NaN."""
    import pandas as pd

    rows = [
        {"area": entry["area"], "name": entry["name"], "month": month["month"], "horizon": month["horizon"]}
        | {f"{side}_{name}": month[side][name] for side in _SIDES for name in ("median", "mean")}
        | {
            f"{side}_{end}_{one['coverage']}": one[end]
            for side in _SIDES
            for one in month[side]["intervals"]
            for end in ("lower", "upper")
        }
        for entry in document["forecasts"]
        for month in entry["months"]
    ]
    table = pd.DataFrame(rows)
    table = table.astype({name: "float64" for name in table.columns if name.startswith(_SIDES)})
    table["month"] = pd.to_datetime(table["month"], format="%Y-%m")
    by_area = {name: {one["area"]: one[name] for one in document["forecasts"]} for name in ("total", "peak")}
    table.attrs |= {name: document[name] for name in ("assumptions", "releases", "worlds", "seed")} | by_area
    return table


def frozen_scenarios(document: Mapping[str, Any]) -> DataFrame:
    """A row per frozen what-if."""
    import pandas as pd

    columns = ("id", "together", "title", "release", "frozen_at", "question")
    table = pd.DataFrame(document["scenarios"], columns=list(columns))
    table["frozen_at"] = pd.to_datetime(table["frozen_at"], utc=True)
    return table


def frozen_scenario(document: Mapping[str, Any]) -> DataFrame:
    """A row per what-if, area and month."""
    import pandas as pd

    said = {entry["id"]: scenario(entry["answer"]) for entry in document["scenarios"]}
    table = pd.concat([own.assign(id=name) for name, own in said.items()], ignore_index=True)
    table.attrs = {"scores": {entry["id"]: entry["scores"] for entry in document["scenarios"]}}
    return table


def capacity(document: Mapping[str, Any]) -> DataFrame:
    """A row per month; a chance that is a bound is NaN, and its words are in `full_bound`."""
    import pandas as pd

    rows = [
        {"month": month["month"]}
        | {f"{name}_{level}": month[name][level] for name in ("occupancy", "busiest_night") for level in month[name]}
        | {"full": month["full"]["probability"], "full_bound": month["full"]["bound"]}
        | {name: month[name] for name in _PLAIN}
        | {f"beds_for_{safety}": beds for safety, beds in month["beds_for"].items()}
        for month in document["months"]
    ]
    table = pd.DataFrame(rows)
    table = table.astype({name: "float64" for name in table.columns if name not in ("month", "full_bound")})
    table = table.astype({"full_bound": "str"})
    table["month"] = pd.to_datetime(table["month"], format="%Y-%m")
    kept = ("first_full", "beds_for", "months_without", "assumptions", "releases", "worlds", "seed")
    # A service of before does not say how old its table of released people is.
    table.attrs |= {name: document[name] for name in kept} | {"released_shares": document.get("released_shares")}
    return table
