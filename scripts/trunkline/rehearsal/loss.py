"""What a rollback took from the contents, held against what its header declares.

The rows that a `-- loses:` line covers are those that satisfy its condition just before
the rollback, or before the migration, which may have taken them itself. The former are
noted then, by key; the latter are asked for where something is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from psycopg import Connection, Error

from trunkline import contents
from trunkline.contents import Contents, Position, Row, TableChange
from trunkline.header import Loss
from trunkline.rehearsal.lost import Declared, Lost


@dataclass(frozen=True)
class Noted:
    """A declaration, and the keys of the rows that it covers; `error`: its condition
    failed, with the server's message."""

    loss: Loss
    keys: frozenset[str]
    error: str | None = None


def note(
    connection: Connection, losses: Iterable[Loss], before: Contents
) -> tuple[Noted, ...]:
    """Which rows each declaration covers, in a database as it is before the rollback.

    `before` are the contents before the change went up: their columns make the text of
    a row without a key.
    """
    noted = []
    for loss in losses:
        table = before.tables.get(loss.object)
        if loss.what == "position" or table is None:
            noted.append(Noted(loss, frozenset()))
            continue
        try:
            keys = contents.keys_where(
                connection, loss.object, loss.where, table.columns
            )
            noted.append(Noted(loss, keys))
        except Error as error:
            message = error.diag.message_primary or str(error)
            noted.append(Noted(loss, frozenset(), message))
    return tuple(noted)


def with_rows_before(
    before: Connection, noted: tuple[Noted, ...], was: Contents
) -> tuple[Noted, ...]:
    """The declarations, with the rows that the migration itself may have taken.

    `before` is a database as it is before the change.
    """
    there = note(before, [item.loss for item in noted], was)
    return tuple(
        replace(
            item,
            keys=item.keys | other.keys,
            error=item.error if other.error else None,
        )
        for item, other in zip(noted, there, strict=True)
    )


def weigh(
    changes: Iterable[TableChange],
    was: Contents,
    now: Contents,
    noted: tuple[Noted, ...],
) -> tuple[tuple[Lost, ...], tuple[Declared, ...]]:
    """What is lost undeclared, and how many rows each declaration covered.

    `was` are the contents before the change went up, `now` those after it came down,
    and `changes` says of each table that differs which rows do.
    """
    lost: list[Lost] = []
    covered = dict.fromkeys(noted, 0)
    for change in changes:
        lost += _of_table(change, covered)
    for name in contents.moved(was, now):
        found = next((n for n in noted if _is_position(n, name)), None)
        if found is not None:
            covered[found] += 1
        else:
            lost.append(_of_sequence(name, was.sequences[name], now.sequences[name]))
    return tuple(lost), tuple(
        Declared(item.loss.text, count) for item, count in covered.items()
    )


def _is_position(noted: Noted, name: str) -> bool:
    return noted.loss.what == "position" and noted.loss.object == name


def _of_table(change: TableChange, covered: dict[Noted, int]) -> list[Lost]:
    lost = []
    unread = "".join(
        f"; its line `-- loses: {noted.loss.text}` covers nothing: {noted.error}"
        for noted in covered
        if noted.loss.object == change.table and noted.error
    )
    gone = _uncovered(change.table, change.gone, "rows", covered)
    if gone:
        lost.append(
            Lost(
                change.table,
                "rows",
                len(gone),
                f"{_rows(len(gone))} gone, for example {_short(gone[0].key)}{unread}",
                f"-- loses: {change.table} rows — why, and how they come back",
            )
        )
    if change.come:
        lost.append(
            Lost(
                change.table,
                "rows",
                len(change.come),
                f"{_rows(len(change.come))} left over, for example "
                f"{_short(change.come[0].key)}",
                "",
            )
        )
    altered = _uncovered(change.table, change.changed, "values", covered)
    by_column: dict[str, list[Row]] = {}
    for row in altered:
        for column in row.columns:
            by_column.setdefault(column, []).append(row)
    for column, rows in by_column.items():
        lost.append(
            Lost(
                f"{change.table}.{column}",
                "values",
                len(rows),
                f"{column} differs in {_rows(len(rows))}, for example "
                f"{_short(rows[0].key)}{unread}",
                f"-- loses: {change.table} values of {column} — why, and how they "
                "come back",
            )
        )
    return lost


def _uncovered(
    table: str, rows: Iterable[Row], what: str, covered: dict[Noted, int]
) -> list[Row]:
    """The rows that no declaration covers, each with the columns that none does."""
    left = []
    for row in rows:
        columns = row.columns
        for noted in covered:
            loss = noted.loss
            if loss.object != table or loss.what != what or row.key not in noted.keys:
                continue
            if what == "rows":
                covered[noted] += 1
                break
            if set(columns) & set(loss.columns):
                covered[noted] += 1
                columns = tuple(c for c in columns if c not in loss.columns)
        else:
            if what == "rows" or columns:
                left.append(Row(row.key, columns))
    return left


def _of_sequence(name: str, was: Position, now: Position) -> Lost:
    literal = name.replace("'", "''")
    return Lost(
        name,
        "position",
        1,
        f"stands at {_position(now)} instead of {_position(was)}",
        f"select setval('{literal}', {was.value}, {str(was.called).lower()});",
    )


def _position(position: Position) -> str:
    return f"{position.value} ({'' if position.called else 'not '}handed out)"


def _rows(count: int) -> str:
    return f"{count} row{'s' if count != 1 else ''}"


def _short(text: str, length: int = 120) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
