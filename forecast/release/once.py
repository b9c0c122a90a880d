"""What is worked out of a release once and is then at hand for as long as the release is. Knows no shape and no figure."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from forecast.release.read import Release

__all__ = ["per_release"]

T = TypeVar("T")


def per_release(make: Callable[[Release], T]) -> Callable[[Release], T]:
    """`make`, called once for each release; what it gave goes with the release, of which it must keep no reference.

    By identity: a release is as immutable as what is worked out of it, and comparing two would read all their figures.
    """
    made: dict[int, T] = {}

    @wraps(make)
    def given(release: Release) -> T:
        key = id(release)
        if key not in made:
            found = make(release)
            if made.setdefault(key, found) is found:  # of two threads the first one has the say
                weakref.finalize(release, made.pop, key, None).atexit = False
        return made[key]

    return given
