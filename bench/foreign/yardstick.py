"""What a careful person does by hand: clone, psql, pg_dump, and compare the texts.

For each pair of files: a copy of the database as the pair meets it; the dump of its
schema before, after the first file, after the second one, and after the first one
again. The verdict comes from these texts and from psql's exit status alone. Nothing
of the engine is used, and nothing is asked of the catalogs.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BASE, COPY = "yardstick", "yardstick_copy"

_TABLE = re.compile(
    r"^(CREATE [^\n]*TABLE [^\n]* \(\n)(.*?)(^\)[^\n]*;\n)", re.M | re.S
)


@dataclass(frozen=True)
class Yardstick:
    """The programs in `programs`, and the `PG*` variables of a server that is empty."""

    programs: Path
    environment: Mapping[str, str]

    def begin(self) -> None:
        """Make the database that the pairs are tried on."""
        self._sql(f"create database {BASE}")

    def judge(self, up: Path, down: Path | None) -> str:
        """Try one pair, leave the first file applied, and return the verdict.

        It is one of `exact`, `column_order`, `down_inexact`, `redo_differs`,
        `redo_failed`, `down_failed`, `down_missing` and `up_failed`.
        """
        self._sql(f"create database {COPY} template {BASE}")
        verdict = self._tried(up, down, "-- transactional: false" in up.read_text())
        self._sql(f"drop database {COPY} with (force)")
        if verdict != "up_failed":
            self._file(BASE, up, "-- transactional: false" in up.read_text())
        return verdict

    def _tried(self, up: Path, down: Path | None, alone: bool) -> str:
        before = self._dump()
        if not self._file(COPY, up, alone):
            return "up_failed"
        if down is None:
            return "down_missing"
        first = self._dump()
        if not self._file(COPY, down, alone):
            return "down_failed"
        after = self._dump()
        if not self._file(COPY, up, alone):
            return "redo_failed" if after == before else "down_inexact"
        again = self._dump()
        if _in_any_order(after) != _in_any_order(before):
            return "down_inexact"
        if _in_any_order(again) != _in_any_order(first):
            return "redo_differs"
        return "exact" if after == before else "column_order"

    def _file(self, database: str, file: Path, alone: bool) -> bool:
        transaction = [] if alone else ["--single-transaction"]
        return self._psql(database, *transaction, "--file", str(file))

    def _sql(self, statement: str) -> None:
        if not self._psql("postgres", "--command", statement):
            raise SystemExit(f"yardstick: cannot: {statement}")

    def _psql(self, database: str, *arguments: str) -> bool:
        done = subprocess.run(
            [
                *(self.programs / "psql", "--no-psqlrc", "--quiet"),
                *("--set", "ON_ERROR_STOP=1", "--dbname", database, *arguments),
            ],
            env=dict(self.environment),
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    def _dump(self) -> str:
        done = subprocess.run(
            [self.programs / "pg_dump", "--schema-only", "--dbname", COPY],
            env=dict(self.environment),
            capture_output=True,
            check=True,
            text=True,
        )
        lines = done.stdout.splitlines(keepends=True)
        return "".join(x for x in lines if not x.startswith(("\\restr", "\\unrestr")))


def _in_any_order(dump: str) -> str:
    """A dump with the columns of each table sorted: their order cannot be undone."""

    def arranged(table: re.Match[str]) -> str:
        columns = sorted(line.rstrip(",") for line in table[2].splitlines())
        return table[1] + "\n".join(columns) + "\n" + table[3]

    return _TABLE.sub(arranged, dump)
