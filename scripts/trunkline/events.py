"""What happened, as frozen dataclasses.

The runner and the rehearsal emit events; reports render them, and nothing else
prints. An event carries facts only: no markup, no exit code, no password.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Violation:
    """One row that a check returned: what is wrong (subject) and how (detail)."""

    subject: str
    detail: str


@dataclass(frozen=True)
class CheckResult:
    """One check, run once.

    `source` is the file relative to the project, `line` where the check stands in it.
    `error` is the server's message when the query itself failed; then there are no
    violations to tell, and the check has not passed.
    """

    change: str
    sentence: str
    after: bool
    source: str
    line: int
    violations: tuple[Violation, ...]
    error: str | None
    seconds: float

    @property
    def passed(self) -> bool:
        return not self.violations and self.error is None


@dataclass(frozen=True)
class LockHeld:
    """What a statement did to a relation that was there before its change.

    `mode` is the strongest lock that it newly took there, else the strongest that its
    transaction already held. `seconds`, from the start of the statement to the end of
    the transaction, is the longest that it can have held it. `rewrote`: it wrote the
    relation anew; `scanned`: it read all of it.
    """

    direction: Direction
    line: int
    relation: str
    mode: str
    seconds: float
    rewrote: bool
    scanned: bool


@dataclass(frozen=True)
class Blocker:
    """A session that another waits for; what may not be seen is None.

    `pid` is 0 for a prepared transaction, which has no session; `prepared` is the name
    of that. `seconds` is the age of its transaction, or the time since it was last
    active. The literals of `query` are left out.
    """

    pid: int
    user: str | None
    application: str | None
    client: str | None
    state: str | None
    seconds: float | None
    query: str | None
    prepared: str | None = None

    def __str__(self) -> str:
        age = "" if self.seconds is None else f" for {self.seconds:.0f} s"
        state = f"{self.state}{age}" if self.state else None
        facts = (self.user, self.application, self.client, state)
        who = f"pid {self.pid}" if self.pid else "the prepared transaction"
        who += f" {self.prepared}" if self.prepared else ""
        known = ", ".join(fact for fact in facts if fact)
        told = f"{who} ({known})" if known else who
        return f"{told}: {self.query}" if self.query else told


@dataclass(frozen=True)
class Event:
    """Something happened."""


@dataclass(frozen=True)
class OfRehearsal(Event):
    """Something of a rehearsal; its classes stand there.

    So that other events can be told apart without loading it: it is half of the engine.
    """


@dataclass(frozen=True)
class OfBackfill(Event):
    """Something of a backfill; as `OfRehearsal`."""


@dataclass(frozen=True)
class ChangeStarted(Event):
    """Work on a change begins."""

    id: str
    direction: Direction


@dataclass(frozen=True)
class StatementDone(Event):
    """A statement has finished; `number` of `total`, both from 1."""

    id: str
    direction: Direction
    number: int
    total: int
    line: int
    seconds: float


@dataclass(frozen=True)
class Checked(Event):
    """A check or an invariant has been run."""

    result: CheckResult


@dataclass(frozen=True)
class ChangeDone(Event):
    """A change has been applied (up) or rolled back (down) and committed.

    `ok` is false when it is committed and a check that ran after found a violation.
    """

    id: str
    direction: Direction
    ok: bool
    seconds: float


@dataclass(frozen=True)
class ChangeFailed(Event):
    """Work on a change ended without a commit; the error follows as an exception."""

    id: str
    direction: Direction
    seconds: float


@dataclass(frozen=True)
class Verified(Event):
    """All checks of one change, or of the invariants of one file, have been run."""

    id: str
    ok: bool
    seconds: float


@dataclass(frozen=True)
class Waiting(Event):
    """Somebody is in the way, and we wait; `for_whom` tells `blockers` in words."""

    what: str
    for_whom: str
    blockers: tuple[Blocker, ...] = ()


@dataclass(frozen=True)
class IndexProgress(Event):
    """How far an index is built: the server's words for the phase, `done` of `total`.

    `total` is 0 where the server does not say how much there is to do.
    """

    id: str
    phase: str
    done: int
    total: int


@dataclass(frozen=True)
class LocksTraced(Event):
    """What each statement of a transaction that has just ended locked and read."""

    id: str
    direction: Direction
    locks: tuple[LockHeld, ...]


@dataclass(frozen=True)
class CopyBegins(Event):
    """A database will be copied; `bytes` is all of it, `tables` None if not known."""

    source: str
    rows: str
    tables: int | None
    bytes: int


@dataclass(frozen=True)
class Copying(Event):
    """How far a copy of a database has come, in bytes of `total`, by estimate."""

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class Mutating(Event):
    """How many mutants of `total` have been taken in hand."""

    done: int
    total: int


@dataclass(frozen=True)
class Notice(Event):
    """A fact that the user should read, and that is no failure."""

    text: str


Emit = Callable[[Event], None]


def ignore(_: Event) -> None:
    """An `Emit` for callers that want no events."""
