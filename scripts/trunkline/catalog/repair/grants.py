"""Grants and their repair, on objects of any kind, and by default.

Works on the departures from an object's default privileges (`catalog.privileges`), so
an access list that says nothing new is no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from trunkline.catalog.difference import Sort
from trunkline.catalog.privileges import LETTER, WORDS
from trunkline.catalog.words import Facts, here

DEFAULT_PRIVILEGE = "default privilege"
PRIVILEGE = "privilege"

_NOUNS = {
    "view": "table",
    "materialized view": "table",
    "foreign table": "table",
    "aggregate": "function",
    "server": "foreign server",
}

_OBJECTS = {
    "table": "tables",
    "view": "tables",
    "materialized view": "tables",
    "foreign table": "tables",
    "sequence": "sequences",
    "function": "functions",
    "procedure": "functions",
    "aggregate": "functions",
    "type": "types",
    "domain": "types",
    "schema": "schemas",
}
"""What default privileges call an object of each kind."""

_OF_PUBLIC = {"functions": {"X"}, "types": {"U"}}
"""What everybody may do by PostgreSQL's own defaults (GRANT, section Notes)."""


@dataclass(frozen=True)
class Grant:
    """Privileges of one grantee that are missing, unexpected, or may be passed on."""

    sort: Sort
    name: str
    detail: str
    repair: str
    depth: int = 0
    """Where it stands in a chain: who grants on is granted first, and revoked last."""


@dataclass(frozen=True)
class _Target:
    """What the privileges are on: its name for a reader, and its place in SQL."""

    kind: str
    title: str
    sql: str
    column: str | None
    scope: str | None

    def wrap(self, statement: str) -> str:
        if self.scope is not None:
            return f"alter default privileges {self.scope} {statement}"
        return here(statement) if self.kind == "database" else statement


def grants_of(kind: str, name: str, facts: Facts) -> list[str]:
    """Return the statements that take a new object from the defaults to its grants."""
    return [grant.repair for grant in compare_grants(kind, name, facts, {})]


def compare_grants(
    kind: str, name: str, expected: Facts, found: Facts
) -> Iterator[Grant]:
    """Yield what the found object's grants lack and have too much."""
    target = _target(kind, name, expected or found)
    want, have = _Access(expected), _Access(found, expected.get("owner"))
    grantees = sorted(want.grantees | have.grantees)
    for grantee in grantees:
        surplus, lacking = have.only(grantee, want), want.only(grantee, have)
        changed = _bare(surplus) & _bare(lacking)
        depth = _depth(grantee, have.grantees)
        for grant in _grant("unexpected", target, grantee, _except(surplus, changed)):
            yield replace(grant, depth=-depth)
        for letter in sorted(changed):
            yield from _grant(
                "differs", target, grantee, {x for x in lacking if x[0] == letter}
            )
    for grantee in grantees:
        surplus, lacking = have.only(grantee, want), want.only(grantee, have)
        changed = _bare(surplus) & _bare(lacking)
        depth = _depth(grantee, want.grantees)
        for grant in _grant("missing", target, grantee, _except(lacking, changed)):
            yield replace(grant, depth=depth)


class _Access:
    """The departures of one object, as sets of letters by grantee."""

    def __init__(self, facts: Facts, new_owner: str | None = None) -> None:
        self._granted = _sets(facts.get("granted", {}))
        self._revoked = _sets(facts.get("revoked", {}))
        owner = facts.get("owner")
        if new_owner is not None and owner is not None and new_owner != owner:
            self._melt(owner, new_owner)

    def _melt(self, old: str, new: str) -> None:
        """Let a new owner have the old one's rights too, as PostgreSQL does."""
        nothing: set[str] = set()
        his, passed = self._granted.pop(new, nothing), self._granted.pop(old, nothing)
        firm = {letter for letter in his | passed if letter.endswith("*")}
        lacking = (self._revoked.pop(old, nothing) | _bare(firm)) - (
            his - {letter for letter in his if letter + "*" in firm}
        )
        self._granted[new], self._revoked[new] = firm, lacking

    @property
    def grantees(self) -> set[str]:
        return {*self._granted, *self._revoked}

    def only(self, grantee: str, other: _Access) -> set[str]:
        """Return what this list gives to the grantee and the other one does not."""
        nothing: set[str] = set()
        granted = self._granted.get(grantee, nothing)
        kept = other._revoked.get(grantee, nothing)
        return (granted - other._granted.get(grantee, nothing)) | (
            kept - self._revoked.get(grantee, nothing)
        )


def _sets(grants: dict[str, str]) -> dict[str, set[str]]:
    return {grantee: set(LETTER.findall(text)) for grantee, text in grants.items()}


def _depth(grantee: str, grantees: set[str]) -> int:
    """Return how many grants have to be there before this one can be made."""
    granter = grantee.partition("/")[2]
    upper = [one for one in grantees - {grantee} if one.partition("/")[0] == granter]
    return 1 + max((_depth(one, grantees - {grantee}) for one in upper), default=-1)


def _bare(letters: Iterable[str]) -> set[str]:
    return {letter[0] for letter in letters}


def _except(letters: set[str], bare: set[str]) -> set[str]:
    return {letter for letter in letters if letter[0] not in bare}


def _grant(
    sort: Sort, target: _Target, grantee: str, letters: set[str]
) -> Iterator[Grant]:
    role, _, granter = grantee.partition("/")
    for firm in (False, True):
        chosen = sorted(
            (letter[0] for letter in letters if letter.endswith("*") == firm),
            key=list(WORDS).index,
        )
        if not chosen:
            continue
        words = ", ".join(WORDS[letter] for letter in chosen)
        by = f" by {granter}" if granter else ""
        default = f", by default {target.scope}" if target.scope else ""
        option = " with grant option" if firm and sort != "differs" else ""
        yield Grant(
            sort,
            f"{words} on {target.title} to {role}{option}{by}{default}",
            _detail(sort, firm),
            _repair(sort, target, (role, granter), chosen, firm),
        )


def _detail(sort: Sort, firm: bool) -> str:
    if sort == "differs":
        return (
            "grant option is off instead of on"
            if firm
            else ("grant option is on instead of off")
        )
    return "expected, and not granted" if sort == "missing" else "granted, not expected"


def _repair(
    sort: Sort, target: _Target, roles: tuple[str, str], letters: list[str], firm: bool
) -> str:
    role, granter = roles
    what = ", ".join(
        f"{WORDS[letter]} ({target.column})" if target.column else WORDS[letter]
        for letter in letters
    )
    if sort == "unexpected":
        statement = f"revoke {what} on {target.sql} from {role};"
    elif sort == "differs" and not firm:
        statement = f"revoke grant option for {what} on {target.sql} from {role};"
    else:
        option = " with grant option" if firm else ""
        statement = f"grant {what} on {target.sql} to {role}{option};"
    statement = target.wrap(statement)
    if granter:
        return f"set role {granter};\n{statement}\nreset role;"
    return statement


def _target(kind: str, name: str, facts: Facts) -> _Target:
    if kind == DEFAULT_PRIVILEGE:
        objects, scope = facts["objects"], facts["scope"]
        return _Target(kind, objects, objects, None, scope)
    title = f"{kind} {name}"
    if kind == PRIVILEGE:
        kind, title, on = facts["on_kind"], name, facts["on_name"]
    else:
        on = facts["on"] if kind == "column" else facts.get("signature", name)
    if kind == "column":
        return _Target(kind, title, f"table {on}", facts["called"], None)
    if kind == "database":
        on = "%I"
    return _Target(kind, title, f"{_NOUNS.get(kind, kind)} {on}", None, None)


def beside_default_privileges(
    kind: str, name: str, facts: Facts, defaults: Iterable[Facts]
) -> list[str]:
    """Return what takes from a new object the grants that it gets by default.

    `defaults` are the default privileges of the databases concerned; whoever has one
    on objects of this kind is left with what the facts say.
    """
    objects = _OBJECTS.get(kind)
    grantees = {
        grantee
        for one in defaults
        if one["objects"] == objects
        for grantee in (*one.get("granted", ()), *one.get("revoked", ()))
        if "/" not in grantee and grantee != facts.get("owner")
    }
    target = _target(kind, name, facts)
    statements = []
    for grantee in sorted(grantees):
        statements.append(f"revoke all on {target.sql} from {grantee};")
        usual = _OF_PUBLIC.get(objects or "", set()) if grantee == "public" else set()
        revoked = set(facts.get("revoked", {}).get(grantee, ()))
        letters = (usual - revoked) | set(
            LETTER.findall(facts.get("granted", {}).get(grantee, ""))
        )
        statements += [
            grant.repair for grant in _grant("missing", target, grantee, letters)
        ]
    return statements
