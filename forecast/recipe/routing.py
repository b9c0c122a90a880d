"""Sends the sparse series of a panel of one's own to the recent months. Knows no bundled panel, whose areas go to none.

A series of which most months are zero teaches a family on logarithms nothing, and blurs the spread that it learns of a
whole panel. So it is no part of that panel, and what such a family would have said of it the recent months say, alone.
The rule (`models.recent.is_sparse`) looks at the months up to the origin; a recipe without a family that learns from a
panel is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from forecast.core.tables import Series
from forecast.models.fitting import Fit
from forecast.models.quiet import is_quiet
from forecast.models.recent import FAMILY, SPARSE, is_sparse

__all__ = ["alone", "sentence", "sparse", "sparsely"]


def sparse(series: Iterable[Series]) -> frozenset[str]:
    """The areas whose series are sparse; not those without any encounter, which have a floor of their own."""
    return frozenset(one.area for one in series if is_sparse(one) and not is_quiet(one))


def alone(shares: Sequence[tuple[Fit, float]]) -> Sequence[tuple[Fit, float]]:
    """Of the fits of an area with their weights those of the recent months, where there are any; else all of them."""
    return [share for share in shares if _is_recent(share[0].parameters)] or shares


def sparsely(fits: Iterable[Fit]) -> tuple[str, ...]:
    """The areas that the recent months forecast."""
    return tuple(dict.fromkeys(fit.area for fit in fits if fit.failure is None and _is_recent(fit.parameters)))


def sentence(areas: int, of: int, *, scaled: bool = False) -> str:
    """What a reader is told of them. `scaled`: to the total, where that is forecast by itself (`top_down`)."""
    return (
        f"{areas:,} of {of:,} leaves are so sparse ({SPARSE}) that they are forecast by their recent months alone, "
        "without trend or season" + (", and scaled to the total's own forecast." if scaled else ".")
    )


def _is_recent(parameters: Mapping[str, object]) -> bool:
    return parameters.get("family") == FAMILY
