"""Sequences: those that stand alone, of a serial column, of an identity column."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.catalog.repair import aspects
from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import (
    Change,
    Kind,
    Statements,
    by_property,
    plain_drop,
)
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts, aside, literal

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def owned(catalog: Snapshot, column: str) -> Iterator[tuple[str, Facts]]:
    """Return the sequences that belong to a column."""
    return catalog.having("sequence", "owned_by", column)


def parameters(facts: Facts) -> str:
    """Return the clauses of a sequence, without those that say the default."""
    up = facts["increment"] > 0
    largest = _LARGEST[facts["type"]]
    minimum, maximum = (1, largest) if up else (-largest - 1, -1)
    clauses = []
    if facts["type"] != "bigint":
        clauses.append(f"as {facts['type']}")
    if facts["increment"] != 1:
        clauses.append(f"increment by {facts['increment']}")
    if facts["minimum"] != minimum:
        clauses.append(f"minvalue {facts['minimum']}")
    if facts["maximum"] != maximum:
        clauses.append(f"maxvalue {facts['maximum']}")
    if facts["start"] != (facts["minimum"] if up else facts["maximum"]):
        clauses.append(f"start with {facts['start']}")
    if facts["cache"] != 1:
        clauses.append(f"cache {facts['cache']}")
    if facts.get("cycle"):
        clauses.append("cycle")
    return " ".join(clauses)


def create_bare(name: str, facts: Facts) -> str:
    """Return the statement that makes a sequence, owned by no column yet."""
    unlogged = "unlogged " if facts.get("persistence") else ""
    return f"create {unlogged}sequence {name} {parameters(facts)}".rstrip() + ";"


def owned_as(name: str, facts: Facts) -> Statements:
    """Tie a new sequence to its column: both have to have the same owner."""
    return [aspects.owner_to("sequence", name, facts), owned_by(name, facts)]


def owned_by(name: str, facts: Facts) -> str:
    """Return the statement that ties a sequence to its column, or frees it."""
    return f"alter sequence {name} owned by {facts.get('owned_by', 'none')};"


def put_aside(name: str) -> str:
    """Return the statement that frees a sequence's name for one made anew."""
    return f"alter sequence {name} rename to {aside(name)[0]};"


def take_over(name: str) -> str:
    """Return the statement that lets a new sequence go on where the old one stood."""
    old = aside(name)[1]
    return f"select setval({literal(name)}, last_value, is_called) from {old};"


def drop_aside(name: str) -> str:
    """Return the statement that drops what was put aside."""
    return f"drop sequence {aside(name)[1]};"


def _create(_: Snapshot, name: str, facts: Facts) -> Statements:
    statements = [create_bare(name, facts)]
    statements += finish("sequence", name, {**facts, "owned_by": None})
    if "owned_by" in facts:
        statements += owned_as(name, facts)
    return statements


def _set(change: Change) -> Statements:
    """Set all parameters; begin anew where the old ones begin beyond the new limits."""
    facts = change.expected
    restart = ""
    if not facts["minimum"] <= change.found["start"] <= facts["maximum"]:
        restart = " restart"
    return [
        f"alter sequence {change.name} as {facts['type']}"
        f" increment by {facts['increment']}"
        f" minvalue {facts['minimum']} maxvalue {facts['maximum']}"
        f" start with {facts['start']} cache {facts['cache']}"
        f" {'cycle' if facts.get('cycle') else 'no cycle'}{restart};"
    ]


def _own(change: Change) -> Statements:
    want, have = change.expected, change.found
    if want["owner"] == have["owner"] or "owned_by" not in want:
        return [owned_by(change.name, want)]
    free = [owned_by(change.name, {})] if "owned_by" in have else []
    return [*free, *owned_as(change.name, want)]


def _persist(change: Change) -> Statements:
    word = "unlogged" if change.expected.get("persistence") else "logged"
    return [f"alter sequence {change.name} set {word};"]


SEQUENCE = Kind(
    create=_create,
    drop=plain_drop("sequence"),
    alter=by_property(
        {
            "type": _set,
            "increment": _set,
            "minimum": _set,
            "maximum": _set,
            "start": _set,
            "cache": _set,
            "cycle": _set,
            "persistence": _persist,
            "owned_by": _own,
            "of_identity": lambda _: [],
        }
    ),
    describe=lambda facts: f"{facts['type']} {parameters(facts)}".strip(),
    labels={"owned_by": "owning column", "of_identity": "use by an identity column"},
    replaceable=False,
)
