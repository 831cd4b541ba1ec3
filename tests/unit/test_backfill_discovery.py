"""Backfills are found by the entry points of whatever is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toys import Copies
from trunkline.backfill import load, names
from trunkline.errors import UsageError


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that offers backfills, good and bad."""
    info = tmp_path / "toys-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[trunkline.backfills]\n"
        "copies = tests.toys:Copies\n"
        "renamed = tests.toys:Copies\n"
        "no-backfill = tests.toys:TABLES\n"
        "missing = tests.no_such_module:Copies\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


def test_all_names_are_known_and_nothing_is_imported_for_them() -> None:
    assert {"copies", "renamed", "no-backfill", "missing"} <= set(names())


def test_a_backfill_is_loaded_by_its_name() -> None:
    assert load("copies") is Copies


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("cpoies", "there is no backfill cpoies"),
        ("no-backfill", "tests.toys:TABLES is no backfill"),
        ("renamed", "tests.toys:Copies calls itself copies, not renamed"),
    ],
)
def test_what_is_no_such_backfill_is_refused(name: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        load(name)


def test_a_misspelt_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError) as refusal:
        load("cpoies")
    assert "copies, " in (refusal.value.hint or "")
