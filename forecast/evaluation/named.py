"""Members by their labels, as a person types them: `ets-raw`, `theta-log`, `ets-log-season=none`. Fits nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from forecast.core.errors import RecipeError
from forecast.models.catalog import FAMILIES, Member
from forecast.recipe.recipe import Recipe

__all__ = ["member", "members"]


def member(label: str) -> Member:
    """The member of a label: family, then scale, then options as name=value;
    what is left out has its default. Raises RecipeError.
    """
    family, *rest = label.strip().split("-")
    if family not in FAMILIES:
        raise RecipeError(
            f"No model is called {family!r}. Write family-scale, for instance ets-log; the families are "
            f"{', '.join(FAMILIES)}."
        )
    options: dict[str, Any] = {}
    for place, part in enumerate(rest):
        name, given, value = part.partition("=")
        if not given and place == 0:
            options["scale"] = name
        elif given and value:
            options[name] = _value(value)
        else:
            raise RecipeError(
                f"{part!r} in {label!r} is no option. Write family-scale-option=value, for instance "
                "ets-log-season=none."
            )
    return Member.of(family, **options)


def members(labels: Iterable[str], recipe: Recipe) -> tuple[Member, ...]:
    """The members of labels, once each; those that the recipe names are its own. Raises RecipeError."""
    known = {own.label: own for own in recipe.fitted}
    asked = [known.get(label.strip()) or member(label) for label in labels]
    return tuple({one.label: one for one in asked}.values())


def _value(text: str) -> bool | int | float | str:
    if text in ("True", "False", "true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
