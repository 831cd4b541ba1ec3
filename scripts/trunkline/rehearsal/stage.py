"""The database of a rehearsal, taken from one change to the next.

A copy is made before each change. Where the change leaves what it should, the copy is
thrown away; else the copy takes its place, and the migration alone is run on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from trunkline import catalog, proof
from trunkline.catalog import Snapshot
from trunkline.connect import of_keywords
from trunkline.errors import Failure, StatementFailed
from trunkline.events import CheckResult, ignore
from trunkline.project import Change, Project
from trunkline.rehearsal.change import Trial, bring_up, rehearse, told
from trunkline.rehearsal.mutate import Tried, attempt
from trunkline.rehearsal.result import ChangeReport, Verdict
from trunkline.rehearsal.scene import LOCK_TIMEOUT, Scene
from trunkline.runner import execute_all
from trunkline.session import Session, alone
from trunkline.throwaway import Server


class Stage:
    """Where a rehearsal stands: its database, and the changes that are on it."""

    def __init__(self, server: Server, project: Project) -> None:
        self._server = server
        self._project = project
        self.database = server.create()
        self._present: set[str] = set()
        with self._session() as session:  # makes the ledger, which every copy has
            self._catalog: Snapshot = catalog.snapshot(session.work)

    def apply(self, change: Change) -> None:
        """Apply a change that is not rehearsed, and load its fixture.

        Raises Failure when either cannot be done.
        """
        with self._session() as session:
            error = bring_up(session, change)
            if error is None:
                self._present.add(change.id)
                error = _load_fixture(session, change)
            if error is not None:
                raise Failure(f"{change.id} cannot be applied", detail=error)
            self._catalog = catalog.snapshot(session.work)

    @property
    def catalog(self) -> Snapshot:
        """The catalog as it is now."""
        return self._catalog

    @contextmanager
    def rehearse(self, change: Change) -> Iterator[tuple[ChangeReport, Scene | None]]:
        """Rehearse a change, leave it applied, and load its fixture.

        Inside the block, the database as the change met it is there for more; it is
        None where the change did not leave what it should.
        """
        copy = self._server.create(template=self.database)
        scene = Scene(self._server, self._project, copy, frozenset(self._present))
        with self._session() as session, self._server.connect(copy) as before:
            outcome = rehearse(
                Trial(
                    session=session,
                    before=before,
                    project=self._project,
                    change=change,
                    present=scene.present,
                    start=self._catalog,
                )
            )
        if outcome.catalog is not None:
            self._catalog = outcome.catalog
            self._present.add(change.id)
            yield self._with_fixture(change, outcome.report), scene
            self._server.drop(copy)
        else:
            self._server.drop(self.database)
            self.database = copy
            self._bring_up_again(change)
            yield self._with_fixture(change, outcome.report), None

    def mutate(self, change: Change, before: Snapshot) -> Tried:
        """Try the mutants of a change that is applied, with `before` its catalog
        without it, on all rows that are there now."""
        invariants = self._project.holding(self._present)
        with self._server.connect(self.database) as connection:
            return attempt(connection, change, invariants, before, self._catalog)

    def _bring_up_again(self, change: Change) -> None:
        with self._session() as session:
            if bring_up(session, change) is None:
                self._present.add(change.id)
                self._catalog = catalog.snapshot(session.work)

    def _with_fixture(self, change: Change, report: ChangeReport) -> ChangeReport:
        """The report, with what the fixture's rows show of the verification."""
        if change.fixture is None or change.id not in self._present:
            return report
        with self._session() as session:
            error = _load_fixture(session, change)
            if error is None:
                results = self._checked(session, change)
                failed = proof.failing(results)
                if not failed:
                    return report
                error = f"checks fail once the fixture is loaded: {len(failed)}"
                report = replace(report, checks=(*report.checks, *failed))
        if not report.ok(allow_unverified=True):
            return report
        return replace(report, verdict=Verdict.VERIFICATION_FAILED, error=error)

    def _checked(self, session: Session, change: Change) -> tuple[CheckResult, ...]:
        invariants = self._project.holding(self._present)
        return (
            *proof.before_commit(session.work, change, ignore).results,
            *proof.after_commit(session.work, change, invariants, ignore),
        )

    def _session(self) -> AbstractContextManager[Session]:
        return alone(
            of_keywords(self._server.conninfo(self.database)),
            self._project.config.migration_table,
            lock_timeout=LOCK_TIMEOUT,
            emit=ignore,
        )


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
