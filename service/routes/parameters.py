"""Query parameters that several resources share, as the OpenAPI document describes them. Reads none."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from forecast.core.areas import Kind, Panel
from service.ask import COVERAGES, Unit

__all__ = [
    "AreaParameter",
    "AsOf",
    "CoverageParameter",
    "HorizonParameter",
    "KindParameter",
    "PanelParameter",
    "ReleasePath",
    "UnitParameter",
]

AreaParameter = Annotated[
    str | None,
    Query(description="Slugs, separated by commas, in the order wanted; absent: all areas.", examples=["el-paso", "southwest,nation"]),
]
PanelParameter = Annotated[Panel | None, Query(description="Only areas of this panel.", examples=["usbp-sectors"])]
KindParameter = Annotated[Kind | None, Query(description="Only areas of this kind.", examples=["sector"])]
CoverageParameter = Annotated[
    str,
    Query(
        description=f"Central intervals, in per cent, separated by commas: some of {', '.join(map(str, COVERAGES))}.",
        examples=["50,80,95"],
    ),
]
UnitParameter = Annotated[
    Unit, Query(description="`month`: encounters per month, whole. `day`: their mean per day of the month, one decimal.")
]
HorizonParameter = Annotated[
    int | None, Query(ge=1, description="How many months ahead, from the first after the data; absent: all.", examples=[6])
]
AsOf = Annotated[str | None, Query(description="What was public by this day (YYYY-MM-DD).", examples=["2024-12-31"])]
ReleasePath = Annotated[str, Path(description="A release's id, from /v1/releases.", examples=["usbp-sectors-2024-11-0f3a9c2b71"])]
