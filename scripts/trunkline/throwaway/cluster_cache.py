"""A cluster as initdb leaves it, made once for each build and copied for each run.

A copy takes a tenth of a second, initdb the better part of one. The cache is closed to
everybody else. Nothing in it is ever started: a run works on its own copy.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from trunkline.errors import Failure
from trunkline.throwaway import places
from trunkline.throwaway.account import Account
from trunkline.throwaway.binaries import stamp

INITDB = (
    "--username=postgres",
    "--encoding=UTF8",
    "--no-sync",
    "--no-instructions",
)
LOCALE = {
    16: ("--locale=C.UTF-8",),
    # The server's own locale: the same on every machine.
    18: (
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-data-checksums",
    ),
}
SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 250
# As many as a server of a hundred connections has: who looks at the locks, as a
# rehearsal does time and again, goes through the whole table of these as well.
max_pred_locks_per_transaction = 26
timezone = 'UTC'
log_timezone = 'UTC'

# As in production: what needs WAL for logical replication behaves as it does there,
# and a commit that was acknowledged survives a crash of the server.
wal_level = logical
synchronous_commit = on

# Nothing here outlives the machine, so nothing is forced to its disk. Whole pages stay
# in the WAL: a kill -9 can tear a page between two writes of 4 kB.
fsync = off
full_page_writes = on
wal_init_zero = off
checkpoint_timeout = '30min'

# A rehearsal must say the same twice: no vacuum that takes locks, moves statistics or
# changes plans at a time of its own, no compiling of queries by their estimated cost.
autovacuum = off
jit = off

# In files below the data directory, which go with it.
dynamic_shared_memory_type = mmap
huge_pages = off
"""
SETTINGS_OF = {16: "", 18: "io_method = sync\n"}
HBA = """
# The socket's directory admits its owner only; anybody on this machine can reach the
# port, and needs the password of this run.
local all all trust
host all all 127.0.0.1/32 scram-sha-256
local replication all trust
host replication all 127.0.0.1/32 scram-sha-256
"""
KEPT_UNUSED = 30 * 24 * 3600
"""Seconds after which a cached cluster that no run has used is removed."""


def put_cluster(
    data: Path, major: int, programs: Path, account: Account | None
) -> None:
    """Fill the empty directory `data`, which belongs to the server's account.

    Runs that need the same cluster at the same time wait for the first to make it.
    Raises `Failure` when initdb fails or there is no room.
    """
    cache = places.for_cache() / "clusters"
    cache.mkdir(mode=0o700, exist_ok=True)
    cached = cache / f"{major}-{_key(major, programs, account)}"
    with (cache / "lock").open("w") as lock:
        if not cached.exists():
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not cached.exists():
            _initdb(data, major, programs, account)
            _keep(data, cached)
            return
    os.utime(cached)
    copy_cluster(cached, data)


def clean_environment() -> dict[str, str]:
    """The variables for a server program: none of ours, which SQL could read."""
    passed = {
        name: os.environ[name]
        for name in ("PATH", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    return {**passed, "LC_ALL": "C", "TZ": "UTC"}


def _key(major: int, programs: Path, account: Account | None) -> str:
    facts = (
        stamp(programs),
        account,
        INITDB,
        LOCALE[major],
        SETTINGS,
        SETTINGS_OF[major],
        HBA,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def _initdb(data: Path, major: int, programs: Path, account: Account | None) -> None:
    done = subprocess.run(
        [programs / "initdb", "-D", data, *INITDB, *LOCALE[major]],
        cwd=data,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **(account.popen() if account else {}),
    )
    if done.returncode != 0:
        raise Failure(
            "the embedded PostgreSQL cannot be initialised",
            detail=done.stderr.strip(),
        )
    with (data / "postgresql.conf").open("a") as conf:
        conf.write(SETTINGS + SETTINGS_OF[major])
    (data / "pg_hba.conf").write_text(HBA)


def _keep(data: Path, cached: Path) -> None:
    """Put a copy of `data` in the cache, whole or not at all, and tidy up there."""
    for path in cached.parent.iterdir():
        abandoned = path.name.startswith("new-")
        if abandoned or path.stat().st_mtime < time.time() - KEPT_UNUSED:
            shutil.rmtree(path, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=cached.parent))
    copy_cluster(data, fresh)
    fresh.rename(cached)


def copy_cluster(source: Path, target: Path) -> None:
    """Copy a cluster with owners and modes into the directory `target`."""
    done = subprocess.run(
        ["cp", "-a", f"{source}/.", target],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failure("a cluster cannot be copied", detail=done.stderr.strip())
