"""`new`: the files of a change, from templates; overwrites nothing."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from pathlib import Path

from trunkline.errors import UsageError
from trunkline.project import Project

_SLUG = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")


def write(project: Project, slug: str, today: date | None = None) -> tuple[str, ...]:
    """Write migration, link, rollback and verification; returns their paths.

    The name is today's date and `slug`; it depends on the project's last change. Raises
    UsageError for a slug that is not snake_case and for a name that is taken. Leaves
    none of them where one cannot be written.
    """
    if not _SLUG.match(slug):
        raise UsageError(
            f"{slug!r} is not snake_case",
            hint="Write small letters, digits and single underscores.",
        )
    name = f"{today or date.today():%Y%m%d}_{slug}"
    root, migrations = project.root, project.config.migrations
    migration = migrations / f"{name}.sql"
    link = migrations / f"{name}.rollback.sql"
    rollback = root / "rollbacks" / f"{name}.sql"
    verification = root / "verification" / f"{name}.sql"
    for path in (migration, link, rollback, verification):
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path.relative_to(root)} exists already")
    last = project.changes[-1].id if project.changes else None
    title = slug.replace("_", " ").capitalize()
    depends = f"-- depends: {last}\n--\n" if last else ""
    written = (migration, link, rollback, verification)
    try:
        _fill(migration, "migration", title=title, depends=depends)
        _fill(rollback, "rollback", title=title, depends="")
        _fill(verification, "verification", title=title, depends="")
        link.symlink_to(Path("..") / "rollbacks" / migration.name)
    except OSError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return tuple(path.relative_to(root).as_posix() for path in written)


def _fill(path: Path, template: str, **values: str) -> None:
    text = (
        files("trunkline").joinpath("templates", f"{template}.sql").read_text("utf-8")
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.format(**values), encoding="utf-8")
