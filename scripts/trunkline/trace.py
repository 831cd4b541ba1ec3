"""What each statement of a transaction locked, rewrote and read, seen from within.

After each statement the session asks for its own locks and counters, in one query. It
tells of relations that were there before the transaction: what it has made itself,
nobody else can want yet. What is locked stays so, and each answer is longer than the
last one: of a very long file some statements are taken together.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from psycopg import Connection

from trunkline.events import Direction, LockHeld

#: From the weakest to the strongest (the manual, "Table-Level Locks").
MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
#: The counters that are asked for later start from nothing (once, as an InitPlan).
#: Schemas are judged once each, not for each relation (`offset 0`).
_BEFORE = (
    "select c.oid, format('%I.%I', n.nspname, c.relname), c.relkind, c.relfilenode,"
    " (select pg_stat_force_next_flush()::text)"
    " from pg_catalog.pg_class as c"
    " join (select oid, nspname from pg_catalog.pg_namespace"
    " where nspname not in ('pg_catalog', 'information_schema', 'trunkline')"
    " and nspname !~ '^pg_(toast|temp)' offset 0) as n on n.oid = c.relnamespace"
    " where c.oid >= 16384 and c.relkind in ('r', 'p', 'm', 'v', 'i', 'I', 'S', 'f')"
    " and c.relname not like all (array['yoyo\\_%', '\\_yoyo\\_%'])"
)
#: So often it is asked in one transaction, at most.
ASKED = 200
_NOW = (
    "select l.relation, array_agg(l.mode), pg_relation_filenode(l.relation),"
    " coalesce(pg_stat_get_xact_numscans(l.relation), 0)"
    " from pg_catalog.pg_locks as l"
    " where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.granted"
    " and l.relation between 16384 and %s group by l.relation"
)


@dataclass
class _Relation:
    """A relation as the last statement left it; `file` is 0 where it has none."""

    name: str
    kind: str
    file: int
    scans: int = 0
    modes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Seen:
    line: int
    relation: str
    mode: str
    started: float
    rewrote: bool
    scanned: bool


class Trace:
    """The trace of one transaction of so many `statements`, made before that begins.

    Asked within, it would take away the first word that `set transaction` must have.
    `former` is the trace of a transaction that came just before and that has made and
    rewritten nothing: which relations there are is then not asked again.
    """

    def __init__(
        self,
        connection: Connection,
        direction: Direction,
        statements: int,
        former: Trace | None = None,
    ) -> None:
        self._connection = connection
        self._direction = direction
        self._left = statements
        self._together = -(-statements // ASKED)
        self._since: float | None = None
        if former is None:
            rows = connection.execute(_BEFORE).fetchall()
            self._relations = {
                oid: _Relation(name, kind, file) for oid, name, kind, file, _ in rows
            }
            self._touched: list[_Relation] = []
        else:
            connection.execute("select pg_stat_force_next_flush()")
            self._relations, self._touched = former._relations, former._touched
            while self._touched:
                relation = self._touched.pop()
                relation.scans, relation.modes = 0, frozenset()
        self._newest = max(self._relations, default=0)
        self._seen: list[_Seen] = []

    def note(self, line: int, started: float) -> None:
        """A statement that stands in `line`, begun at `started`, has just finished."""
        started = started if self._since is None else self._since
        self._left -= 1
        if self._left % self._together:
            self._since = started
            return
        self._since = None
        for relation, new, rewrote, scanned in self._note():
            if new or rewrote or scanned:
                mode = max(new or relation.modes, key=MODES.index)
                self._seen.append(
                    _Seen(line, relation.name, mode, started, rewrote, scanned)
                )

    def ended(self) -> tuple[LockHeld, ...]:
        """What was seen, now that the transaction has ended."""
        now = perf_counter()
        return tuple(
            LockHeld(
                direction=self._direction,
                line=seen.line,
                relation=seen.relation,
                mode=seen.mode,
                seconds=now - seen.started,
                rewrote=seen.rewrote,
                scanned=seen.scanned,
            )
            for seen in self._seen
        )

    def _note(self) -> list[tuple[_Relation, frozenset[str], bool, bool]]:
        """Each relation locked now: its new modes, whether rewritten, whether read."""
        found = []
        rows = self._connection.execute(_NOW, [self._newest]).fetchall()
        for oid, modes, file, scans in rows:
            relation = self._relations.get(oid)
            if relation is None:
                continue
            held = frozenset(mode for mode in modes if mode in MODES)
            rewrote = file is not None and file != relation.file
            scanned = scans > relation.scans and relation.kind in ("r", "m", "p")
            found.append((relation, held - relation.modes, rewrote, scanned))
            self._touched.append(relation)
            relation.modes |= held
            relation.file = relation.file if file is None else file
            relation.scans = scans
        return found
