"""Members as a person types them."""

import pytest

from forecast.core.errors import RecipeError
from forecast.evaluation.named import member, members
from forecast.models.catalog import FAMILIES, Member
from forecast.recipe import recipe as recipes_module
from tests.recipe.test_recipe import TEXT


@pytest.mark.parametrize("scale", ["raw", "log"])
@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"bank", "recent"}))
def test_a_label_names_its_member(family, scale):
    assert member(f"{family}-{scale}") == Member.of(family, scale=scale)
    assert member(f"{family}-{scale}").label == f"{family}-{scale}"


def test_a_family_alone_has_its_defaults():
    assert member("theta").label == Member.of("theta").label


@pytest.mark.parametrize(
    ("label", "options"),
    [
        ("ets-log-season=none", {"season": "none"}),
        ("ets-log-half_life=24", {"half_life": 24}),
        ("bank-log-pooled=False", {"pooled": False}),
    ],
)
def test_options_follow_the_scale(label, options):
    named = member(label)
    assert named == Member.of(named.model, scale="log", **options)
    assert named.label == label


def test_a_recipe_s_own_members_are_found_by_their_labels():
    small = recipes_module.parse(TEXT)
    assert members(["random_walk-log", " random_walk-log", "theta-raw"], small) == (
        small.pooled[0],
        Member.of("theta", scale="raw"),
    )


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("arima-log", "No model is called 'arima'"),
        ("ets-cubic", "scale is raw or log"),
        ("ets-log-season", "'season' in"),
        ("ets-log-x=1", "'x'"),
    ],
)
def test_a_label_that_names_nothing_is_refused(label, says):
    with pytest.raises(RecipeError, match=says):
        member(label)
