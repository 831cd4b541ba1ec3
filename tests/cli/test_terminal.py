"""What a person sees on a terminal: colours, passing lines, questions."""

from __future__ import annotations

import os
import pty
import re
import select

import psycopg
import pytest

from tests.cli.conftest import TRUNKLINE, Cli
from tests.projects import ROOMS

GREEN = "\x1b[32m"


def readable(terminal: int) -> bool:
    """Whether something is said within a moment."""
    return bool(select.select([terminal], [], [], 0.3)[0])


def shown(cli: Cli, *words: str, says: bytes = b"", **variables: str) -> str:
    """All that stands on a terminal of its own when the command has ended."""
    environment = {**cli.environment, "TERM": "xterm", **variables}
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cli.root)
        os.execve(TRUNKLINE[0], [*TRUNKLINE, *words], environment)
    said = b""
    try:
        while more := os.read(terminal, 1 << 16):
            said += more
            while said.endswith(b"? [y/N] ") and not readable(terminal):
                os.write(terminal, says)  # again, if it came just before the reading
    except OSError:  # the command has ended
        pass
    os.close(terminal)
    os.waitpid(pid, 0)
    assert b"Traceback" not in said
    return said.decode()


def test_there_is_colour_where_it_is_wanted(rooms: Cli) -> None:
    assert GREEN in shown(rooms, "apply")
    assert GREEN not in shown(rooms, "rollback", "--last", "1", "--yes", NO_COLOR="1")


def test_a_dumb_terminal_gets_plain_lines_only(rooms: Cli) -> None:
    said = shown(rooms, "apply", TERM="dumb")
    assert "20260101_rooms" in said
    assert "\x1b" not in said


def test_a_line_that_passes_is_cut_and_leaves_nothing(rooms: Cli) -> None:
    said = shown(rooms, "apply", "--verbose")
    assert "  20260101_rooms 1/1\x1b[K\r\x1b[K    ok     rooms can be entered" in said


@pytest.mark.parametrize(
    ("key", "told"), [(b"\x03", "ended by SIGINT"), (b"\x04", "no")]
)
def test_what_ends_a_question_is_told_on_a_line_of_its_own(
    rooms: Cli, key: bytes, told: str
) -> None:
    rooms("apply")
    *_, question, last = shown(rooms, "rollback", "--last", "1", says=key).splitlines()
    assert re.search(r"\? \[y/N\] (\^C)?$", question)
    assert last.endswith(told)


def test_a_plan_that_is_asked_for_is_shown_beside_the_document(rooms: Cli) -> None:
    rooms("apply")
    done = rooms("rollback", "--last", "1", "--json")
    assert done.status == 2
    assert done.err == (
        f"will roll back {ROOMS}\n"
        "    loses: public.rooms rows — entered by hand (0 rows)\n"
    )
    assert done.json["error"]["message"] == "nobody is there to be asked"


def test_where_nothing_is_rolled_back_nothing_is_written(
    rooms: Cli, connection: psycopg.Connection
) -> None:
    done = rooms("rollback", "--last", "1")
    assert (done.status, done.err) == (0, "")
    assert connection.execute(
        "select to_regnamespace('trunkline'), to_regclass('_yoyo_log')"
    ).fetchone() == (None, None)
