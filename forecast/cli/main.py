"""Entry of `encounters`: runs a command; a domain error becomes one line on stderr and its exit code, never a traceback."""

from __future__ import annotations

import sys

import typer

from forecast.cli import backtesting, comparing, data, predicting, releases, serving, status, training
from forecast.core.errors import EncountersError

__all__ = ["app", "main"]

app = typer.Typer(
    name="encounters",
    help="Forecast monthly U.S. border encounters: ingest official counts, retrain, publish, serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (data, training, status, releases, serving, backtesting, comparing, predicting):
    module.register(app)


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    try:
        app()
    except EncountersError as error:
        print(f"encounters: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201 the one line a person reads
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("forecast", "service"):
            raise  # a fault of ours, not a part that was left out
        print(f"encounters: {error.name} is not installed. Add it: pip install 'encounter-forecast[service,train]'.", file=sys.stderr)  # noqa: T201
        sys.exit(1)
