"""The directory of one run, and the proof that its owner is alive.

The owner holds a lock (flock) on the directory for as long as it lives. The kernel
takes the lock back however the owner ends, so a directory that can be locked has no
owner any more: no process id is compared, and none can have been reused. What is left
then, the server's processes, its System V memory and the directory, is taken away.
A directory whose lock is held is never touched.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from trunkline.errors import Failure
from trunkline.throwaway import places
from trunkline.throwaway.account import server_account
from trunkline.throwaway.signals import afterwards

PREFIX = "run-"
GONE_WITHIN = 10.0
"""Seconds that killed processes get to disappear."""


@contextmanager
def run_directory(place: Path) -> Iterator[Path]:
    """Make and own a directory below `place`; afterwards it and its server are gone."""
    held = None
    while held is None:
        try:
            path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        except OSError as error:
            raise Failure(
                "a throwaway has no place to live in", detail=str(error)
            ) from error
        held = _lock(path)  # None when a sweep was quicker than we

    def clean_up() -> None:
        _take_away(path)
        os.close(held)

    with afterwards(clean_up):
        yield path


def sweep() -> None:
    """Take away every embedded server of this user whose owner is gone."""
    for place in places.for_leftovers():
        for path in place.glob(f"{PREFIX}*"):
            held = _lock(path)
            if held is not None:
                _take_away(path)
                os.close(held)


def has_owner(run: Path) -> bool:
    """Whether a process of this user still owns the directory `run`."""
    held = _lock(run)
    if held is not None:
        os.close(held)
    return held is None and run.exists()


def data_of(run: Path) -> Path:
    """The data directory of a run."""
    return run / "data"


def pid_file(run: Path) -> Path:
    """The file in which the postmaster says who and where it is, and if it is ready."""
    return data_of(run) / "postmaster.pid"


def kill_server(run: Path) -> None:
    """Kill -9 all processes of the server in `run`, and wait until they are gone.

    All are stopped before the first is killed, so that none tidies up or starts
    another meanwhile.
    """
    for process in _server_processes(run):
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    deadline = time.monotonic() + GONE_WITHIN
    while (processes := _server_processes(run)) and time.monotonic() < deadline:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.002)


def _lock(path: Path) -> int | None:
    """A descriptor that holds the lock of `path`; None when it is held or gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _take_away(run: Path) -> None:
    kill_server(run)
    _remove_shared_memory(run)
    shutil.rmtree(run, ignore_errors=True)


def _server_processes(run: Path) -> list[psutil.Process]:
    """The processes of the server in `run`, by what they call themselves.

    The postmaster has the data directory in its arguments, the others the cluster's
    name in their titles (cluster_name), which is the name of `run`. Everybody can read
    that, where root in a container may not see what a process of another account has
    open; and a number in a file may be another process's by now.
    """
    account = server_account()
    uid = os.geteuid() if account is None else account.uid
    data = str(data_of(run))
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() != "postgres" or process.uids().real != uid:
                continue
            words = process.cmdline()
        except psutil.Error:
            continue  # gone, or a zombie
        if data in words or " ".join(words).startswith(f"postgres: {run.name}: "):
            found.append(process)
    return found


def _remove_shared_memory(run: Path) -> None:
    """Remove the System V segment that a killed postmaster leaves behind.

    Line 7 of postmaster.pid names it (src/include/utils/pidfile.h). It is removed only
    if the kernel says that the same process made it and that nobody is attached; and
    as the account whose it is, since root in a container may not.
    """
    try:
        lines = pid_file(run).read_text().splitlines()
        postmaster, segment = int(lines[0]), int(lines[6].split()[1])
        segments = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    except (OSError, ValueError, IndexError):
        return
    for line in segments:
        _key, shmid, _perms, _size, creator, _last, attached, *_ = line.split()
        if (int(shmid), int(creator), int(attached)) == (segment, postmaster, 0):
            account = server_account()
            subprocess.run(
                ["ipcrm", "-m", shmid],
                check=False,
                stderr=subprocess.DEVNULL,
                **(account.popen() if account else {}),
            )
