"""Query parameters that several resources share, as the OpenAPI document describes them. Reads none.

Patterns stand in the document alone: `query` reads the values, so that a refusal says more than that a pattern does not
fit.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query

from forecast.core.area_names import CHARACTERS
from forecast.release.intervals import Unit
from service.query import COVERAGES, Shape

__all__ = [
    "IDENTITY",
    "MONTH",
    "RELEASE",
    "SLUGS",
    "AreaParameter",
    "AsOf",
    "CoverageParameter",
    "FromParameter",
    "HindcastsParameter",
    "HorizonParameter",
    "KindParameter",
    "ModelParameter",
    "PanelParameter",
    "ReleasePath",
    "ShapeParameter",
    "ToParameter",
    "UnitParameter",
    "areas_named",
    "listed",
]


def listed(one: str) -> dict[str, Any]:
    """For the document: values of that pattern, separated by commas."""
    return {"pattern": f"^ *{one}( *, *{one})* *$"}


# Slugs or names; what may stand in them is loosely said, so that a name which nobody has is answered with the nearest.
SLUGS = {"pattern": f"^[{CHARACTERS}]+(,[{CHARACTERS}]+)*$"}


def areas_named(otherwise: str) -> Any:
    """Some areas; `otherwise`: which where none is named."""
    return Query(
        description="Areas, separated by commas, in the order wanted: slugs, or names as people write them; absent: "
        f"{otherwise}.",
        examples=["el-paso", "southwest,nation", "El Paso, TX"],
        json_schema_extra=SLUGS,
    )


AreaParameter = Annotated[str | None, areas_named("all areas")]
PanelParameter = Annotated[str | None, Query(description="Only areas of this panel.", examples=["usbp-sectors"])]
KindParameter = Annotated[str | None, Query(description="Only areas of this kind.", examples=["sector"])]
CoverageParameter = Annotated[
    str,
    Query(
        description=f"Central intervals, in per cent, separated by commas: some of {', '.join(map(str, COVERAGES))}.",
        examples=["50,80,95"],
        json_schema_extra=listed("([1-9]0|95|98)"),
    ),
]
UnitParameter = Annotated[
    Unit,
    Query(description="`month`: encounters per month, whole. `day`: their mean per day of the month, one decimal."),
]
HorizonParameter = Annotated[
    int | None,
    Query(ge=1, description="How many months ahead, from the first after the data; absent: all.", examples=[6]),
]
ShapeParameter = Annotated[
    Shape,
    Query(
        description="`intervals`, or every level that is stored, per month: `quantiles` as the quantile table of "
        "`encounters export`, `hubverse` as model output of a forecast hub, which takes one panel at a time. `samples`:"
        " every joint draw, as a hub's `sample` output type; a draw is one world through all areas and months. Of one"
        " panel, as CSV or Parquet."
    ),
]
ModelParameter = Annotated[
    str | None,
    Query(
        description="Instead of what serves: a compared model whose forecasts were issued with the release, by the "
        "name that `/v1/models` lists in `issued`. Of leaves, as quantiles without a mean.",
        examples=["ets-log"],
        json_schema_extra={"pattern": "^[A-Za-z0-9][A-Za-z0-9 ._=-]{0,99}$"},
    ),
]
AsOf = Annotated[
    str | None,
    Query(
        description="What was public by this day (YYYY-MM-DD).",
        examples=["2024-12-31"],
        json_schema_extra={"format": "date"},
    ),
]
MONTH = {"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
FromParameter = Annotated[
    str | None, Query(alias="from", description="First month (YYYY-MM).", examples=["2023-10"], json_schema_extra=MONTH)
]
ToParameter = Annotated[
    str | None,
    Query(alias="to", description="Last month, included (YYYY-MM).", examples=["2024-11"], json_schema_extra=MONTH),
]
HindcastsParameter = Annotated[
    bool, Query(description="`true`: hindcasts instead, which were made later for a past day and were never issued.")
]
# An example, in every place where one is wanted.
RELEASE = "usbp-sectors-2024-11-0f3a9c2b71"
IDENTITY = {"pattern": "^[a-z0-9-]{1,100}$"}
ReleasePath = Annotated[
    str, Path(description="A release's id, from /v1/releases.", examples=[RELEASE], json_schema_extra=IDENTITY)
]
