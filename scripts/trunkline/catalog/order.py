"""Put repairs in an order in which they can be run one after the other.

What stands on a thing is dropped before it and made after it, as far as pg_depend
knows; where it knows nothing, drops come first, then what is missing, then changes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from trunkline.catalog.needs import Key
from trunkline.catalog.repair import KINDS
from trunkline.catalog.repair.grants import DEFAULT_PRIVILEGE, PRIVILEGE
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.step import Step
from trunkline.catalog.words import literal

_PHASE = {"unexpected": 0, "missing": 3, "differs": 4, "column_order": 5}
_LABEL, _REBUILT = 1, 2
_ASPECTS = 6

Rank = tuple[int, int, str, int, str, str]
_WITH_ROWS = ("column", "table", "foreign table")
_PLACE = {
    kind: place for place, kind in enumerate((*KINDS, PRIVILEGE, DEFAULT_PRIVILEGE))
}


def in_order(steps: Sequence[Step], expected: Snapshot, found: Snapshot) -> list[Step]:
    """Return the steps sorted; a circle is broken at its first step."""
    if len(steps) < 2:
        return list(steps)  # what stands on what is dear to find
    ranks = [_rank(step, expected) for step in steps]
    after, blocked = _edges(steps, expected, found)
    ready = [(ranks[i], i) for i in range(len(steps)) if not blocked[i]]
    heapq.heapify(ready)
    waiting = {i for i in range(len(steps)) if blocked[i]}
    result = []
    while ready or waiting:
        if not ready:
            first = min(waiting, key=ranks.__getitem__)
            waiting.discard(first)
            blocked[first].clear()
            heapq.heappush(ready, (ranks[first], first))
        _, i = heapq.heappop(ready)
        result.append(steps[i])
        for j in after[i]:
            blocked[j].discard(i)
            if j in waiting and not blocked[j]:
                waiting.discard(j)
                heapq.heappush(ready, (ranks[j], j))
    return result


def _rank(step: Step, expected: Snapshot) -> Rank:
    phase = _ASPECTS if step.is_aspect else _PHASE[step.sort]
    if _is_of_enum(step):
        # An enum made anew takes the columns along that are there: what comes has to
        # come afterwards.
        phase = _LABEL if step.sort == "missing" else _REBUILT
    place = _PLACE[step.key[0]]
    if step.sort == "unexpected":
        place = -place
    if step.object == "owner":
        place = -len(KINDS)
    return phase, place, *_position(step, expected), step.name, step.object


def _position(step: Step, expected: Snapshot) -> tuple[str, int]:
    """Return the place of a missing column or label, so that they come in order."""
    if step.object == "enum label" and step.sort == "missing":
        labels = [literal(x) for x in expected.of("type")[step.key[1]]["labels"]]
        return step.key[1], labels.index(step.name.removeprefix(f"{step.key[1]} "))
    if step.object != "column" or step.sort != "missing":
        return "", step.depth
    facts = expected.of("column")[step.name]
    relation = expected.relation(facts["on"])
    columns = expected.of(relation[0])[relation[1]]["columns"] if relation else []
    return facts["on"], columns.index(facts["called"])


def _edges(
    steps: Sequence[Step], expected: Snapshot, found: Snapshot
) -> tuple[list[set[int]], list[set[int]]]:
    """Return, for each step, those that have to come after it and before it."""
    whole = _steps_by_object(steps)
    owned = {step.key: i for i, step in enumerate(steps) if step.object == "owner"}
    after: list[set[int]] = [set() for _ in steps]
    before: list[set[int]] = [set() for _ in steps]
    pairs = [*_clashes(steps, expected, found)]
    for i, step in enumerate(steps):
        pairs += [(i, whole[key]) for key in step.frees]
        if step.is_aspect:
            keys = (step.key, *_holders(step, expected))
            pairs += [(whole[key], i) for key in keys if key in whole]
        else:
            pairs += _pairs_of(i, steps, whole, expected, found)
            pairs += [(whole[key], i) for key in _view_of(step, expected, whole)]
            later = _with_parents_only_in(expected, found, step)
            pairs += [(i, whole[key]) for key in later if key in whole]
            earlier = _with_parents_only_in(found, expected, step)
            pairs += [(whole[key], i) for key in earlier if key in whole]
            owners = _owners_of_tables(step, expected)
            pairs += [(owned[key], i) for key in owners if key in owned]
    for one, other in pairs:
        if one != other and one not in after[other]:
            after[one].add(other)
            before[other].add(one)
    return after, before


def _steps_by_object(steps: Sequence[Step]) -> dict[Key, int]:
    whole: dict[Key, int] = {}
    for i, step in enumerate(steps):
        if not step.is_aspect:
            whole.setdefault(step.key, i)
    for i, step in enumerate(steps):
        for key in step.covers:
            whole.setdefault(key, i)
    return whole


def _pairs_of(
    i: int,
    steps: Sequence[Step],
    whole: dict[Key, int],
    expected: Snapshot,
    found: Snapshot,
) -> Iterable[tuple[int, int]]:
    """Yield what pg_depend says about one step, as pairs of first and then."""
    step = steps[i]
    none: frozenset[Key] = frozenset()
    for key in (step.key, *step.covers):
        if not _goes(step):
            for needed in _needed(expected, key, whole):
                if not _goes(steps[needed]) and not _waits(steps[needed], key):
                    yield needed, i
        if step.sort == "differs":
            given_up = found.needs.get(key, none) - expected.needs.get(key, none)
            for needed in (whole[one] for one in given_up if one in whole):
                if steps[needed].sort == "differs" and key not in steps[needed].frees:
                    yield i, needed
        if step.sort != "missing":
            for needed in _needed(found, key, whole):
                if _goes(steps[needed]):
                    yield i, needed
                elif step.object in _WITH_ROWS and _is_of_enum(steps[needed]):
                    yield needed, i


def _goes(step: Step) -> bool:
    """Say whether the object itself is dropped (a label of an enum is not one)."""
    return step.sort == "unexpected" and step.object == step.key[0]


def _is_of_enum(step: Step) -> bool:
    """Say whether it alters a type, such as an enum, rather than makes or drops it."""
    of_type = step.key[0] == "type" and not step.is_aspect
    return of_type and (step.object == "enum label" or step.sort == "differs")


def _waits(step: Step, key: Key) -> bool:
    """Say whether a step, though `key` needs its object, has to be the later one.

    A column and its sequence need each other: the one that is there already waits.
    """
    pair = {key[0], step.key[0]} == {"sequence", "column"}
    return pair and step.sort == "differs"


def _needed(catalog: Snapshot, key: Key, whole: dict[Key, int]) -> Iterable[int]:
    return [whole[one] for one in catalog.needs.get(key, ()) if one in whole]


def _holders(step: Step, expected: Snapshot) -> list[Key]:
    """Return the relation whose repair has to come before one of its parts' aspects."""
    facts = expected.of(step.key[0]).get(step.key[1], {})
    relation = expected.relation(facts["on"]) if "on" in facts else None
    return [relation] if relation else []


def _with_parents_only_in(one: Snapshot, other: Snapshot, step: Step) -> list[Key]:
    """Return the table of a column that is altered if it inherits in one snapshot only.

    While it does, neither the column's type nor the name of its not-null constraint can
    be altered, and both have to be the parent's when it begins.
    """
    if (step.object, step.sort) != ("column", "differs"):
        return []
    return [
        (kind, name)
        for kind, name in _holders(step, one)
        if one.of(kind)[name].get("inherits")
        and not other.of(kind).get(name, {}).get("inherits")
    ]


def _view_of(step: Step, expected: Snapshot, whole: dict[Key, int]) -> list[Key]:
    """Return the view whose own repair is to come before that of its column."""
    if step.object != "column":
        return []
    holders = _holders(step, expected)
    return [key for key in holders if key in whole and key[0].endswith("view")]


def _owners_of_tables(step: Step, expected: Snapshot) -> Iterable[Key]:
    """Yield the tables whose owners have to own the sequences of the step as well."""
    for kind, name in (step.key, *step.covers):
        column = expected.of(kind).get(name, {}).get("owned_by", "")
        if kind == "sequence" and (facts := expected.of("column").get(column)):
            relation = expected.relation(facts["on"])
            if relation is not None and relation != step.key:
                yield relation


def _clashes(
    steps: Sequence[Step], expected: Snapshot, found: Snapshot
) -> Iterable[tuple[int, int]]:
    """Yield the drops that must free a name before something else takes it."""
    taken: dict[tuple[str, str], int] = {}
    for i, step in enumerate(steps):
        if step.sort == "unexpected" and step.object == step.key[0]:
            for key in (step.key, *step.covers):
                for name in _names(key, found):
                    taken[name] = i
    for j, step in enumerate(steps):
        if step.sort == "missing" and step.object == step.key[0]:
            for key in (step.key, *step.covers):
                for name in _names(key, expected):
                    if name in taken:
                        yield taken[name], j


def _names(key: Key, catalog: Snapshot) -> Iterable[tuple[str, str]]:
    """Yield the names that an object takes from a common namespace."""
    kind, name = key
    facts = catalog.of(kind).get(name, {})
    if kind in ("index", "constraint") and "index" in facts:
        yield "relation", facts["index"]
    elif kind in ("function", "procedure", "aggregate"):
        yield "routine", facts.get("signature", name)
    elif kind in ("type", "domain"):
        yield "type", name
    elif kind in ("table", "foreign table", "view", "materialized view", "sequence"):
        yield "relation", name
        yield "type", name
