"""Entry of `encounters`: runs a command;
a domain error becomes one line on stderr and its exit code, never a traceback.
"""

from __future__ import annotations

import sys

import typer
from pydantic import ValidationError

from forecast.cli import (
    backtesting,
    backup,
    comparing,
    data,
    exporting,
    fetching,
    keys,
    outside,
    panels,
    parts,
    planning,
    predicting,
    releases,
    retraining,
    scheduling,
    serving,
    status,
    vintages,
)
from forecast.cli.groups import CommandGroup
from forecast.core import logs
from forecast.core.errors import EncountersError
from forecast.settings import Settings

__all__ = ["app", "main"]


class _Commands(CommandGroup):
    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command that was asked for. Raises EncountersError for a module that was compiled on a full disk:
        Python before 3.13 keeps what there was room for, and fails on it from then on.
        """
        try:
            return super().invoke(ctx)
        except EOFError as error:
            if "marshal" not in str(error):
                raise
            raise EncountersError(
                "A part of the installation is cut short, as after a full disk. Free some space and remove what Python "
                f"compiled: find {sys.prefix} -name '*.pyc' -delete"
            ) from error


app = typer.Typer(
    name="encounters",
    cls=_Commands,
    help="Forecast monthly U.S. border encounters: ingest official counts, retrain, publish, serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    data,
    fetching,
    panels,
    vintages,
    retraining,
    status,
    releases,
    backup,
    scheduling,
    exporting,
    serving,
    keys,
    backtesting,
    comparing,
    outside,
    predicting,
    planning,
):
    module.register(app)


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0])
        setting = name if name.isupper() else f"ENCOUNTERS_{name.upper()}"
        print(f"encounters: {setting}: {wrong['msg']}. Correct it.", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    logs.configure(settings.log)
    try:
        app()
    except EncountersError as error:
        parts.complain(error, settings)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("forecast", "service"):
            raise  # a fault of ours, not a part that was left out
        missing = EncountersError(
            f"{error.name} is not installed. Add it: pip install 'encounter-forecast[service,train]'."
        )
        parts.complain(missing, settings)
        sys.exit(1)
