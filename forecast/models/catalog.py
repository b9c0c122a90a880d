"""The families by name, and what a recipe may ask of each. Fits nothing; importing it loads no model library.

Each family imports its library (statsmodels, Prophet) inside the functions that need it, so that naming a model costs
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache, cached_property
from typing import Any, Literal, get_args, get_origin, get_type_hints

from forecast.core.errors import RecipeError
from forecast.models.bank import Bank
from forecast.models.ets import Ets
from forecast.models.prophet_model import ProphetModel
from forecast.models.protocol import Model, PanelModel
from forecast.models.random_walk import RandomWalk
from forecast.models.recent import Recent
from forecast.models.sarimax import Sarimax
from forecast.models.seasonal_naive import SeasonalNaive
from forecast.models.structural import Structural
from forecast.models.theta import Theta

__all__ = ["FAMILIES", "Member", "learns_from_panel", "libraries", "model", "options"]

FAMILIES: dict[str, type[Any]] = {
    "random_walk": RandomWalk,
    "seasonal_naive": SeasonalNaive,
    "theta": Theta,
    "ets": Ets,
    "structural": Structural,
    "sarimax": Sarimax,
    "prophet": ProphetModel,
    "bank": Bank,
    "recent": Recent,
}

# What a worker loads once before it fits a family.
_LIBRARIES: dict[str, tuple[str, ...]] = {
    "ets": ("statsmodels.tsa.exponential_smoothing.ets",),
    "structural": ("statsmodels.tsa.statespace.structural",),
    "sarimax": ("statsmodels.tsa.statespace.sarimax", "scipy.optimize", "scipy.signal"),
    "prophet": ("forecast.models.prophet_library",),
}


@dataclass(frozen=True)
class Member:
    """One model of a pool: a family of the catalog and its options, as (name, value) pairs in order of name.

    Raises RecipeError for a family, an option or a value that does not exist.
    """

    model: str
    options: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", tuple(sorted(self.options)))
        model(self)

    @classmethod
    def of(cls, model: str, **options: Any) -> Member:
        """`Member.of("ets", scale="raw")`."""
        return cls(model, tuple(options.items()))

    @cached_property
    def label(self) -> str:
        """Unique in a pool: family, scale, then any other option that differs from its default:
        `ets-raw`, `ets-log-damped=never`.
        """
        chosen, defaults = dict(self.options), options(self.model)
        rest = [f"{name}={value}" for name, value in self.options if name != "scale" and value != defaults[name]]
        return "-".join([self.model, str(chosen.get("scale", defaults["scale"])), *rest])


def options(family: str) -> dict[str, Any]:
    """The options of a family with their defaults. Raises RecipeError for an unknown family."""
    if family not in FAMILIES:
        raise RecipeError(f"No model is called {family!r}. The models are {', '.join(FAMILIES)}.")
    return {option.name: option.default for option in fields(FAMILIES[family]) if option.init}


@cache
def model(member: Member) -> Model:
    """The family with its options set. Raises RecipeError for an unknown family, option or value."""
    known = options(member.model)
    hints = get_type_hints(FAMILIES[member.model])
    for name, value in member.options:
        if name not in known:
            raise RecipeError(f"{member.model} has no option {name!r}. Its options are {', '.join(known)}.")
        if wanted := _unlike(value, known[name], hints[name]):
            raise RecipeError(f"{member.model}: {name} is {wanted}, not {value!r}.")
    made: Model = FAMILIES[member.model](**dict(member.options))
    return made


def _unlike(value: object, default: object, hint: Any) -> str | None:
    """What an option's value should have been, or None where it is one of those."""
    if get_origin(hint) is Literal:
        return None if value in get_args(hint) else " or ".join(get_args(hint))
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(default, int):
        return None if type(value) is int and value > 0 else "a whole number above 0"
    return None if type(value) in (int, float) and value > 0 else "a number above 0"  # type: ignore[operator]


def learns_from_panel(member: Member) -> bool:
    """Whether the family must see every series of the panel to forecast one."""
    return isinstance(model(member), PanelModel)


def libraries(members: Iterable[Member]) -> tuple[str, ...]:
    """The modules that fitting these members loads: for workers to import once, before the first fit."""
    return tuple(sorted({name for member in members for name in _LIBRARIES.get(member.model, ())}))
