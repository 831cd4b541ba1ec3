"""What makes a copy like its source beside tables and rows: what pg_dump leaves out.

The settings of the database, what its roles may do, sequences' positions and filled
materialized views where only a sample of the rows came. What cannot be carried over is
told, and is no failure.
"""

from __future__ import annotations

from psycopg import Connection, Error, errors, sql

from trunkline.copying.survey import Role
from trunkline.events import Emit, Notice

#: Settings whose value is a list of names that are quoted already (GUC_LIST_QUOTE).
_LISTS = frozenset({"search_path", "session_preload_libraries", "temp_tablespaces"})


def settle(there: Connection, settings: tuple[str, ...], emit: Emit) -> None:
    """Give the database the settings of the source, once nothing is restored any more.

    One of them could hinder that: a time-out, or that all is read only.
    """
    for setting in settings:
        name, _, value = setting.partition("=")
        text = sql.SQL(value) if name in _LISTS and value else sql.Literal(value)
        statement = sql.SQL("alter database {} set {} to {}").format(
            sql.Identifier(there.info.dbname),
            sql.SQL(".").join(map(sql.Identifier, name.split("."))),
            text,
        )
        try:
            there.execute(statement)
        except Error as error:
            reason = error.diag.message_primary
            emit(Notice(f"the copy has not the setting {name}: {reason}"))


def empower(there: Connection, roles: tuple[Role, ...], made: list[str]) -> None:
    """Give the roles that were made what they may do, and their memberships."""
    for role in roles:
        if role.name not in made:
            continue
        name = sql.Identifier(role.name)
        if role.attributes:
            there.execute(
                sql.SQL("alter role {} {}").format(name, sql.SQL(role.attributes))
            )
        for group in role.member_of:
            there.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), name))


def prepare_for_rows(source: Connection, there: Connection, path: str) -> None:
    """Have both sides read and write values alike, whatever their roles have set."""
    for connection in (source, there):
        connection.execute(
            "select set_config('datestyle', 'ISO', false),"
            " set_config('intervalstyle', 'postgres', false),"
            " set_config('extra_float_digits', '3', false),"
            " set_config('search_path', %s, false)",
            [path],
        )


def carry_over(source: Connection, there: Connection, emit: Emit) -> None:
    """After the rows: where sequences stand, and what materialized views hold."""
    positions = source.execute(
        "select format('%I.%I', schemaname, sequencename), last_value"
        " from pg_sequences where last_value is not null"
    ).fetchall()
    for name, value in positions:
        there.execute("select setval(to_regclass(%s), %s)", [name, value])
    views = source.execute(
        "select format('%I.%I', schemaname, matviewname)"
        " from pg_matviews where ispopulated"
    ).fetchall()
    _refresh(there, [str(view[0]) for view in views], emit)


def _refresh(there: Connection, views: list[str], emit: Emit) -> None:
    """Fill materialized views; one that reads another comes after it."""
    while views:
        early = []
        for view in views:
            try:
                there.execute(
                    sql.SQL("refresh materialized view {}").format(sql.SQL(view))
                )
            except errors.ObjectNotInPrerequisiteState:
                early.append(view)
            except Error as error:
                reason = error.diag.message_primary
                emit(Notice(f"materialized view {view} is left empty: {reason}"))
        if len(early) == len(views):
            return
        views = early
