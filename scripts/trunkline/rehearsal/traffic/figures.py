"""What traffic felt: numbers per phase, as frozen dataclasses. Knows no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from trunkline.rehearsal.lost import Declared, Lost
from trunkline.rehearsal.traffic.player import Failed, Played, Record


@dataclass(frozen=True)
class Window:
    """A phase by its name (`before`, `up`, `after up`, `down`, `after down`) and time.

    A transaction that touches a `sharp` window belongs to it; else it belongs to the
    window in which it ended.
    """

    name: str
    begin: float
    end: float
    sharp: bool = False


@dataclass(frozen=True)
class FailedTransactions:
    """Transactions of one script that failed alike.

    `expected`: the script needs what the rollback under it was taking away.
    """

    script: str
    sqlstate: str
    message: str
    count: int
    expected: bool


@dataclass(frozen=True)
class Phase:
    """What the application felt in one phase; times in seconds, from when it was due.

    `longest` is the longest that a transaction took: the stall.
    """

    name: str
    transactions: int
    p50: float
    p99: float
    longest: float
    failures: tuple[FailedTransactions, ...]


@dataclass(frozen=True)
class ChangeTraffic:
    """One change under traffic. `lost` is what the application wrote in the new shape
    and the rollback took undeclared; `declared` what it took as its header says."""

    id: str
    phases: tuple[Phase, ...]
    lost: tuple[Lost, ...]
    declared: tuple[Declared, ...]
    error: str | None

    @property
    def ok(self) -> bool:
        failed = any(not f.expected for phase in self.phases for f in phase.failures)
        return not failed and not self.lost and self.error is None


def phases(
    record: Record, windows: Sequence[Window], going: frozenset[str]
) -> tuple[Phase, ...]:
    """The phases in which anything was played, in order.

    `going` are the scripts that need the change, so that they fail once it is down.
    """
    played: dict[str, list[Played]] = {window.name: [] for window in windows}
    failed: dict[str, list[Failed]] = {window.name: [] for window in windows}
    for done in record.played:
        played[_window(windows, done.begun, done.ended)].append(done)
    for broken in record.failed:
        failed[_window(windows, broken.at, broken.at)].append(broken)
    return tuple(
        _phase(name, played[name], _failures(name, failed[name], going))
        for name in played
        if played[name] or failed[name]
    )


def _window(windows: Sequence[Window], begun: float, ended: float) -> str:
    for window in windows:
        if window.sharp and begun <= window.end and ended >= window.begin:
            return window.name
    passed = [window for window in windows if window.begin <= ended]
    return (passed or windows)[-1 if passed else 0].name


def _phase(
    name: str, played: list[Played], failures: tuple[FailedTransactions, ...]
) -> Phase:
    times = sorted(done.ended - done.begun for done in played)
    return Phase(
        name=name,
        transactions=len(times),
        p50=_percentile(times, 0.50),
        p99=_percentile(times, 0.99),
        longest=_percentile(times, 1.00),
        failures=failures,
    )


def _percentile(times: list[float], share: float) -> float:
    """The least time that this share of the transactions did not exceed."""
    return times[ceil(share * len(times)) - 1] if times else 0.0


def _failures(
    phase: str, failed: list[Failed], going: frozenset[str]
) -> tuple[FailedTransactions, ...]:
    alike = Counter((f.script, f.sqlstate, f.message) for f in failed)
    return tuple(
        FailedTransactions(
            script, sqlstate, message, count, phase == "down" and script in going
        )
        for (script, sqlstate, message), count in sorted(alike.items())
    )
