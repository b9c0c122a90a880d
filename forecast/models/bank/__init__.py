"""A bank of exponential smoothers run over all areas of a panel at once,
and calibrated by its own past errors. Knows no area by name.

In one paragraph: counts become rates per standard month on a log scale. Many smoothers (gains x seasonal patterns x
ways to go on: level, damped trend, slow return to the long-run mean) run over every series. At the origin they are
averaged, by how well each would have done so far on this series and on its group. The spread is the series' own slow
mean error, moved by a fast volatility that the group shares, and grown with the horizon somewhat faster than a random
walk's with the averaged gain; an error counts for both as at most some twice what was expected, and a level below its
long-run mean has a smaller spread. The shape is half the pooled distribution of past standardised errors, half
Student's t; both are wider where a group knows under two years. Nothing else is learnt, and all of it from months up to
the origin.
"""

from forecast.models.bank.family import Bank

__all__ = ["Bank"]
