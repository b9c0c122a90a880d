"""A recipe: the whole frozen way from counts to forecasts, read from a file that an analyst edits.
Knows no file of counts and no clock.

`tasks` says which fits a recipe needs at an origin; `assemble` makes forecasts of them; `run` does both. Backtests call
the same three.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from forecast.core.errors import RecipeError
from forecast.core.executor import Executor
from forecast.core.months import Month
from forecast.core.tables import LEVELS, Counts, Floats, Forecasts, Paths
from forecast.models.catalog import Member, learns_from_panel
from forecast.models.fitting import Fit, FitTask, fit_all
from forecast.models.quiet import is_quiet
from forecast.recipe import pooling, reconciliation, routing, top_down

__all__ = [
    "STORED_DRAWS",
    "Pooled",
    "Recipe",
    "Run",
    "assemble",
    "bundled_recipes",
    "load",
    "member_forecasts",
    "parse",
    "run",
    "tasks",
]

HORIZON = 18
# Joint draws that a release keeps: with 2,000 a chance of one in ten is known to within 1.3 points.
STORED_DRAWS = 2000
# Areas whose joint draws are summed and read off at a time: 9 MB with 2,000 draws of 18 months.
_AT_ONCE = 32


@dataclass(frozen=True)
class Pooled:
    """A member of the pool. `weight`: its share against the others';
    `only`: the group of leaves that it forecasts, None for all.
    """

    member: Member
    weight: float = 1.0
    only: str | None = None

    def forecasts(self, group: str) -> bool:
        """Whether the member is part of the pool of the leaves of a group."""
        return self.only in (None, group)


@dataclass(frozen=True)
class Recipe:
    """What a recipe file says.

    `members`: each with its weight in the pool; `compared`: members that are fitted and scored beside the pool and
    weigh nothing in it. `samples`: sample paths per area and member; `draws`: joint draws of all areas, of which sums
    are made; `horizon`: months after the origin.
    """

    name: str
    purpose: str
    horizon: int
    samples: int
    draws: int
    seed: int
    members: tuple[Pooled, ...]
    compared: tuple[Member, ...]
    text: str

    @property
    def digest(self) -> str:
        """sha256 of the recipe's text: another comma, another recipe."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def pooled(self) -> tuple[Member, ...]:
        """The members that the forecasts are made of."""
        return tuple(share.member for share in self.members)

    @property
    def of_total(self) -> tuple[Member, ...]:
        """The members that forecast the total of a panel with sparse leaves: those of every group, in a recipe with a
        family that learns from the panel; a recipe without one is left as it is.
        """
        everywhere = tuple(share.member for share in self.members if share.only is None)
        return everywhere if any(map(learns_from_panel, everywhere)) else ()

    @property
    def fitted(self) -> tuple[Member, ...]:
        """Every member that is fitted, pooled ones first."""
        return (*self.pooled, *self.compared)


@dataclass(frozen=True)
class Run:
    """What a recipe made of counts at one origin: `forecasts` for every area of the hierarchy, and the fits behind
    them.

    `leaves`: the joint draws to be stored, STORED_DRAWS of them, of the leaves alone, in whole encounters. They are an
    even choice of those that the forecasts are the quantiles of; where the recipe makes fewer, as many more are drawn
    from the same seed. `fits`: of the leaves; `above`: of the total, where that is forecast by itself (`top_down`).
    """

    recipe: Recipe
    counts: Counts
    forecasts: Forecasts
    leaves: Paths
    fits: tuple[Fit, ...]
    above: tuple[Fit, ...] = ()

    @property
    def paths(self) -> Paths:
        """The joint draws of every area, each sum that of its leaves in every draw. Made when asked for: a panel of
        thousands of leaves has many more areas, and their draws take hundreds of megabytes.
        """
        areas = self.leaves.areas
        members = self.counts.panel.hierarchy(areas)
        values = _summed(self.leaves.values, areas, tuple(members.values()))
        return Paths(self.leaves.model, self.leaves.origin, tuple(members), values)

    @property
    def fallbacks(self) -> dict[str, str]:
        """Area -> which pooled members failed there and why; the floor model stands in for them."""
        pooled = {share.member.label: share for share in self.recipe.members}
        failures: dict[str, list[str]] = {}
        for fit in (*self.fits, *self.above):
            share = pooled.get(fit.member.label)
            if fit.failure and share and share.forecasts(self.counts.panel.group_of(fit.area)):
                failures.setdefault(fit.area, []).append(f"{fit.member.label}: {fit.failure}")
        return {area: "; ".join(lines) for area, lines in failures.items()}


def bundled_recipes() -> tuple[str, ...]:
    """Names of the recipes that come with the package."""
    folder = resources.files("forecast.recipe") / "recipes"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def load(name: str) -> Recipe:
    """A bundled recipe by its name, or any recipe by the path of its file. Raises RecipeError."""
    if name.endswith(".toml"):
        try:
            return parse(Path(name).read_text(encoding="utf-8"))
        except OSError as error:
            raise RecipeError(f"{name} cannot be read: {error.strerror}. Give the path of a recipe file.") from error
        except UnicodeDecodeError:
            raise RecipeError(f"{name} is no text in UTF-8. Save it as UTF-8.") from None
    if name not in bundled_recipes():
        raise RecipeError(
            f"No recipe is called {name!r}. Use one of {', '.join(bundled_recipes())}, or the path of a .toml file."
        )
    return parse((resources.files("forecast.recipe") / "recipes" / f"{name}.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Recipe:
    """The recipe of a file's text. Raises RecipeError, naming the key that is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"The recipe is not valid TOML: {error}. Correct the line it names.") from error
    except RecursionError:
        raise RecipeError("The recipe is nested too deeply. Compare it with a bundled one.") from None
    known = {"name", "purpose", "horizon", "samples", "draws", "seed", "members", "compared"}
    if unknown := sorted(set(table) - known):
        raise RecipeError(f"The recipe has an unknown key {unknown[0]!r}. Known keys: {', '.join(sorted(known))}.")
    try:
        members = tuple(
            Pooled(_member(row), float(row.get("weight", 1.0)), row.get("only")) for row in table["members"]
        )
        recipe = Recipe(
            name=str(table["name"]),
            purpose=str(table["purpose"]),
            horizon=int(table.get("horizon", HORIZON)),
            samples=int(table["samples"]),
            draws=int(table.get("draws", table["samples"])),
            seed=int(table["seed"]),
            members=members,
            compared=tuple(_member(row) for row in table.get("compared", [])),
            text=text,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecipeError(f"The recipe lacks or misuses {error}. Compare it with a bundled one.") from error
    labels = [member.label for member in recipe.fitted]
    if len(set(labels)) != len(labels):
        raise RecipeError(f"Recipe {recipe.name} names a member twice: {', '.join(labels)}.")
    if stray := [share.only for share in members if not isinstance(share.only, str | None)]:
        raise RecipeError(f"Recipe {recipe.name}: only is the name of a group of areas, not {stray[0]!r}.")
    if (
        not members
        or min(share.weight for share in members) <= 0
        or recipe.samples < len(members)
        or recipe.horizon < 1
    ):
        raise RecipeError(
            f"Recipe {recipe.name} needs members with weights above 0, at least one sample per member and a horizon "
            "of 1."
        )
    if recipe.draws < 1:
        raise RecipeError(
            f"Recipe {recipe.name} needs at least one draw, not {recipe.draws}. Leave draws out for as many as samples."
        )
    return recipe


def _member(row: dict[str, Any]) -> Member:
    options = {key: value for key, value in row.items() if key not in ("model", "weight", "only")}
    return Member.of(row["model"], **options)


def tasks(
    recipe: Recipe, counts: Counts, *, origin: Month, horizon: int | None = None, compared: bool = True
) -> list[FitTask]:
    """The fits that the recipe needs at `origin`: members x open leaves, with or without the `compared` members; then,
    where leaves are sparse, the pooled members' of the total (`top_down`).

    Sees no month after the origin.
    """
    seen = counts.until(origin)
    panel = tuple(seen.series(area) for area in seen.open_areas)
    for series in panel:
        if not any(share.forecasts(series.group) for share in recipe.members):
            raise RecipeError(
                f"Recipe {recipe.name} has no member for {series.area}, of the group {series.group}. "
                "Give one member no `only`."
            )
    sparse = routing.sparse(panel) if seen.panel.dimensions else frozenset()
    fit_tasks: list[FitTask] = []
    for member in recipe.fitted if compared else recipe.pooled:
        learns = learns_from_panel(member)
        # A leaf without an encounter teaches nothing, and before its first one only later files know that it exists.
        whole = tuple(one for one in panel if not is_quiet(one) and one.area not in sparse) if learns else ()
        fit_tasks.extend(
            FitTask(
                member, series, horizon or recipe.horizon, recipe.samples, recipe.seed, whole,
                sparse=learns and series.area in sparse,
            )
            for series in panel
        )  # fmt: skip
    if sparse and recipe.of_total and (total := top_down.total_of(seen)) is not None:
        fit_tasks.extend(
            FitTask(
                member, total, horizon or recipe.horizon, recipe.samples, recipe.seed,
                (total,) if learns_from_panel(member) else (),
            )
            for member in recipe.of_total
        )  # fmt: skip
    return fit_tasks


def assemble(recipe: Recipe, counts: Counts, fits: Sequence[Fit], *, origin: Month, stored: int = STORED_DRAWS) -> Run:
    """Pool the members' paths, let areas move together as they did in the past, and sum them up.
    Sees no month after the origin.

    `stored`: how many joint draws `Run.paths` keeps, which changes no quantile.
    """
    seen = counts.until(origin)
    areas = seen.open_areas
    by_key = {(fit.member.label, fit.area): fit for fit in fits}
    own = set(areas)
    leaves, above = (tuple(fit for fit in fits if (fit.area in own) is leaf) for leaf in (True, False))
    rng = np.random.default_rng([recipe.seed, origin.ordinal])
    simulated = (*areas, *dict.fromkeys(fit.area for fit in above))
    pooled = np.stack([_pooled(recipe, by_key, area, seen.panel.group_of(area), rng) for area in simulated])
    surprises = _surprises(recipe, by_key, simulated)
    if not surprises:  # nothing says how the total and its leaves move together
        simulated, pooled = areas, pooled[: len(areas)]
    past = reconciliation.surprises(surprises, simulated) if surprises else reconciliation.changes(seen)
    joint = _joint(pooled, past, recipe.draws, rng, len(areas))
    forecasts = _quantiles(joint, areas, seen.panel.hierarchy(areas), origin)
    if recipe.draws < stored:  # more worlds of the same, after the quantiles, which they change nothing of
        del joint
        joint = _joint(pooled, past, stored, rng, len(areas))
    kept = joint if joint.shape[-1] == stored else joint[..., np.arange(stored) * joint.shape[-1] // max(stored, 1)]
    if len(simulated) > len(areas):  # hundreds of small leaves, scaled, would all be rounded to one side
        for leaf in kept:
            np.floor(leaf + rng.random(leaf.shape), out=leaf)
    return Run(recipe, seen, forecasts, Paths("recipe", origin, areas, np.rint(kept, out=kept)), leaves, above)


def _pooled(
    recipe: Recipe, fits: Mapping[tuple[str, str], Fit], area: str, group: str, rng: np.random.Generator
) -> Floats:
    """(horizon, samples) of one area: its share of each member's paths."""
    shares = [(fits[share.member.label, area], share.weight) for share in recipe.members if share.forecasts(group)]
    return pooling.linear_pool([(fit.paths, weight) for fit, weight in routing.alone(shares)], recipe.samples, rng)


def _joint(pooled: Floats, past: Floats, draws: int, rng: np.random.Generator, leaves: int) -> Floats:
    """(leaves, horizon, draws) joint draws; scaled to those of the total, where that stands behind the leaves."""
    joint = reconciliation.joint_draws(pooled, past, draws, rng)
    return top_down.scaled(joint[:leaves], joint[leaves]) if len(joint) > leaves else joint


def _quantiles(joint: Floats, areas: Sequence[str], members: Mapping[str, Sequence[str]], origin: Month) -> Forecasts:
    """The quantiles of every area of `members`, some areas at a time: the draws of all sums are never held at once."""
    names, parts = tuple(members), tuple(members.values())
    tables = []
    for start in range(0, len(names), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        tables.append(Paths("recipe", origin, names[some], _summed(joint, areas, parts[some])).quantiles(LEVELS))
    values, mean = np.concatenate([one.values for one in tables]), np.concatenate([one.mean for one in tables])
    return Forecasts("recipe", origin, names, values, mean, LEVELS)


def _summed(leaves: Floats, areas: Sequence[str], sums: Sequence[Sequence[str]]) -> Floats:
    """(sums, horizon, draws) of the joint draws of leaves (areas, horizon, draws). `sums`: the leaves of each."""
    place = {area: index for index, area in enumerate(areas)}
    totals = np.zeros((len(sums), *leaves.shape[1:]))
    for total, parts in zip(totals, sums, strict=True):
        for leaf in parts:  # one after the other, as numpy adds rows, without a copy of them all
            total += leaves[place[leaf]]
    return totals


def _surprises(recipe: Recipe, fits: Mapping[tuple[str, str], Fit], areas: Sequence[str]) -> dict[str, Sequence[float]]:
    """Area -> past standardised errors, from the first pooled member that tells them; empty where none does."""
    for member in recipe.pooled:
        own = {area: fits[member.label, area].parameters for area in areas if (member.label, area) in fits}
        if surprises := {
            area: parameters["surprises"] for area, parameters in own.items() if parameters.get("surprises")
        }:
            return surprises
    return {}


def run(
    recipe: Recipe,
    counts: Counts,
    *,
    origin: Month,
    executor: Executor,
    horizon: int | None = None,
    compared: bool = True,
    on_fit: Callable[[], None] | None = None,
) -> Run:
    """Forecast every area of the panel from the counts up to `origin`."""
    needed = tasks(recipe, counts, origin=origin, horizon=horizon, compared=compared)
    fits = fit_all(needed, executor=executor, on_done=on_fit)
    return assemble(recipe, counts, fits, origin=origin)


def member_forecasts(fits: Iterable[Fit], *, origin: Month) -> tuple[Forecasts, ...]:
    """Each member's own forecasts of the leaves, as if it were alone."""
    by_member: dict[str, list[Fit]] = {}
    for fit in fits:
        by_member.setdefault(fit.member.label, []).append(fit)
    return tuple(
        Paths(label, origin, tuple(fit.area for fit in own), np.stack([fit.paths.T for fit in own])).quantiles(LEVELS)
        for label, own in by_member.items()
    )
