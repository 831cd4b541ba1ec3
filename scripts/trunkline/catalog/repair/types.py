"""Types of one's own: composite, enum, range, base and shell types, and domains."""

from __future__ import annotations

from trunkline.catalog.repair import constraints
from trunkline.catalog.repair.aspects import comment_on, finish
from trunkline.catalog.repair.kind import (
    NOT_NULL_LABELS,
    Change,
    Kind,
    Statements,
    by_property,
    plain_drop,
)
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts, literal

_RANGE = (
    "subtype",
    "subtype_opclass",
    "collation",
    "canonical",
    "subtype_diff",
    "multirange_type_name",
)

_BASE = (
    "input",
    "output",
    "receive",
    "send",
    "typmod_in",
    "typmod_out",
    "analyze",
    "subscript",
    "internallength",
    "passedbyvalue",
    "alignment",
    "storage",
    "category",
    "preferred",
    "default",
    "element",
    "delimiter",
    "collatable",
)


def _create(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    form = facts["form"]
    if form == "base":
        statements = _create_base(catalog, name, facts)
    elif form == "enum":
        statements = [enum(name, facts)]
    elif form == "composite":
        attributes = ", ".join(" ".join(item) for item in facts.get("attributes", ()))
        statements = [f"create type {name} as ({attributes});"]
    elif form == "range":
        options = ", ".join(f"{key} = {facts[key]}" for key in _RANGE if key in facts)
        statements = [f"create type {name} as range ({options});"]
    else:
        statements = [f"create type {name};"]
    statements += finish("type", name, facts)
    for key, own in catalog.parts("column", name):
        statements += finish("column", key, own)
    return statements


def enum(name: str, facts: Facts) -> str:
    """Return the statement that makes an enum with its labels."""
    labels = ", ".join(literal(label) for label in facts.get("labels", ()))
    return f"create type {name} as enum ({labels});"


def own_functions(catalog: Snapshot, name: str) -> list[str]:
    """Return the functions that a base type stands on and that stand on it."""
    needed = catalog.needs.get(("type", name), frozenset())
    return sorted(
        function
        for kind, function in needed
        if kind == "function"
        and ("type", name) in catalog.needs.get((kind, function), ())
    )


def _create_base(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    functions = [
        (function, catalog.of("function")[function])
        for function in own_functions(catalog, name)
    ]
    statements = [f"create type {name};"]
    statements += [f"{own['definition'].strip()};" for _, own in functions]
    options = []
    for key in _BASE:
        value = facts.get(key)
        if value is None or key == "passedbyvalue":
            continue
        if key == "internallength" and value < 0:
            value = "variable"
        elif key in ("category", "default", "delimiter"):
            value = literal(value)
        elif value is True:
            value = "true"
        options.append(f"{key} = {value}")
    if facts.get("passedbyvalue"):
        options.append("passedbyvalue")
    statements.append(f"create type {name} (\n    " + ",\n    ".join(options) + "\n);")
    for function, own in functions:
        statements += finish("function", function, own)
    return statements


def _drop(name: str, facts: Facts) -> Statements:
    # A base type and its input and output functions stand on each other.
    cascade = " cascade" if facts["form"] == "base" else ""
    return [f"drop type {name}{cascade};"]


def _alter(change: Change) -> Statements | None:
    if change.properties != ["attributes"]:
        return None
    renamed = _renamed_attributes(change)
    if renamed:
        return renamed
    want = dict(change.expected.get("attributes", ()))
    have = dict(change.found.get("attributes", ()))
    kept = [name for name in have if name in want]
    if list(want) != kept + [name for name in want if name not in have]:
        return None
    steps = [f"drop attribute {name} cascade" for name in have if name not in want]
    steps += [
        f"alter attribute {name} type {want[name]} cascade"
        for name in kept
        if want[name] != have[name]
    ]
    steps += [
        f"add attribute {name} {want[name]} cascade"
        for name in want
        if name not in have
    ]
    return [f"alter type {change.name} {', '.join(steps)};"]


def _renamed_attributes(change: Change) -> Statements:
    """Return the renaming of attributes, if they differ in no more than their names.

    It cascades, as other changes of attributes do, to the tables of the type.
    """
    want, have = (
        facts.get("attributes", []) for facts in (change.expected, change.found)
    )
    pairs = [(old[0], new[0]) for old, new in zip(have, want, strict=False)]
    names = {name for name, _ in have}
    if [kind for _, kind in have] != [kind for _, kind in want]:
        return []
    renamed = [(old, new) for old, new in pairs if old != new]
    if any(new in names for _, new in renamed):
        return []
    return [
        f"alter type {change.name} rename attribute {old} to {new} cascade;"
        for old, new in renamed
    ]


def _describe(facts: Facts) -> str:
    if facts["form"] == "enum":
        return f"enum of {', '.join(facts.get('labels', ())) or 'no label'}"
    if facts["form"] == "composite":
        attributes = ", ".join(" ".join(item) for item in facts.get("attributes", ()))
        return f"composite of {attributes or 'nothing'}"
    return str(facts["form"])


TYPE = Kind(create=_create, drop=_drop, alter=_alter, describe=_describe)


def _create_domain(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    text = f"create domain {name} as {facts['type']}"
    if "collation" in facts:
        text += f" collate {facts['collation']}"
    if "default" in facts:
        text += f" default {facts['default']}"
    if facts.get("not_null"):
        text += f" {_not_null(name, facts)}"
    statements = [text + ";", *finish("domain", name, facts)]
    for key, own in catalog.parts("constraint", f"domain {name}"):
        statements += constraints.create(catalog, key, own)
    return statements


def _default(change: Change) -> Statements:
    facts = change.expected
    to = f"set default {facts['default']}" if "default" in facts else "drop default"
    return [f"alter domain {change.name} {to};"]


def _not_null(name: str, facts: Facts) -> str:
    usual = f"{name.rpartition('.')[2]}_not_null"
    constraint = facts.get("not_null_name", usual)
    return "not null" if constraint == usual else f"constraint {constraint} not null"


def _alter_not_null(change: Change) -> Statements:
    want = change.expected
    if not want.get("not_null"):
        return [f"alter domain {change.name} drop not null;"]
    text = _not_null(change.name, want)
    if text == "not null":
        return [f"alter domain {change.name} set not null;"]
    return [f"alter domain {change.name} add {text};"]


def _rename_not_null(change: Change) -> Statements:
    names = f"{change.found['not_null_name']} to {change.expected['not_null_name']}"
    return [f"alter domain {change.name} rename constraint {names};"]


def _comment_on_not_null(change: Change) -> Statements:
    if not change.expected.get("not_null"):
        return []
    return [comment_on("domain", change.name, change.expected, "not_null_comment")]


DOMAIN = Kind(
    create=_create_domain,
    drop=plain_drop("domain"),
    alter=by_property(
        {
            "default": _default,
            "not_null": _alter_not_null,
            "not_null_name": _rename_not_null,
            "not_null_comment": _comment_on_not_null,
        }
    ),
    describe=lambda facts: f"over {facts['type']}",
    labels=NOT_NULL_LABELS,
)
