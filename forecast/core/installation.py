"""What figures follow from beside counts and recipe: this machine's Python, processor, wheels and code. Runs nothing.

Two installations that say the same here give the same figures to the last bit.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata

from forecast.core.errors import ClusterError
from forecast.core.version import code_version

__all__ = ["installation", "refuse_others", "release_of"]

# What families compute with, and what carries their tasks: two releases of it need not understand each other.
_WHEELS = ("numpy", "scipy", "pandas", "statsmodels", "prophet", "cmdstanpy", "holidays", "pebble", "distributed")


@cache
def installation() -> Mapping[str, str]:
    """Every fact by its name, all of them text."""
    return {
        "encounter-forecast": code_version(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": " ".join((platform.system(), platform.machine(), *platform.libc_ver())).strip(),
        **{wheel: release_of(wheel) for wheel in _WHEELS},
        "processor": _processor(),
    }


def refuse_others(who: str, theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    """Raise ClusterError where `who` has another installation than ours; it names the first fact that differs."""
    for name, fact in ours.items():
        if (other := theirs.get(name, "unknown")) != fact:
            raise ClusterError(
                f"The Dask worker {who} would give other figures: {name} is {other} there and {fact} here. Install the "
                "same there, start it again and repeat the command."
            )


def release_of(wheel: str) -> str:
    """The release of a package that is installed here, or `absent`."""
    try:
        return metadata.version(wheel)
    except metadata.PackageNotFoundError:
        return "absent"


def _processor() -> str:
    """What the arithmetic is done with, which decides the last bits: NumPy's instruction sets and the kernels of BLAS.

    `NPY_DISABLE_CPU_FEATURES` and `OPENBLAS_CORETYPE` make a newer processor compute as an older one.
    """
    import numpy as np
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    sets = np.show_config(mode="dicts")["SIMD Extensions"]
    kernels = {
        f"{library['internal_api']} {library.get('architecture', '')}".strip()
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return ", ".join([*sets.get("baseline", ()), *sets.get("found", ()), *sorted(kernels)])
