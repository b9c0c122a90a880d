"""How a group of commands lists them: each by its whole first sentence, where Typer cuts it off."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

__all__ = ["CommandGroup"]


class CommandGroup(TyperGroup):
    """A group whose help gives its commands' first sentences in full."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # types that Typer keeps to itself
        """Write the section of the commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(limit=1000)) for name, one in commands if one])
