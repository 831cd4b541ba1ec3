"""`trunkline backfill` as a DBA meets it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import SECONDS, TRUNKLINE, Cli
from tests.toys import TABLES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def toys(
    rooms: Cli, connection: psycopg.Connection, tmp_path_factory: pytest.TempPathFactory
) -> Cli:
    """A database with toy tables, and an installed package that offers backfills."""
    package = tmp_path_factory.mktemp("package")
    info = package / "toys-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[trunkline.backfills]\ncopies = tests.toys:Copies\n"
        "slow-copies = tests.toys:SlowCopies\n"
    )
    rooms.environment["PYTHONPATH"] = f"{package}:{ROOT}"
    connection.execute(TABLES.encode())
    return rooms


def originals(connection: psycopg.Connection, rows: int, text: str = "good") -> None:
    connection.execute(
        "insert into public.originals (region, n, text)"
        " select 'region', n, %s from generate_series(1, %s) as n",
        [text, rows],
    )


def test_a_run_ends_with_its_counts_and_status_0(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 30)
    done = toys("backfill", "copies")
    assert done.status == 0
    assert re.match(r"copies \(run 1\): finished in \S+ m?s, \S+ rows/s\n", done.out)
    assert done.out.splitlines()[1:] == [
        "    Total rows: 30",
        "    Migrated: 30",
        "    Skipped: 0",
        "    Errors: 0",
    ]


def test_errors_are_listed_with_their_reasons_and_end_in_status_1(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 30)
    originals(connection, 25, "bad")
    done = toys("backfill", "copies")
    assert done.status == 1
    assert "    Errors: 25\n      25 bad_text\n" in done.out
    assert done.out.count("not ok region, ") == 20
    assert done.out.endswith("    and 5 more (--verbose shows all)\n")
    told = toys("backfill", "copies", "status", "--verbose")
    assert told.status == 1
    assert told.out.count(": bad_text: row ") == 25


def test_the_document_has_counts_and_errors(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 3, "bad")
    document = toys("backfill", "copies", "--json").json
    assert document["counts"] == {"total": 3, "migrated": 0, "skipped": 0, "errors": 3}
    assert {error["reason"] for error in document["errors"]} == {"bad_text"}
    assert (document["state"], document["ok"]) == ("finished", False)


def test_a_dry_run_says_what_would_be_and_keeps_nothing(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 30)
    done = toys("backfill", "copies", "--dry-run")
    assert "(a dry run, nothing is kept): finished" in done.out
    assert "    Migrated: 30\n" in done.out
    assert connection.execute("select from public.copies").rowcount == 0
    assert toys("backfill", "copies", "status").out == "copies has never run\n"


def test_at_its_limit_a_run_is_left_and_gone_on_with_later(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 30)
    assert "at its limit" in toys("backfill", "copies", "--limit", "12").out
    told = toys("backfill", "copies", "status").out
    assert re.search("running, .* 12 of about [0-9,]+ rows, 0 workers\n", told)
    done = toys("backfill", "copies", "--workers", "2")
    assert "note: copies goes on behind 12 rows\n" in done.err
    assert "    Total rows: 30\n" in done.out


def test_a_paused_run_is_refused_until_it_is_resumed(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 30)
    toys("backfill", "copies", "--limit", "12")
    assert toys("backfill", "copies", "pause").out == "copies is paused\n"
    refused = toys("backfill", "copies")
    assert (refused.status, "copies is paused" in refused.err) == (3, True)
    assert toys("backfill", "copies", "resume").status == 0
    assert toys("backfill", "copies").status == 0


def test_an_undo_tells_its_plan_and_names_what_it_keeps(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 30)
    toys("backfill", "copies")
    connection.execute("update public.copies set touched_at = now() where id = 7")
    refused = toys("backfill", "copies", "undo")
    assert (refused.status, "nobody is there to be asked" in refused.err) == (2, True)
    assert connection.execute("select from public.copies").rowcount == 30
    done = toys("backfill", "copies", "undo", "--yes")
    assert done.status == 1
    lines = done.out.splitlines()
    assert lines[0] == "will undo 1 run of copies: delete 30 rows of public.copies"
    assert lines[1] == "    kept 7: changed"
    assert lines[2].startswith("copies: 29 rows put back, 1 row kept in ")
    assert toys("backfill", "copies", "undo", "--yes").status == 3


def test_what_is_forgotten_cannot_be_undone(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 30)
    toys("backfill", "copies")
    refused = toys("backfill", "copies", "forget")
    assert (refused.status, "nobody is there to be asked" in refused.err) == (2, True)
    assert refused.out == (
        "will forget what copies wrote, 30 rows: it cannot be undone any more then\n"
    )
    assert connection.execute("select from trunkline.backfill_written").rowcount == 30
    done = toys("backfill", "copies", "forget", "--yes")
    assert "copies: 30 rows forgotten" in done.out
    # Where there is nothing, nobody is asked.
    assert toys("backfill", "copies", "forget").status == 0
    assert toys("backfill", "copies", "undo", "--yes").status == 3


def test_without_a_name_all_there_are_are_told(
    toys: Cli, connection: psycopg.Connection
) -> None:
    toys("backfill", "copies")
    done = toys("backfill")
    assert done.status == 0
    assert re.search(r"^copies \.+ finished  .*, 0 errors$", done.out, re.MULTILINE)
    assert re.search(r"^slow-copies \.+ never run$", done.out, re.MULTILINE)
    assert "copies" in toys("backfill", "--json").json["backfills"]


@pytest.mark.parametrize(
    "words",
    [
        ("cpoies",),
        ("cpoies", "status"),
        ("cpoies", "undo", "--yes"),
        ("copies", "stauts"),
        ("copies", "status", "--limit", "3"),
        ("copies", "undo", "--dry-run"),
        ("copies", "--workers", "0"),
        ("copies", "--limit", "-1"),
    ],
)
def test_what_makes_no_sense_is_refused_with_status_2(
    toys: Cli, words: tuple[str, ...]
) -> None:
    done = toys("backfill", *words)
    assert (done.status, done.out) == (2, "")


def test_on_a_terminal_a_bar_shows_rate_and_time_left(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 3000)
    connection.execute("analyze public.originals")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*TRUNKLINE, "backfill", "slow-copies"],
        cwd=toys.root,
        env=toys.environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        out, _ = process.communicate(timeout=SECONDS)
    os.close(theirs)
    bar = os.read(ours, 65536).decode()
    os.close(ours)
    assert "    Total rows: 3000\n" in out
    assert re.search(
        r"slow-copies +[0-9]+% [0-9,]+ of about [0-9,]+, "
        r"[0-9,]+ rows/s, .* left \[#*\.*",
        bar,
    )


def test_without_a_terminal_there_is_no_bar(
    toys: Cli, connection: psycopg.Connection
) -> None:
    originals(connection, 3000)
    assert toys("backfill", "slow-copies").err == ""
