"""Access lists in a canonical form: only what departs from an object's defaults.

`grant` followed by `revoke` leaves an explicit list behind where there was none; both
mean the same, and so do two lists in another order or with another granter who is the
owner. What is kept is `granted` (beyond the default) and `revoked` (of the default),
each from grantee to privilege letters, `*` after a letter that may be granted on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Grants = dict[str, str]

WORDS = {
    "r": "select",
    "a": "insert",
    "w": "update",
    "d": "delete",
    "D": "truncate",
    "x": "references",
    "t": "trigger",
    "m": "maintain",
    "X": "execute",
    "U": "usage",
    "C": "create",
    "c": "connect",
    "T": "temporary",
    "s": "set",
    "A": "alter system",
}

_ITEM = re.compile(r'^("(?:[^"]|"")*"|[^=]*)=([^/]*)/(.*)$', re.DOTALL)
LETTER = re.compile(r"[a-zA-Z]\*?")


def departures(
    acl: Iterable[str], default: Iterable[str], owner: str, quoted: Mapping[str, str]
) -> tuple[Grants, Grants]:
    """Return what an access list grants beyond the default, and what it lacks of it.

    `acl` and `default` are aclitems in PostgreSQL's text form; `quoted` maps the role
    names that SQL must quote to their quoted form. A granter other than the owner is
    kept behind the grantee: `app/admin`.
    """
    have = _letters(acl, owner, quoted)
    usual = _letters(default, owner, quoted)
    return _beyond(have, usual), _beyond(usual, have)


def _letters(
    acl: Iterable[str], owner: str, quoted: Mapping[str, str]
) -> dict[str, set[str]]:
    grants: dict[str, set[str]] = {}
    for item in acl:
        match = _ITEM.match(item)
        if match is None:
            raise ValueError(f"not an access item: {item!r}")
        grantee, granter = _role(match[1], quoted), _role(match[3], quoted)
        key = grantee if granter == owner else f"{grantee}/{granter}"
        grants.setdefault(key, set()).update(LETTER.findall(match[2]))
    return grants


def _role(text: str, quoted: Mapping[str, str]) -> str:
    if not text:
        return "public"
    plain = text[1:-1].replace('""', '"') if text.startswith('"') else text
    return quoted.get(plain, plain)


def _beyond(one: dict[str, set[str]], other: dict[str, set[str]]) -> Grants:
    extra = {
        grantee: letters - other.get(grantee, set()) for grantee, letters in one.items()
    }
    order = list(WORDS)
    return {
        grantee: "".join(sorted(letters, key=lambda letter: order.index(letter[0])))
        for grantee, letters in extra.items()
        if letters
    }
