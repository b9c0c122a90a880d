"""What every page is framed in: head, navigation, and the policy that lets a browser run nothing of others."""

from __future__ import annotations

from html import escape

from service.dashboard.assets import address

__all__ = ["HEADERS", "page"]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# Relative, as every address on a page, so that they hold under any path.
_LINKS = {
    "": "Forecasts",
    "areas": "Areas",
    "models": "Models",
    "docs": "API",
    "v1/status": "Status",
    "v1/releases": "Releases",
    "openapi.json": "OpenAPI",
}


def page(title: str, body: str, *, up: str = "", marks: str = "") -> bytes:
    """A whole HTML page, to be sent with HEADERS. `title`: plain text; `body`: HTML that is escaped already.

    `up`: leads from the page's address to the root, such as `../`; `marks`: the releases that the page shows, by which
    the script sees that others are out.
    """
    links = "".join(f'<a href="{up + path or "./"}">{name}</a>' for path, name in _LINKS.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">'
        f'<link rel="alternate" type="application/atom+xml" title="Releases" href="{up}v1/releases.atom">'
        f'<link rel="stylesheet" href="{up}{address("page.css")}">'
        f'<script src="{up}{address("theme.js")}"></script><script defer src="{up}{address("page.js")}"></script>'
        f'</head><body data-up="{up}" data-releases="{escape(marks)}">'
        f'<a class="skip" href="#main">Skip to the content</a><header><nav aria-label="Pages">{links}</nav>'
        '<button type="button" class="theme" hidden>Theme: as the device</button></header>'
        f'<main id="main" tabindex="-1">{body}</main><div id="news" role="status"></div></body></html>'
    ).encode()
