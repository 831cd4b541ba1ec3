"""The databases of a rehearsal, taken from one change to the next.

There are two. On one the changes are tried: up, down, up again. The other is a change
behind: it shows what there was before, and follows by the migration alone. Where a
trial has left any trace, its database is thrown away for a copy of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from psycopg import Connection, Error, OperationalError

from trunkline import catalog, proof
from trunkline.catalog import Difference, Snapshot
from trunkline.errors import Failure, StatementFailed
from trunkline.events import CheckResult, Emit, ignore
from trunkline.project import Change, Project
from trunkline.rehearsal import (
    cluster,
    dropped_roles,
    left_roles,
    state,
    surroundings,
)
from trunkline.rehearsal.blame import newly_failing
from trunkline.rehearsal.change import (
    Outcome,
    RowsDiffer,
    Trial,
    interrupted,
    rehearse,
)
from trunkline.rehearsal.moves import bring_up, told
from trunkline.rehearsal.mutants import Makers
from trunkline.rehearsal.mutate import Attempts, attempt
from trunkline.rehearsal.place import Place
from trunkline.rehearsal.result import ChangeReport, Verdict
from trunkline.rehearsal.scene import Scene
from trunkline.rehearsal.source import Start
from trunkline.rehearsal.state import State
from trunkline.runner import execute_all
from trunkline.session import Session
from trunkline.throwaway import Server

JOBS = 2
"""So many copies of the database are broken at once."""


class HalfApplied(Exception):
    """a change outside a transaction failed, and half of it may be there"""

    def __init__(self, change: Change) -> None:
        super().__init__(change.id)
        self.id = change.id


class Stage:
    """Where a rehearsal stands: its databases, and the changes that are on them."""

    def __init__(
        self,
        server: Server,
        project: Project,
        *,
        lends: bool = False,
        start: Start | None = None,
    ) -> None:
        """Begin with an empty database, or with the copy of a real one.

        `lends`: what `rehearse` yields is used. `present` are the changes that are on
        the database.
        """
        self._server = server
        self._project = project
        self._lends = lends
        self.present = start.present if start else frozenset()
        name = start.database if start else server.create()
        self._place = Place(server, name, project)
        assert self._place.session  # makes the ledger, which every copy has
        self._blank = None if start else self._place.state.of_database()
        self._behind: Place | None = None
        self.complaints = proof.failing(self._asked()) if start else ()

    def leave(self) -> None:
        """Leave its databases to their server."""
        self._place.close()
        if self._behind is not None:
            self._behind.close()

    def close(self) -> None:
        """Drop its databases; nothing more can be asked of it."""
        self._place.drop()
        if self._behind is not None:
            self._behind.drop()

    @property
    def database(self) -> str:
        """The name of the database that has all changes; nobody is connected to it."""
        self.leave()
        return self._place.name

    @property
    def catalog(self) -> Snapshot:
        """Its catalog as it is now."""
        return self._place.state.catalog

    def apply(self, change: Change) -> None:
        """Apply a change that is not rehearsed, and load its fixture.

        Raises Failure when either cannot be done.
        """
        error = self._bring_on(change)
        if error is not None:
            raise Failure(f"{change.id} cannot be applied", detail=error)

    def try_to_apply(self, change: Change) -> None:
        """Leave what `rehearse` would leave of a change, at less expense.

        Raises HalfApplied; then this stage is of no more use.
        """
        self._bring_on(change)
        if change.id not in self.present and not change.transactional:
            raise HalfApplied(change)

    @contextmanager
    def rehearse(self, change: Change) -> Iterator[tuple[ChangeReport, Scene | None]]:
        """Rehearse a change, leave it applied, and load its fixture.

        Inside the block, the database as the change met it is there for more; it is
        None where the change did not leave what it should.
        """
        start, present = self._place.state, self.present
        scene = Scene(self._server, self._project, self._before().name, present)
        outcome = self._try(change, start)
        if self._is_in_the_way(change, outcome.report):
            try:
                report = self._rehearse_alone(change, start)
            except Failure as cannot:
                report = dropped_roles.explained(outcome.report, cannot)
                outcome = replace(outcome, report=report)
            else:
                self._replace_place(start)
                if report.verdict is not Verdict.UP_FAILED:
                    self.apply(change)
                self.leave()
                yield report, None
                return
        self._place.is_seen(outcome.state)
        if outcome.clean:
            self.present |= {change.id}
        else:
            self._begin_again(change, start, outcome)
        report = self._with_fixture(change, outcome.report, present)
        if self._lends:
            self._before().close()
        yield report, scene if outcome.report.ok(allow_unverified=True) else None
        if change.id in self.present:
            self._follow(change)
        if not self._place.state.greets_alike(start):
            self._place.close()
            self._before().close()

    def mutate(self, makers: Makers, hear: Emit) -> Attempts:
        """Try the mutants of what `makers` know, on all rows that are there now."""
        catalog = self.catalog
        with ExitStack() as opened:
            names = [self._server.create(template=self.database) for _ in range(JOBS)]
            for name in names:
                opened.callback(self._server.drop, name)
            databases = [
                opened.enter_context(self._server.connect(name)) for name in names
            ]
            return attempt(
                databases, self._project, self.present, catalog, makers, hear
            )

    def _bring_on(self, change: Change) -> str | None:
        """Apply a change and load its fixture; returns what went wrong, if it did."""
        if self._behind is not None:
            self._behind.drop()
        self._behind = None
        session = self._place.writing()
        error = bring_up(session, change)
        if error is None:
            self.present |= {change.id}
            return _load_fixture(session, change)
        return error

    def _before(self) -> Place:
        if self._behind is None:
            self._behind = self._copied(self._place, self._place.state)
        return self._behind

    def _copied(self, place: Place, has: State) -> Place:
        """A copy of a database, with what belongs to the database itself."""
        copy = place.copy()
        if has.of_database() != self._blank:
            found = catalog.snapshot(copy.eyes)
            _repair(copy.eyes, catalog.compare(has.catalog, found))
            copy.close()
            copy.is_seen(None)
        return copy

    def _try(self, change: Change, start: State) -> Outcome:
        """Rehearse a change; with an equal copy, where it is rows that are lost."""
        try:
            return self._try_once(change, start)
        except RowsDiffer:
            self._replace_place(start)
            return self._try_once(change, self._place.state)

    def _try_once(self, change: Change, start: State) -> Outcome:
        try:
            return rehearse(self._trial(change, start))
        except OperationalError as error:
            self._place.close()
            self._before().close()
            return interrupted(change, error)

    def _is_in_the_way(self, change: Change, report: ChangeReport) -> bool:
        """Whether a role could not be dropped for what is in our other databases, or
        nobody would have heard of it."""
        others = self._server.made() - {self._place.name}
        return dropped_roles.is_kept(
            report.error, others
        ) or dropped_roles.would_be_silent(change)

    def _rehearse_alone(self, change: Change, start: State) -> ChangeReport:
        """Rehearse a change on a server where its database is the only one; what is
        here stays as it is.

        Raises Failure where there is no such server.
        """
        self.leave()
        here, present = self._place, self.present
        behind = self._before()
        behind.is_seen(None)
        with self._server.alone(behind.name) as server:
            self._place = Place(server, behind.name, self._project)
            try:
                self._have_around(self._place, start)
                outcome = self._try_once(change, self._place.state)
                if outcome.clean:
                    self.present |= {change.id}
                return self._with_fixture(change, outcome.report, present)
            finally:
                self._place.close()
                self._place, self.present = here, present

    def _trial(self, change: Change, start: State) -> Trial:
        return Trial(
            place=self._place,
            before=self._before(),
            project=self._project,
            change=change,
            present=self.present,
            start=start,
        )

    def _replace_place(self, start: State) -> None:
        """Put a copy of the database behind, whose state is `start`, in its place."""
        self._place.drop()
        behind = self._before()
        self._have_around(behind, start)
        self._place = self._copied(behind, start)

    def _have_around(self, place: Place, start: State) -> None:
        """Have around a database what was around it at the start.

        On somebody's own server others may be at work as well: there only what the
        project names is put back.
        """
        work = place.session.work
        for differing in (cluster.renamed, cluster.compare):
            found = differing(start.roles, cluster.roles(place.eyes))
            _repair(work, self._ours(found))
        around = surroundings.read(place.eyes, start.around)
        found = surroundings.compare(start.around, around, place.eyes)
        _repair(work, self._ours(found))

    def _ours(self, differences: Sequence[Difference]) -> Sequence[Difference]:
        if self._server.on != "url":
            return differences
        run = left_roles.scripts(self._project.changes)
        return [one for one in differences if left_roles.is_named(one, run)]

    def _begin_again(self, change: Change, start: State, outcome: Outcome) -> None:
        """Have the change applied as if its rollback had never been tried."""
        if outcome.report.lost or not self._mended(change, start, outcome.state):
            self._replace_place(start)
        if outcome.report.verdict is Verdict.UP_FAILED:
            return
        if bring_up(self._place.writing(), change) is None:
            self.present |= {change.id}
        else:  # half of it may be there
            self._replace_place(start)

    def _mended(self, change: Change, start: State, last: State | None) -> bool:
        """Run the repairs of all that is not as the change met it, and say whether it
        is so now. Rows that are lost do not come back by them."""
        if last is None:
            return False
        others = self._server.on == "url"
        if others and (start.roles, start.around) != (last.roles, last.around):
            return False  # it may be somebody else's doing: see `_have_around`
        differences = state.differences(start, last, self._place.eyes)
        session = self._place.writing()
        try:
            with session.work.transaction():
                for difference in differences:
                    session.work.execute(difference.repair.encode())
                session.ledger.record_rolled_back(session.work, change.id)
        except Error:
            return False
        return self._place.state.same_as(start)

    def _follow(self, change: Change) -> None:
        """Take the database behind to the change; copy it anew where that fails."""
        behind = self._before()
        session = behind.writing()
        error = bring_up(session, change)
        if error is None:
            error = _load_fixture(session, change)
        if error is not None:
            behind.drop()
            self._behind = None

    def _with_fixture(
        self, change: Change, report: ChangeReport, present: frozenset[str]
    ) -> ChangeReport:
        """The report, with what the fixture's rows show of the verifications.

        `present` are the changes that were there before.
        """
        if change.fixture is None or change.id not in self.present:
            return report
        error = _load_fixture(self._place.writing(), change)
        if not report.ok(allow_unverified=True):
            return report
        failed: tuple[CheckResult, ...] = ()
        if error is None:
            failed = newly_failing(
                self._asked(), self._project, present, self._before().session.work
            )
            if not failed:
                return report
            error = f"checks fail once the fixture is loaded: {len(failed)}"
        return replace(
            report,
            verdict=Verdict.VERIFICATION_FAILED,
            error=error,
            checks=(*report.checks, *failed),
        )

    def _asked(self) -> tuple[CheckResult, ...]:
        """The results of the checks of all changes, and of the invariants."""
        asking, plans = self._place.asking
        there = [c for c in self._project.changes if c.id in self.present]
        invariants = self._project.holding(self.present)
        return (
            *proof.all_hold(asking, there, ignore, plans),
            *proof.invariants_hold(asking, invariants, ignore, plans),
        )


def _repair(connection: Connection, differences: Sequence[Difference]) -> None:
    """Run what can be run of the repairs."""
    for difference in differences:
        with suppress(Error):
            connection.execute(difference.repair.encode(), prepare=False)


def _load_fixture(session: Session, change: Change) -> str | None:
    """Load a change's fixture in one transaction; returns what went wrong."""
    if change.fixture is None:
        return None
    for problem in change.problems_of(change.fixture):
        return str(problem)
    try:
        execute_all(session, change.fixture)
    except StatementFailed as error:
        return told(error)
    return None
