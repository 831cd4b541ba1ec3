"""What an undisturbed run of a change leaves, and what another run left instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from time import monotonic, sleep

from psycopg import Connection

from trunkline import catalog, contents
from trunkline.contents import Contents
from trunkline.errors import Failure
from trunkline.events import Direction
from trunkline.ledger import Ledger
from trunkline.project import Change
from trunkline.rehearsal import state
from trunkline.rehearsal.moves import bring_down, bring_up
from trunkline.rehearsal.scene import Move, Scene
from trunkline.rehearsal.state import Beginning, State

ENDED_WITHIN = 5.0
"""Seconds in which the sessions of a run that has ended must be gone."""
_LEFT = {
    "sessions": "select count(*) from pg_catalog.pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
    " and backend_type = 'client backend'",
    "advisory locks": "select count(*) from pg_catalog.pg_locks as l"
    " inner join pg_catalog.pg_database as d on l.database = d.oid"
    " where l.locktype = 'advisory' and d.datname = current_database()",
    "prepared transactions": "select count(*) from pg_catalog.pg_prepared_xacts"
    " where database = current_database()",
}
_SEQUENCES = (
    "select nextval(c.oid) from pg_catalog.pg_class as c"
    " inner join pg_catalog.pg_sequence as s on s.seqrelid = c.oid"
    " where c.relpersistence = 'p'"
    " and coalesce(pg_sequence_last_value(c.oid), s.seqstart) <> s.seqmax"
)


@dataclass
class Expected:
    """What `change` leaves up and down on copies of a scene, which are in state `start`
    before.

    `cluster_wide`: it makes or alters roles, so no two databases of a server can have
    it brought up and down at the same time.
    """

    scene: Scene
    change: Change
    start: State
    _states: dict[Direction, State]
    _again: dict[Direction, State] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def cluster_wide(self) -> bool:
        return any(one.roles != self.start.roles for one in self._states.values())

    def begin(self, connection: Connection) -> Beginning:
        """Take notes of a new copy of the scene."""
        return state.begin(connection, state.of_copy(connection, self.start))

    def wrong(
        self, connection: Connection, direction: Direction, beginning: Beginning | None
    ) -> list[str]:
        """What is not as it should be after a run in this direction; empty: nothing."""
        left, untrue = _left(connection), self._untrue(connection, direction)
        now = beginning.now(connection) if beginning else state.read(connection)
        return [
            *left,
            *untrue,
            *(
                f"{difference.kind.replace('_', ' ')} {difference.named}"
                + (f": {difference.detail}" if difference.detail else "")
                for difference in catalog.compare(
                    self._states[direction].catalog, now.catalog
                )
            ),
            *self._rows(now.contents, direction),
        ]

    def _untrue(self, connection: Connection, direction: Direction) -> list[str]:
        """What the ledger says that is not so."""
        table = self.scene.project.config.migration_table
        ledger = Ledger(connection, table).read(connection)
        id_, found = self.change.id, []
        applied = set(self.scene.present) | ({id_} if direction == "up" else set())
        if wrong := ledger.applied ^ applied:
            found.append(f"the ledger is wrong about {', '.join(sorted(wrong))}")
        entry = ledger.entry(id_)
        if entry is not None and entry.migration_sha256 is None:
            found.append(f"the ledger does not know what was applied as {id_}")
        if ledger.steps:
            found.append(f"the ledger says that {id_} is not finished")
        return found

    def _rows(self, now: Contents, direction: Direction) -> list[str]:
        was = self._states[direction].contents
        if now == was:
            return []
        found = [
            f"{name} has {now.tables[name].rows} rows, and {table.rows} after an "
            "undisturbed run"
            for name, table in was.tables.items()
            if name in now.tables and now.tables[name].rows != table.rows
        ]
        if found:
            return found
        other = _differing(was, now)
        if other:
            other -= _differing(was, self._once_more(direction).contents)
        return [
            f"{name} is not as an undisturbed run leaves it" for name in sorted(other)
        ]

    def _once_more(self, direction: Direction) -> State:
        """The state after a second undisturbed run, whose sequences stand elsewhere.

        What differs from the first is what no two runs have in common: times, random
        values, numbers from a sequence.
        """
        with self._lock:
            if not self._again:
                with self.scene.twin() as twin:
                    with twin.server.connect(twin.database) as connection:
                        connection.execute(_SEQUENCES.encode())
                    self._again = _both(twin, self.change)[1]
        return self._again[direction]


def undisturbed(scene: Scene, change: Change) -> Expected:
    """Take a change up and down on a copy of the scene, and keep what that leaves.

    Raises Failure where the change cannot be taken up or down.
    """
    with scene.twin() as twin:
        start, states = _both(twin, change)
    return Expected(scene, change, start, states)


def _both(scene: Scene, change: Change) -> tuple[State, dict[Direction, State]]:
    """The states before, and after the way up and the way down."""
    states: dict[Direction, State] = {}
    with scene.watch(scene.database) as connection:
        start = state.read(connection)
        beginning = state.begin(connection, start)
        moves: tuple[tuple[Direction, Move], ...]
        moves = ("up", bring_up), ("down", bring_down)
        for direction, move in moves:
            if error := scene.move(scene.database, change, move):
                raise Failure(f"{change.id} does not go {direction}", detail=error)
            _left(connection)  # what a session has written is counted when it is gone
            states[direction] = beginning.now(connection)
    return start, states


def _left(connection: Connection) -> list[str]:
    """What is left on the server of runs that have ended."""
    deadline = monotonic() + ENDED_WITHIN
    while True:
        found = []
        for what, query in _LEFT.items():
            (count,) = connection.execute(query.encode()).fetchone() or (0,)
            if count:
                found.append(f"{count} {what} are left")
        if not found or monotonic() > deadline:
            return found
        sleep(0.01)


def _differing(one: Contents, other: Contents) -> set[str]:
    """Columns and sequences that both have and that differ, by name."""
    found = set(contents.moved(one, other))
    for name in contents.differing(one, other):
        columns = one.tables[name].columns, other.tables[name].columns
        shared = columns[0].keys() & columns[1].keys()
        parts = [c for c in shared if columns[0][c] != columns[1][c]]
        found |= {f"{name}.{column}" for column in parts}
        found |= set() if parts else {name}
    return found
