"""The runner's connections to one database, for the length of a run.

One holds the runner's lock, and looks for who is in the way while the other waits. The
other does the work and is made as new between two changes, so that no setting, role or
temporary table of one change reaches the next (yoyo gives each migration a connection
of its own, for the same end).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TypeVar

from psycopg import Connection

from trunkline.connect import Target, connect, losing, setting, settings, writing
from trunkline.events import Emit
from trunkline.ledger import Ledger, State
from trunkline.limits import DEFAULT, Limits
from trunkline.locks import WORKER_KEY, attempted, obtain, runner_lock
from trunkline.throttle import UNFELT, Throttle
from trunkline.watch import Watch, Watched

#: What a migration can have left, but for what `discard all` would let go: the lock
#: that says that this session is at work.
FORGET = (
    "close all; set session authorization default; reset all; deallocate all;"
    " unlisten *; discard plans; discard temp; discard sequences;"
)
_UNLOCK = " select pg_advisory_unlock_all();"
_RELOCK = f" select pg_advisory_lock({WORKER_KEY});"
#: Who waits for us, asked while we still hold what they wait for.
_QUEUED = (
    "select count(*) from pg_catalog.pg_locks where not granted"
    " and pg_backend_pid() = any(pg_catalog.pg_blocking_pids(pid));"
)
#: A client that cannot be heard of any more must not hold its locks for hours. Ours is
#: never idle in a transaction for more than a moment.
_IDLE_IN_TRANSACTION = 60.0

#: How the server reads what we send.
_READING = {"client_encoding": "UTF8", "standard_conforming_strings": "on"}

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """What work on a database needs; `pid` is the server's process of `work`.

    `guarded`: another session holds the runner's lock. `traced`: what each statement
    locks is asked for and told.
    """

    target: Target
    migration_table: str
    work: Watched
    pid: int
    ledger: Ledger
    limits: Limits
    watch: Watch
    throttle: Throttle
    guarded: bool
    traced: bool
    emit: Emit

    def state(self) -> State:
        """The ledger as it is now. Raises LockNotObtained."""
        return self.patiently(lambda: self.ledger.read(self.work))

    def reset(self) -> None:
        """Settings and role are the runner's own again, also within a transaction."""
        self.work.execute(self._own.encode())

    def reset_ahead(self) -> str:
        """The same, to be sent in one message with what comes next in a transaction.

        The server reads a message as a whole: where it would read the next statements
        otherwise than they are meant, it is done at once, and nothing left to be sent.
        """
        read = self.work.info.parameter_status
        if all(read(name) == value for name, value in _READING.items()):
            return f"{self._own}; "
        self.reset()
        return ""

    def renew(self) -> None:
        """Forget all that a change has left in the session of the work connection."""
        self.work.execute(self._anew.encode())

    def commit(self, began: float) -> None:
        """Commit the transaction of a change and renew the session, in one message.

        `began` is when its first statement was sent. Raises the psycopg.Error of a
        commit that failed.
        """
        asked = self.guarded and perf_counter() - began >= UNFELT
        text = f"{_QUEUED if asked else ''} commit; {self._anew}"
        done = self.work.execute(text.encode())
        if asked:
            if done.fetchall() != [(0,)]:
                self.throttle.owe(perf_counter() - began)
            done.nextset()
        # Of an aborted transaction it makes a rollback, and calls that no error.
        assert done.statusmessage == "COMMIT", done.statusmessage

    def patiently(self, work: Callable[[], T]) -> T:
        """Do `work` within the limits, as often as they allow.

        It must be whole: a transaction, or one statement outside of one. After a failed
        attempt the session is as new. Raises LockNotObtained.
        """

        def attempt(timeout: float) -> T:
            try:
                with self.watch.attempt(timeout):
                    return work()
            except BaseException:
                if not self.work.broken:
                    self.work.rollback()
                raise

        return attempted(
            attempt,
            self.limits.timeouts(),
            self.emit,
            budget=self.limits.lock_budget,
            watch=self.watch,
        )

    @property
    def _own(self) -> str:
        return f"reset session authorization; reset role; reset all; {self._settings}"

    @property
    def _anew(self) -> str:
        return f"{FORGET}{_UNLOCK}{_RELOCK if self.guarded else ''} {self._settings}"

    @property
    def _settings(self) -> str:
        return setting(
            settings(
                self.work.info.server_version,
                lock_timeout=self.limits.lock_timeout,
                idle_in_transaction=_IDLE_IN_TRANSACTION,
            )
        )


@contextmanager
def exclusive(
    target: Target,
    migration_table: str,
    *,
    limits: Limits = DEFAULT,
    traced: bool = False,
    emit: Emit,
) -> Iterator[Session]:
    """The session of the one runner that may write to the database.

    Waits for another runner as long as `limits` say, and makes the ledger where it
    is missing. Raises UsageError where nothing is to be written, Unreachable,
    LockNotObtained, Failure (no right to the ledger).
    """
    with (
        losing(target),
        writing(target) as guard,
        runner_lock(guard, limits.wait, emit),
        connect(target, lock_timeout=limits.lock_timeout) as work,
    ):
        obtain(
            work,
            WORKER_KEY,
            limits.wait,
            emit,
            what="a runner that was killed is still at work on this database",
        )
        own = _session(target, migration_table, work, guard, limits, traced, emit)
        with closing(own.watch):
            own.patiently(lambda: own.ledger.install(own.work))
            own.patiently(lambda: own.ledger.refuse_while_yoyo_runs(own.work))
            yield own


@contextmanager
def alone(
    target: Target,
    migration_table: str,
    *,
    lock_timeout: float,
    traced: bool = False,
    emit: Emit,
) -> Iterator[Session]:
    """The same for a database that nobody else can know of: no lock is taken."""
    limits = Limits(lock_timeout=lock_timeout)
    with connect(target, lock_timeout=lock_timeout) as work:
        own = _session(target, migration_table, work, None, limits, traced, emit)
        with closing(own.watch):
            own.ledger.install(work)
            yield own


def _session(
    target: Target,
    migration_table: str,
    work: Watched,
    guard: Connection | None,
    limits: Limits,
    traced: bool,
    emit: Emit,
) -> Session:
    row = work.execute("select pg_backend_pid()").fetchone()
    assert row is not None
    watch = Watch(work, row[0], guard, partial(connect, target), emit)
    return Session(
        target=target,
        migration_table=migration_table,
        work=work,
        pid=row[0],
        ledger=Ledger(work, migration_table),
        limits=limits,
        watch=watch,
        throttle=Throttle(),
        guarded=guard is not None,
        traced=traced,
        emit=emit,
    )
