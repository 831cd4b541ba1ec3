"""The rows that a migration cannot take: all of them, by their keys.

The server names the first row at most. So a migration that has failed on the rows that
it met is run again up to the statement that failed; of that statement all is done but
the rules, and each rule is asked which rows break it. That is a transaction, which is
rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, Error, Rollback, sql

from trunkline.project import Change
from trunkline.session import Session
from trunkline.statements import Statement
from trunkline.veil import veiled

SHOWN = 100
"""So many rows of one conflict are told; the count is of all."""


@dataclass(frozen=True)
class Conflict:
    """A rule that a migration brings, and the rows that break it.

    `rows` have the primary key and what the rule is about, as text; what may be a
    secret is left out.
    """

    line: int
    table: str
    rule: str
    count: int
    rows: tuple[dict[str, str | None], ...]


@dataclass(frozen=True)
class _Rule:
    """`about`: SQL of what it concerns; `broken`: the condition that finds the rows,
    which are those of `t`."""

    table: sql.Identifier
    text: str
    about: tuple[str, ...]
    broken: str


def find(session: Session, change: Change) -> tuple[Conflict, ...]:
    """The conflicts of a migration that has just failed; none where it is no rule.

    The session is left as it was, but for the positions of sequences.
    """
    connection = session.work
    found: tuple[Conflict, ...] = ()
    try:
        statement = _to_go(session, change)
        with connection.transaction():
            statement = statement or _failing(connection, change)
            if statement is not None:
                found = tuple(_of_statement(connection, statement))
            raise Rollback
    except Error:
        pass  # the migration's own error is told anyway
    session.renew()
    return found


def _to_go(session: Session, change: Change) -> Statement | None:
    """The first statement of a change that is not transactional that has not finished;
    None where all of them are run again."""
    if change.transactional:
        return None
    finished = len(session.state().steps_of(change.id, "up"))
    return change.migration.statements[finished]


def _failing(connection: Connection, change: Change) -> Statement | None:
    """Run a migration up to the statement that fails, and return that."""
    for statement in change.migration.statements:
        if not _runs(connection, statement):
            return statement
    return None


def _runs(connection: Connection, statement: Statement) -> bool:
    try:
        with connection.transaction():
            connection.execute(statement.text.encode())
    except Error:
        return False
    return True


def _of_statement(connection: Connection, statement: Statement) -> Iterator[Conflict]:
    import postgast

    node = postgast.parse(statement.text).stmts[0].stmt
    rules: Sequence[_Rule] = ()
    if statement.kind == "index_stmt" and node.index_stmt.unique:
        rules = [_of_index(node.index_stmt)]
    elif statement.kind == "alter_table_stmt":
        rules = _of_alteration(connection, node.alter_table_stmt)
    for rule in rules:
        conflict = _broken(connection, statement.line, rule)
        if conflict is not None:
            yield conflict


def _of_index(node: Any) -> _Rule:
    keys = [
        _expression(param.index_elem.expr)
        if param.index_elem.HasField("expr")
        else _quoted(param.index_elem.name)
        for param in node.index_params
    ]
    where = _expression(node.where_clause) if node.HasField("where_clause") else None
    table = _table(node.relation)
    return _unique(table, keys, where, nulls_alike=node.nulls_not_distinct)


def _of_alteration(connection: Connection, node: Any) -> list[_Rule]:
    """The rules that an `alter table` makes; all else that it does is done."""
    import postgast

    nodes = postgast.pg_query_pb2
    table = _table(node.relation)
    rules: list[_Rule] = []
    probes: list[str] = []
    commands = [part.alter_table_cmd for part in node.cmds]
    kept = []
    for command in commands:
        constraint = getattr(command, "def").constraint
        if command.subtype == nodes.AT_ValidateConstraint:
            probes.append(command.name)
        elif command.subtype == nodes.AT_SetNotNull:
            rules.append(_not_null(table, command.name))
        elif command.subtype != nodes.AT_AddConstraint:
            kept.append(command)
        elif constraint.contype in (nodes.CONSTR_CHECK, nodes.CONSTR_FOREIGN):
            constraint.conname = f"trunkline_probe_{len(probes)}"
            constraint.skip_validation, constraint.initially_valid = True, False
            probes.append(constraint.conname)
            kept.append(command)
        else:
            rules += _of_keys(table, constraint)
    if kept:
        lenient = postgast.parse("alter table x add y int")
        altered = lenient.stmts[0].stmt.alter_table_stmt
        altered.CopyFrom(node)
        del altered.cmds[:]
        for command in kept:
            altered.cmds.add().alter_table_cmd.CopyFrom(command)
        connection.execute(postgast.deparse(lenient).encode())
    return [*rules, *(_of_constraint(connection, table, name) for name in probes)]


def _of_keys(table: sql.Identifier, constraint: Any) -> list[_Rule]:
    """The rules of a constraint that only lists columns: unique, primary, not null."""
    import postgast

    nodes = postgast.pg_query_pb2
    names = [key.string.sval for key in constraint.keys]
    rules = []
    if constraint.contype in (nodes.CONSTR_PRIMARY, nodes.CONSTR_NOTNULL):
        rules += [_not_null(table, name) for name in names]
    if constraint.contype in (nodes.CONSTR_PRIMARY, nodes.CONSTR_UNIQUE) and names:
        keys = [_quoted(name) for name in names]
        alike = constraint.nulls_not_distinct
        rules.append(_unique(table, keys, None, nulls_alike=alike))
    return rules


def _unique(
    table: sql.Identifier, keys: list[str], where: str | None, *, nulls_alike: bool
) -> _Rule:
    listed = ", ".join(keys)
    conditions = [f"({where})"] if where else []
    conditions += [] if nulls_alike else [f"({key}) is not null" for key in keys]
    rows = f" where {' and '.join(conditions)}" if conditions else ""
    of = table.as_string(None)
    return _Rule(
        table,
        f"unique ({listed})" + (f" where {where}" if where else ""),
        tuple(keys),
        "(t.tableoid, t.ctid) in (select tableoid, ctid from (select tableoid, ctid,"
        f" count(*) over (partition by {listed}) as alike from {of}{rows}) as counted"
        " where alike > 1)",
    )


def _not_null(table: sql.Identifier, name: str) -> _Rule:
    column = _quoted(name)
    return _Rule(table, f"{column} is not null", (), f"t.{column} is null")


def _of_constraint(connection: Connection, table: sql.Identifier, name: str) -> _Rule:
    """The rule of a check or a foreign key that is there, and not valid."""
    row = connection.execute(
        "select c.contype, pg_get_constraintdef(c.oid),"
        " pg_get_expr(c.conbin, c.conrelid), c.confrelid::regclass::text,"
        " array(select quote_ident(attname) from unnest(c.conkey) with ordinality"
        "  as u (n, place) join pg_attribute on attrelid = c.conrelid and attnum = n"
        "  order by place),"
        " array(select quote_ident(attname) from unnest(c.confkey) with ordinality"
        "  as u (n, place) join pg_attribute on attrelid = c.confrelid and attnum = n"
        "  order by place)"
        " from pg_constraint as c where c.conrelid = %s::regclass and c.conname = %s",
        [table.as_string(None), name],
    ).fetchone()
    assert row is not None
    kind, definition, expression, parent, own, others = row
    broken = f"({expression}) is false"
    if kind == "f":
        pairs = [f"p.{b} = t.{a}" for a, b in zip(own, others, strict=True)]
        set_ = [f"t.{a} is not null" for a in own]
        broken = (
            f"{' and '.join(set_)} and not exists"
            f" (select from {parent} as p where {' and '.join(pairs)})"
        )
    text = str(definition).removesuffix(" NOT VALID")
    return _Rule(table, text, tuple(own), broken)


def _broken(connection: Connection, line: int, rule: _Rule) -> Conflict | None:
    """The rows that break a rule, by key; None where no row does."""
    of = rule.table.as_string(None)
    key = [
        str(row[0])
        for row in connection.execute(
            "select quote_ident(a.attname) from pg_index as i"
            " cross join unnest(i.indkey) with ordinality as u (n, place)"
            " join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = u.n"
            " where i.indrelid = %s::regclass and i.indisprimary order by u.place",
            [of],
        )
    ]
    shown = list(dict.fromkeys([*(key or ["ctid"]), *rule.about]))
    texts = ", ".join(f"({part})::text" for part in shown)
    order = ", ".join(f"({part})" for part in [*rule.about, *key] or ["ctid"])
    rows = connection.execute(
        f"select count(*) over (), {texts} from {of} as t where {rule.broken}"
        f" order by {order} limit {SHOWN}".encode()
    ).fetchall()
    if not rows:
        return None
    return Conflict(
        line=line,
        table=of.replace('"', ""),
        rule=rule.text,
        count=rows[0][0],
        rows=tuple(
            {
                name: None if value is None else veiled(value)
                for name, value in zip(shown, values, strict=True)
            }
            for _, *values in rows
        ),
    )


def _table(relation: Any) -> sql.Identifier:
    names = (relation.schemaname, relation.relname)
    return sql.Identifier(*filter(None, names))


def _quoted(name: str) -> str:
    """A column's name, in quotes where it needs them."""
    import postgast

    tree = postgast.parse("select x")
    value = tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val
    value.column_ref.fields[0].string.sval = name
    return _expression(value)


def _expression(node: Any) -> str:
    import postgast

    tree = postgast.parse("select x")
    tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val.CopyFrom(node)
    return str(postgast.deparse(tree)).removeprefix("SELECT ")
