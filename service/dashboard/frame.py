"""Pages made of `templates/`: HTML with places for values, which are escaped; and the policy that lets a browser run
nothing of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from forecast.release.intervals import in_words
from service.dashboard import words
from service.dashboard.assets import address
from service.dashboard.plot import text

__all__ = ["HEADERS", "page"]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# The end of a line of a template beside a tag or a brace is nothing, and within words a blank.
_BESIDE, _WITHIN = re.compile(r"(?:^|(?<=>))\s*\n\s*|\s*\n\s*(?=<|$)"), re.compile(r"\s*\n\s*")


def page(template: str, *, up: str = "", marks: str = "", **values: Any) -> bytes:
    """A whole HTML page of a template and its `values`, to be sent with HEADERS.

    `up`: leads from the page's address to the root, such as `../`: addresses on a page are relative, so that they hold
    under any path; `marks`: the releases that the page shows, by which the script sees that others are out.
    """
    return _environment().get_template(template).render(up=up, marks=marks, **values).encode()


class _Lines(Extension):
    """Lets templates have lines of which a page has none."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The tokens of a template with its words in one line."""
        for token in stream:
            if token.type == "data":
                token = Token(token.lineno, token.type, _WITHIN.sub(" ", _BESIDE.sub("", token.value)))
            yield token


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("service.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=[_Lines],
        auto_reload=False,
        finalize=_escaped,
    )
    made.globals |= {name: getattr(words, name) for name in words.__all__}
    made.globals |= {"address": address, "in_words": in_words}
    return made


def _escaped(value: Any) -> Any:
    return value if hasattr(value, "__html__") else Markup(text(str(value)))  # noqa: S704 (escaped)
