"""The commands at work on a real database: transcript, JSON, JUnit, exit codes."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import TRUNKLINE, Cli
from tests.projects import ROOMS, change, write

NEXT = "20260102_doors"
DOORS = change(
    NEXT,
    "alter table public.rooms add column doors integer default 1;\n",
    "alter table public.rooms drop column doors;\n",
    "-- check: rooms have doors\nselect 'doors' as subject, 'missing' as detail\n"
    "where not exists (\n    select from pg_attribute\n"
    "    where attrelid = to_regclass('public.rooms') and attname = 'doors'\n);\n",
)
TIME = r"\d+(\.\d)? m?s"
LINE = rf" \.+ ok  {TIME}\n"


def test_a_change_goes_up_is_verified_and_comes_down(rooms: Cli) -> None:
    write(rooms.root, DOORS)
    done = rooms("apply", "--dry-run")
    assert (done.status, done.out) == (
        0,
        f"+ {ROOMS}\n+ {NEXT}\n2 changes would be applied\n",
    )
    done = rooms("apply", "--to", ROOMS)
    assert done.status == 0
    assert re.fullmatch(rf"\+ {ROOMS}{LINE}1 change applied in {TIME}\n", done.out), (
        done.out
    )
    assert rooms("apply").status == 0
    done = rooms("verify")
    assert done.status == 0
    assert re.fullmatch(
        rf"\* {ROOMS}{LINE}\* {NEXT}{LINE}2 checks in {TIME}: all passed\n", done.out
    )
    done = rooms("rollback", "--to", ROOMS, "--yes")
    assert done.status == 0
    assert f"\n- {NEXT} ." in done.out
    assert "\n1 change rolled back in " in done.out
    assert "1 applied, 1 pending" in rooms("status").out


def test_explain_tells_what_each_statement_locks(rooms: Cli) -> None:
    assert rooms("apply").status == 0
    write(rooms.root, DOORS)
    held = rf"ACCESS EXCLUSIVE on public\.rooms for {TIME}\n"
    done = rooms("apply", "--explain")
    assert re.search(rf"^\+ {NEXT}{LINE}    \+ line 1: {held}1 change", done.out)
    done = rooms("rollback", "--last", "1", "--yes", "--explain")
    assert re.search(rf"^- {NEXT}{LINE}    - line 1: {held}1 change", done.out, re.M)
    done = rooms("rehearse", NEXT, "--explain")
    assert re.search(rf"^    \+ line 1: {held}    - line 1: {held}", done.out, re.M)


def test_json_has_what_each_statement_locks(rooms: Cli) -> None:
    assert rooms("apply").status == 0
    write(rooms.root, DOORS)
    (up,) = rooms("apply", "--json").json["locks"]
    assert up.pop("seconds") >= 0
    expected = {
        "change": NEXT,
        "direction": "up",
        "line": 1,
        "relation": "public.rooms",
        "mode": "AccessExclusiveLock",
        "rewrote": False,
        "scanned": False,
    }
    assert up == expected
    (down,) = rooms("rollback", "--last", "1", "--yes", "--json").json["locks"]
    assert (down["direction"], down["mode"]) == ("down", "AccessExclusiveLock")
    (change,) = rooms("rehearse", NEXT, "--json").json["changes"]
    assert [lock["direction"] for lock in change["locks"]] == ["up", "down"]


def test_the_dots_of_a_transcript_end_in_one_column(rooms: Cli) -> None:
    write(rooms.root, DOORS)
    lines = rooms("apply").out.splitlines()[:2]
    assert lines[0].index(" ok ") == lines[1].index(" ok ")


def test_a_rollback_that_nobody_is_there_to_confirm_is_refused_with_its_losses(
    rooms: Cli, connection: psycopg.Connection
) -> None:
    assert rooms("apply").status == 0
    connection.execute("insert into rooms values (gen_random_uuid())")
    done = rooms("rollback", ROOMS)
    assert done.status == 2
    assert "loses: public.rooms rows — entered by hand (1 row)" in done.out
    assert "--yes" in done.err


@pytest.mark.parametrize(("answer", "status"), [("n", 2), ("", 2), ("y", 0)])
def test_a_rollback_on_a_terminal_is_asked_about(
    answer: str, status: int, rooms: Cli
) -> None:
    assert rooms("apply").status == 0
    ours, theirs = pty.openpty()
    try:
        with rooms.start("rollback", "--last", "1", stdin=theirs) as process:
            os.write(ours, f"{answer}\n".encode())
            _, err = process.communicate(timeout=30)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == status
    assert "? [y/N]" in err
    expected = "pending" if answer == "y" else "applied"
    (row,) = rooms("status", "--json").json["rows"]
    assert row["state"] == expected


def test_data_that_breaks_a_rule_later_is_exit_code_1_of_verify(
    rooms: Cli, connection: psycopg.Connection
) -> None:
    write(
        rooms.root,
        {
            "verification/invariants/doors.sql": "-- check: every room has a door\n"
            "select id::text as subject, e'no\\ndoor\\x1b[2J' as detail\nfrom rooms;\n"
        },
    )
    assert rooms("apply").status == 0
    connection.execute(
        "insert into rooms select gen_random_uuid() from generate_series(1, 12)"
    )
    done = rooms("verify")
    assert done.status == 1
    assert done.out.count(r": no\ndoor\x1b[2J" + "\n") == 10
    assert "and 2 more\n" in done.out
    assert "2 checks in" in done.out
    (failing,) = [
        r for r in rooms("verify", "--json").json["results"] if r["violations"]
    ]
    assert len(failing["violations"]) == 12
    assert failing["violations"][0]["detail"] == "no\ndoor\x1b[2J"
    done = rooms("verify", "--junit", "verify.xml")
    assert done.status == 1
    document = ET.parse(rooms.root / "verify.xml").getroot()
    assert document.attrib["failures"] == "1"
    assert document.attrib["tests"] == "2"
    (failure,) = document.iter("failure")
    assert failure.text is not None
    assert "every room has a door" in failure.text


def test_a_rehearsal_of_a_sound_project_exits_0_and_json_has_the_promised_fields(
    rooms: Cli,
) -> None:
    done = rooms("rehearse", "--json")
    assert done.status == 0
    assert set(done.json) >= {
        "project",
        "server_version",
        "on",
        "seconds",
        "ok",
        "changes",
    }
    (report,) = done.json["changes"]
    assert set(report) >= {
        "id",
        "verdict",
        "seconds",
        "up",
        "down",
        "differences",
        "lost",
        "declared",
        "checks",
        "locks",
    }
    assert (report["verdict"], done.json["ok"], done.json["on"]) == (
        "exact",
        True,
        "embedded",
    )


def test_a_rollback_that_forgets_is_told_with_the_sql_and_the_file_to_put_it_in(
    rooms: Cli,
) -> None:
    down = "alter table public.rooms alter column doors drop default;\n"
    write(rooms.root, {**DOORS, f"rollbacks/{NEXT}.sql": down})
    done = rooms("rehearse", "--junit", "rehearsal.xml")
    assert done.status == 1
    assert re.search(rf"\* {ROOMS}{LINE}", done.out)
    assert re.search(rf"\* {NEXT} \.+ not ok ", done.out)
    told = f"add to rollbacks/{NEXT}.sql:\n        alter table public.rooms drop column"
    assert told in done.out
    assert done.out.endswith(": 1 exact, 1 down_inexact\n")
    document = ET.parse(rooms.root / "rehearsal.xml").getroot()
    good, bad = (suite.find("testcase[@name='rehearsal']") for suite in document)
    assert good is not None
    assert bad is not None
    assert good.find("failure") is None
    failure = bad.find("failure")
    assert failure is not None
    assert failure.text is not None
    assert "drop column" in failure.text
    assert not list(rooms.root.glob("*.part"))


def test_a_sandbox_has_the_changes_and_ends_with_the_status_of_its_command(
    rooms: Cli,
) -> None:
    shell = "psql -Atc 'select count(*) from public.rooms' \"$DATABASE_URL\"; exit 7"
    done = rooms("sandbox", "--", "sh", "-c", shell)
    assert (done.status, done.out) == (7, "0\n")


def test_a_sandbox_has_the_programs_of_its_servers_version(rooms: Cli) -> None:
    """An older pg_dump, found first on the PATH, would refuse the server."""
    older = rooms.root / "bin" / "pg_dump"
    older.parent.mkdir()
    older.write_text("#!/bin/sh\necho server version mismatch; exit 1\n")
    older.chmod(0o755)
    rooms.environment["PATH"] = f"{older.parent}{os.pathsep}{os.environ['PATH']}"
    done = rooms("sandbox", "--", "pg_dump", "--schema-only", "--table=public.rooms")
    assert (done.status, done.err) == (0, "")
    assert "CREATE TABLE public.rooms" in done.out


@pytest.mark.parametrize(
    "variable",
    ["PGSERVICE=nowhere", "PGHOSTADDR=127.0.0.9", "PGOPTIONS=-c x.y=z", "PGUSER=me"],
)
def test_no_variable_leads_away_from_a_sandbox(variable: str, rooms: Cli) -> None:
    name, _, text = variable.partition("=")
    rooms.environment[name] = text
    query = "select current_user, current_setting('x.y', true) is null"
    done = rooms("sandbox", "--empty", "--", "psql", "-Atc", query)
    assert (done.status, done.out) == (0, "postgres|t\n")


def test_ctrl_c_in_a_sandbox_is_for_its_command(rooms: Cli) -> None:
    # Short sleeps: one that outlives the shell holds stdout, and we wait for its end.
    shell = "trap 'exit 5' INT; echo ready; while :; do sleep 0.1; done"
    words = ("sandbox", "--empty", "--", "sh", "-c", shell)
    with rooms.start(*words, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (5, "")


def test_a_reader_who_has_had_enough_ends_the_command_quietly(rooms: Cli) -> None:
    with rooms.start("status") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert (process.returncode, err) == (141, "")


def test_output_goes_to_a_terminal_that_knows_only_ascii(rooms: Cli) -> None:
    rooms.environment["PYTHONIOENCODING"] = "ascii"
    assert rooms("apply").status == 0
    done = rooms("rollback", "--last", "1", "--yes")
    assert done.status == 0
    assert r"rows \u2014 entered by hand" in done.out


def test_without_a_terminal_there_is_no_colour_and_with_one_there_is(
    rooms: Cli,
) -> None:
    assert "\x1b" not in rooms("apply").out
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            [*TRUNKLINE, "rollback", "--last", "1", "--yes"],
            cwd=rooms.root,
            env=rooms.environment,
            stdout=theirs,
            check=True,
        )
        seen = os.read(ours, 100_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "\x1b[32mok\x1b[0m" in seen


@pytest.mark.parametrize("command", ["verify", "rehearse"])
def test_a_junit_file_that_cannot_be_written_does_not_lose_the_report(
    command: str, rooms: Cli
) -> None:
    assert rooms("apply").status == 0
    done = rooms(command, "--json", "--junit", "/dev/full")
    assert done.status == 3
    assert done.json["ok"]
    assert done.err == (
        "trunkline: /dev/full cannot be written\ndetail: No space left on device\n"
    )


def test_a_junit_file_is_written_whole_and_over_the_former_one(
    rooms: Cli, tmp_path: Path
) -> None:
    write(rooms.root, {"old.xml": "old"})
    assert rooms("apply").status == 0
    assert rooms("verify", "--junit", "old.xml").status == 0
    assert ET.parse(tmp_path / "old.xml").getroot().attrib["tests"] == "1"
