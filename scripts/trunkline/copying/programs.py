"""PostgreSQL's own programs (pg_dump, pg_restore, psql), found and run.

A password reaches them in their environment, never among their arguments. They end
with us, whatever our way out; what they complain of is told whole.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from trunkline.connect import Target, variables
from trunkline.errors import Failure
from trunkline.throwaway import Server
from trunkline.throwaway.binaries import client_programs
from trunkline.throwaway.cluster_cache import clean_environment

_COMPLAINT = re.compile(r"error:|fatal:|detail:|hint:|command was:|^\s", re.IGNORECASE)
#: How a server says that we may not make what belongs to another role (15; from 16 on).
_OTHERS = re.compile(r'must be (?:member of role|able to SET ROLE) "(.+)"')
_KEPT = 12
"""Lines of complaint that are kept."""


def find(name: str, version_num: int, server: Server) -> Path:
    """The program `name` for a server of `version_num` (as 170004), or a newer one.

    Asks those of the throwaway, the embedded ones, then the PATH. Raises Failure when
    none is new enough: pg_dump refuses a server that is newer than itself.
    """
    found = []
    for directory in (server.binaries, client_programs(version_num), None):
        path = shutil.which(name, path=directory and str(directory))
        if path is None or path in found:
            continue
        found.append(path)
        if _major(path) >= version_num // 10000:
            return Path(path)
    raise Failure(
        f"no {name} is new enough for PostgreSQL {version_num // 10000}",
        detail="\n".join(f"{path} is of version {_major(path)}." for path in found)
        or "There is none at all.",
        hint="Put that version's programs on the PATH (Debian: "
        f"postgresql-client-{version_num // 10000}).",
    )


def towards_source(target: Target) -> dict[str, str]:
    """The environment of a program that reads a live database, and only reads."""
    ours = variables(target.keywords)
    options = ours.get("PGOPTIONS", os.environ.get("PGOPTIONS", ""))
    read_only = "-c default_transaction_read_only=on"
    return {
        **os.environ,
        **ours,
        "PGOPTIONS": f"{options} {read_only}".strip(),
        "PGAPPNAME": "trunkline",
        "LC_ALL": "C",
    }


def towards_copy(server: Server, database: str) -> dict[str, str]:
    """The environment of a program that fills a database of a throwaway."""
    return {**clean_environment(), **server.environment(database)}


def run(
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    told: Callable[[str], None] = lambda _: None,
    fed: Iterable[bytes] | None = None,
) -> None:
    """Run a program to its end; `told` gets each line that it says meanwhile.

    `fed` goes to its input. Raises Failure with what it complained of, without the
    password of `environment`.
    """
    complaints: deque[str] = deque(maxlen=_KEPT)
    with _running(words, environment, feeds=fed is not None) as process:
        if fed is not None:
            Thread(target=_feed, args=(process, fed), daemon=True).start()
        assert process.stderr is not None
        for raw in process.stderr:
            line = raw.decode(errors="replace").rstrip()
            told(line)
            if _COMPLAINT.search(line):
                complaints.append(line)
        process.wait()
    if process.returncode != 0:
        text = "\n".join(complaints) or f"It ended with status {process.returncode}."
        secret = environment.get("PGPASSWORD")
        other = _OTHERS.search(text)
        raise Failure(
            f"{Path(words[0]).name} has failed",
            detail=text.replace(secret, "…") if secret else text,
            hint="The copy is made with the owners of the source: let a superuser run: "
            f"grant {other[1]} to {environment['PGUSER']}; or rehearse as one."
            if other
            else None,
        )


@contextmanager
def _running(
    words: Sequence[str], environment: Mapping[str, str], *, feeds: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is gone after the block.

    In a session of its own: Ctrl-C on the terminal is for us, who then end it.
    """
    with subprocess.Popen(
        words,
        env=dict(environment),
        stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        except BaseException:
            # Its own workers (--jobs) are in its session.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise


def _feed(process: subprocess.Popen[bytes], parts: Iterable[bytes]) -> None:
    assert process.stdin is not None
    # A program that has failed reads no more; what it says is what counts.
    with suppress(BrokenPipeError), process.stdin as pipe:
        for part in parts:
            pipe.write(part)


def _major(path: str) -> int:
    """The major version that a program says it is of; 0 where it says none."""
    said = subprocess.run(
        [path, "--version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    match = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(match[1]) if match else 0
