"""What a copy is made from: a live database, or a file that pg_dump has written.

Only looks at the name and at the first and last bytes; connects to nothing.
"""

from __future__ import annotations

import tarfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trunkline.connect import Target, target
from trunkline.errors import UsageError

Kind = Literal["directory", "custom", "tar", "plain"]

_HEAD = 65536
_TAIL = 4096
_COMPRESSED = {b"\x1f\x8b": "gunzip", b"\x28\xb5\x2f\xfd": "unzstd"}


@dataclass(frozen=True)
class Live:
    """A database that somebody works on: it is read, and nothing else."""

    target: Target

    @property
    def label(self) -> str:
        return self.target.label


@dataclass(frozen=True)
class Dump:
    """A file or a directory of pg_dump."""

    path: Path
    kind: Kind

    @property
    def label(self) -> str:
        return str(self.path)

    @property
    def size(self) -> int:
        """Bytes on disk; the database that comes of it is larger, or smaller."""
        if self.kind != "directory":
            return self.path.stat().st_size
        return sum(part.stat().st_size for part in self.path.iterdir())


Origin = Live | Dump


def read(text: str) -> Origin:
    """What `--from` names: a URL or a conninfo of libpq, else a path.

    Raises UsageError for a path that does not exist, and for a file that is none of
    pg_dump's.
    """
    path = Path(text)
    # A conninfo may hold a password, so it is not looked for on disk.
    if "://" in text or ("=" in text and not path.exists()):
        return Live(target(text))
    if path.is_dir():
        if not (path / "toc.dat").is_file():
            raise UsageError(
                f"{text}: no dump in this directory",
                hint="pg_dump --format=directory writes a toc.dat into it.",
            )
        return Dump(path, "directory")
    if not path.is_file():
        raise UsageError(
            f"{text}: no such dump",
            hint="Name a postgresql:// URL, or a file or directory of pg_dump.",
        )
    return Dump(path, _kind(path))


def _kind(path: Path) -> Kind:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PGDMP"):
        return "custom"
    for magic, program in _COMPRESSED.items():
        if head.startswith(magic):
            raise UsageError(
                f"{path}: the dump is compressed", hint=f"Run `{program}` on it first."
            )
    if b"PostgreSQL database cluster dump" in head:
        raise UsageError(
            f"{path}: a dump of a whole cluster",
            hint="Use pg_dump on one database instead of pg_dumpall.",
        )
    if tarfile.is_tarfile(path):
        names = _members(path)
        if "toc.dat" in names:
            # pg_restore takes the end of a file for the end of the rows, as psql does.
            if names[-1] != "restore.sql":
                raise _cut_off(path, "It does not end with its restore.sql.")
            return "tar"
    elif b"-- PostgreSQL database dump" in head:
        _expect_whole(path)
        return "plain"
    raise UsageError(
        f"{path}: no dump of pg_dump",
        hint="Make one: pg_dump --format=custom --file=app.dump DATABASE",
    )


def _expect_whole(path: Path) -> None:
    """Raise UsageError of a plain dump that was cut off.

    psql takes the end of a file for the end of the rows, and is content.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        if b"-- PostgreSQL database dump complete" in file.read():
            return
    raise _cut_off(path, "It does not end with `-- PostgreSQL database dump complete`.")


def _members(path: Path) -> list[str]:
    """The names in a tar file, up to where it was cut off."""
    names = []
    with tarfile.open(path) as archive, suppress(tarfile.ReadError):
        for member in archive:
            names.append(member.name)
    return names


def _cut_off(path: Path, detail: str) -> UsageError:
    return UsageError(
        f"{path}: the dump is cut off",
        detail=detail,
        hint="Make it anew, or copy it again.",
    )
