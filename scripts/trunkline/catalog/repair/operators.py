"""Operators, their classes and families, casts and transforms."""

from __future__ import annotations

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Change, Kind, Statements, plain_drop
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts

_VALUES = (
    "function",
    "leftarg",
    "rightarg",
    "commutator",
    "negator",
    "restrict",
    "join",
)
_FLAGS = ("hashes", "merges")


def _create_operator(_: Snapshot, name: str, facts: Facts) -> Statements:
    clauses = [f"{key} = {facts[key]}" for key in _VALUES if key in facts]
    clauses += [key for key in _FLAGS if facts.get(key)]
    text = f"create operator {facts['bare_name']} ({', '.join(clauses)});"
    return [text, *finish("operator", name, facts)]


def _alter_operator(change: Change) -> Statements | None:
    if not {"restrict", "join"}.issuperset(change.properties):
        return None
    values = ", ".join(
        f"{key} = {change.expected.get(key, 'none')}" for key in change.properties
    )
    return [f"alter operator {change.name} set ({values});"]


OPERATOR = Kind(
    create=_create_operator,
    drop=plain_drop("operator"),
    alter=_alter_operator,
    describe=lambda facts: f"function {facts['function']}",
)


def _members(facts: Facts) -> dict[str, str]:
    """Return the loose members of a family: how to drop each, and how to add it."""
    return dict((*facts.get("operators", ()), *facts.get("functions", ())))


def _create_family(_: Snapshot, name: str, facts: Facts) -> Statements:
    statements = [f"create operator family {name};"]
    members = ", ".join(_members(facts).values())
    if members:
        statements.append(f"alter operator family {name} add {members};")
    return statements + finish("operator family", name, facts)


def _alter_family(change: Change) -> Statements:
    want, have = _members(change.expected), _members(change.found)
    gone = [member for member in have if want.get(member) != have[member]]
    new = [text for member, text in want.items() if have.get(member) != text]
    statements = []
    if gone:
        statements.append(
            f"alter operator family {change.name} drop {', '.join(gone)};"
        )
    if new:
        statements.append(f"alter operator family {change.name} add {', '.join(new)};")
    return statements


OPERATOR_FAMILY = Kind(
    create=_create_family,
    drop=plain_drop("operator family"),
    alter=_alter_family,
    describe=lambda facts: f"with {len(_members(facts))} members of no class",
    told={
        "operators": lambda facts: [text for _, text in facts.get("operators", ())],
        "functions": lambda facts: [text for _, text in facts.get("functions", ())],
    },
)


def _create_class(_: Snapshot, name: str, facts: Facts) -> Statements:
    default = " default" if facts.get("default") else ""
    members = [*facts.get("operators", ()), *facts.get("functions", ())]
    if "storage" in facts or not members:
        members.append(f"storage {facts.get('storage', facts['type'])}")
    text = (
        f"create operator class {facts['bare_name']}{default} for type {facts['type']}"
        f" using {facts['method']} family {facts['family']} as\n    "
    )
    return [
        text + ",\n    ".join(members) + ";",
        *finish("operator class", name, facts),
    ]


OPERATOR_CLASS = Kind(
    create=_create_class,
    drop=plain_drop("operator class"),
    describe=lambda facts: f"for type {facts['type']}",
)


def _create_cast(_: Snapshot, name: str, facts: Facts) -> Statements:
    context = f" as {facts['context']}" if "context" in facts else ""
    return [
        f"create cast {name} {facts['method']}{context};",
        *finish("cast", name, facts),
    ]


CAST = Kind(
    create=_create_cast,
    drop=plain_drop("cast"),
    describe=lambda facts: facts["method"],
)


def _create_transform(_: Snapshot, name: str, facts: Facts) -> Statements:
    functions = []
    if "from_sql" in facts:
        functions.append(f"from sql with function {facts['from_sql']}")
    if "to_sql" in facts:
        functions.append(f"to sql with function {facts['to_sql']}")
    return [
        f"create transform {name} ({', '.join(functions)});",
        *finish("transform", name, facts),
    ]


TRANSFORM = Kind(
    create=_create_transform,
    drop=plain_drop("transform"),
    describe=lambda facts: facts.get("from_sql", facts.get("to_sql", "")),
)
