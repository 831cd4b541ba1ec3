"""What may be said, and what is said of it: help, options, the form of an error."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.conftest import TRUNKLINE, Cli
from tests.projects import ROOMS, sound

COMMANDS = [
    "status",
    "apply",
    "rollback",
    "verify",
    "rehearse",
    "sandbox",
    "lint",
    "backfill",
]


@pytest.mark.parametrize("command", [[], *([name] for name in [*COMMANDS, "new"])])
def test_help_documents_the_exit_codes_and_a_command_shows_an_example(
    command: list[str], cli: Callable[..., Cli]
) -> None:
    done = cli()(*command, "--help")
    assert done.status == 0
    assert [line[:4] for line in re.findall(r"\n(  [0-9]  )", done.out)] == [
        "  0 ",
        "  1 ",
        "  2 ",
        "  3 ",
    ]
    if command:
        assert re.search(rf"\nexample:\n  trunkline .*\b{command[0]}\b", done.out)


def test_it_says_which_version_it_is(cli: Callable[..., Cli]) -> None:
    done = cli()("--version")
    assert (done.status, done.out) == (0, f"trunkline {version('trunkline')}\n")


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [*TRUNKLINE, "--help"],
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "argparse" in imported
    heavy = {"psycopg", "postgast", "yoyo", "sqlfluff", "junitparser", "configparser"}
    assert not imported & heavy


def test_global_options_stand_before_or_after_the_command(
    tmp_path: Path, cli: Callable[..., Cli]
) -> None:
    project = str(sound(tmp_path / "project"))
    (tmp_path / "elsewhere").mkdir()
    here = cli()
    here.root = tmp_path / "elsewhere"
    before = here("--project", project, "--json", "lint")
    after = here("lint", "--json", "--project", project)
    assert before.status == after.status == 0
    assert before.json == after.json


def test_the_database_of_the_command_line_goes_before_that_of_the_environment(
    rooms: Cli,
) -> None:
    url = rooms.environment["TRUNKLINE_DATABASE"]
    rooms.environment["TRUNKLINE_DATABASE"] = "postgresql://nobody@127.0.0.1:1/x"
    assert rooms("status").status == 3
    assert rooms("status", "--database", url).status == 0


@pytest.mark.parametrize(
    "words",
    [
        ["aply"],
        ["apply", "--nonsense"],
        ["apply", "--lock-timeout", "soon"],
        ["apply", "--lock-timeout", "0"],
        ["rollback"],
        ["rollback", ROOMS, "--last", "1"],
        ["rollback", "--last", "0"],
        ["rehearse", "--postgres", "15"],
        ["rehearse", "20260101_room"],
        ["rehearse", "--on", "the moon"],
        ["verify", "--junit", "/nowhere/verify.xml"],
        ["status", "--database", "postgresql://["],
        ["status", "--database", ""],
        ["rehearse", "--from", ""],
        ["status", "--", "psql"],
        ["new", "Not a Slug"],
        ["--project", "nowhere", "lint"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_message_and_exit_code_2(
    words: list[str], rooms: Cli
) -> None:
    done = rooms(*words)
    assert (done.status, done.out) == (2, "")
    assert re.match(r"trunkline: [^\n]+\n(detail: |hint:   |$)", done.err)


def test_an_error_is_the_one_document_that_json_gives(rooms: Cli) -> None:
    done = rooms("--json", "apply", "--to", "nothing")
    assert (done.status, done.err) == (2, "")
    assert list(done.json) == ["error"]
    assert set(done.json["error"]) == {"message", "detail", "hint", "exit_code"}
    assert done.json["error"]["exit_code"] == 2


def test_a_database_that_nobody_names_is_asked_for(tmp_path: Path) -> None:
    done = Cli(sound(tmp_path), None)("status")
    assert done.status == 2
    assert "TRUNKLINE_DATABASE" in done.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://dba:open-sesame@127.0.0.1:1/app",
        "postgresql://dba:open-sesame@127.0.0.1:port/app",
        "postgresql://dba:100%open-sesame@127.0.0.1/app",
        "postgresql://dba:open-sesame@[127.0.0.1/app",
        "host=127.0.0.1 port=1 password=open-sesame nonsense",
        "postgresql://dba:open@open-sesame@127.0.0.1:1/app",
        "postgresql://dba:open%40@open-sesame@127.0.0.1:1/app",
        "postgresql://dba:open/open-sesame@127.0.0.1:1/app",
        "postgresql://dba:open?open-sesame@127.0.0.1:1/app",
        "postgresql://dba:open-sesame@127.0.0.1:1/a@pp",
    ],
)
def test_a_password_in_the_url_is_in_no_message(url: str, tmp_path: Path) -> None:
    for words in (["status"], ["--json", "apply"], ["rehearse", "--on", url]):
        done = Cli(sound(tmp_path), url)(*words)
        assert done.status in (2, 3)
        assert "open-sesame" not in done.out + done.err


@pytest.mark.parametrize(
    "words",
    [
        ["apply", "postgresql://dba:open-sesame@h/app"],
        ["--databse=postgresql://dba:open-sesame@h/app", "status"],
        ["postgresql://dba:open@open-sesame@h/app"],
        ["rollback", "--last", "postgresql://dba:open-sesame@h/app"],
    ],
    ids=["too many", "misspelt", "command", "number"],
)
def test_a_password_in_the_wrong_place_is_in_no_message(
    words: list[str], rooms: Cli
) -> None:
    done = rooms(*words)
    assert done.status == 2
    assert "://…@h/app" in done.err
    assert "open-sesame" not in done.out + done.err


def test_an_at_sign_in_a_password_is_told_how_to_be_written(tmp_path: Path) -> None:
    where = "postgresql://dba:open@sesame@127.0.0.1:1/app"
    done = Cli(sound(tmp_path), where)("status")
    assert done.status == 2
    assert "Write %40 for `@`" in done.err
    encoded = where.replace("open@", "open%40")
    done = Cli(tmp_path, encoded)("status")
    assert done.status == 3
    assert "cannot connect to dba@127.0.0.1:1/app\n" in done.err


def test_the_environment_says_what_the_url_does_not(rooms: Cli, url: str) -> None:
    variables = {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "dba"}
    rooms.environment |= variables
    done = rooms("status", "--database", "dbname=app")
    assert done.err.startswith("trunkline: cannot connect to dba@127.0.0.1:1/app\n")
    assert rooms("status", "--database", url).status == 0
    rooms.environment["PGSERVICE"] = "nowhere"
    done = rooms("status", "--database", "dbname=app")
    assert done.status == 3
    assert '"nowhere" not found' in done.err


def test_an_unfinished_change_is_written_whole_and_refused_until_it_is_finished(
    rooms: Cli,
) -> None:
    done = rooms("--json", "new", "agents_remember")
    assert done.status == 0
    written = done.json["written"]
    assert len(written) == 4
    assert all((rooms.root / path).is_file() for path in written)
    assert rooms("new", "agents_remember").status == 2
    assert rooms("apply").status == 2
    found = rooms("lint").out
    assert f"{written[0]}:1: the file holds no statement [file-empty]\n" in found


def test_a_finding_is_a_path_a_line_a_message_and_a_rule(rooms: Cli) -> None:
    path = rooms.root / "migrations" / f"{ROOMS}.sql"
    path.write_text("create table public.rooms (id uuid);\n-- transactional: false\n")
    done = rooms("lint")
    assert done.status == 1
    assert re.search(
        rf"^migrations/{ROOMS}\.sql:2: .+ \[directive-misplaced\]$", done.out, re.M
    )
    assert done.out.endswith(" in 3 files\n")
