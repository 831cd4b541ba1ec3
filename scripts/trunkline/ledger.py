"""What a database says of its changes: yoyo's tables and the engine's own.

Both are written in the transaction of the change itself, so neither can say what is not
so. Reading works with read rights only, and on a database that has no ledger at all.
"""

from __future__ import annotations

import getpass
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import uuid1

from psycopg import Connection, errors, sql
from psycopg.rows import class_row

from trunkline.errors import Failure, LockNotObtained
from trunkline.events import Direction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trunkline.project import Change
    from trunkline.statements import Statement


@dataclass(frozen=True)
class Entry:
    """One applied change. All but id and applied_at are None where yoyo applied it."""

    id: str
    applied_at: datetime
    migration_sha256: str | None
    rollback_sha256: str | None
    verification_sha256: str | None
    rollback_sql: str | None
    transactional: bool | None
    applied_by: str | None
    failing: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A statement of an unfinished change; `statement` counts from 1.

    One that is not `finished` was begun and may have come to any state. `strangers` are
    the invalid indexes that it found, by oid.
    """

    id: str
    direction: Direction
    statement: int
    statement_sha256: str
    finished: bool
    strangers: tuple[int, ...]


@dataclass(frozen=True)
class State:
    """The ledger as read: entries in the order of application, and unfinished steps."""

    entries: tuple[Entry, ...]
    steps: tuple[Step, ...]

    @property
    def applied(self) -> set[str]:
        return {entry.id for entry in self.entries}

    def entry(self, change_id: str) -> Entry | None:
        return next((e for e in self.entries if e.id == change_id), None)

    def steps_of(self, change_id: str, direction: Direction) -> tuple[Step, ...]:
        """The finished statements of a change, in their order."""
        return tuple(
            s
            for s in self.steps
            if s.id == change_id and s.direction == direction and s.finished
        )

    def begun(self, direction: Direction) -> set[str]:
        """The changes that are half way in this direction.

        One is not any more where yoyo has marked it since, or taken the mark away.
        """
        half_way = {step.id for step in self.steps if step.direction == direction}
        applied = self.applied
        return half_way - applied if direction == "up" else half_way & applied

    @property
    def unrecorded(self) -> set[str]:
        """What yoyo says is applied, and of which the engine keeps nothing."""
        return {entry.id for entry in self.entries if entry.migration_sha256 is None}


class Executes(Protocol):
    """A connection, or what only writes down what would be executed."""

    def execute(self, query: Any, params: Any = ..., /) -> Any: ...


#: A row that is there already is stale: yoyo has rolled the change back.
_OWN_ROW = sql.SQL(
    "insert into trunkline.applied as a (id, applied_at, migration_sha256,"
    " rollback_sha256, verification_sha256, rollback_sql, transactional,"
    " applied_by, took, server_version)"
    " select %s, marked.applied_at_utc at time zone 'utc',"
    " %s, %s, %s, %s, %s, %s, make_interval(secs => %s),"
    " current_setting('server_version') from marked"
    " on conflict (id) do update set (applied_at, migration_sha256,"
    " rollback_sha256, verification_sha256, rollback_sql, transactional,"
    " applied_by, took, server_version, failing) = (excluded.applied_at,"
    " excluded.migration_sha256, excluded.rollback_sha256,"
    " excluded.verification_sha256, excluded.rollback_sql,"
    " excluded.transactional, excluded.applied_by, excluded.took,"
    " excluded.server_version, default)"
)


@contextmanager
def _writing() -> Iterator[None]:
    """Raise Failure without the right to write what is to be put on record."""
    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise Failure(
            "the ledger cannot be written",
            detail=error.diag.message_primary,
            hint="Connect as its owner.",
        ) from None


class Ledger:
    """The ledger of one database, through connections that the caller owns.

    `yoyo_schema` is where yoyo's tables are or, on a first run, where yoyo would make
    them: the first schema of the search path. Where a change has set its role or the
    database another path, they are still found: else all would seem to be pending.
    """

    def __init__(self, connection: Connection, migration_table: str) -> None:
        self._table = migration_table
        self._yoyo_schema = _yoyo_schema(connection, migration_table)
        self._yoyo_name = f"{self._yoyo_schema}.{migration_table}"

    def read(self, connection: Connection) -> State:
        """What is applied and unfinished.

        Raises Failure without read rights, and where the tables are others.
        """
        with connection.transaction():
            present = _tables(connection, self._yoyo_schema, self._table)
            try:
                entries = self._entries(connection, present)
                steps = _steps(connection) if "progress" in present else ()
            except errors.InsufficientPrivilege as error:
                raise Failure(
                    "the ledger cannot be read",
                    detail=error.diag.message_primary,
                    hint=f"Grant select on {self._yoyo_name} and on the tables of "
                    "schema trunkline, and usage on the schema.",
                ) from None
            except errors.ProgrammingError as error:
                raise _foreign("read", error) from None
        return State(entries, steps)

    def install(self, connection: Connection) -> None:
        """Make the tables where they are missing.

        Raises Failure without the rights, and where something else has their names.
        """
        with connection.transaction():
            present = _tables(connection, self._yoyo_schema, self._table)
            if present >= {"yoyo", "_yoyo_log", "applied", "progress"}:
                return
            try:
                connection.execute(self.installation())
            except (
                errors.InsufficientPrivilege,
                errors.InvalidSchemaName,
                errors.ReadOnlySqlTransaction,
            ) as error:
                raise Failure(
                    "the ledger cannot be made",
                    detail=error.diag.message_primary,
                    hint="Connect as the owner of the database.",
                ) from None
            except errors.RaiseException as error:  # somebody's event trigger
                raise Failure(
                    "the ledger cannot be made",
                    detail=error.diag.message_primary,
                    hint=error.diag.message_hint,
                ) from None
            except errors.ProgrammingError as error:
                raise _foreign("made", error) from None

    def installation(self) -> sql.Composed:
        """The statements that make the tables where they are missing."""
        text = files("trunkline").joinpath("ledger.sql").read_text("utf-8")
        return sql.SQL(text).format(
            yoyo_schema=sql.Identifier(self._yoyo_schema),
            migration_table=sql.Identifier(self._table),
        )

    def is_as(self, change: str, steps: Sequence[Step]) -> sql.Composed:
        """The condition that a change is not applied, and just these steps finished."""
        return sql.SQL(
            "not exists (select from {table} where migration_id = {id})"
            " and array(select statement from trunkline.progress"
            " where id = {id} order by statement) = {steps}::int[]"
        ).format(
            table=sql.Identifier(self._yoyo_schema, self._table),
            id=sql.Literal(change),
            steps=sql.Literal([step.statement for step in steps]),
        )

    def refuse_while_yoyo_runs(self, connection: Connection) -> None:
        """Raise LockNotObtained while yoyo's own lock is taken."""
        with connection.transaction():
            name = sql.Identifier(self._yoyo_schema, "yoyo_lock")
            found = connection.execute(
                "select to_regclass(%s)", [name.as_string(connection)]
            ).fetchone()
            if found is None or found[0] is None:
                return
            query = sql.SQL("select pid, ctime from {}").format(name)
            row = connection.execute(query).fetchone()
        if row is not None:
            raise LockNotObtained(
                f"yoyo holds its lock on this database (pid {row[0]}, since {row[1]})",
                hint="Wait for it; if it was killed, run `yoyo break-lock`.",
            )

    @_writing()
    def record_applied(
        self,
        connection: Executes,
        seconds: float,
        change: Change,
        operation: Literal["apply", "mark"] = "apply",
    ) -> None:
        """Both ledgers' rows of an applied change, in the caller's transaction.

        `operation` is yoyo's word for its log: `mark` where nothing was run.
        """
        # One statement, one round trip.
        connection.execute(
            sql.SQL(
                "with marked as (insert into {table} (migration_hash, migration_id,"
                " applied_at_utc)"
                " values (%s, %s, clock_timestamp() at time zone 'utc')"
                " returning applied_at_utc), {log} {own}"
            ).format(
                table=sql.Identifier(self._yoyo_schema, self._table),
                log=self._logged,
                own=_OWN_ROW,
            ),
            [
                yoyo_hash(change.id),
                change.id,
                *_log_row(change.id, operation),
                *_own_row(change, seconds),
            ],
        )

    @_writing()
    def record_known(self, connection: Executes, change: Change) -> None:
        """Our row of a change that yoyo has applied; yoyo's own stay as they are."""
        connection.execute(
            sql.SQL(
                "with marked as (select applied_at_utc from {table}"
                " where migration_id = %s),"
                " finished as (delete from trunkline.progress where id = %s) {own}"
            ).format(
                table=sql.Identifier(self._yoyo_schema, self._table), own=_OWN_ROW
            ),
            [change.id, change.id, *_own_row(change, 0.0)],
        )

    @_writing()
    def record_rolled_back(self, connection: Executes, change_id: str) -> None:
        """Take a change out of both ledgers, in the caller's transaction."""
        connection.execute(
            sql.SQL(
                "with unmarked as (delete from {table} where migration_id = %s),"
                " {log} delete from trunkline.applied where id = %s"
            ).format(
                table=sql.Identifier(self._yoyo_schema, self._table), log=self._logged
            ),
            [change_id, *_log_row(change_id, "rollback"), change_id],
        )

    @_writing()
    def record_step(
        self,
        connection: Executes,
        change_id: str,
        direction: Direction,
        number: int,
        statement: Statement,
    ) -> None:
        """A finished statement of a change that is not transactional."""
        connection.execute(
            "insert into trunkline.progress (id, direction, statement,"
            " statement_sha256, finished_at) values (%s, %s, %s, %s, now())"
            " on conflict (id, direction, statement)"
            " do update set finished_at = excluded.finished_at",
            [change_id, direction, number, statement.sha256],
        )

    @_writing()
    def record_begun(
        self,
        connection: Executes,
        change_id: str,
        direction: Direction,
        number: int,
        statement: Statement,
        strangers: Sequence[int],
    ) -> None:
        """A statement that cannot be in one transaction with its record, before it."""
        connection.execute(
            "insert into trunkline.progress (id, direction, statement,"
            " statement_sha256, strangers) values (%s, %s, %s, %s, %s::oid[])",
            [change_id, direction, number, statement.sha256, list(strangers)],
        )

    @_writing()
    def forget_begun(self, connection: Executes, change_id: str) -> None:
        """A statement that was begun has left nothing."""
        connection.execute(
            "delete from trunkline.progress where id = %s and finished_at is null",
            [change_id],
        )

    def steps(
        self, connection: Connection, change_id: str, direction: Direction
    ) -> tuple[Step, ...]:
        """The statements of one change that are on record, in their order."""
        return tuple(
            step
            for step in _steps(connection)
            if step.id == change_id and step.direction == direction
        )

    @_writing()
    def record_failing(
        self, connection: Executes, change_id: str, sentences: list[str]
    ) -> None:
        """Which checks found a violation after commit; an empty list clears it."""
        connection.execute(
            "update trunkline.applied set failing = %s"
            " where id = %s and failing is distinct from %s::text[]",
            [sentences, change_id, sentences],
        )

    def _entries(self, connection: Connection, present: set[str]) -> tuple[Entry, ...]:
        if "yoyo" not in present:
            return ()
        own = "applied" in present
        columns = sql.SQL(
            "a.migration_sha256, a.rollback_sha256, a.verification_sha256,"
            " a.rollback_sql, a.transactional, a.applied_by,"
            " coalesce(a.failing, '{}') as failing"
            if own
            else "null as migration_sha256, null as rollback_sha256,"
            " null as verification_sha256, null as rollback_sql,"
            " null as transactional, null as applied_by, '{}'::text[] as failing"
        )
        query = sql.SQL(
            "select y.migration_id as id, case when y.applied_at_utc between"
            " '0001-01-02' and '9999-12-30' then y.applied_at_utc at time zone 'utc'"
            " end as applied_at, {}"
            " from {} as y {} order by y.applied_at_utc, y.migration_id"
        ).format(
            columns,
            sql.Identifier(self._yoyo_schema, self._table),
            sql.SQL(
                "left join trunkline.applied as a on a.id = y.migration_id"
                " and a.applied_at = y.applied_at_utc at time zone 'utc'"
                if own
                else ""
            ),
        )
        # The text of a time depends on DateStyle, and only ISO's can be read.
        with connection.cursor(row_factory=class_row(_EntryRow), binary=True) as cursor:
            rows = cursor.execute(query).fetchall()
        for row in rows:
            if row.id is None or row.applied_at is None:
                what = f"time for {row.id}" if row.id else "migration_id"
                raise Failure(
                    "the ledger cannot be read",
                    detail=f"A row of {self._yoyo_name} has no {what}.",
                    hint="Somebody has written it: correct it, or delete it.",
                )
        return tuple({row.id: row.entry() for row in rows}.values())

    @property
    def _logged(self) -> sql.Composed:
        """Parts of a `with`: the row of yoyo's log, and no progress any more."""
        return sql.SQL(
            "logged as (insert into {} (id, migration_hash, migration_id, operation,"
            " username, hostname, created_at_utc)"
            " values (%s, %s, %s, %s, %s, %s, now() at time zone 'utc')),"
            " finished as (delete from trunkline.progress where id = %s)"
        ).format(sql.Identifier(self._yoyo_schema, "_yoyo_log"))


def _own_row(change: Change, seconds: float) -> list[object]:
    """The values of `_OWN_ROW`."""
    rollback, verification = change.rollback, change.verification
    return [
        change.id,
        change.migration.sha256,
        rollback.sha256 if rollback else None,
        verification.sha256 if verification else None,
        rollback.text if rollback else None,
        change.transactional,
        operator(),
        seconds,
    ]


def _log_row(
    change_id: str, operation: Literal["apply", "mark", "rollback"]
) -> list[str]:
    """The values of `_logged`."""
    return [
        str(uuid1()),
        yoyo_hash(change_id),
        change_id,
        operation,
        *operator().split("@", 1),
        change_id,
    ]


@dataclass(frozen=True)
class _EntryRow:
    id: str | None
    applied_at: datetime | None
    migration_sha256: str | None
    rollback_sha256: str | None
    verification_sha256: str | None
    rollback_sql: str | None
    transactional: bool | None
    applied_by: str | None
    failing: list[str]

    def entry(self) -> Entry:
        assert self.applied_at is not None
        values = {**vars(self), "failing": tuple(self.failing)}
        values["applied_at"] = self.applied_at.astimezone(UTC)
        return Entry(**values)


def yoyo_hash(change_id: str) -> str:
    """yoyo's key of a migration: sha256 of its ID (`yoyo.migrations`, 9.0.0)."""
    return sha256(change_id.encode()).hexdigest()


def operator() -> str:
    """Who runs this, as user@host of the operating system."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _foreign(verb: str, error: errors.ProgrammingError) -> Failure:
    return Failure(
        f"the ledger cannot be {verb}",
        detail=error.diag.message_primary,
        hint="What has the names of its tables was made by something else, or altered: "
        "put it aside, or name another migration_table in yoyo.ini.",
    )


def _yoyo_schema(connection: Connection, table: str) -> str:
    row = connection.execute(
        "select coalesce((select n.nspname from pg_catalog.pg_class as c"
        " join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
        " where c.oid = to_regclass(%s)),"
        " (select min(n.nspname::text) from pg_catalog.pg_class as c"
        " join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
        " where c.relname = %s and c.relkind = 'r'"
        " and to_regclass('trunkline.applied') is not null"
        " and exists (select from pg_catalog.pg_settings where name = 'search_path'"
        " and source in ('database', 'user', 'database user'))"
        " having count(*) = 1),"
        " current_schema(), 'public')",
        [sql.Identifier(table).as_string(connection), table],
    ).fetchone()
    assert row is not None
    return str(row[0])


def _tables(connection: Connection, yoyo_schema: str, table: str) -> set[str]:
    rows = connection.execute(
        "select case when n.nspname = 'trunkline' or c.relname <> %s"
        " then c.relname else 'yoyo' end"
        " from pg_catalog.pg_class as c"
        " join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
        " where (n.nspname, c.relname) in ((%s, %s), (%s, '_yoyo_log'),"
        " ('trunkline', 'applied'), ('trunkline', 'progress'))",
        [table, yoyo_schema, table, yoyo_schema],
    )
    return {str(row[0]) for row in rows}


def _steps(connection: Connection) -> tuple[Step, ...]:
    rows = connection.execute(
        "select id, direction, statement, statement_sha256,"
        " finished_at is not null, strangers"
        " from trunkline.progress order by id, direction, statement"
    )
    return tuple(
        Step(name, direction, number, sha256, finished, tuple(strangers))
        for name, direction, number, sha256, finished, strangers in rows
    )
