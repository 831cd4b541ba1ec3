"""Grants and their repair, on objects of any kind.

Works on the departures from an object's default privileges (`catalog.privileges`), so
an access list that says nothing new is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.catalog.difference import Sort
from trunkline.catalog.privileges import LETTER, WORDS
from trunkline.catalog.words import Facts

_NOUNS = {
    "view": "table",
    "materialized view": "table",
    "foreign table": "table",
    "aggregate": "function",
    "server": "foreign server",
}


@dataclass(frozen=True)
class Grant:
    """One or more privileges of one grantee that are missing or unexpected."""

    sort: Sort
    name: str
    repair: str


def grants_of(kind: str, name: str, facts: Facts) -> list[str]:
    """Return the statements that take a new object from the defaults to its grants."""
    return [grant.repair for grant in compare_grants(kind, name, facts, {})]


def compare_grants(
    kind: str, name: str, expected: Facts, found: Facts
) -> Iterator[Grant]:
    """Yield what the found object's grants lack and have too much."""
    have = _Access(found, new_owner=expected.get("owner"))
    want = _Access(expected)
    for grantee in sorted({*want.granted, *have.granted, *want.revoked, *have.revoked}):
        surplus = have.only(grantee, want)
        if surplus:
            yield _grant("unexpected", kind, name, expected, grantee, surplus)
    for grantee in sorted({*want.granted, *have.granted, *want.revoked, *have.revoked}):
        lacking = want.only(grantee, have)
        if lacking:
            yield _grant("missing", kind, name, expected, grantee, lacking)


class _Access:
    """The departures of one object, as sets of letters by grantee."""

    def __init__(self, facts: Facts, new_owner: str | None = None) -> None:
        self.granted = _sets(facts.get("granted", {}))
        self.revoked = _sets(facts.get("revoked", {}))
        if new_owner is not None and new_owner != facts.get("owner"):
            # A new owner's own grants melt into the ownership.
            self.granted.pop(new_owner, None)

    def only(self, grantee: str, other: _Access) -> set[str]:
        """Return what this list gives to the grantee and the other one does not."""
        granted = self.granted.get(grantee, set()) - other.granted.get(grantee, set())
        kept = other.revoked.get(grantee, set()) - self.revoked.get(grantee, set())
        return granted | kept


def _sets(grants: dict[str, str]) -> dict[str, set[str]]:
    return {grantee: set(LETTER.findall(text)) for grantee, text in grants.items()}


def _grant(
    sort: Sort, kind: str, name: str, facts: Facts, grantee: str, letters: set[str]
) -> Grant:
    role, _, granter = grantee.partition("/")
    order = list(WORDS)
    plain = sorted((x for x in letters if "*" not in x), key=order.index)
    firm = sorted((x[0] for x in letters if "*" in x), key=order.index)
    statements = []
    for chosen, option in ((plain, ""), (firm, " with grant option")):
        if not chosen:
            continue
        what = ", ".join(_privilege(kind, letter, facts) for letter in chosen)
        target = grant_target(kind, name, facts)
        if sort == "missing":
            statements.append(f"grant {what} on {target} to {role}{option};")
        else:
            statements.append(f"revoke {what} on {target} from {role};")
    if granter:
        statements = [f"set role {granter};", *statements, "reset role;"]
    words = ", ".join(WORDS[letter] for letter in (*plain, *firm))
    option = " with grant option" if firm and not plain else ""
    by = f" by {granter}" if granter else ""
    return Grant(
        sort,
        f"{words} on {kind} {name} to {role}{option}{by}",
        "\n".join(statements),
    )


def _privilege(kind: str, letter: str, facts: Facts) -> str:
    if kind == "column":
        return f"{WORDS[letter]} ({facts['called']})"
    return WORDS[letter]


def grant_target(kind: str, name: str, facts: Facts) -> str:
    """Return the noun and name that stand behind `on` in a grant."""
    if kind == "column":
        return f"table {facts['on']}"
    return f"{_NOUNS.get(kind, kind)} {facts.get('signature', name)}"
