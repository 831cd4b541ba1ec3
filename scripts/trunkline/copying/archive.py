"""pg_dump and pg_restore at work: what they are asked, and how far they are.

Subscriptions and the passwords of user mappings do not come along: from a copy nobody
must reach another server.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trunkline.copying import needs, programs
from trunkline.copying.origin import Dump
from trunkline.errors import Failure, UsageError
from trunkline.throwaway import Server

_OUTWARD = re.compile(r"\d+; \d+ \d+ (USER MAPPING|SUBSCRIPTION)\b")
_TABLE = re.compile(r'(?:dumping contents of|processing data for) table "(.+)"$')
_UNREADABLE = re.compile(
    r"could not (?:read from|open) input file|unsupported version|in file header"
    r"|in archive|unexpected end of file"
)
_JOBS = max(2, min(8, os.cpu_count() or 2))
_LOCKS = "10s"
"""pg_dump waits so long for a table that somebody alters, and so long do those behind
it wait for pg_dump."""

Told = Callable[[str], None]
"""Told the name of a table (schema.table) whose rows come now."""


@dataclass(frozen=True)
class Archive:
    """A dump of any kind; `work` is a directory of ours."""

    dump: Dump
    work: Path

    def restore(
        self,
        server: Server,
        database: str,
        *,
        section: str | None = None,
        told: Told = lambda _: None,
    ) -> None:
        """Fill a database of a throwaway.

        Raises Failure on the first error, and UsageError of a dump that is damaged.
        """
        environment = programs.towards_copy(server, database)
        if self.dump.kind == "plain":
            psql = programs.find("psql", server.version_num, server)
            words = [str(psql), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
            programs.run(words, environment, fed=needs.statements(self.dump.path))
            return
        program = programs.find("pg_restore", server.version_num, server)
        parallel = self.dump.kind in ("directory", "custom")
        with self._read():
            programs.run(
                [
                    str(program),
                    "--dbname",
                    database,
                    "--verbose",
                    "--exit-on-error",
                    "--no-tablespaces",
                    f"--use-list={self._contents(program)}",
                    *([f"--section={section}"] if section else []),
                    *([f"--jobs={_JOBS}"] if parallel else []),
                    str(self.dump.path),
                ],
                environment,
                told=_of_tables(told),
            )

    def needs(self, server: Server) -> needs.Needs:
        """The roles and extensions that the dump names.

        Raises UsageError of a dump that is damaged, or newer than the programs.
        """
        if self.dump.kind == "plain":
            return needs.of_plain(self.dump.path)
        text = self.work / "schema.sql"
        program = programs.find("pg_restore", server.version_num, server)
        with self._read():
            programs.run(
                [str(program), "--schema-only", f"--file={text}", str(self.dump.path)],
                os.environ,
            )
        return needs.of_plain(text)

    @contextmanager
    def _read(self) -> Iterator[None]:
        """Tell that a dump cannot be read, where that is what pg_restore says."""
        try:
            yield
        except Failure as error:
            said = error.detail or ""
            if not _UNREADABLE.search(said):
                raise
            hint = "It is damaged or cut off: make it anew, or copy it again."
            if "unsupported version" in said:
                hint = "A newer pg_dump wrote it: see --postgres, and --image."
            raise UsageError(
                f"{self.dump.path}: the dump cannot be read",
                detail="\n".join(x for x in said.splitlines() if "error:" in x),
                hint=hint,
            ) from None

    def _contents(self, program: Path) -> Path:
        """The table of contents, without what leads to other servers."""
        listed = self.work / "contents"
        if not listed.exists():
            words = [str(program), "--list", f"--file={listed}", str(self.dump.path)]
            programs.run(words, os.environ)
            lines = listed.read_text("utf-8", "surrogateescape").splitlines(True)
            kept = "".join(line for line in lines if not _OUTWARD.match(line))
            listed.write_text(kept, "utf-8", "surrogateescape")
        return listed


def write(
    server: Server,
    version_num: int,
    environment: Mapping[str, str],
    work: Path,
    *,
    snapshot: str,
    rows: bool,
    told: Told,
) -> Archive:
    """Have pg_dump write a live database into `work`, as of an exported snapshot."""
    program = programs.find("pg_dump", version_num, server)
    target = work / "dump"
    try:
        programs.run(
            [
                str(program),
                "--format=directory",
                f"--file={target}",
                f"--jobs={_JOBS}",
                "--compress=1",
                f"--snapshot={snapshot}",
                f"--lock-wait-timeout={_LOCKS}",
                "--no-subscriptions",
                "--verbose",
                *([] if rows else ["--schema-only"]),
            ],
            environment,
            told=_of_tables(told),
        )
    except Failure as error:
        raise Failure(
            "the source cannot be dumped",
            detail=error.detail,
            hint="It needs to read every table: a superuser, the owner, or a member of "
            "pg_read_all_data.",
        ) from None
    return Archive(Dump(target, "directory"), work)


def _of_tables(told: Told) -> Callable[[str], None]:
    def line(text: str) -> None:
        if match := _TABLE.search(text):
            told(match[1])

    return line
