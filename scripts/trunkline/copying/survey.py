"""What a live database holds, read before anything is copied from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from psycopg import Connection
from psycopg.rows import class_row

from trunkline.errors import Failure

#: Rows of these say what is applied, so they are copied whole, whatever is sampled.
_LEDGER = frozenset({"applied", "progress"})
_YOYO = frozenset({"_yoyo_log", "_yoyo_version"})


@dataclass(frozen=True)
class Table:
    """A table; `root` is the partitioned table that it is part of, else its own oid.

    `rows` is the server's estimate, `heap_bytes` the size without what is kept aside
    (TOAST), `filtered`: row-level security hides rows from us. `columns` are those that
    can be written.
    """

    oid: int
    schema: str
    name: str
    root: int
    partitioned: bool
    rows: int
    heap_bytes: int
    bytes: int
    filtered: bool
    readable: bool
    columns: list[str]

    @property
    def named(self) -> str:
        return f"{self.schema}.{self.name}"

    def is_ledger(self, migration_table: str) -> bool:
        """Whether its rows say what is applied."""
        own = self.schema == "trunkline" and self.name in _LEDGER
        return own or self.name in _YOYO or self.name == migration_table


@dataclass(frozen=True)
class Role:
    """A role of the source, and the roles that it is a member of."""

    name: str
    attributes: str
    member_of: list[str]


@dataclass(frozen=True)
class Survey:
    """A database: `bytes` is all of it, `settings` are its own, `NAME=VALUE` each.

    With `search_path` the operators of every extension are found, and no table.
    """

    version: str
    version_num: int
    tables: tuple[Table, ...]
    roles: tuple[Role, ...]
    extensions: frozenset[str]
    search_path: str
    settings: tuple[str, ...]
    has_public: bool
    bytes: int


def take(connection: Connection) -> Survey:
    """Survey the database of a connection, which reads all rows or fails."""
    connection.execute("set row_security = off")
    (search_path,) = _names(connection, _SEARCH_PATH)
    text = files("trunkline.copying").joinpath("survey.sql").read_text("utf-8")
    with connection.cursor(row_factory=class_row(Table)) as cursor:
        tables = tuple(cursor.execute(text.encode()))
    with connection.cursor(row_factory=class_row(Role)) as cursor:
        roles = tuple(cursor.execute(_ROLES))
    version = connection.info.parameter_status("server_version") or ""
    (size,) = _names(connection, "select pg_database_size(current_database())")
    return Survey(
        version=version.split(maxsplit=1)[0],
        version_num=connection.info.server_version,
        tables=tables,
        roles=roles,
        extensions=frozenset(_names(connection, "select extname from pg_extension")),
        search_path=search_path,
        settings=tuple(_names(connection, _SETTINGS)),
        has_public="public" in _names(connection, "select nspname from pg_namespace"),
        bytes=int(size),
    )


def refuse_partial(survey: Survey, rows_of: Iterable[Table], user: str) -> None:
    """Raise Failure where we could not read a table, or not all rows of `rows_of`.

    pg_dump asks for the right to read also where it writes the schema alone. A copy
    without the rows that row-level security hides would prove nothing.
    """
    if closed := [table.named for table in survey.tables if not table.readable]:
        raise Failure(
            f"{user} may not read {_some(closed)}",
            hint=f"Grant it: grant pg_read_all_data to {user};",
        )
    if filtered := [table.named for table in rows_of if table.filtered]:
        raise Failure(
            f"row-level security hides rows from {user} in {_some(filtered)}",
            hint="Copy as a role that it does not hold for: a superuser, or one with "
            "bypassrls.",
        )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _names(connection: Connection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query.encode())]


_ROLES = """
select
    r.rolname as name,
    concat_ws(
        ' ',
        case when r.rolsuper then 'superuser' end,
        case when r.rolbypassrls then 'bypassrls' end,
        case when r.rolcreaterole then 'createrole' end,
        case when r.rolcreatedb then 'createdb' end,
        case when not r.rolinherit then 'noinherit' end
    ) as attributes,
    array(
        select g.rolname::text
        from pg_auth_members as m
        inner join pg_roles as g on g.oid = m.roleid
        where m.member = r.oid
        order by 1
    ) as member_of
from pg_roles as r
where r.rolname !~ '^pg_'
order by 1
"""
_SEARCH_PATH = """
select concat_ws(', ', 'pg_catalog', string_agg(distinct quote_ident(n.nspname), ', '))
from pg_extension as e
inner join pg_namespace as n on n.oid = e.extnamespace
where n.nspname <> 'pg_catalog'
"""
_SETTINGS = """
select unnest(s.setconfig)
from pg_db_role_setting as s
inner join pg_database as d on d.oid = s.setdatabase
where d.datname = current_database() and s.setrole = 0
"""
