"""Who runs an embedded server. PostgreSQL refuses to run as root.

As root it is an unprivileged account that every system has. `postgres` is not among
them, on purpose: SQL that is rehearsed as a superuser can read and write whatever the
account can, and `postgres` may own a real cluster on this machine.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trunkline.errors import Failure

UNPRIVILEGED = ("nobody", "daemon")


@dataclass(frozen=True)
class Account:
    """A user and group to run the server as, other than our own."""

    uid: int
    gid: int

    def can_reach(self, path: Path) -> bool:
        """Whether anybody may enter `path` and all directories above it."""
        return all(
            directory.stat().st_mode & 0o001 for directory in (path, *path.parents)
        )

    def popen(self) -> dict[str, Any]:
        """The arguments that make `subprocess` run a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account() -> Account | None:
    """The account that the server must run as; None when it is our own.

    Raises `Failure` when we are root and the system has no unprivileged account.
    """
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Failure(
        "PostgreSQL does not run as root, and there is no other account to run it",
        detail=f"None of these accounts exists: {', '.join(UNPRIVILEGED)}.",
        hint="Run trunkline as a plain user.",
    )
