"""The official layouts that a panel may be declared on, and what each tells its figures by. Reads no official file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from forecast.core.errors import PanelError

__all__ = ["Layout", "layouts"]


@dataclass(frozen=True)
class Layout:
    """`dimensions`: name -> what the headers of such files call it. `together`: the sets of dimensions that are told
    side by side; none: any set is.
    """

    id: str
    title: str
    dimensions: Mapping[str, tuple[str, ...]]
    together: tuple[tuple[str, ...], ...] = ()

    def named(self, dimensions: Sequence[str]) -> tuple[str, ...]:
        """Dimensions as a declaration writes them (`Family Status`, `family`) -> the layout's own names, in that order.

        Raises PanelError where the layout does not tell one, or not all of them together.
        """
        known = {_plain(name): own for own, names in self.dimensions.items() for name in (own, *names)}
        for name in dimensions:
            if _plain(name) not in known:
                raise PanelError(
                    f"dimensions: {self.id} has no {name!r}. Its dimensions are {', '.join(self.dimensions)}."
                )
        own = tuple(known[_plain(name)] for name in dimensions)
        if len(set(own)) < len(own):
            raise PanelError(f"dimensions: {list(dimensions)} names one column of {self.id} twice. Leave one out.")
        if self.together and set(own) not in map(set, self.together):
            sets = ", ".join(" by ".join(names) for names in self.together)
            raise PanelError(f"dimensions: {self.id} does not tell {' by '.join(own)}. It tells {sets}.")
        return own


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


@cache
def layouts() -> Mapping[str, Layout]:
    """The layouts by id."""
    text = (resources.files("forecast.core") / "declared" / "layouts.toml").read_text(encoding="utf-8")
    return {
        name: Layout(
            id=name,
            title=table["title"],
            dimensions={own: tuple(names) for own, names in table["dimensions"].items()},
            together=tuple(map(tuple, table.get("together", ()))),
        )
        for name, table in tomllib.loads(text).items()
    }
