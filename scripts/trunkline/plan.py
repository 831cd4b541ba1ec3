"""The project held against the ledger: what to do, or why not.

Decides and does nothing: no connection, no output.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from trunkline.errors import UsageError
from trunkline.events import Direction
from trunkline.ledger import Entry, State
from trunkline.project import Change, Problem, Project, Script
from trunkline.statements import DoesNotParse

Source = Literal["file", "ledger"]


@dataclass(frozen=True)
class Rollback:
    """One change to roll back; `change` is None where the checkout has it no more."""

    id: str
    change: Change | None
    script: Script
    source: Source
    transactional: bool


def pending(project: Project, state: State, to: str | None = None) -> list[Change]:
    """The changes that are not applied, in order, up to `to` and what that one needs.

    Raises UsageError for an unknown ID.
    """
    return [c for c in _up_to(project, to) if c.id not in state.applied]


def unrecorded(project: Project, state: State, to: str) -> list[Change]:
    """The changes that yoyo has applied and the engine knows nothing of, likewise."""
    return [c for c in _up_to(project, to) if c.id in state.unrecorded]


def _up_to(project: Project, to: str | None) -> list[Change]:
    if to is None:
        return list(project.changes)
    last = project.changes.index(project.change(to))
    return list(project.changes[: last + 1])


def changed_files(project: Project, entry: Entry) -> tuple[str, ...]:
    """Which files of an applied change differ from what the ledger has of them."""
    change = project.find(entry.id)
    if change is None or entry.migration_sha256 is None:
        return ()
    pairs = (
        (change.migration, entry.migration_sha256),
        (change.rollback, entry.rollback_sha256),
        (change.verification, entry.verification_sha256),
    )
    return tuple(s.path for s, known in pairs if s is not None and s.sha256 != known)


def refuse_unfit(
    project: Project, state: State, to_run: list[Change], *, allow_unverified: bool
) -> None:
    """Raise UsageError where `apply` must not begin.

    As `refuse_misfit`; or a pending change lacks its rollback or verification, or a
    file of it is bad.
    """
    refuse_misfit(project, state)
    problems = [p for change in to_run for p in _unfit(change, allow_unverified)]
    problems += [p for i in project.invariants for p in i.problems]
    if problems:
        raise UsageError(
            str(problems[0]),
            detail="\n".join(str(p) for p in problems[1:]) or None,
            hint=problems[0].fault.hint or None,
        )


def refuse_misfit(project: Project, state: State) -> None:
    """Raise UsageError where project and ledger are not of one line.

    A change is half rolled back, an applied migration has changed, or the ledger knows
    a change that the project has not.
    """
    half_back = sorted(state.begun("down"))
    if half_back:
        raise UsageError(
            f"{half_back[0]} is half rolled back",
            hint=f"Finish that first: `trunkline rollback {half_back[0]}`.",
        )
    present = state.applied | state.begun("up")
    unknown = sorted(present - {change.id for change in project.changes})
    if unknown:
        raise UsageError(
            f"the database has changes that this project has not: {', '.join(unknown)}",
            hint="Check out the version that has them, or roll them back "
            "(`trunkline rollback` can use the SQL that the ledger keeps).",
        )
    for change in project.changes:
        entry = state.entry(change.id)
        if entry and change.migration.path in changed_files(project, entry):
            raise UsageError(
                f"{change.migration.path}: the file has changed since it was applied",
                detail=f"It was applied on {entry.applied_at:%Y-%m-%d %H:%M} UTC.",
                hint="Put the former text back, and write a new change instead.",
            )


def refuse_edited(
    state: State, name: str, direction: Direction, script: Script, transactional: bool
) -> None:
    """Raise UsageError for a file that is half run and is not the one that was begun.

    What comes after the finished statements may have been corrected.
    """
    steps = [s for s in state.steps if (s.id, s.direction) == (name, direction)]
    texts = dict(enumerate((s.sha256 for s in script.statements), start=1))
    same = all(texts.get(step.statement) == step.statement_sha256 for step in steps)
    if steps and (transactional or not same):
        done = sum(step.finished for step in steps)
        raise UsageError(
            f"{script.path} has changed since it was half run",
            detail="It is to be one transaction now."
            if same
            else f"{done} statements of the former text have finished.",
            hint="Put the former text back and finish it; or undo those statements "
            f"by hand and: delete from trunkline.progress where id = '{name}'.",
        )


def _unfit(change: Change, allow_unverified: bool) -> Iterable[Problem]:
    from trunkline.header import Fault

    path = change.migration.path
    yield from change.problems
    if change.rollback is None:
        fault = Fault(
            "rollback-missing",
            1,
            f"the change has no rollbacks/{change.id}.sql",
            "Write the exact undo.",
        )
        yield Problem(path, fault)
    if not change.checks and not change.problems and not allow_unverified:
        fault = Fault(
            "verification-missing",
            1,
            f"the change has no check in verification/{change.id}.sql",
            "Write what must hold, or pass --allow-unverified.",
        )
        yield Problem(path, fault)
    if not change.problems and not change.migration.statements:
        fault = Fault("file-empty", 1, "the file holds no statement", "")
        yield Problem(path, fault)
    beside = path.removesuffix(".sql") + ".rollback.sql"
    own = change.rollback is not None and change.rollback.path != beside
    if own and change.link is not None and "missing" not in change.link.message:
        yield Problem(beside, change.link)


def to_roll_back(
    project: Project,
    state: State,
    *,
    ids: tuple[str, ...] = (),
    to: str | None = None,
    last: int | None = None,
    use: Source | None = None,
) -> list[Rollback]:
    """What to roll back, in the reverse order of application.

    Exactly one of `ids`, `to` (that one stays) and `last` says which. Raises UsageError
    for a change that is not applied, one that another applied change depends on, one
    without any rollback, and one whose file and stored SQL differ while `use` is None;
    and where the last is meant while one is partly applied, which is later than all.
    """
    half_up = sorted(state.begun("up"))
    if half_up and not ids:
        raise _partly_applied(
            half_up[0], "To leave it as it is, name what to roll back."
        )
    backwards = [entry.id for entry in reversed(state.entries)]
    if to is not None:
        _require_applied(project, state, to)
        chosen = backwards[: backwards.index(to)]
    elif last is not None:
        chosen = backwards[:last]
    else:
        for name in ids:
            _require_applied(project, state, name)
        chosen = [name for name in backwards if name in ids]
    _refuse_stranding(project, state, set(chosen))
    return [_rollback(project, state, name, use) for name in chosen]


def _require_applied(project: Project, state: State, name: str) -> None:
    if name in state.applied:
        return
    if name in state.begun("up"):
        raise _partly_applied(
            name, "What has not run yet of its file may be corrected before."
        )
    project.change(name)  # refused in other words where there is none
    raise UsageError(f"{name} is not applied", hint="See `trunkline status`.")


def _partly_applied(name: str, advice: str) -> UsageError:
    return UsageError(
        f"{name} is partly applied",
        hint=f"Finish it first: `trunkline apply`. {advice}",
    )


def _refuse_stranding(project: Project, state: State, chosen: set[str]) -> None:
    for change in project.changes:
        needed = chosen.intersection(change.depends)
        if needed and change.id in state.applied and change.id not in chosen:
            raise UsageError(
                f"{change.id} depends on {min(needed)} and is applied",
                hint=f"Roll back {change.id} too: name it, or use --to.",
            )


def _rollback(
    project: Project, state: State, name: str, use: Source | None
) -> Rollback:
    entry = state.entry(name)
    assert entry is not None
    change = project.find(name)
    file = change.rollback if change else None
    stored = None
    if entry.rollback_sql is not None:
        stored = Script(
            f"ledger:rollbacks/{name}.sql",
            entry.rollback_sql,
            entry.rollback_sha256 or "",
        )
    if file and stored and file.sha256 != stored.sha256 and use is None:
        raise UsageError(
            f"{file.path} differs from the rollback that the ledger keeps",
            detail="The file has changed since the change was applied.",
            hint="Say which to use: --use file or --use ledger.",
        )
    source: Source = use or ("file" if file else "ledger")
    script = file if source == "file" else stored
    if script is None:
        where = (
            f"rollbacks/{name}.sql" if source == "file" else "rollback in the ledger"
        )
        raise UsageError(
            f"{name} has no {where}",
            hint="Put its rollback file back, or write one.",
        )
    if change is not None and source == "file" and change.problems:
        first = change.problems[0]
        raise UsageError(str(first), hint=first.fault.hint or None)
    if source == "ledger":
        _refuse_unfit_stored(script, name, as_it_is=use == "ledger")
    known = change.transactional if change else entry.transactional
    transactional = known is not False
    refuse_edited(state, name, "down", script, transactional)
    return Rollback(name, change, script, source, transactional)


def _refuse_unfit_stored(script: Script, name: str, *, as_it_is: bool) -> None:
    """Raise UsageError for what cannot be run of the ledger, or was altered there.

    `as_it_is`: it was asked for by name, and may be other than it was stored.
    """
    written = (script.text, script.text.replace("\n", "\r\n"))
    hashes = [sha256(text.encode()).hexdigest() for text in written]
    if not as_it_is and script.sha256 not in hashes:
        raise UsageError(
            f"the rollback that the ledger keeps of {name} is not as it was stored",
            hint="Read it: select rollback_sql from trunkline.applied where id = "
            f"'{name}'. If it is to be run, say --use ledger.",
        )
    try:
        empty = not script.statements
    except DoesNotParse as error:
        raise UsageError(f"{script.path}:{error.line}: {error.message}") from None
    if empty:
        raise UsageError(f"{script.path}:1: the rollback holds no statement")
