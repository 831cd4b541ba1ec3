"""Columns of tables, with their defaults, identities and storage."""

from __future__ import annotations

from trunkline.catalog.repair import sequences
from trunkline.catalog.repair.aspects import comment_on, finish
from trunkline.catalog.repair.kind import NOT_NULL_LABELS, Change, Kind, Statements
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import (
    Facts,
    aside,
    change_foreign_options,
    foreign_options,
    reset_options,
    shown,
)


def definition(catalog: Snapshot, name: str, facts: Facts) -> str:
    """Return a column as it stands in `create table` or `add column`."""
    clauses = [facts["called"], facts["type"]]
    if "foreign_options" in facts:
        clauses.append(foreign_options(facts["foreign_options"]).strip())
    if "collation" in facts:
        clauses.append(f"collate {facts['collation']}")
    if "generated" in facts:
        clauses.append(f"generated always as ({facts['default']}) {facts['generated']}")
    elif "identity" in facts:
        clauses.append(_identity(catalog, name, facts))
    elif "default" in facts:
        clauses.append(f"default {facts['default']}")
    if facts.get("not_null") and not facts.get("not_null_not_valid"):
        clauses.append(_not_null(facts))
    return " ".join(clauses)


def _identity(catalog: Snapshot, name: str, facts: Facts) -> str:
    text = f"generated {facts['identity']} as identity"
    for sequence, parameters in sequences.owned(catalog, name):
        if parameters.get("of_identity"):
            usual = {**parameters, "type": "bigint"}
            if parameters["maximum"] in (2**15 - 1, 2**31 - 1):
                usual["maximum"] = 2**63 - 1
            clauses = f"sequence name {sequence} {sequences.parameters(usual)}"
            return f"{text} ({clauses.rstrip()})"
    return text


def _not_null(facts: Facts) -> str:
    usual = f"{facts['on'].rpartition('.')[2]}_{facts['called']}_not_null"
    name = facts.get("not_null_name", usual)
    text = "not null" if name == usual else f"constraint {name} not null"
    return text + (" no inherit" if facts.get("not_null_no_inherit") else "")


def settings(name: str, facts: Facts) -> Statements:
    """Return what the definition of a new column cannot say in every version."""
    bare = {key: facts[key] for key in ("on", "called", "type") if key in facts}
    said = {
        key: facts[key]
        for key in ("storage", "compression", "statistics", "options")
        if key in facts
    }
    if facts.get("not_null_not_valid"):
        said |= {
            key: value for key, value in facts.items() if key.startswith("not_null")
        }
    change = Change("column", name, {**bare, **said}, bare, Snapshot({}))
    return alter(change) or []


def free_name(kind: str, facts: Facts, there: Snapshot) -> Statements:
    """Let another column give up the name of a new one's not-null constraint.

    A column that has got a new name keeps the constraint's.
    """
    name = facts.get("not_null_name")
    if kind != "column" or name is None:
        return []
    return [
        f"alter table {facts['on']} rename constraint {name} to {aside(name)[0]};"
        for _, other in there.parts("column", facts["on"])
        if other.get("not_null_name") == name
    ]


def create(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    """Add a column to a relation that has none of that name."""
    serial = [
        (sequence, parameters)
        for sequence, parameters in sequences.owned(catalog, name)
        if not parameters.get("of_identity")
    ]
    statements = [sequences.create_bare(*item) for item in serial]
    column = definition(catalog, name, facts)
    statements.append(f"alter table {facts['on']} add column {column};")
    for item in serial:
        statements += sequences.owned_as(*item)
    statements += settings(name, facts)
    statements += finish("column", name, facts)
    statements += finish_sequences(catalog, name)
    return statements


def finish_sequences(catalog: Snapshot, column: str) -> Statements:
    """Return comments and grants of the sequences that a new column brought along."""
    return [
        statement
        for sequence, facts in sequences.owned(catalog, column)
        for statement in finish("sequence", sequence, facts)
    ]


def alter(change: Change) -> Statements | None:
    """Bring a column to its expected facts; None when only its rows could tell."""
    want, have, differing = change.expected, change.found, set(change.properties)
    if "type" not in want:
        return _alter_of_view(change)
    if "generated" in differing and not (
        "generated" in have and "generated" not in want
    ):
        return None
    if differing == {"also_local"}:
        return None
    if "not_null_name" in differing and _rename_not_null(change) is None:
        return None
    only = "only " if differing == {"default"} and _is_parent(change) else ""
    target = f"alter table {only}{want['on']} alter column {want['called']}"
    statements: Statements = []
    expression = "generated" in want and "default" in differing
    if expression and (want["generated"] == "stored" or change.catalog.server_version):
        if change.catalog.server_version < 170000:
            return None
        statements.append(f"{target} set expression as ({want['default']});")
    if "generated" in differing:
        statements.append(f"{target} drop expression;")
    if "identity" in differing and "identity" not in want:
        statements += _drop_identity(change, target)
    retyped = not differing.isdisjoint({"type", "collation"})
    usual = "default" in have and "generated" not in have
    if usual and (retyped or "identity" in want or "default" not in want):
        statements.append(f"{target} drop default;")
    if retyped:
        statements.append(_retype(target, want, have))
    statements += _alter_not_null(change, target)
    if "identity" in differing and "identity" in want:
        statements += _add_identity(change, target)
    if (
        "generated" not in want
        and "default" in want
        and (retyped or not differing.isdisjoint({"default", "generated"}))
    ):
        statements.append(f"{target} set default {want['default']};")
    return statements + _alter_storage(change, target)


def _is_parent(change: Change) -> bool:
    """Say whether other tables, each with a default of its own, inherit the column."""
    if "generated" in change.expected or "generated" in change.found:
        return False
    kinds = ("table", "foreign table")
    return any(
        change.expected["on"] in facts.get("inherits", ())
        for kind in kinds
        for facts in change.there.of(kind).values()
    )


def _add_identity(change: Change, target: str) -> Statements:
    """Let a column count by itself, going on where a serial's sequence stands."""
    identity = _identity(change.catalog, change.name, change.expected)
    if "identity" in change.found:
        return [f"{target} set generated {change.expected['identity']};"]
    before, after = [], []
    for sequence, facts in sequences.owned(change.catalog, change.name):
        if facts.get("of_identity") and change.there.has(("sequence", sequence)):
            before = [sequences.put_aside(sequence)]
            after = [sequences.take_over(sequence), sequences.drop_aside(sequence)]
            after += finish("sequence", sequence, facts)
    return [*before, f"{target} add {identity};", *after]


def _drop_identity(change: Change, target: str) -> Statements:
    """Let a column count by itself no more; a serial's sequence goes on from there."""
    before, after = [], []
    for sequence, _ in sequences.owned(change.there, change.name):
        facts = change.catalog.of("sequence").get(sequence)
        if facts is not None and not facts.get("of_identity"):
            before = [sequences.put_aside(sequence)]
            before.append(sequences.create_bare(sequence, facts))
            before.append(sequences.take_over(sequence))
            after = [sequences.owned_by(sequence, facts)]
            after += finish("sequence", sequence, facts)
    return [*before, f"{target} drop identity;", *after]


def _retype(target: str, want: Facts, have: Facts) -> str:
    """Change a type; one that somebody made may have a cast to text and no other."""
    via = "text::" if "." in want["type"] + have["type"] else ""
    collation = f" collate {want['collation']}" if "collation" in want else ""
    using = f" using {want['called']}::{via}{want['type']}"
    if "generated" in want:
        using = ""
    return f"{target} type {want['type']}{collation}{using};"


def _alter_not_null(change: Change, target: str) -> Statements:
    want, have, differing = change.expected, change.found, set(change.properties)
    table, column = f"alter table {want['on']}", want["called"]
    statements = []
    if "not_null_not_valid" in differing and want.get("not_null_not_valid"):
        if have.get("not_null"):
            statements.append(f"{target} drop not null;")
        name = want["not_null_name"]
        statements.append(f"{table} add constraint {name} not null {column} not valid;")
        return statements
    if "not_null" in differing:
        if not want.get("not_null"):
            return [f"{target} drop not null;"]
        text = _not_null(want)
        if text == "not null":
            return [f"{target} set not null;"]
        return [f"{table} add {text.replace('not null', f'not null {column}')};"]
    if (
        "not_null_name" in differing
        and "not_null_name" in want
        and "not_null_name" in have
    ):
        statements += _rename_not_null(change) or []
    if "not_null_not_valid" in differing:
        statements.append(f"{table} validate constraint {want['not_null_name']};")
    if "not_null_no_inherit" in differing:
        word = "no inherit" if want.get("not_null_no_inherit") else "inherit"
        statements.append(f"{table} alter constraint {want['not_null_name']} {word};")
    return statements


def _not_null_is_handed_down(change: Change, table: Facts) -> bool:
    """Say whether a column's not-null constraint has come from a parent's, too."""
    parents = [
        change.there.of("column").get(f"{parent}.{change.found['called']}", {})
        for parent in table.get("inherits", ())
    ]
    return any(p.get("not_null") and not p.get("not_null_no_inherit") for p in parents)


def _rename_not_null(change: Change) -> Statements | None:
    """Rename the constraint; a partition's only apart from its parent, and that of a
    table that inherits never. Where it is to have no parent, it has none by then."""
    name = change.expected["on"]
    names = f"{change.found['not_null_name']} to {change.expected['not_null_name']}"
    statements = [f"alter table {name} rename constraint {names};"]
    table = change.there.of("table").get(name, {})
    alone = not change.catalog.of("table").get(name, {}).get("inherits")
    if alone or not _not_null_is_handed_down(change, table):
        return statements
    if "partition_bound" not in table:
        return None
    of = f"alter table {table['inherits'][0]}"
    return [
        f"{of} detach partition {name};",
        *statements,
        f"{of} attach partition {name} {table['partition_bound']};",
    ]


def _alter_storage(change: Change, target: str) -> Statements:
    want, have, differing = change.expected, change.found, set(change.properties)
    statements = []
    if "storage" in differing:
        storage = want.get("storage") or want.get("storage_of_type", "plain")
        statements.append(f"{target} set storage {storage};")
    if "compression" in differing:
        compression = want.get("compression", "default")
        statements.append(f"{target} set compression {compression};")
    if "statistics" in differing:
        statements.append(f"{target} set statistics {want.get('statistics', -1)};")
    if "options" in differing:
        statements += reset_options(target, want.get("options"), have.get("options"))
    if "foreign_options" in differing:
        statements += change_foreign_options(
            target, want.get("foreign_options"), have.get("foreign_options")
        )
    if "not_null_comment" in differing and want.get("not_null"):
        statements.append(comment_on("column", change.name, want, "not_null_comment"))
    return statements


def _alter_of_view(change: Change) -> Statements:
    want = change.expected
    target = f"alter table {want['on']} alter column {want['called']}"
    statements = []
    if "default" in change.properties:
        to = f"set default {want['default']}" if "default" in want else "drop default"
        statements.append(f"{target} {to};")
    return statements + _alter_storage(change, target)


def _drop(_: str, facts: Facts) -> Statements:
    return [f"alter table {facts['on']} drop column {facts['called']};"]


def _describe(facts: Facts) -> str:
    words = [facts.get("type", "")]
    if facts.get("not_null"):
        words.append("not null")
    if "identity" in facts:
        words.append(f"generated {facts['identity']} as identity")
    elif "generated" in facts:
        words.append(f"generated always as ({shown(facts['default'])})")
    elif "default" in facts:
        words.append(f"default {shown(facts['default'])}")
    return " ".join(words)


COLUMN = Kind(
    create=create,
    drop=_drop,
    alter=alter,
    describe=_describe,
    labels={
        **NOT_NULL_LABELS,
        "foreign_options": "options of the foreign data wrapper",
        "statistics": "statistics target",
        "also_local": "an own definition beside the inherited one",
    },
    replaceable=False,
)
