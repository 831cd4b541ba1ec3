"""Small projects for tests, written into a directory that the test owns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trunkline.lint.rules import ABSENT, LINK, base

ROOMS = "20260101_rooms"
"""The one change of a project that `sound` writes: the table public.rooms (id uuid)."""


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write `files` (path below `root`: text) over what is there, and return `root`.

    As in the examples of the lint rules: `(none)` removes a file, `-> X` makes a link.
    """
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if text.startswith(LINK):
            path.symlink_to(text.removeprefix(LINK))
        elif text != ABSENT:
            path.write_text(text.removeprefix("\n"), encoding="utf-8")
    return root


def sound(root: Path, files: Mapping[str, str] | None = None) -> Path:
    """A project with nothing wrong with it, then `files` over it."""
    return write(root, base() | dict(files or {}))


def change(
    name: str, up: str, down: str | None = None, verification: str | None = None
) -> dict[str, str]:
    """The files of one change; what is None is not there."""
    files = {f"migrations/{name}.sql": up}
    if down is not None:
        files[f"rollbacks/{name}.sql"] = down
        files[f"migrations/{name}.rollback.sql"] = f"-> ../rollbacks/{name}.sql"
    if verification is not None:
        files[f"verification/{name}.sql"] = verification
    return files
