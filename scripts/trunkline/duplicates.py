"""Which rows keep a unique index from being built: all of them, not the first only.

Reads the table as the index would, in the session that has just failed to build it. It
is asked for an error that is told anyway, so it gives up quietly.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection, Error

from trunkline.statements import Statement

SHOWN = 10
#: Seconds; the table may be large, and somebody waits for the error.
_PATIENCE = 30


def told(connection: Connection, statement: Statement) -> tuple[str, ...]:
    """The duplicated keys of a `create unique index`, the most frequent first.

    Each as `column = value (3 rows)`, at most SHOWN of them, and a last line where
    there are more. None where they cannot be had.
    """
    import postgast

    node = postgast.parse(statement.text).stmts[0].stmt.index_stmt
    words = [_word(param.index_elem) for param in node.index_params]
    query = _query(node, words)
    try:
        with connection.transaction():
            connection.execute(f"set local statement_timeout = '{_PATIENCE}s'".encode())
            rows = connection.execute(query.encode()).fetchall()
    except Error:
        return ()
    found = tuple(
        f"{', '.join(map(_equals, words, values))} ({count} rows)"
        for *values, count in rows[:SHOWN]
    )
    return (*found, "There are more.") if len(rows) > SHOWN else found


def _query(node: Any, words: list[str]) -> str:
    keys = [f"k{number}" for number in range(len(words))]
    apart = " and ".join(f"{key} is not null" for key in keys)
    texts = ", ".join(f"{key}::text" for key in keys)
    named = ", ".join(f"{word} as {key}" for word, key in zip(words, keys, strict=True))
    return (
        f"select {texts}, count(*) from (select {named} {_from(node)}) as row_keys"
        f" where {'true' if node.nulls_not_distinct else apart}"
        f" group by {', '.join(keys)} having count(*) > 1"
        f" order by count(*) desc, {', '.join(keys)} limit {SHOWN + 1}"
    )


def _word(element: Any) -> str:
    """A column or an expression of an index, as SQL has it."""
    import postgast

    tree = postgast.parse("select x")
    value = tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val
    if element.HasField("expr"):
        value.CopyFrom(element.expr)
    else:
        value.column_ref.fields[0].string.sval = element.name
    return str(postgast.deparse(tree)).removeprefix("SELECT ")


def _from(node: Any) -> str:
    """The rows that the index covers: `FROM …`, with its predicate where it has one."""
    import postgast

    tree = postgast.parse("select from x")
    select = tree.stmts[0].stmt.select_stmt
    select.from_clause[0].range_var.CopyFrom(node.relation)
    if node.HasField("where_clause"):
        select.where_clause.CopyFrom(node.where_clause)
    return str(postgast.deparse(tree)).removeprefix("SELECT").strip()


def _equals(word: str, value: str | None) -> str:
    return f"{word} is null" if value is None else f"{word} = {value}"
