"""Run checks and invariants on a database, without writing to it.

Each check runs in a savepoint of its own that is read-only and always rolled back, so a
check neither writes nor spoils the transaction that it runs in, even when it errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter

from psycopg import Connection, Cursor, Error, errors
from psycopg.pq import TransactionStatus

from trunkline.events import Checked, CheckResult, Emit, Violation
from trunkline.locks import LOCK_ERRORS
from trunkline.verification import Check


def run(
    connection: Connection, change: str, checks: Iterable[Check], emit: Emit
) -> tuple[CheckResult, ...]:
    """Run the checks of one change (or invariant file) in order.

    In a transaction already begun it runs within it; else each check is its own
    transaction. A check whose query errors has not passed, unless the connection is
    lost, a lock was not obtained or the query was cancelled: then the psycopg.Error is
    raised.
    """
    results = []
    for check in checks:
        result = _run(connection, change, check)
        emit(Checked(result))
        results.append(result)
    return tuple(results)


class Plans:
    """The plans of queries that one connection keeps.

    To plan a check often costs more than to run it. PostgreSQL plans a kept query anew
    where what it reads has been altered, not where that has merely grown.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._made = 0

    def make(self, connection: Connection, queries: Iterable[str]) -> None:
        """Plan the queries that are not planned yet, on the one connection."""
        new = {}
        for query in queries:
            if query not in self._names and query not in new:
                new[query] = f"check_{self._made}"
                self._made += 1
        if new:
            text = ";".join(
                f"prepare {name} as {query}\n" for query, name in new.items()
            )
            with connection.transaction():
                connection.execute(text.encode(), prepare=False)
            self._names |= new

    def asking(self, query: str) -> str:
        """The statement that asks a query that is planned."""
        return f"execute {self._names[query]}"

    def forget(self) -> None:
        """Plan all anew when it is asked next."""
        self._names.clear()


def run_together(
    connection: Connection,
    named: Sequence[tuple[str, Check]],
    emit: Emit,
    plans: Plans | None = None,
    first: str = "",
) -> tuple[CheckResult, ...]:
    """Run the checks of many changes, (change, check), in one message behind `first`.

    Most often all pass, and then this costs a fraction of asking one by one. Where a
    query errors, each is run again by itself, so the results are those of `run`. With
    `plans`, which are this connection's, each query is planned once.
    """
    if not named:
        if first:
            connection.execute(first.encode())
        return ()
    started = perf_counter()
    try:
        found = _asked(connection, named, plans, first)
    except (*LOCK_ERRORS, errors.QueryCanceled):
        raise
    except Error as error:
        if connection.broken:
            raise
        if plans is not None and isinstance(error, errors.FeatureNotSupported):
            plans.forget()  # a column that a check returns has another type now
        return tuple(
            result
            for change, check in named
            for result in run(connection, change, [check], emit)
        )
    seconds = (perf_counter() - started) / len(named)
    results = tuple(
        _result(change, check, violations, None, seconds)
        for (change, check), violations in zip(named, found, strict=True)
    )
    for result in results:
        emit(Checked(result))
    return results


def passes(connection: Connection, check: Check, first: str = "") -> bool:
    """Whether one check passes, asked in one message behind `first`.

    Raises as `run` does.
    """
    try:
        (violations,) = _asked(connection, [("", check)], None, first)
    except (*LOCK_ERRORS, errors.QueryCanceled):
        raise
    except Error:
        if connection.broken:
            raise
        return False
    return not violations


def _asked(
    connection: Connection,
    named: Sequence[tuple[str, Check]],
    plans: Plans | None,
    first: str,
) -> list[tuple[Violation, ...]]:
    """What all checks find, asked in one message, one not knowing of the other.

    Its savepoints are written by hand: each block of psycopg's waits for the server at
    both of its ends, and each statement of its own costs the client more than it does
    the server.
    """
    within = connection.info.transaction_status != TransactionStatus.IDLE
    undo = "rollback to savepoint checks" if within else "rollback"
    queries = [check.query for _, check in named]
    if plans is not None:
        plans.make(connection, queries)
        queries = [plans.asking(query) for query in queries]
    alone = (
        f"savepoint a_check;\n{query}\n;rollback to savepoint a_check"
        for query in queries
    )
    begin = "savepoint checks" if within else "begin"
    begun = "set local transaction_read_only = on"
    text = first + ";".join((begin, begun, *alone, undo))
    found = []
    asked = False
    try:
        cursor = connection.execute(text.encode(), prepare=False)
        while cursor.nextset():
            asked = asked or cursor.statusmessage == "SET"  # of `begun`
            if asked and cursor.description is not None:
                found.append(_read(cursor))
    except Error:
        if not connection.broken:
            connection.execute(undo)
        raise
    return found


def _run(connection: Connection, change: str, check: Check) -> CheckResult:
    started = perf_counter()
    violations: tuple[Violation, ...] = ()
    message = None
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("set local transaction_read_only = on")
            violations = _read(_ask(connection, check))
    except (*LOCK_ERRORS, errors.QueryCanceled):
        raise
    except Error as error:
        if connection.broken:
            raise
        message = error.diag.message_primary or str(error)
    return _result(change, check, violations, message, perf_counter() - started)


def _result(
    change: str,
    check: Check,
    violations: tuple[Violation, ...],
    error: str | None,
    seconds: float,
) -> CheckResult:
    return CheckResult(
        change=change,
        sentence=check.sentence,
        after=check.after,
        source=check.source,
        line=check.line,
        violations=violations,
        error=error,
        seconds=seconds,
    )


def _ask(connection: Connection, check: Check) -> Cursor:
    """A plan that is kept would fail where a change alters the type of a column."""
    return connection.execute(check.query.encode(), prepare=False)


def _read(cursor: Cursor) -> tuple[Violation, ...]:
    rows = cursor.fetchall()
    columns = [column.name for column in cursor.description or ()]
    if columns != ["subject", "detail"]:
        raise errors.DatatypeMismatch(
            f"a check returns subject, detail; this one returns {', '.join(columns)}"
        )
    return tuple(Violation(str(s), str(d)) for s, d in rows)
