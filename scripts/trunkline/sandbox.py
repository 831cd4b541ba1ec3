"""`sandbox`: a throwaway with all changes and fixtures, for one command or for psql."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trunkline.connect import without_variables
from trunkline.errors import Failure
from trunkline.events import Emit
from trunkline.project import Project
from trunkline.rehearsal import left_roles
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Request, open_server


def run(
    project: Project,
    request: Request,
    command: Sequence[str],
    *,
    empty: bool,
    emit: Emit,
) -> int:
    """Run `command` (psql, if it is empty) beside a throwaway; return its exit status.

    The command finds the database by `DATABASE_URL`, `PGHOST`, `PGPORT`, `PGUSER`,
    `PGDATABASE` and `PGPASSWORD`, and gets the server's own psql and pg_dump.
    `TRUNKLINE_DATABASE` is set too, so `trunkline` in it works on nothing else, and no
    variable of the caller's leads libpq elsewhere. With `empty`, the database has no
    change and no ledger. Raises Failure when a change or a fixture cannot be applied,
    or the command cannot be started.
    """
    run = left_roles.scripts(project.changes)
    with (
        open_server(request) as server,
        left_roles.taken_away(server, run, emit),
    ):
        if empty:
            database = server.create()
        else:
            stage = Stage(server, project)
            for change in project.changes:
                stage.apply(change)
            database = stage.database
        found = server.environment(database)
        environment = {
            **without_variables(os.environ),
            **found,
            "TRUNKLINE_DATABASE": found["DATABASE_URL"],
            "PATH": _path(server.binaries),
        }
        words = list(command) or ["psql"]
        try:
            with _ctrl_c_is_the_commands():
                done = subprocess.run(words, env=environment, check=False)
        except OSError as error:
            raise Failure(
                f"{words[0]} cannot be started", detail=error.strerror
            ) from None
    return _status(done.returncode)


@contextmanager
def _ctrl_c_is_the_commands() -> Iterator[None]:
    """In psql it ends a query, not psql; so it must not end the sandbox either.

    A handler that does nothing is reset in the command; an ignored signal is not.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _path(binaries: Path | None) -> str:
    """Where commands are looked for: beside the server first, since a psql or pg_dump
    that is older than the server fails at it; then as usual; then beside this Python
    (`yoyo`, `trunkline`)."""
    parts = (binaries, os.environ.get("PATH"), Path(sys.executable).parent)
    return os.pathsep.join(str(part) for part in parts if part)


def _status(code: int) -> int:
    """A command ended by a signal has the status that a shell gives it."""
    return 128 - code if code < 0 else code
