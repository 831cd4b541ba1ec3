"""Take passwords out of what the catalog holds; a snapshot is kept and shown."""

from __future__ import annotations

import re

NOT_READ = "***"

SECRET = re.compile(r"pass|pwd|secret|token|credential|api_?key|private", re.IGNORECASE)
_IN_CONNINFO = re.compile(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)", re.IGNORECASE)
_IN_URL = re.compile(r"(://[^:/@]*:)[^@]*@")


def without_secret(option: str) -> str:
    """Return a `name=value` option, its value left out if the name says secret."""
    name = option.partition("=")[0]
    return f"{name}={NOT_READ}" if SECRET.search(name) else option


def without_password(conninfo: str) -> str:
    """Return a connection string without the password in it."""
    return _IN_URL.sub(rf"\1{NOT_READ}@", _IN_CONNINFO.sub(rf"\1{NOT_READ}", conninfo))
