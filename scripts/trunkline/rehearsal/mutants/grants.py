"""One privilege too many, or one too few.

The least that does harm: of what a role may not do yet, the first in the order below
(of kinds that are not there, what was taken from it); of what it may do, the first,
without which the others are worth little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from trunkline.catalog import Snapshot
from trunkline.catalog.privileges import LETTER, WORDS
from trunkline.catalog.words import Facts
from trunkline.rehearsal.mutants.alteration import Alteration, with_fact, without

_ORDER: Mapping[str, str] = {
    "schema": "UC",
    "table": "rawdDxt",
    "foreign table": "rawd",
    "view": "rawd",
    "materialized view": "r",
    "function": "X",
    "procedure": "X",
    "aggregate": "X",
}
_PUBLIC_HAS = {"function": "X", "procedure": "X", "aggregate": "X"}


def roles_in(catalog: Snapshot) -> tuple[str, ...]:
    """The roles that grants and policies of a catalog name, and PUBLIC first.

    Others of the server are no concern of the project.
    """
    named: set[str] = set()
    for objects in catalog.objects.values():
        for facts in objects.values():
            named |= {*facts.get("granted", ()), *facts.get("roles", ())}
    return ("public", *sorted(r for r in named - {"public"} if "/" not in r))


def grants(kind: str, facts: Facts, roles: Iterable[str]) -> Iterator[Alteration]:
    """What can be done to the grants on one object."""
    for role in roles:
        if role != facts.get("owner"):
            yield from _too_many(kind, facts, role)
        yield from _too_few(facts, role)


def _too_many(kind: str, facts: Facts, role: str) -> Iterator[Alteration]:
    held = _held(kind, facts, role) | _held(kind, facts, "public")
    revoked = facts.get("revoked", {}).get(role, "")
    order = _ORDER.get(kind, revoked)
    letter = next((letter for letter in order if letter not in held), None)
    if letter is None:
        return
    what = f"{WORDS[letter]} granted to {role}"
    if letter in revoked:
        rest = revoked.replace(letter, "")
        yield Alteration(what, ("revoked", role), _with(facts, "revoked", role, rest))
    else:
        letters = facts.get("granted", {}).get(role, "") + letter
        yield Alteration(
            what, ("granted", role), _with(facts, "granted", role, letters)
        )


def _too_few(facts: Facts, role: str) -> Iterator[Alteration]:
    letters = LETTER.findall(facts.get("granted", {}).get(role, ""))
    if not letters:
        return
    what = f"{WORDS[letters[0][0]]} revoked from {role}"
    rest = "".join(letters[1:])
    yield Alteration(what, ("granted", role), _with(facts, "granted", role, rest))


def _held(kind: str, facts: Facts, role: str) -> set[str]:
    usual = _PUBLIC_HAS.get(kind, "") if role == "public" else ""
    revoked = facts.get("revoked", {}).get(role, "")
    granted = facts.get("granted", {}).get(role, "")
    return (set(usual) - set(revoked)) | set(granted)


def _with(facts: Facts, word: str, role: str, letters: str) -> Facts:
    access = {**facts.get(word, {}), role: letters}
    access = {name: held for name, held in access.items() if held}
    return with_fact(facts, **{word: access}) if access else without(facts, word)
