"""A project and a database of a test's own, and the engine run on them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from tests.projects import change, write
from trunkline import apply, catalog, project, rollback, status
from trunkline.catalog import Snapshot
from trunkline.connect import Target, of_keywords
from trunkline.events import Event
from trunkline.limits import DEFAULT, Limits
from trunkline.plan import Source
from trunkline.throwaway import Server

YOYO = Path(sys.executable).with_name("yoyo")
INI = "[DEFAULT]\nsources = %(here)s/migrations\n"


@dataclass
class Line:
    """One test's project in `root`, its `database` on `server`, what has happened."""

    root: Path
    server: Server
    database: str
    events: list[Event] = field(default_factory=list)

    @property
    def target(self) -> Target:
        return of_keywords(self.server.conninfo(self.database))

    @property
    def project(self) -> project.Project:
        return project.load(self.root)

    def add(
        self, name: str, up: str, down: str | None = None, verification: str = ""
    ) -> None:
        """Write a change; one without `verification` has no such file."""
        files = change(name, up, down or "select 1;\n", verification or None)
        write(self.root, {"yoyo.ini": INI, **files})

    def table(self, name: str) -> None:
        """Write a change that makes the table `name (n int)`, and checks it."""
        self.add(
            name,
            f"create table {name} (n int);\n",
            f"drop table {name};\n",
            exists(name),
        )

    def remove(self, name: str) -> None:
        for path in self.root.rglob(f"{name}*.sql"):
            path.unlink()

    def apply(self, *, limits: Limits = DEFAULT, **options: Any) -> apply.Result:
        options = {"allow_unverified": True, **options}
        asked = apply.Options(limits=limits, **options)
        return apply.run(self.project, self.target, asked, self.events.append)

    def rollback(
        self, *ids: str, use: Source | None = None, limits: Limits = DEFAULT
    ) -> rollback.Result:
        """Roll back `ids`, or all that is applied."""
        selection = (
            rollback.Selection(ids=ids)
            if ids
            else rollback.Selection(last=len(self.applied()))
        )
        loaded = self.project
        plan = rollback.plan(loaded, self.target, selection, use)
        return rollback.run(
            loaded, self.target, plan, rollback.Options(limits), self.events.append
        )

    def applied(self) -> list[str]:
        rows = status.read(self.project, self.target).rows
        return [row.id for row in rows if row.applied_at is not None]

    def state(self, name: str) -> str:
        rows = status.read(self.project, self.target).rows
        return next(row.state for row in rows if row.id == name)

    def connect(self, **keywords: Any) -> psycopg.Connection:
        return self.server.connect(self.database, **keywords)

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def has(self, relation: str) -> bool:
        return self.rows("select to_regclass(%s) is not null", relation) == [(True,)]

    def catalog(self) -> Snapshot:
        """The catalog as it is now."""
        with self.connect() as connection:
            return catalog.snapshot(connection)

    def psql(
        self, text: str, *words: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Have psql run a text as a file, with these arguments and variables."""
        assert self.server.binaries is not None
        return subprocess.run(
            [self.server.binaries / "psql", "--no-psqlrc", *words, "--file", "-"],
            input=text,
            env={**self.server.environment(self.database), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def copy(self, root: Path) -> Path:
        return shutil.copytree(self.root, root, symlinks=True)


def until(ask: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Ask until there is an answer."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.01)
    return answer


def check(sentence: str, violating: str, *, after: bool = False) -> str:
    """A check in the text of a verification file."""
    kind = "check after" if after else "check"
    return f"-- {kind}: {sentence}\n{violating};\n"


def exists(relation: str) -> str:
    """A verification file that asks for one relation."""
    return check(
        f"{relation} exists",
        f"select '{relation}' as subject, 'is missing' as detail"
        f" where to_regclass('{relation}') is null",
    )
