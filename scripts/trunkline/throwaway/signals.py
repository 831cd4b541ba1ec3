"""How a throwaway ends when the process is asked to go.

Python dies of SIGTERM and SIGHUP without running any `finally`. Here they become
`SystemExit`, as Ctrl-C is `KeyboardInterrupt`, so that the way out is one. A handler
that the program has set itself is left alone, and so is `nohup`.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `SystemExit` (128 + number) inside the block.

    Only the main thread can set handlers; in another one this does nothing.
    """
    with _handling(
        {
            number: _leave
            for number in (signal.SIGTERM, signal.SIGHUP)
            if signal.getsignal(number) is signal.SIG_DFL
        }
    ):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C, SIGTERM and SIGHUP inside the block, which must be short.

    Somebody who presses Ctrl-C twice must not be left with half a clean-up.
    """
    with _handling(
        dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)
    ):
        yield


@contextmanager
def _handling(handlers: dict[signal.Signals, signal._HANDLER]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, handler) for number, handler in handlers.items()
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
