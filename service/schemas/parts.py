"""What the shapes of the answers have in common: months, slugs, and that no member is unknown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CorrectionShape", "DataMonth", "KindName", "MonthText", "PanelId", "ReleaseId", "Shape", "Slug"]

MonthText = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$", description="A calendar month.", examples=["2024-12"])]
DataMonth = Annotated[
    str, Field(pattern=r"^\d{4}-\d{2}$", description="The last observed month.", examples=["2024-11"])
]
PanelId = Annotated[str, Field(description="The panel's id.", examples=["usbp-sectors"])]
KindName = Annotated[
    str,
    Field(
        description="The kind of area, such as sector, region or nation; a panel names its own.", examples=["sector"]
    ),
]
Slug = Annotated[str, Field(description="The area's slug.", examples=["el-paso"])]
ReleaseId = Annotated[
    str, Field(description="The release's id; its figures never change.", examples=["usbp-sectors-2024-11-0f3a9c2b71"])
]


class Shape(BaseModel):
    """Every answer names all of its members and no others."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def known(cls) -> dict[str, type[Shape]]:
        """Every shape made of this one, by its name in the OpenAPI document."""
        own = cls.__subclasses__()
        return {shape.__name__: shape for shape in own} | {
            name: shape for one in own for name, shape in one.known().items()
        }


class CorrectionShape(Shape):
    """What was put right with an official file after its counts had been served."""

    model_config = ConfigDict(title="Correction")

    panel: str = Field(description="The panel's id.", examples=["usbp-sectors"])
    file: str = Field(examples=["nationwide-encounters-fy23-fy26-jul-aor.csv"])
    sha256: str = Field(description="Of the file.", examples=["9f2c" * 16])
    kind: str = Field(description="redated, withdrawn or taken back.", examples=["withdrawn"])
    at: datetime = Field(description="When, UTC.", examples=["2026-09-02T06:00:00Z"])
    before: date | None = Field(
        description="Its day of publication until then; null where it was not in force.", examples=["2026-08-14"]
    )
    published: date | None = Field(description="And from then on; null where it is withdrawn.", examples=[None])
