"""Who is in the way of a session, asked on another connection while it waits.

The session itself cannot ask: it waits. Its connection tells whenever the server has
not answered for a moment, and the watch then looks on a connection of its own; nothing
runs in a thread. It ends nobody's query but that of the session that it watches.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from time import monotonic
from typing import Any, Literal

from psycopg import Connection, Error
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from trunkline.errors import Unreachable
from trunkline.events import Blocker, Emit, IndexProgress, Waiting

# An error that ends a pipeline is raised; that the pipeline then ended badly, psycopg
# logs, and Python would print that where nobody has made another use of it.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

#: So often the watch looks, and so often it repeats what it has told, in seconds.
PULSE, REPEAT = 0.1, 10.0
#: So many of those in the way are told of.
NAMED = 8
#: So long the server is given to end a query that was cancelled, in seconds.
LAST_WORD = 5.0

_ABOUT = (
    " a.pid, coalesce(a.usename, a.backend_type) as user,"
    " nullif(a.application_name, '') as application,"
    " case when a.query is distinct from '<insufficient privilege>'"
    " then coalesce(host(a.client_addr), 'local') end as client, a.state,"
    " extract(epoch from clock_timestamp()"
    " - coalesce(a.xact_start, a.state_change))::float8 as seconds, a.query"
)
_BLOCKERS = (
    f"select b.pid, {_ABOUT.replace(' a.pid,', '')}, null as prepared"
    " from unnest(pg_catalog.pg_blocking_pids(%(pid)s)) as b (pid)"
    " left join pg_catalog.pg_stat_activity as a on a.pid = b.pid"
    " where b.pid <> 0"
    # A prepared transaction has no process, and is known by the lock on itself.
    " union all select 0, p.owner, null, null, 'prepared',"
    " extract(epoch from clock_timestamp() - p.prepared)::float8, null, p.gid"
    " from pg_catalog.pg_prepared_xacts as p"
    " where 0 = any(pg_catalog.pg_blocking_pids(%(pid)s)) and exists ("
    " select from pg_catalog.pg_locks as own"
    " join pg_catalog.pg_locks as h using (virtualtransaction)"
    " join pg_catalog.pg_locks as w"
    " on (h.locktype, h.database, h.relation, h.transactionid) is not distinct from"
    " (w.locktype, w.database, w.relation, w.transactionid)"
    " where own.transactionid = p.transaction and own.pid is null and own.granted"
    " and h.pid is null and w.pid = %(pid)s and not w.granted)"
    " order by seconds desc nulls last"
)
#: Asked often while a statement is at work, and then most often in vain: the view that
#: is asked next costs five times as much.
_IS_WAITING = (
    "select from pg_catalog.pg_stat_get_activity(%s) where wait_event_type = 'Lock'"
)
_WANTED = (
    "select me.wait_event, case"
    " when l.locktype = 'relation' then l.mode || ' on ' || l.relation::regclass"
    " when l.locktype in ('transactionid', 'tuple') and me.wait_event <> 'virtualxid'"
    " then 'a row, or the end of the transaction that has it'"
    " when l.locktype = 'virtualxid' then 'the end of an older transaction'"
    " else l.mode || ' on ' || l.locktype end,"
    " case when c.relkind in ('r', 'p') and exists ("
    " select from pg_catalog.pg_locks as h"
    " join pg_catalog.pg_class as t on t.oid = h.relation and t.oid >= 16384"
    " where h.pid = me.pid and h.granted and h.relation <> l.relation"
    " and t.relkind in ('r', 'p') and h.mode in ('ShareLock',"
    " 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))"
    " then format('lock table only %%I.%%I in %%s mode', n.nspname, c.relname,"
    " regexp_replace(replace(l.mode, 'Lock', ''), '(.)([A-Z])', '\\1 \\2', 'g')) end"
    " from pg_catalog.pg_stat_activity as me"
    " left join pg_catalog.pg_locks as l on l.pid = me.pid and not l.granted"
    " left join pg_catalog.pg_class as c on c.oid = l.relation"
    " left join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
    " where me.pid = %s and me.wait_event_type = 'Lock' limit 1"
)
#: Whether who is in the way waits for us, perhaps by way of others. Those are asked for
#: only where somebody in the way does wait, and before it is asked who is:
#: who waits for us stays; who was in the way may have gone, and come back to wait.
_IN_A_CIRCLE = (
    "with recursive waiting (pid, by) as materialized"
    " (select w.pid, unnest(pg_catalog.pg_blocking_pids(w.pid))"
    " from (select distinct pid from pg_catalog.pg_locks where not granted) as w"
    " where w.pid <> %(pid)s and exists (select from pg_catalog.pg_locks as l"
    " where not l.granted and l.pid = any(pg_catalog.pg_blocking_pids(%(pid)s)))),"
    " reached (pid) as (select unnest(pg_catalog.pg_blocking_pids(%(pid)s))"
    " from (select count(*) from waiting) as first"
    " union select w.by from waiting as w join reached using (pid))"
    " select from reached where pid = %(pid)s"
)
_PROGRESS = (
    "select phase, greatest(blocks_done, tuples_done),"
    " case when blocks_done >= tuples_done then blocks_total else tuples_total end"
    " from pg_catalog.pg_stat_progress_create_index where pid = %s"
)


#: Why an attempt was given up: it waited too long, for locks or for older transactions,
#: or who was in the way waited for it.
Reason = Literal["lock", "older", "circle"]


class Watched(Connection[Any]):
    """A connection that calls `while_waiting` while the server is busy with it.

    The argument is the seconds since the query was sent, or since the last call.
    """

    while_waiting: Callable[[float], None] | None = None
    pulse = PULSE

    def wait(
        self,
        gen: Generator[Any, Any, Any],
        interval: float = PULSE,
        timeout: float | None = None,
    ) -> Any:
        told = self.while_waiting
        interval = interval if told is None else self.pulse
        watched = gen if told is None else _telling(gen, told)
        try:
            return super().wait(watched, interval=interval, timeout=timeout)
        except KeyboardInterrupt:
            # psycopg has cancelled the query. Where the signal came during a call, that
            # has ended what it reads the answer through, so it is read here. Where it
            # came while that was reading, nobody can read to the end any more.
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                with suppress(Error):
                    super().wait(gen, timeout=LAST_WORD)
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


class Watch:
    """Looks for who is in the way of the session of `work`, attempt by attempt.

    Of the last attempt: `blockers`, what was `wanted` of them, and whether the watch
    `gave_up`, having waited long enough for a lock or for older transactions. `ahead`
    is the statement that takes the lock of a table that was wanted while a lock on
    another kept the application waiting; None: nothing was held, or no table wanted.
    """

    blockers: tuple[Blocker, ...]
    wanted: str
    ahead: str | None
    gave_up: Reason | None

    def __init__(
        self,
        work: Watched,
        pid: int,
        look: Connection | None,
        reconnect: Callable[[], Connection],
        emit: Emit,
    ) -> None:
        """Watch the server's process `pid`, through `look` as long as that lives."""
        self._work, self._pid = work, pid
        self._look, self._reconnect = look, reconnect
        self._own: Connection | None = None
        self._emit = emit
        self._begin()

    @contextmanager
    def attempt(
        self,
        lock_timeout: float,
        *,
        older: float | None = None,
        change: str = "",
        pulse: float = PULSE,
    ) -> Iterator[None]:
        """Watch what is done inside; cancel it when it has waited too long.

        That is `lock_timeout` seconds for locks in all. `older` is for a concurrent
        statement of `change`, whose progress is then told: it may wait so long for
        older transactions. It is looked at least every `pulse` seconds.
        """
        self._begin()

        def look(seconds: float) -> None:
            try:
                self._see(seconds, lock_timeout, older)
                if older is not None:
                    self._tell_progress(change)
            except (Error, Unreachable):
                self.close()  # the next look takes another connection

        self._work.pulse = min(pulse, lock_timeout / 3)
        self._work.while_waiting = look
        try:
            yield
        finally:
            self._work.while_waiting = None

    def told(self, reason: str) -> str:
        """What was wanted of whom; where that is not known, the server's `reason`."""
        wanted = f"Wanted: {self.wanted}.\n" if self.wanted else ""
        if self.blockers:
            return f"{wanted}In the way: {named(self.blockers)}."
        return f"{wanted}The server said: {reason}."

    def close(self) -> None:
        """Close the connection that it has opened to look through, if it has."""
        if self._own is not None:
            self._own.close()
        self._own = self._look = None

    def _begin(self) -> None:
        self.blockers, self.wanted, self.ahead, self.gave_up = (), "", None, None
        self._waited = {"lock": 0.0, "older": 0.0}
        self._told: tuple[tuple[int, ...], float] = ((), 0.0)
        self._progress = ("", 0)

    def _see(self, seconds: float, lock_timeout: float, older: float | None) -> None:
        if self._look is None:
            self._own = self._look = self._reconnect()
        if self._look.execute(_IS_WAITING, [self._pid]).fetchone() is None:
            return
        found = self._look.execute(_WANTED, [self._pid]).fetchone()
        if found is None:
            return
        event, self.wanted, self.ahead = found[0], found[1] or "a lock", found[2]
        # In a concurrent statement only a relation's lock has others queue behind us.
        reason: Reason = "lock" if older is None or event == "relation" else "older"
        if reason == "older":  # a prepared one, too, which is waited for by its number
            self.wanted = "the end of an older transaction"
        with self._look.cursor(row_factory=class_row(Blocker)) as cursor:
            rows = cursor.execute(_BLOCKERS, {"pid": self._pid}).fetchall()
        if rows:
            self.blockers = tuple(_redacted(row) for row in rows)
            self._tell()
        self._waited[reason] += seconds
        allowed = lock_timeout if reason == "lock" else older
        if allowed is not None and self._waited[reason] >= allowed:
            self._give_up(reason)
        elif self._is_in_a_circle():
            # Of those that wait for each other the server would end one, when it has
            # seen that; most often another than us, since we have come last.
            self._give_up("circle")

    def _is_in_a_circle(self) -> bool:
        assert self._look is not None
        found = self._look.execute(_IN_A_CIRCLE, {"pid": self._pid})
        return found.fetchone() is not None

    def _give_up(self, reason: Reason) -> None:
        assert self._look is not None
        self.gave_up = reason
        self._look.execute("select pg_cancel_backend(%s)", [self._pid])

    def _tell(self) -> None:
        pids = tuple(blocker.pid for blocker in self.blockers)
        known, when = self._told
        if pids == known and monotonic() - when < REPEAT:
            return
        self._told = (pids, monotonic())
        names = named(self.blockers)
        self._emit(Waiting(self.wanted, names, self.blockers))

    def _tell_progress(self, change: str) -> None:
        assert self._look is not None
        row = self._look.execute(_PROGRESS, [self._pid]).fetchone()
        if row is None:
            return
        phase, done, total = row
        part = (phase, 100 * done // total if total else 0)
        if part != self._progress:
            self._progress = part
            self._emit(IndexProgress(change, phase, done, total))


def _telling(
    gen: Generator[Any, Any, Any], tell: Callable[[float], None]
) -> Generator[Any, Any, Any]:
    since = monotonic()
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready:
                now = monotonic()
                tell(now - since)
                since = now
            wanted = gen.send(ready)
    except StopIteration as ended:
        return ended.value


def named(blockers: Sequence[Blocker]) -> str:
    """Who is in the way, in words; of many the first, which are there for longest."""
    more = len(blockers) - NAMED
    names = [str(blocker) for blocker in blockers[:NAMED]]
    return "; ".join([*names, f"and {more} more"] if more > 0 else names)


def holders(connection: Connection, key: int) -> tuple[Blocker, ...]:
    """Who holds the advisory lock `key` of this database."""
    with connection.cursor(row_factory=class_row(Blocker)) as cursor:
        rows = cursor.execute(
            f"select {_ABOUT} from pg_catalog.pg_locks as l"
            " join pg_catalog.pg_stat_activity as a on a.pid = l.pid"
            " where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
            " and (l.classid::bigint << 32) | l.objid::bigint = %s"
            " and l.database = (select oid from pg_catalog.pg_database"
            " where datname = current_database())",
            [key],
        ).fetchall()
    return tuple(_redacted(row) for row in rows)


_LITERALS = re.compile(
    r"""
      (?P<kept> "(?:[^"]|"")*(?:"|$) )               # a quoted name
    | --[^\n]*(?:\n|$) | /\*.*?(?:\*/|$)             # a comment, which may hold data
    | [eE]'(?:[^'\\]|\\.|'')*(?:'|$)                 # cut off by the server: to the end
    | '(?:[^'\\]|'')*(?:'|$|\\.*)                    # a backslash: we cannot know
    | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|$)
    | (?<![\w$])[0-9][\w.]*
    """,
    re.VERBOSE | re.DOTALL,
)


def redacted(query: str) -> str:
    """A query on one line, without the values in it: a password may be among them."""

    def kept(match: re.Match[str]) -> str:
        if match["kept"]:
            return match["kept"]
        return " " if match[0].startswith(("--", "/*")) else "?"

    return " ".join(_LITERALS.sub(kept, query).split()).rstrip("; ")


def _redacted(blocker: Blocker) -> Blocker:
    query = redacted(blocker.query) if blocker.query else None
    return replace(blocker, query=query)
