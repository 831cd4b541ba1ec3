"""Every refusal and failure that a user can cause.

An error is one message (lower case, no full stop, `path:line: what is wrong` where a
file is at fault), then facts (`detail`) and the next action (`hint`) as sentences. The
docstring of a class is the message that it has when it is given none. Nothing here
prints: `cli` turns an error into text or JSON and into its exit code.
"""

from __future__ import annotations

from typing import ClassVar


class TrunklineError(Exception):
    """the work could not be done"""

    exit_code: ClassVar[int] = 3

    def __init__(
        self,
        message: str | None = None,
        *,
        detail: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.detail = detail
        self.hint = hint
        super().__init__(self.message)
        if detail:
            self.add_note(detail)  # for a traceback, which only a defect shows


class UsageError(TrunklineError):
    """wrong usage or configuration; nothing has been done"""

    exit_code = 2


class Failure(TrunklineError):
    """the work could not be done"""


class Unreachable(Failure):
    """the server cannot be reached"""


class NotWritten(Failure):
    """the work is done and reported, and a further output could not be written"""


class LockNotObtained(Failure):
    """another runner holds the lock of this database"""


class StatementFailed(Failure):
    """a statement failed"""

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        detail: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.sqlstate = sqlstate


class NotAsItShould(TrunklineError):
    """it ran, and something is not as it should be"""

    exit_code = 1
