"""Tables, partitions and foreign tables, each made whole in one repair."""

from __future__ import annotations

from trunkline.catalog.repair import attached, columns, constraints, indexes, sequences
from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import (
    Change,
    Kind,
    Statements,
    by_property,
    plain_drop,
)
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import (
    Facts,
    change_foreign_options,
    foreign_options,
    reset_options,
    setting_pairs,
    with_options,
)

_LAST = ("foreign key",)


def create(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    """Make a table with all that is attached to it."""
    kind = "foreign table" if "server" in facts else "table"
    own = [f"{name}.{column}" for column in facts.get("columns", ())]
    serial = [
        (sequence, parameters)
        for column in own
        for sequence, parameters in sequences.owned(catalog, column)
        if not parameters.get("of_identity")
    ]
    statements = [sequences.create_bare(*item) for item in serial]
    statements += _create_alone(catalog, kind, name, facts)
    statements += [sequences.owned_by(*item) for item in serial]
    for column in own:
        statements += columns.settings(column, catalog.of("column")[column])
    statements += _attach(catalog, name, facts)
    statements += finish(kind, name, facts)
    for column in own:
        statements += finish("column", column, catalog.of("column")[column])
        statements += columns.finish_sequences(catalog, column)
    return statements


def _create_alone(catalog: Snapshot, kind: str, name: str, facts: Facts) -> Statements:
    """Return `create table`, and what only an `alter` can add to inherited columns."""
    inherits = [] if "partition_bound" in facts else facts.get("inherits", [])
    listed: list[str] = []
    inherited: list[tuple[str, Facts, Facts]] = []
    for column in facts.get("columns", ()):
        key = f"{name}.{column}"
        own = catalog.of("column")[key]
        borrowed = own.get("inherited") and not own.get("also_local") and inherits
        if "of_type" in facts:
            inherited.append((key, own, {"type": own["type"]}))
        elif borrowed:
            above = next(
                catalog.of("column")[f"{parent}.{column}"]
                for parent in inherits
                if f"{parent}.{column}" in catalog.of("column")
            )
            inherited.append((key, own, above))
        else:
            listed.append(columns.definition(catalog, key, own))
    unlogged = "unlogged " if facts.get("persistence") else ""
    body = "(\n    " + ",\n    ".join(listed) + "\n)" if listed else "()"
    text = f"create {unlogged}{kind} {name} "
    text += f"of {facts['of_type']}" if "of_type" in facts else body
    if inherits:
        text += f" inherits ({', '.join(inherits)})"
    if "partition_key" in facts:
        text += f" partition by {facts['partition_key']}"
    if "access_method" in facts:
        text += f" using {facts['access_method']}"
    text += with_options(facts.get("options"))
    if "tablespace" in facts:
        text += f" tablespace {facts['tablespace']}"
    if "server" in facts:
        text += f" server {facts['server']}"
        text += foreign_options(facts.get("foreign_options"))
    statements = [text + ";"]
    for key, own, above in inherited:
        base = {**above, "on": name, "called": own["called"]}
        statements += columns.alter(Change("column", key, own, base, catalog)) or []
    return statements


def _attach(catalog: Snapshot, name: str, facts: Facts) -> Statements:
    """Return constraints, indexes, triggers ... of a new table, in a workable order."""
    statements: Statements = []
    partition = "partition_bound" in facts
    keys = sorted(
        catalog.parts("constraint", name),
        key=lambda item: (item[1]["type"] in _LAST, item[0]),
    )
    for key, own in keys:
        inherited = own.get("inherited") and not own.get("also_local")
        if partition or not inherited:
            statements += constraints.create(catalog, key, own)
    for key, own in catalog.parts("index", name):
        statements += indexes.create(_alone(catalog), key, own)
    if partition:
        bound = f"attach partition {name} {facts['partition_bound']}"
        statements.append(f"alter table {facts['inherits'][0]} {bound};")
    for key, own in catalog.parts("trigger", name):
        if "derived_from" not in own:
            statements += attached.TRIGGER.create(_alone(catalog), key, own)
        elif "firing" in own:
            statements.append(attached.fire("trigger", own))
    for key, own in catalog.parts("rule", name):
        statements += attached.RULE.create(catalog, key, own)
    statements += _security(facts, {}, name)
    for key, own in catalog.parts("policy", name):
        statements += attached.POLICY.create(catalog, key, own)
    for key, own in catalog.parts("statistics", name):
        statements += attached.STATISTICS.create(catalog, key, own)
    identity = facts.get("replica_identity")
    if identity in ("full", "nothing"):
        statements.append(f"alter table {name} replica identity {identity};")
    return statements


def _usual_method(change: Change) -> str:
    return "default" if "partition_key" in change.expected else "heap"


def _alone(catalog: Snapshot) -> Snapshot:
    """Return a catalog with nothing below an index or trigger, as for no partition."""
    return Snapshot({}, server_version=catalog.server_version)


def _security(want: Facts, have: Facts, name: str) -> Statements:
    statements = []
    if want.get("row_security") != have.get("row_security"):
        word = "enable" if want.get("row_security") else "disable"
        statements.append(f"alter table {name} {word} row level security;")
    if want.get("row_security_forced") != have.get("row_security_forced"):
        word = "force" if want.get("row_security_forced") else "no force"
        statements.append(f"alter table {name} {word} row level security;")
    return statements


def _inherit(change: Change) -> Statements:
    want, have = change.expected, change.found
    name = change.name
    before, after = have.get("inherits", []), want.get("inherits", [])
    if "partition_bound" in have:
        statements = [f"alter table {before[0]} detach partition {name};"]
    else:
        gone = [parent for parent in before if parent not in after]
        statements = [f"alter table {name} no inherit {parent};" for parent in gone]
    if "partition_bound" in want:
        bound = f"attach partition {name} {want['partition_bound']}"
        statements.append(f"alter table {after[0]} {bound};")
    else:
        new = [parent for parent in after if parent not in before]
        statements += [f"alter table {name} inherit {parent};" for parent in new]
    return statements


def _replica(change: Change) -> Statements:
    identity = change.expected.get("replica_identity", "default")
    if identity == "using index":
        return []
    return [f"alter table {change.name} replica identity {identity};"]


def _persist(change: Change) -> Statements:
    word = "unlogged" if change.expected.get("persistence") else "logged"
    return [f"alter table {change.name} set {word};"]


def _of(change: Change) -> Statements:
    if "of_type" in change.expected:
        return [f"alter table {change.name} of {change.expected['of_type']};"]
    return [f"alter table {change.name} not of;"]


_STEPS = by_property(
    {
        "persistence": _persist,
        "access_method": lambda change: [
            f"alter table {change.name} set access method "
            f"{change.expected.get('access_method', _usual_method(change))};"
        ],
        "tablespace": lambda change: [
            f"alter table {change.name} set tablespace "
            f"{change.expected.get('tablespace', 'pg_default')};"
        ],
        "options": lambda change: reset_options(
            f"alter table {change.name}",
            change.expected.get("options"),
            change.found.get("options"),
        ),
        "inherits": _inherit,
        "partition_bound": _inherit,
        "of_type": _of,
        "row_security": lambda change: _security(
            change.expected, change.found, change.name
        ),
        "row_security_forced": lambda change: _security(
            change.expected, change.found, change.name
        ),
        "replica_identity": _replica,
        "foreign_options": lambda change: change_foreign_options(
            f"alter foreign table {change.name}",
            change.expected.get("foreign_options"),
            change.found.get("foreign_options"),
        ),
    }
)


def _alter(change: Change) -> Statements | None:
    """What `alter table` can do: a parent comes last, and leaves its columns behind."""
    before, after = (
        facts.get("inherits", []) for facts in (change.found, change.expected)
    )
    stay = [parent for parent in before if parent in after]
    if stay != [parent for parent in after if parent in before]:
        return None
    return _STEPS(change)


def _describe(facts: Facts) -> str:
    return f"columns {', '.join(facts.get('columns', ())) or 'none'}"


def _kind(noun: str) -> Kind:
    return Kind(
        create=create,
        drop=plain_drop(noun),
        alter=_alter,
        describe=_describe,
        labels={
            "options": "storage parameters",
            "row_security": "row level security",
            "row_security_forced": "forced row level security",
            "foreign_options": "options of the foreign data wrapper",
            "of_type": "the type it is of",
            "inherits": "parent table",
        },
        replaceable=noun == "foreign table",
    )


TABLE = _kind("table")
FOREIGN_TABLE = _kind("foreign table")

__all__ = ["FOREIGN_TABLE", "TABLE", "setting_pairs"]
