"""The directories of this user: for running servers, and for what is kept between runs.

Each is `trunkline-UID` (or the user's cache directory) and belongs to the user alone.
A directory that somebody else could have filled is not used: a planted cluster would
run its code as us.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import platformdirs
import psutil

from trunkline.errors import Failure
from trunkline.throwaway.account import Account

MEMORY = Path("/dev/shm")
ROOM = 1 << 30
"""Bytes that must be free for a server: its cluster, a few databases, its WAL."""
LONGEST_BASE = 60
"""A Unix socket's path has at most 107 bytes; the rest is what we add."""


def for_runs(account: Account | None, more: int = 0) -> Path:
    """The directory in which running servers live: in memory when there is room.

    It has `more` bytes free than `ROOM`. A server that runs as `account` can pass
    through it, and not list it. Raises `Failure` when no place is private, reachable
    and roomy enough.
    """
    return _first(_bases(), account, ROOM + more)


def for_files(room: int) -> Path:
    """A directory on disk for files of one run, with `room` bytes free.

    Raises `Failure` when there is none.
    """
    return _first(_disks(), None, room)


def _first(bases: list[Path], account: Account | None, room: int) -> Path:
    reasons: list[str] = []
    for base in bases:
        if (reason := _unsuitable(base, account, room)) is None:
            if (place := _private(base)) is not None:
                return place
            reason = "holds a trunkline directory that others can write"
        reasons.append(f"{base} {reason}.")
    raise Failure(
        "there is no place for a throwaway server",
        detail=" ".join(reasons),
        hint="Set TMPDIR to a directory of your own with "
        f"{room / (1 << 30):.0f} GiB free.",
    )


def for_leftovers() -> list[Path]:
    """Every directory in which servers of this user may have been left."""
    places = [base / _name() for base in _bases()]
    return [place for place in places if place.is_dir() and _is_private(place)]


def for_cache() -> Path:
    """The directory for what is kept between runs; nobody else can write there.

    Raises `Failure` when there is none.
    """
    cache = platformdirs.user_cache_path("trunkline")
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_private(cache) and os.access(cache, os.W_OK):
            return cache
    except OSError:
        pass  # no home directory, or not ours: the temporary one will do
    for base in _disks():
        if (place := _private(base)) is not None:
            return place
    raise Failure(
        "there is no private directory for the cache",
        hint="Set TMPDIR to a directory of your own.",
    )


def for_programs(account: Account) -> Path:
    """A directory on disk that `account` can enter and only we can write.

    Not in memory: /dev/shm is often mounted so that no program starts there. Rather
    not in a temporary directory, where old files go one by one. Raises `Failure` when
    there is none.
    """
    for base in (Path("/var/cache"), *_disks()):
        if account.can_reach(base) and (place := _private(base)) is not None:
            return place
    raise Failure("there is no directory from which PostgreSQL can be run")


def _name() -> str:
    return f"trunkline-{os.geteuid()}"


def _bases() -> list[Path]:
    memory = [MEMORY] if MEMORY.is_dir() else []
    return [*memory, *_disks()]


def _disks() -> list[Path]:
    candidates = (Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/tmp"))
    resolved = (base.resolve() for base in candidates if base.is_dir())
    return list(dict.fromkeys(resolved))


def _unsuitable(base: Path, account: Account | None, room: int) -> str | None:
    """Why no server can live below `base`; None when one can."""
    if not os.access(base, os.W_OK | os.X_OK):
        return "cannot be written"
    if len(os.fsencode(base)) > LONGEST_BASE:
        return "has too long a name for a socket"
    if account is not None and not account.can_reach(base):
        return "cannot be entered by the account that runs the server"
    free = shutil.disk_usage(base).free
    if base == MEMORY:
        free = min(free, psutil.virtual_memory().available)
    return None if free >= room else f"has less than {room / (1 << 30):.0f} GiB free"


def _private(base: Path) -> Path | None:
    """Our directory below `base`, made if needed; None when it cannot be trusted.

    Root's can be passed through, not listed, by the account that runs the server.
    """
    place = base / _name()
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(place):
            return None
        if stat.S_IMODE(place.stat().st_mode) != mode:
            place.chmod(mode)
    except OSError:
        return None
    return place


def _is_private(place: Path) -> bool:
    """Whether nobody but us and root can have put anything at `place`.

    Every directory on the way belongs to us or to root, and is either closed to
    other writers or sticky, so that nobody can have swapped what is in it.
    """
    facts = place.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        return False
    if facts.st_mode & 0o022:
        return False
    for directory in place.parents:
        facts = directory.stat()
        if facts.st_uid not in (0, os.geteuid()):
            return False
        if facts.st_mode & 0o022 and not facts.st_mode & stat.S_ISVTX:
            return False
    return True
