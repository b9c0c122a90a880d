"""Who asks, and the name of the request: request ids, API keys, the address that is counted. Asks no store."""

from __future__ import annotations

import base64
import binascii
import contextlib
import ipaddress
import itertools
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from hmac import compare_digest

from forecast.release.keys import digest

__all__ = ["address_of", "holder", "key_of", "request_id"]

_SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_BASIC = re.compile(rb"(?i:basic) +([A-Za-z0-9+/=]{1,800})")
_BEARER = re.compile(rb"(?i:bearer) +([!-~]{1,200})")
# One process, one beginning; the number behind it costs a third of a microsecond, fresh random bits would cost three
# times as much.
_PROCESS = os.urandom(6).hex()
_NUMBERS = itertools.count(1)
# Of an IPv6 address this many bits are counted as one client, because whoever has one address has the others of the
# network too.
_NETWORK = 64


def request_id(given: bytes | None) -> str:
    """The client's own id where it is a short plain word, otherwise a new one of 21 characters."""
    if given is not None and _SANE.fullmatch(given):
        return given.decode()
    return f"{_PROCESS}-{next(_NUMBERS):08x}"


def key_of(authorization: bytes | None, x_api_key: bytes | None) -> bytes | None:
    """The key that a request's headers carry; None for none, empty for what is no key: another scheme, or two keys."""
    if authorization is None:
        return x_api_key
    if x_api_key is not None:
        return b""
    if match := _BEARER.fullmatch(authorization.strip()):
        return match[1]
    if match := _BASIC.fullmatch(authorization.strip()):  # a browser, in which the key was typed as the password
        with contextlib.suppress(binascii.Error):
            return base64.b64decode(match[1], validate=True).partition(b":")[2].strip()
    return b""


def holder(in_force: Mapping[str, str], key: bytes) -> str | None:
    """Whose key it is, None for nobody's. `in_force`: digest -> name.

    Every digest is compared, each in the same time, so that the time to an answer tells nothing of how near a guess
    was.
    """
    presented, name = digest(key), None
    for known, whose in in_force.items():
        if compare_digest(known, presented):
            name = whose
    return name


@lru_cache(maxsize=4096)
def address_of(host: str) -> str:
    """What of an address is counted: an IPv4 address (written as IPv6 too), or the 64 bits of an IPv6 network."""
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), _NETWORK), strict=False))
