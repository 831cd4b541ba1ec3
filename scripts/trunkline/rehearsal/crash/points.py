"""Where a run can be ended: at each statement boundary, and at each commit.

A transactional change has a boundary after each statement and one commit. One that is
not commits after each statement, and may have statements that work for long beside the
application: those can also be ended in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from trunkline import concurrent
from trunkline.project import Script

Kind = Literal["during", "after", "commit", "sent"]


@dataclass(frozen=True)
class Point:
    """A place in the run of a file.

    `during`: a concurrent statement waits for older transactions. `after`: a statement
    has finished, and nothing says so yet. `commit`: it, or the whole change where
    `statement` is 0, is recorded and not committed. `sent`: the commit has been
    answered, and nobody has read the answer.
    """

    kind: Kind
    statement: int = 0

    def told(self, script: Script) -> str:
        """The place in words."""
        what = "the change"
        if self.statement:
            line = script.statements[self.statement - 1].line
            what = f"the statement of {script.path}:{line}"
        return {
            "during": f"in the middle of {what}",
            "after": f"after {what}",
            "commit": f"before the commit of {what}",
            "sent": f"after the commit of {what}, its answer lost",
        }[self.kind]


def every(script: Script, *, transactional: bool) -> tuple[Point, ...]:
    """All points of a file, in the order in which a run comes to them."""
    points: list[Point] = []
    # In a transaction of the file's own, the records of all its statements are written
    # at its end.
    plain = not any(s.is_transaction_control for s in script.statements)
    for number, statement in enumerate(script.statements, start=1):
        if not transactional and plain:
            what = concurrent.of(statement)
            if what is not None and what.scope not in ("schema", "database"):
                points.append(Point("during", number))
        points.append(Point("after", number))
        if not transactional and plain:
            points += [Point("commit", number), Point("sent", number)]
    return (*points, Point("commit"), Point("sent"))


def drawn(key: str) -> int:
    """A number of 64 bits, the same for the same key."""
    return int.from_bytes(sha256(key.encode()).digest()[:8])


def sample(points: tuple[Point, ...], key: str) -> tuple[Point, ...]:
    """A few of them, the same for the same key.

    One of three: at a statement, before the last commit, after it. And every concurrent
    statement in the middle, where an invalid index comes from, once what is before it
    is committed.
    """
    number = drawn(key)
    *inner, commit, sent = points
    usual = [point for point in inner if point.kind != "during"] or [commit]
    chosen = {(usual[number // 3 % len(usual)], commit, sent)[number % 3]}
    for point in inner:
        if point.kind == "during":
            chosen |= {point, Point("sent", point.statement - 1)}
    return tuple(point for point in points if point in chosen)
