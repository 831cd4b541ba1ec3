"""What crashes showed of a change, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trunkline.events import Direction, OfRehearsal

Way = Literal["killed client", "terminated backend", "crashed server"]
"""What ends a run: kill -9 of our process, pg_terminate_backend, or kill -9 of the
whole server."""
WAYS: tuple[Way, ...] = ("killed client", "terminated backend", "crashed server")


@dataclass(frozen=True)
class Unconverged:
    """Where runs were ended, and what the runs after them did not put right.

    `points` is one place, or several where only all of them together do the harm;
    `found` has a sentence for each thing that is not as an undisturbed run leaves it.
    """

    direction: Direction
    way: Way
    points: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True)
class ChangeCrashes:
    """One change: how many of its runs were ended, and what did not converge.

    `error` says why it could not be tried.
    """

    id: str
    crashes: int
    unconverged: tuple[Unconverged, ...]
    error: str | None = None

    @property
    def ok(self) -> bool:
        return not self.unconverged and self.error is None


@dataclass(frozen=True)
class Crashed(OfRehearsal):
    """All crashes of a change have been tried."""

    report: ChangeCrashes
