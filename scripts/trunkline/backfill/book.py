"""The bookkeeping of backfills in the database: runs, chunks, counts.

Work is shared through it and nothing else. A worker holds the lock on a chunk's row
while its batch is open, so a worker that dies, however it dies, leaves nothing claimed.
Every batch holds a shared advisory lock on its run; whoever changes the state of the
run holds it exclusively, so when `pause` or `undo` has it, no batch is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Literal, cast

from psycopg import Connection, errors, sql
from psycopg.rows import class_row

from trunkline.backfill.definition import Backfill, Inserts, Key, Updates
from trunkline.backfill.events import Counts
from trunkline.backfill.source import SourceReader
from trunkline.errors import Failure, UsageError
from trunkline.ledger import operator

RunState = Literal["running", "paused", "finished", "undoing", "undone", "forgotten"]

#: The first half of each run's advisory lock; the second is the run's id.
LOCK_CLASS = 0x7462666C  # "tbfl"


@dataclass(frozen=True)
class Run:
    """A run as the database keeps it; the columns are explained there."""

    id: int
    name: str
    state: RunState
    definition: str
    started_at: datetime
    finished_at: datetime | None
    estimate: int
    written_table: str
    written_key: list[str]
    restored: list[str]
    compared: list[str]


@dataclass(frozen=True)
class Claim:
    """A chunk that the open transaction holds: the rows behind `after` are to do."""

    chunk: int
    after: Key | None
    upto: Key


@dataclass(frozen=True)
class RowError:
    """A source row that could not be migrated."""

    key: Key
    reason: str
    detail: str


_RUN = sql.SQL(
    "select id, name, state, definition, started_at, finished_at, estimate,"
    " written_table, written_key, restored, compared from trunkline.backfill_run"
)


def is_installed(connection: Connection) -> bool:
    """Whether there is a bookkeeping; its last table is made last."""
    row = connection.execute(
        "select to_regclass('trunkline.backfill_written') is not null"
    ).fetchone()
    return row is not None and bool(row[0])


def install(connection: Connection) -> None:
    """Make the tables where they are missing. Raises Failure without the rights."""
    if is_installed(connection):
        return
    text = files("trunkline.backfill").joinpath("book.sql").read_text("utf-8")
    try:
        with connection.transaction():
            # Two at once would both find the schema missing.
            connection.execute("select pg_advisory_xact_lock(%s, 0)", [LOCK_CLASS])
            connection.execute(sql.SQL(text))
    except (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction) as error:
        raise Failure(
            "the bookkeeping of backfills cannot be made",
            detail=error.diag.message_primary,
            hint="Run the backfill once as the owner of the database.",
        ) from None


def open_run(
    connection: Connection,
    kind: type[Backfill],
    reader: SourceReader,
    limit: int | None,
) -> Run:
    """The run of this backfill that is open, or a new one; `limit` holds for it now.

    Raises Failure when the open run is paused, is being undone, or began with another
    definition; UsageError when the backfill names a table or column that is not there.
    """
    definition = f"{kind.source!r} {kind.writes!r}"
    with connection.transaction():
        run = open_run_of(connection, kind.name)
        if run is None:
            writes = kind.writes
            connection.execute(
                "insert into trunkline.backfill_run (name, definition, started_by,"
                " estimate, written_table, written_key, restored, compared)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s)"
                # Another process may have begun it meanwhile: then we join that.
                " on conflict do nothing",
                [
                    kind.name,
                    definition,
                    operator(),
                    reader.estimate(connection),
                    writes.table,
                    list(writes.key),
                    list(writes.columns) if isinstance(writes, Updates) else [],
                    _columns(connection, writes),
                ],
            )
            run = cast(Run, open_run_of(connection, kind.name))
        if run.definition != definition:
            raise Failure(
                f"{run.name} is not what it was when run {run.id} began",
                hint="Finish the run with the code that began it, or undo it.",
            )
        refuse_unless_running(run)
        connection.execute(
            "update trunkline.backfill_run set allowance = %s where id = %s",
            [limit, run.id],
        )
    return run


def refuse_unless_running(run: Run) -> None:
    """Raise Failure for a run that no worker may go on with."""
    if run.state == "paused":
        raise Failure(f"{run.name} is paused", hint="Resume it.")
    if run.state == "undoing":
        raise Failure(
            f"{run.name} is being undone", hint="Undo it to the end, then run it again."
        )


def latest(connection: Connection, name: str, *states: RunState) -> Run | None:
    """The latest run of a backfill, in one of these states where any are given."""
    with connection.cursor(row_factory=class_row(Run), binary=True) as cursor:
        return cursor.execute(
            _RUN
            + sql.SQL(
                " where name = %s and (%s::text[] = '{}' or state = any(%s))"
                " order by id desc limit 1"
            ),
            [name, list(states), list(states)],
        ).fetchone()


def open_run_of(connection: Connection, name: str) -> Run | None:
    """The run of a backfill that is open, of which there is at most one."""
    return latest(connection, name, "running", "paused", "undoing")


def change_state(connection: Connection, run: Run, state: RunState) -> None:
    """Change the state of a run once its open batches have ended.

    Raises Failure when somebody else has changed it meanwhile.
    """
    with _alone(connection, run):
        now, _ = standing(connection, run)
        if now != run.state:
            raise Failure(f"the run of {run.name} is {now} by now")
        set_state(connection, run, state)


def set_state(connection: Connection, run: Run, state: RunState) -> None:
    """Write the state of a run on which no worker can be at work."""
    connection.execute(
        "update trunkline.backfill_run set state = %s where id = %s", [state, run.id]
    )


_CLAIM = """
select r.state, r.allowance, c.chunk, coalesce(c.reached, c.after), c.upto
from trunkline.backfill_run as r
left join lateral (
    select o.chunk, o.reached, o.after, o.upto
    from trunkline.backfill_chunk as o
    where o.run_id = r.id and not o.done
    order by o.chunk limit 1
    for update skip locked
) as c on r.state = 'running'
where r.id = %s
"""


def enter(
    connection: Connection, run: Run
) -> tuple[RunState, int | None, Claim | None]:
    """Begin a batch: the state of the run, if limited how many rows it may take, and
    the first chunk with rows to do that no other worker holds, if there is one.

    The state stays what it is until the transaction ends.
    """
    # One round trip; the second statement sees what the first has waited for.
    with connection.pipeline():
        connection.execute(
            "select pg_advisory_xact_lock_shared(%s, %s)", [LOCK_CLASS, run.id]
        )
        row = connection.execute(_CLAIM, [run.id]).fetchone()
    if row is None:
        raise _gone(run)
    state, allowance, chunk, after, upto = row
    if allowance is not None:
        # Under a limit, one batch at a time: else two would take the same allowance.
        connection.execute(
            "select from trunkline.backfill_run where id = %s for update", [run.id]
        )
        state, allowance = standing(connection, run)
    if chunk is None:
        return state, allowance, None
    after = None if after is None else tuple(after)
    return state, allowance, Claim(chunk, after, tuple(upto))


def record(
    connection: Connection,
    run: Run,
    claim: Claim,
    *,
    reached: Key | None,
    counts: Counts,
    failed: list[RowError],
    limited: bool,
) -> None:
    """Write what a batch came to, in its transaction; `reached` None: nothing left."""
    if failed:
        connection.cursor().executemany(
            "insert into trunkline.backfill_error (run_id, key, reason, detail)"
            " values (%s, %s, %s, %s)",
            [[run.id, list(e.key), e.reason, e.detail] for e in failed],
        )
    connection.execute(
        "update trunkline.backfill_chunk set reached = coalesce(%s, upto),"
        " done = (coalesce(%s, upto) = upto), total = total + %s,"
        " migrated = migrated + %s, skipped = skipped + %s, errors = errors + %s"
        " where run_id = %s and chunk = %s",
        [
            *[None if reached is None else list(reached)] * 2,
            counts.total,
            counts.migrated,
            counts.skipped,
            counts.errors,
            run.id,
            claim.chunk,
        ],
    )
    if limited:
        connection.execute(
            "update trunkline.backfill_run set allowance = allowance - %s"
            " where id = %s",
            [counts.total, run.id],
        )


def cut(connection: Connection, run: Run, reader: SourceReader, rows: int) -> bool:
    """Cut the next chunk from the source; False when there is nothing left to cut."""
    with connection.transaction():
        row = connection.execute(
            "select frontier, all_cut from trunkline.backfill_run where id = %s"
            " for update",
            [run.id],
        ).fetchone()
        if row is None or row[1]:
            return False
        after = None if row[0] is None else tuple(row[0])
        upto = reader.cut(connection, after, rows)
        if upto is None:
            connection.execute(
                "update trunkline.backfill_run set all_cut = true where id = %s",
                [run.id],
            )
            return False
        connection.execute(
            "insert into trunkline.backfill_chunk (run_id, chunk, after, upto)"
            " select %s, coalesce(max(chunk), 0) + 1, %s, %s"
            " from trunkline.backfill_chunk where run_id = %s",
            [run.id, row[0], list(upto), run.id],
        )
        connection.execute(
            "update trunkline.backfill_run set frontier = %s where id = %s",
            [list(upto), run.id],
        )
    return True


def finish(connection: Connection, run: Run) -> bool:
    """Close the run if every row has been gone through; False when a chunk is open."""
    with _alone(connection, run):
        connection.execute(
            "update trunkline.backfill_run as r set state = 'finished',"
            " finished_at = clock_timestamp(), total = c.total,"
            " migrated = c.migrated, skipped = c.skipped, errors = c.errors"
            " from (select coalesce(sum(total), 0) as total,"
            " coalesce(sum(migrated), 0) as migrated,"
            " coalesce(sum(skipped), 0) as skipped,"
            " coalesce(sum(errors), 0) as errors,"
            " coalesce(bool_and(done), true) as done"
            " from trunkline.backfill_chunk where run_id = %s) as c"
            " where r.id = %s and r.state = 'running' and r.all_cut and c.done",
            [run.id, run.id],
        )
        return standing(connection, run)[0] != "running"


def standing(connection: Connection, run: Run) -> tuple[RunState, int | None]:
    """The state of a run as it is now and, if limited, how many rows it may take."""
    row = connection.execute(
        "select state, allowance from trunkline.backfill_run where id = %s", [run.id]
    ).fetchone()
    if row is None:
        raise _gone(run)
    return row[0], row[1]


def counts(connection: Connection, run: Run) -> Counts:
    """What the committed batches of a run came to so far."""
    row = connection.execute(
        "select coalesce(sum(total), 0)::bigint, coalesce(sum(migrated), 0)::bigint,"
        " coalesce(sum(skipped), 0)::bigint, coalesce(sum(errors), 0)::bigint"
        " from trunkline.backfill_chunk where run_id = %s",
        [run.id],
    ).fetchone()
    return Counts() if row is None else Counts(*row)


def row_errors(connection: Connection, run: Run) -> tuple[RowError, ...]:
    """The source rows that a run could not migrate, in the order of their keys."""
    rows = connection.execute(
        "select key, reason, detail from trunkline.backfill_error"
        " where run_id = %s order by key",
        [run.id],
    )
    return tuple(RowError(tuple(key), reason, detail) for key, reason, detail in rows)


def _gone(run: Run) -> Failure:
    return Failure(f"run {run.id} of {run.name} is gone from the bookkeeping")


@contextmanager
def _alone(connection: Connection, run: Run) -> Iterator[None]:
    """A transaction in which no batch of the run is open, and none begins."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, run.id])
        yield


def _columns(connection: Connection, writes: Inserts | Updates) -> list[str]:
    """The columns of the written table. Raises UsageError when one is not there."""
    rows = connection.execute(
        "select attname from pg_catalog.pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped"
        " order by attnum",
        [writes.table],
    )
    present = [name for (name,) in rows]
    if not present:
        raise UsageError(f"there is no table {writes.table} to write to")
    named = writes.key + (writes.columns if isinstance(writes, Updates) else ())
    for column in named:
        if column not in present:
            raise UsageError(f"table {writes.table} has no column {column}")
    return present
