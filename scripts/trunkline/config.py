"""`yoyo.ini`: where it is, and what it says.

The file is yoyo's and is read as yoyo reads it (`%(here)s`, environment variables), so
that both tools see the same project. Nothing is written.
"""

from __future__ import annotations

import os
from configparser import BasicInterpolation, ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trunkline.errors import UsageError

FILE = "yoyo.ini"


@dataclass(frozen=True)
class Config:
    """What `yoyo.ini` says; `database` is None where it names none.

    `drift_ignored` are differences that are known and wanted: (`object name`, reason);
    with `require_certificate`, `apply` refuses what no certificate proves.
    """

    root: Path
    migrations: Path
    migration_table: str
    database: str | None
    drift_ignored: tuple[tuple[str, str], ...] = ()
    require_certificate: bool = False


def find(directory: Path) -> Path:
    """The directory of the nearest `yoyo.ini`, from `directory` upwards.

    Raises UsageError where there is none.
    """
    start = directory.resolve()
    if not start.is_dir():
        raise UsageError(f"{directory}: no such directory")
    for candidate in (start, *start.parents):
        if (candidate / FILE).is_file():
            return candidate
    raise UsageError(
        f"no {FILE} in {directory} or above it",
        hint="Go into the project, or name it with --project DIR; where there is none, "
        "write one: `[DEFAULT]` and `sources = %(here)s/migrations`.",
    )


def read(root: Path) -> Config:
    """Read `root/yoyo.ini`.

    Raises UsageError for a file that does not parse, for other than one source
    directory, and for one that does not exist (for yoyo that is "nothing to do").
    """
    path = root / FILE
    if not path.is_file():
        raise UsageError(
            f"no {FILE} in {root}",
            hint="Name a project's directory with --project DIR; where there is none, "
            "write one: `[DEFAULT]` and `sources = %(here)s/migrations`.",
        )
    try:
        section = _parser(path)["DEFAULT"]
        sources = _sources(root, section.get("sources", "migrations").strip())
        table = section.get("migration_table", "_yoyo_migration")
        database = section.get("database") or None
        ignored = section.get("drift_ignore") or ""
        certified = section.getboolean("require_certificate", fallback=False)
    except (Error, ValueError, FileNotFoundError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{FILE} cannot be read", detail=reason) from None
    if len(sources) != 1:
        raise UsageError(
            f"{FILE}: sources names {len(sources)} directories, and one is read",
            hint="Write `sources = %(here)s/migrations`.",
        )
    migrations = root / sources[0]
    if not migrations.is_dir():
        raise UsageError(
            f"{FILE}: no such migrations directory: {sources[0]}",
            hint="Make it, or correct `sources`.",
        )
    return Config(root, migrations, table, database, _ignored(ignored), certified)


def _sources(root: Path, text: str) -> list[str]:
    """The directories; yoyo would take one with blanks in its path for several."""
    return [text] if text and (root / text).is_dir() else text.split()


def _ignored(text: str) -> tuple[tuple[str, str], ...]:
    """The lines of `drift_ignore`: `object name — reason`."""
    pairs = []
    for line in filter(None, map(str.strip, text.splitlines())):
        named, dash, reason = line.partition(" — ")
        if not dash or not reason.strip():
            raise UsageError(
                f"{FILE}: drift_ignore: no reason in `{line}`",
                hint="Write `object name — reason`, one a line.",
            )
        pairs.append((named.strip(), reason.strip()))
    return tuple(pairs)


def _parser(path: Path) -> ConfigParser:
    text = path.read_text(encoding="utf-8")
    if "%inherit" in text or "%include" in text:
        from yoyo.config import read_config  # slow to import, and seldom needed

        parser: ConfigParser = read_config(str(path))
        return parser
    parser = ConfigParser(interpolation=_EnvironmentInterpolation(path.parent))
    parser.read_string(text, source=str(path))
    return parser


class _EnvironmentInterpolation(BasicInterpolation):
    """yoyo's: `%(here)s` and `%(ANY_ENVIRONMENT_VARIABLE)s`."""

    def __init__(self, here: Path) -> None:
        values = {**os.environ, "here": str(here)}
        self._defaults = {k.lower(): v.replace("%", "%%") for k, v in values.items()}

    def before_get(
        self, parser: Any, section: str, option: str, value: str, defaults: Any
    ) -> str:
        merged = {**self._defaults, **defaults}
        return super().before_get(parser, section, option, value, merged)
