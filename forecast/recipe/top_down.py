"""The total of a panel with sparse leaves is forecast by itself, and its leaves are scaled to it in every draw.

The upper ends of hundreds of wide leaves add up to a total that lies too high; one busy series knows better how many
there will be, and the leaves in which proportions (top-down by forecast proportions: Athanasopoulos, Ahmed, Hyndman
2009, draw by draw). Panels without a sparse leaf are left as they are. Knows no recipe and no family of models.
"""

from __future__ import annotations

import numpy as np

from forecast.core.tables import Counts, Floats, Series
from forecast.models.recent import is_sparse

__all__ = ["scaled", "total_of", "widest"]

# Months of a total below which it is not forecast by itself.
_LEAST_KNOWN = 24
# How far a leaf may be scaled in one draw.
_LEAST, _MOST = 0.05, 20.0


def widest(counts: Counts) -> str | None:
    """The area that is the sum of all leaves that are forecast; None where the panel has none."""
    leaves = counts.open_areas
    members = counts.panel.hierarchy(leaves)
    return next((slug for slug, parts in members.items() if len(leaves) > 1 and len(parts) == len(leaves)), None)


def total_of(counts: Counts) -> Series | None:
    """The widest sum's own series, from the first month that all leaves are known in; None where there is none, or it
    is too short or too sparse to be forecast by itself.
    """
    slug = widest(counts)
    if slug is None:
        return None
    values = counts.values[:, [counts.areas.index(leaf) for leaf in counts.open_areas]].sum(axis=1)
    known = np.flatnonzero(~np.isnan(values))
    if len(known) < _LEAST_KNOWN:
        return None
    total = Series(slug, counts.first + int(known[0]), values[known[0] :], group=counts.panel.group_of(slug))
    return None if is_sparse(total) else total


def scaled(leaves: Floats, total: Floats) -> Floats:
    """`leaves` (areas, horizon, draws), changed in place so that each draw sums to the total's (horizon, draws).

    A factor is kept from 0.05 to 20: draws that need another do not sum to the total's. Where every leaf is zero, all
    stay so.
    """
    summed = leaves.sum(axis=0)
    leaves *= np.clip(np.divide(total, summed, out=np.ones_like(total), where=summed > 0), _LEAST, _MOST)
    return leaves
