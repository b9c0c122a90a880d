"""The names that a panel's retrainings go by in MLflow."""

from __future__ import annotations

__all__ = ["ALIAS", "experiment_name", "registered_name"]

ALIAS = "champion"


def experiment_name(panel: str) -> str:
    """The experiment that a panel's retrainings are logged in."""
    return f"encounters/{panel}"


def registered_name(panel: str) -> str:
    """The registered model whose alias `champion` is the recipe that serves a panel."""
    return f"encounters-{panel}"
