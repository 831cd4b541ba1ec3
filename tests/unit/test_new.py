"""What `new` writes, and what it refuses to write over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.projects import ROOMS, sound, write
from trunkline import new, project
from trunkline.errors import UsageError
from trunkline.lint import layout

TODAY = date(2026, 3, 1)
NAME = "20260301_quiet_hours"


def test_a_new_change_has_todays_date_its_files_and_its_link(tmp_path: Path) -> None:
    written = new.write(project.load(sound(tmp_path)), "quiet_hours", TODAY)
    assert written == (
        f"migrations/{NAME}.sql",
        f"migrations/{NAME}.rollback.sql",
        f"rollbacks/{NAME}.sql",
        f"verification/{NAME}.sql",
    )
    link = tmp_path / written[1]
    assert link.readlink() == Path("..", "rollbacks", f"{NAME}.sql")


def test_a_new_change_comes_after_the_last_one(tmp_path: Path) -> None:
    new.write(project.load(sound(tmp_path)), "quiet_hours", TODAY)
    assert project.load(tmp_path).change(NAME).depends == (ROOMS,)


def test_the_first_change_of_a_project_depends_on_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"yoyo.ini": "[DEFAULT]\nsources = %(here)s/migrations\n"})
    (tmp_path / "migrations").mkdir()
    new.write(project.load(tmp_path), "quiet_hours", TODAY)
    (change,) = project.load(tmp_path).changes
    assert change.depends == ()


def test_only_the_statements_are_missing_from_a_new_change(tmp_path: Path) -> None:
    new.write(project.load(sound(tmp_path)), "quiet_hours", TODAY)
    found = [(p.path, p.fault.rule) for p in layout.problems(project.load(tmp_path))]
    assert found == [
        (f"migrations/{NAME}.sql", "file-empty"),
        (f"rollbacks/{NAME}.sql", "file-empty"),
    ]


@pytest.mark.parametrize(
    "slug",
    ["", "Quiet", "quiet-hours", "quiet hours", "1st", "a__b", "a_", "../a", "ä"],
)
def test_a_name_that_is_not_snake_case_is_refused(slug: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="snake_case"):
        new.write(project.load(sound(tmp_path)), slug, TODAY)


@pytest.mark.parametrize(
    "taken",
    [
        f"migrations/{NAME}.sql",
        f"migrations/{NAME}.rollback.sql",
        f"rollbacks/{NAME}.sql",
        f"verification/{NAME}.sql",
    ],
)
def test_no_file_is_written_over_and_none_is_written_then(
    taken: str, tmp_path: Path
) -> None:
    loaded = project.load(sound(tmp_path, {taken: "select 1;"}))
    with pytest.raises(UsageError, match=f"{taken} exists already"):
        new.write(loaded, "quiet_hours", TODAY)
    (file,) = tmp_path.rglob(f"{NAME}*")
    assert file.read_text() == "select 1;"


def test_where_one_file_cannot_be_written_none_is(tmp_path: Path) -> None:
    loaded = project.load(sound(tmp_path))
    (tmp_path / "verification").rename(tmp_path / "elsewhere")
    (tmp_path / "verification").write_text("no directory")
    with pytest.raises(OSError, match="verification"):
        new.write(loaded, "quiet_hours", TODAY)
    assert list(tmp_path.rglob(f"{NAME}*")) == []
