"""Rollbacks that are broken on purpose: each is found, named, and can be mended.

They are in `planted/`, one small project each. It is rehearsed as a user would do it;
then the rollback gets the SQL (or the header line) that the rehearsal asked for, and
the next rehearsal has nothing more to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import sql

from tests.line import Line
from trunkline.rehearsal.result import ChangeReport, Verdict
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Server

PLANTED = Path(__file__).parent / "planted"

_BEYOND = re.compile(r"-- beyond repair(?: until (\d+))?: .*")

CLEAN = Verdict.UNVERIFIED
"""Exact, in a project that has no verification files."""


@dataclass(frozen=True)
class Planted:
    """What stands, a change of it, and its broken rollback; then what is to be found.

    `finds` are differences as `missing index public.i`, and losses as `loses 2 values
    public.t.a`. The data says why no SQL can make good what the rollback did, where
    that is so; `beyond_repair_until` that version of PostgreSQL, or 0.
    """

    title: str
    base: str
    up: str
    down: str
    verdict: Verdict
    finds: tuple[str, ...]
    beyond_repair_until: int


def read(text: str) -> Iterator[Planted]:
    for block in text.split("-- planted: ")[1:]:
        title, *lines = block.splitlines()
        parts: dict[str, list[str]] = {"base": [], "up": [], "down": []}
        marks: dict[str, str] = {}
        finds: list[str] = []
        part, until = "base", 0
        for line in lines:
            word, _, rest = line.removeprefix("-- ").partition(": ")
            if line in ("-- up", "-- down"):
                part = word
            elif word in ("finds", "loses") and line.startswith("-- "):
                finds.append(rest if word == "finds" else f"loses {rest}")
            elif word == "verdict" and line.startswith("-- "):
                marks[word] = rest
            elif match := _BEYOND.fullmatch(line):
                until = int(match[1] or 99)
            else:
                parts[part].append(line)
        usual = "down_inexact" if any(f[:6] != "loses " for f in finds) else "data_lost"
        base, up, down = ("\n".join(lines).strip() + "\n" for lines in parts.values())
        yield Planted(
            title,
            base,
            up,
            down,
            Verdict(marks.get("verdict", usual)),
            tuple(finds),
            until,
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "planted" in metafunc.fixturenames:
        plants = [
            planted
            for path in sorted(PLANTED.glob("*.sql"))
            for planted in read(path.read_text("utf-8"))
        ]
        metafunc.parametrize("planted", plants, ids=[p.title for p in plants])


@pytest.fixture(autouse=True)
def roles(server: Server) -> Iterator[None]:
    yield
    forget_roles(server)


def forget_roles(server: Server) -> None:
    """Roles and settings are the cluster's, and outlive a rehearsal's databases."""
    with server.connect("postgres") as connection:
        connection.execute("alter system reset all")
        connection.execute("alter role all reset all")
        for (name,) in connection.execute(
            "select rolname from pg_roles where rolname like 'planted%'"
        ).fetchall():
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def rehearse(line: Line) -> ChangeReport:
    """Rehearse the second change of a project, on databases of its own."""
    standing, change = line.project.changes
    with closing(Stage(line.server, line.project)) as stage:
        stage.apply(standing)
        with stage.rehearse(change) as (report, _):
            return report


def told(report: ChangeReport) -> list[str]:
    found = [f"{d.kind} {d.object} {d.name}" for d in report.differences]
    return found + [f"loses {x.count} {x.what} {x.object}" for x in report.lost]


def mended(down: str, report: ChangeReport) -> str:
    """The rollback with what the report says is to be put into it."""
    remedies = [lost.remedy for lost in report.lost]
    head = [remedy for remedy in remedies if remedy.startswith("-- loses:")]
    repairs = [d.repair for d in report.differences]
    repairs += [remedy for remedy in remedies if remedy not in head]
    return "\n".join([*head, down, *repairs])


def test_a_broken_rollback_is_found_and_with_its_repair_it_is_exact(
    tmp_path: Path, server: Server, planted: Planted
) -> None:
    line = Line(tmp_path, server, database="")
    line.add("20260101_standing", planted.base)
    line.add("20260102_planted", planted.up, planted.down)
    report = rehearse(line)
    assert (report.verdict, told(report)) == (planted.verdict, [*planted.finds])
    for difference in report.differences:
        found, _, expected = difference.detail.partition(" instead of ")
        assert found.rpartition(" is ")[2] != expected

    forget_roles(line.server)
    line.add("20260102_planted", planted.up, mended(planted.down, report))
    again = rehearse(line)
    if planted.beyond_repair_until >= server.version_num // 10000:
        assert again.verdict == planted.verdict
        assert again.differences or again.lost
    else:
        assert (again.verdict, told(again)) == (CLEAN, [])
