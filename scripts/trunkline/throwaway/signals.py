"""How a throwaway ends when the process is asked to go.

Python dies of SIGTERM and SIGHUP without running any `finally`. Here they become
`SystemExit`, as Ctrl-C is `KeyboardInterrupt`, so that the way out is one. A handler
that the program has set itself is left alone, and so is `nohup`.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType
from typing import NoReturn

from trunkline.errors import TrunklineError


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
def afterwards(clean_up: Callable[[], None]) -> Iterator[None]:
    """Run `clean_up`, which must be short, after the block, whatever its way out.

    Ctrl-C and the others are ignored meanwhile: who presses it twice must not be left
    with half a clean-up. A failure of `clean_up` does not hide one of the block.
    """
    try:
        yield
    except BaseException:
        with _undisturbed(), suppress(TrunklineError):
            clean_up()
        raise
    with _undisturbed():
        clean_up()


def _undisturbed() -> AbstractContextManager[None]:
    return _handling(
        dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)
    )


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
