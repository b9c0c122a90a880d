"""The bank's quick forms give the very bits of the plain ones: no figure moves where only the arithmetic's way does."""

from datetime import date

import numpy as np
import pytest

from forecast.counts.bundle import bundled
from forecast.models.bank.groups import group_means
from forecast.models.bank.options import Options
from forecast.models.bank.panel import panel_of
from forecast.models.bank.smoothers import Smoothers, smooth
from forecast.models.bank.weights import averaged, errors, weigh

OPTIONS = Options()


@pytest.fixture(scope="module")
def panel():
    """The bundled states' cells: short, of several lengths and groups, with unknown months."""
    counts = bundled().as_of("cbp-states", date(2025, 12, 31))
    return panel_of([counts.series(area) for area in counts.open_areas], OPTIONS.offset)


@pytest.fixture(scope="module")
def smoothed(panel):
    return list(smooth(panel, OPTIONS))


def plain_levels(panel, pattern):
    members, adjusted = Smoothers.of(OPTIONS), panel.values - pattern[np.arange(len(panel.values)), :, panel.phase]
    level = np.full((*adjusted.shape, len(members.gain)), np.nan)
    slope = np.zeros(level.shape)
    level[0] = adjusted[0][:, None]
    for step in range(1, len(adjusted)):
        here = adjusted[step][:, None]
        expected = level[step - 1] + members.damping * slope[step - 1]
        error = np.where(np.isnan(here), 0.0, here - expected)
        started = ~np.isnan(expected)
        level[step] = np.where(started, expected + members.gain * error, here)
        slope[step] = np.where(started, members.damping * slope[step - 1] + members.slope_gain * error, 0.0)
    return level, slope


def plain_ahead(one, horizon):
    damped = np.sum([one.members.damping**step for step in range(1, horizon + 1)], axis=0)
    back = 1 - one.members.persistence**horizon
    return one.level + one.slope * damped + one.gap * back + one.season(horizon)[..., None]


def plain_discounted(errors_, half_life):
    """Discounted mean of |errors| along the steps, unknown ones left out; NaN before the first known one."""
    keep = 0.5 ** (1 / half_life)
    total, weight = np.zeros(errors_.shape[1:]), np.zeros(errors_.shape[1:])
    means = np.full(errors_.shape, np.nan)
    for step, row in enumerate(np.abs(errors_)):
        known = ~np.isnan(row)
        total = np.where(known, keep * total + np.where(known, row, 0.0), total)
        weight = np.where(known, keep * weight + 1, weight)
        means[step] = np.where(weight > 0, total / np.maximum(weight, 1e-12), np.nan)
    return means


def plain_loss(ahead, panel, horizons):
    total = 0.0
    for horizon in horizons:
        spent = plain_discounted(errors(ahead(horizon), panel.values, horizon), OPTIONS.memory)
        total = total + np.nan_to_num(np.log(np.maximum(spent, 1e-4)))
    loss = total / len(horizons)
    loss = loss - loss.mean(axis=2, keepdims=True)
    return OPTIONS.own_record * loss + (1 - OPTIONS.own_record) * group_means(loss, panel.groups)


def softmax(scores):
    raised = np.exp(scores - scores.max(axis=2, keepdims=True))
    return raised / raised.sum(axis=2, keepdims=True)


def plain_weights(smoothed, panel):
    trends = np.concatenate([one.members.trend for one in smoothed])

    def together(horizon):
        return np.concatenate([plain_ahead(one, horizon) for one in smoothed], axis=2)

    def by_trend(horizon):
        own = [np.where(trends == trend, weights, 0.0) for trend in range(len(OPTIONS.trends))]
        return np.stack([(together(horizon) * each).sum(axis=2) for each in own], axis=2)

    loss = plain_loss(together, panel, OPTIONS.member_horizons)
    weights = np.zeros_like(loss)
    for trend in range(len(OPTIONS.trends)):
        weights[:, :, trends == trend] = softmax(-OPTIONS.member_sharpness * loss[:, :, trends == trend])
    prior = np.log([variant.prior for variant in OPTIONS.trends])
    chances = softmax(prior - OPTIONS.trend_sharpness * plain_loss(by_trend, panel, OPTIONS.trend_horizons))
    return np.split(weights * chances[:, :, trends], len(smoothed), axis=2)


def test_levels_slopes_and_forecasts(panel, smoothed):
    for one in smoothed:
        level, slope = plain_levels(panel, one.pattern)
        assert np.array_equal(one.level, level, equal_nan=True)
        assert np.array_equal(one.slope, slope)
        assert np.array_equal(one.ahead(7), plain_ahead(one, 7), equal_nan=True)


def test_weights_and_their_averages(panel, smoothed):
    weights, plain = weigh(smoothed, panel, OPTIONS), plain_weights(smoothed, panel)
    assert all(np.array_equal(one, other) for one, other in zip(weights, plain, strict=True))
    mean = sum((plain_ahead(one, 3) * weight).sum(axis=2) for one, weight in zip(smoothed, plain, strict=True))
    assert np.array_equal(averaged(smoothed, weights, 3), mean, equal_nan=True)
