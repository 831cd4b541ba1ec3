"""`script`: the pending work as one psql file, for DBAs who run only what they read.

The file has the statements of the migrations as they stand, the same time-outs and
locks, each check as an assertion that raises, and the ledger rows that `apply` writes:
`trunkline status` then reads the changes as applied. It runs nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from psycopg import sql

from trunkline import plan
from trunkline.connect import Target, reading
from trunkline.ledger import Ledger
from trunkline.locks import RUNNER_KEY
from trunkline.project import Change, Invariant, Project
from trunkline.verification import Check

_HEAD = """\
-- Written by `trunkline script` for {label}: {count} pending.
-- Run it with: psql --no-psqlrc --file FILE, against that database and no other.
\\set ON_ERROR_STOP on
\\set QUIET on
select not pg_try_advisory_lock({key}) as trunkline_is_busy \\gset
\\if :trunkline_is_busy
    do 'begin raise ''another trunkline is at work on this database''; end';
\\endif
set lock_timeout = '{lock_timeout:.0f}ms';
set statement_timeout = 0;
set client_connection_check_interval = '1s';
"""

_SETTINGS_BACK = """\
reset session authorization;
reset role;
reset all;
"""


def write(
    project: Project,
    target: Target,
    *,
    to: str | None,
    lock_timeout: float,
    allow_unverified: bool,
) -> str:
    """The psql file for what is pending on a database, which is only read.

    Raises UsageError where `apply` would refuse to begin, and Unreachable.
    """
    with reading(target) as connection:
        ledger = Ledger(connection, project.config.migration_table)
        state = ledger.read(connection)
        pending = plan.pending(project, state, to)
        plan.refuse_unfit(project, state, pending, allow_unverified=allow_unverified)
        head = _HEAD.format(
            label=_line(target.label),
            count=_line(", ".join(c.id for c in pending)) or "nothing",
            key=RUNNER_KEY,
            lock_timeout=lock_timeout * 1000,
        )
        parts = [head]
        if pending:
            install = ledger.installation().as_string(connection)
            parts.append(f"begin;\n\n{install}\ncommit;\n")
        present = set(state.applied)
        for change in pending:
            present.add(change.id)
            timeout = f"set lock_timeout = '{lock_timeout * 1000:.0f}ms';\n"
            done = len(state.steps_of(change.id, "up"))
            parts += _change(ledger, change, done, timeout)
            parts += _after(change, project.holding(present))
    return "\n".join(parts)


def _change(ledger: Ledger, change: Change, done: int, timeout: str) -> Iterator[str]:
    yield f"\n\\echo + {_argument(change.id)}\n"
    checks = [check for check in change.checks if not check.after]
    record = _Recorder()
    if change.transactional:
        yield "begin;\n"
        yield _terminated(change.migration.text)
    else:
        for number, statement in enumerate(change.migration.statements, start=1):
            if number <= done and statement.kind != "variable_set_stmt":
                continue
            yield _terminated(statement.text)
            step = _Recorder()
            if number > done:
                ledger.record_step(step, change.id, "up", number, statement)
            yield step.text
    yield _SETTINGS_BACK + timeout
    if not change.transactional:
        yield "begin;\n"
    yield from (_assertion(change.id, check) for check in checks)
    ledger.record_applied(record, 0.0, change)
    yield record.text
    yield "commit;\n"


def _after(change: Change, invariants: Sequence[Invariant]) -> Iterator[str]:
    """What is read after commit: a violation is recorded, then raised."""
    checks = [check for check in change.checks if check.after]
    named = [(change.id, check) for check in checks]
    named += [(i.name, check) for i in invariants for check in i.checks]
    for name, check in named:
        sentence = sql.Literal(check.sentence).as_string(None)
        identity = sql.Literal(change.id).as_string(None)
        yield (
            "update trunkline.applied\n"
            f"set failing = failing || {sentence}::text\n"
            f"where id = {identity} and exists (\n{check.query}\n);\n"
        )
        yield _assertion(name, check)


def _assertion(name: str, check: Check) -> str:
    """A check as a block that raises with every violation in the detail."""
    tag = _tag(check.query)
    message = sql.Literal(f"{name}: a check failed: {check.sentence}").as_string(None)
    return (
        f"do {tag}\n"
        "declare\n"
        "    violations text;\n"
        "begin\n"
        "    select string_agg(concat(v.subject, ': ', v.detail), e'\\n')\n"
        "    into violations\n"
        f"    from (\n{check.query}\n    ) as v;\n"
        "    if violations is not null then\n"
        f"        raise exception using message = {message}, detail = violations;\n"
        "    end if;\n"
        f"end\n{tag};\n"
    )


def _line(text: str) -> str:
    """A text that cannot leave its comment: names may hold line breaks."""
    return " ".join(text.split())


def _argument(text: str) -> str:
    """An argument that psql takes as it is: bare, it would run what is in backticks."""
    escaped = _line(text).replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _tag(text: str) -> str:
    """A dollar quote that the text does not hold."""
    number = 0
    while f"$check{number or ''}$" in text:
        number += 1
    return f"$check{number or ''}$"


def _terminated(text: str) -> str:
    """SQL that ends with a semicolon, also when it ends with a comment."""
    stripped = text.rstrip()
    return stripped + ("\n" if stripped.endswith(";") else "\n;\n")


class _Recorder:
    """Takes what the ledger would execute, and keeps it as text."""

    def __init__(self) -> None:
        self._statements: list[str] = []

    def execute(self, query: Any, params: Iterable[Any] = (), /) -> None:
        text = query if isinstance(query, str) else query.as_string(None)
        pieces = text.split("%s")
        literals = [sql.Literal(value).as_string(None) for value in params]
        told = pieces[0] + "".join(
            literal + piece for literal, piece in zip(literals, pieces[1:], strict=True)
        )
        self._statements.append(told.replace("%%", "%") + ";\n")

    @property
    def text(self) -> str:
        return "".join(self._statements)
