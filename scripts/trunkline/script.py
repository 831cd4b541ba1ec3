"""`script`: the pending work as one psql file, for DBAs who run only what they read.

The file has the statements of the migrations as they stand, the same time-outs and
locks, each check as an assertion that raises, and the ledger rows that `apply` writes:
`trunkline status` then reads the changes as applied. It runs nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from psycopg import sql

from trunkline import concurrent, plan, stepwise
from trunkline.connect import Target, reading, settings
from trunkline.errors import UsageError
from trunkline.execute import Work
from trunkline.ledger import Ledger, State, Step
from trunkline.locks import RUNNER_KEY
from trunkline.project import Change, Invariant, Project
from trunkline.psql import loses_the_end_of, terminated, verbatim
from trunkline.session import FORGET
from trunkline.statements import Statement
from trunkline.verification import Check

#: What psql is told first, whatever was said on its command line.
_HEAD = """\
-- Written by `trunkline script` for {label}: {count} pending.
-- Run it with: psql --no-psqlrc --file FILE, against that database and no other.
\\set ON_ERROR_STOP on
\\set QUIET on
\\set AUTOCOMMIT on
\\set SINGLELINE off
{settings}
select not pg_try_advisory_lock({key}) as trunkline_is_busy \\gset
\\if :trunkline_is_busy
    do 'begin raise ''another trunkline is at work on this database''; end';
\\endif
"""

_OWN_ROLE = """\
set local session authorization default;
set local role none;
"""

_FORGOTTEN = FORGET.replace("; ", ";\n")


def write(
    project: Project,
    target: Target,
    *,
    to: str | None,
    lock_timeout: float,
    allow_unverified: bool,
) -> str:
    """The psql file for what is pending on a database, which is only read.

    Raises UsageError where `apply` would refuse to begin, where a statement was cut off
    that only `apply` can clean up after, and where psql would misread one; and
    Unreachable.
    """
    with reading(target) as connection:
        ledger = Ledger(connection, project.config.migration_table)
        state = ledger.read(connection)
        pending = plan.pending(project, state, to)
        plan.refuse_unfit(project, state, pending, allow_unverified=allow_unverified)
        own = _settings(connection.info.server_version, lock_timeout)
        head = _HEAD.format(
            label=_line(target.label),
            count=_line(", ".join(c.id for c in pending)) or "nothing",
            key=RUNNER_KEY,
            settings=own,
        )
        parts = [head]
        if pending:
            install = ledger.installation().as_string(connection)
            parts.append(f"begin;\n\n{install}\ncommit;\n")
        present = set(state.applied)
        _refuse_misread(pending)
        for change in pending:
            present.add(change.id)
            parts += _change(ledger, change, _finished(change, state), own)
            parts += _after(change, project.holding(present))
            parts += [_FORGOTTEN, own]
    return "\n".join(parts)


def _refuse_misread(pending: Iterable[Change]) -> None:
    for script in (change.migration for change in pending):
        for statement in script.statements:
            if loses_the_end_of(statement):
                raise UsageError(
                    f"{script.path}:{statement.line}: psql would not find the end of "
                    "this function",
                    detail="It counts the words begin, case and end outside of "
                    "parentheses.",
                    hint="Write a name that is one of them in double quotes, or use "
                    "`trunkline apply`.",
                )


def _settings(version: int, lock_timeout: float) -> str:
    """Those that `apply` makes, but that what is to be read only stays so."""
    values = settings(version, lock_timeout=lock_timeout)
    del values["default_transaction_read_only"]
    return "\n".join(f"set {name} = '{value}';" for name, value in values.items())


def _finished(change: Change, state: State) -> tuple[Step, ...]:
    plan.refuse_edited(state, change.id, "up", change.migration, change.transactional)
    steps = tuple(s for s in state.steps if (s.id, s.direction) == (change.id, "up"))
    if any(not step.finished for step in steps):
        raise UsageError(
            f"{change.id} was cut off in the middle of a statement",
            detail="What that has left is not known to a file of SQL.",
            hint="Finish the change with `trunkline apply`.",
        )
    return steps


def _work(change: Change) -> Work:
    return Work(change.id, "up", change.migration, change.transactional)


def _change(
    ledger: Ledger, change: Change, finished: Sequence[Step], own: str
) -> Iterator[str]:
    yield f"\n\\echo + {_argument(change.id)}\n"
    yield _assured(
        ledger.is_as(change.id, finished).as_string(None),
        f"{change.id} is not as it was when this file was written",
        hint="Write it anew, with `trunkline script`.",
    )
    checks = [check for check in change.checks if not check.after]
    record = _Recorder()
    if change.transactional:
        yield "begin;\n"
        yield terminated(change.migration.text)
    else:
        yield from _step_by_step(ledger, change, {step.statement for step in finished})
    yield f"reset session authorization;\nreset role;\nreset all;\n{own}\n"
    if not change.transactional:
        yield "begin;\n"
    yield from (_assertion(change.id, check) for check in checks)
    ledger.record_applied(record, 0.0, change)
    yield record.text
    yield "commit;\n"


def _step_by_step(ledger: Ledger, change: Change, finished: set[int]) -> Iterator[str]:
    """Each statement and its record, in one transaction where one is known to do."""
    statements = change.migration.statements
    for unit in stepwise.units(_work(change)):
        recorder = _Recorder()
        for number in unit:
            ledger.record_step(
                recorder, change.id, "up", number, statements[number - 1]
            )
        record = f"{_OWN_ROLE}{recorder.text}"
        texts = [terminated(statements[number - 1].text) for number in unit]
        last = statements[unit[-1] - 1]
        if finished.issuperset(unit):
            yield from texts if last.kind == "variable_set_stmt" else ()
        elif len(unit) > 1 and stepwise.commits(last):
            yield from (*texts[:-1], record, texts[-1])
        elif last.kind in stepwise.WRITES:
            # A second run would do it again, and nobody would notice.
            yield from ("begin;\n", *texts, record, "commit;\n")
        else:
            yield from _beside(last, texts)
            yield from ("begin;\n", record, "commit;\n")


def _beside(statement: Statement, texts: list[str]) -> Iterator[str]:
    """A statement; one that works beside the application waits without a time-out."""
    what = concurrent.of(statement)
    if what is None:
        yield from texts
        return
    yield from (
        "select current_setting('lock_timeout') as trunkline_timeout \\gset\n",
        "set lock_timeout = 0;\n",
        *([concurrent.LESS_WAL] if what.does in concurrent.BUILDS else []),
        *texts,
        "set lock_timeout = :'trunkline_timeout';\n",
    )
    if what.does == "create":
        relation, name = sql.Literal(what.relation), sql.Literal(what.name)
        yield _assured(
            sql.SQL(
                "exists (select from pg_catalog.pg_index as i"
                " join pg_catalog.pg_class as c on c.oid = i.indexrelid"
                " where i.indrelid = to_regclass({}) and c.relname = {}"
                " and i.indisvalid and i.indisready and i.indislive)"
            )
            .format(relation, name)
            .as_string(None),
            f"the index {what.name} is not valid",
            hint="Drop it, then run `trunkline script` again.",
        )


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
            f"where id = {identity} and exists (\n{verbatim(check.query)}\n);\n"
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


def _assured(condition: str, message: str, *, hint: str) -> str:
    """A block that raises where a condition does not hold."""
    tag = _tag(condition)
    said, advice = (sql.Literal(w).as_string(None) for w in (message, hint))
    return (
        f"do {tag}\n"
        "begin\n"
        f"    if not ({condition}) then\n"
        f"        raise exception using message = {said}, hint = {advice};\n"
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
