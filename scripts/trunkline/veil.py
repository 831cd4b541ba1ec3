"""Values from somebody's rows, as they may be shown: what may be a secret is not.

A long run of letters and digits (a token, a hash, a sealed value) gives way to its
length. An address, a number, a date, a UUID and a sentence stay.
"""

from __future__ import annotations

import re

#: The shortest keys in use are of 20 characters and more; a word is shorter.
_TOKEN = re.compile(r"[\w+/=:.~-]{24,}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HARMLESS = re.compile(r"[a-z_.]+|[0-9: .+-]+|[a-z0-9_]*[a-z]_[a-z0-9_]*")


def veiled(text: str) -> str:
    """The text without what may be a secret."""
    return _TOKEN.sub(_veil, text)


def _veil(match: re.Match[str]) -> str:
    token = match[0]
    if _UUID.fullmatch(token) or _HARMLESS.fullmatch(token):
        return token
    return f"…({len(token)} characters)"
