"""How long a run waits for others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How long to wait for others, in seconds.

    `wait`: for another runner. `lock_timeout`: all waits for locks of one attempt
    together, since the application queues behind them. `lock_budget`: all attempts at a
    change, and the pauses between them, in which the application has its tables to
    itself. `concurrent_timeout`: what a concurrent statement waits for older
    transactions, behind which nobody queues.
    """

    wait: float = 60.0
    lock_timeout: float = 2.0
    lock_budget: float = 60.0
    concurrent_timeout: float = 1800.0

    def __str__(self) -> str:
        return (
            f"waits for locks {self.lock_timeout:g} s at a time, at most "
            f"{self.lock_budget:g} s in all for each change; a concurrent statement "
            f"waits for older transactions at most {self.concurrent_timeout:g} s"
        )


DEFAULT = Limits()
