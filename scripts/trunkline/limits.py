"""How long a run waits for others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: What drains the transactions of an application that is in good health, in seconds,
#: and how much longer the next attempt may take.
FIRST_TIMEOUT, GROWTH = 0.04, 1.5


@dataclass(frozen=True)
class Limits:
    """How long to wait for others, in seconds.

    `wait`: for another runner. `lock_timeout`: all waits for locks of one attempt
    together at most, since the application queues behind them; the first attempts are
    much shorter. `lock_budget`: all attempts at a change, and the pauses between them,
    in which the application has its tables to itself. `concurrent_timeout`: what a
    concurrent statement waits for older transactions, behind which nobody queues.
    """

    wait: float = 60.0
    lock_timeout: float = 2.0
    lock_budget: float = 60.0
    concurrent_timeout: float = 1800.0

    def __str__(self) -> str:
        return (
            f"waits for locks {next(self.timeouts()):g} s, then longer, at most "
            f"{self.lock_timeout:g} s at a time and {self.lock_budget:g} s in all for "
            "each change; a concurrent statement waits for older transactions at most "
            f"{self.concurrent_timeout:g} s"
        )

    def timeouts(self) -> Iterator[float]:
        """How long each attempt may wait for locks, one after the other."""
        timeout = FIRST_TIMEOUT
        while timeout < self.lock_timeout:
            yield timeout
            timeout *= GROWTH
        while True:
            yield self.lock_timeout


DEFAULT = Limits()
