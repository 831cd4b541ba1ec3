"""The application goes first where it had to wait for a change.

Each change holds its locks for a few milliseconds, and many in a row would make of that
one long stutter: the queue behind the last one has not drained, its plans are not made
anew, and the next one is there. So a change that others waited for is followed by a
pause that is many times as long as it held them up.
"""

from __future__ import annotations

from time import monotonic, sleep

#: How many times as long as the locks were held, and so many seconds at most.
RATIO, LONGEST = 50, 1.0
#: Who waited for less than that, in seconds, has not felt it.
UNFELT = 0.005


class Throttle:
    """The pause that is owed, if there is one."""

    def __init__(self) -> None:
        self._until = 0.0

    def owe(self, held: float) -> None:
        """Others waited for locks that were held for so many seconds, until now."""
        self._until = monotonic() + min(held * RATIO, LONGEST)

    def pause(self) -> None:
        """Wait until the next lock may be asked for."""
        if (owed := self._until - monotonic()) > 0:
            sleep(owed)
