"""Owns a throwaway, tells where it is, and waits to be ended: run by tests.

The environment says what to do, since arguments are seen by everybody:
OWNER_ON       what to open (default: embedded)
OWNER_IMAGE    the image of a container
OWNER_MEMORY   the directory to take for /dev/shm
OWNER_WHEEL    the directory to take for the wheel
OWNER_USER     the user id to become first
OWNER_END      `raise` or `return` at once, else wait for a signal
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  (a user without rights may not reach it later)
import json
import os
import time
from pathlib import Path

import psycopg  # noqa: F401

from trunkline.throwaway import (
    Request,
    binaries,
    embedded,  # noqa: F401
    open_server,
    places,
    scratch,  # noqa: F401
)


class Deliberate(Exception):
    """The body of the block fails."""


def main() -> None:
    if memory := os.environ.get("OWNER_MEMORY"):
        places.MEMORY = Path(memory)
    if wheel := os.environ.get("OWNER_WHEEL"):
        binaries._wheel = lambda: Path(wheel)
    if user := os.environ.get("OWNER_USER"):
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    asked = Request(
        on=os.environ.get("OWNER_ON", "embedded"),
        image=os.environ.get("OWNER_IMAGE", "postgres:17"),
    )
    with open_server(asked) as server:
        facts = {
            "user": os.geteuid(),
            "place": str(places.MEMORY),
            "run": str(getattr(server, "_run", "")),
            "watcher": getattr(getattr(server, "_watcher", None), "pid", None),
            "database": server.create(),
            "conninfo": server.conninfo("postgres"),
        }
        print(json.dumps(facts), flush=True)
        if os.environ.get("OWNER_END") == "raise":
            raise Deliberate
        if os.environ.get("OWNER_END") != "return":
            time.sleep(120)


if __name__ == "__main__":
    main()
