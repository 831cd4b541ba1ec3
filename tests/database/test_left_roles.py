"""What changes make of the roles of a server that the user names."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import psycopg
import pytest

from tests.projects import change, write
from trunkline import drift, project, rehearsal, sandbox
from trunkline.connect import of_keywords
from trunkline.events import Event, Notice, ignore
from trunkline.project import Project
from trunkline.rehearsal.moves import bring_up
from trunkline.rehearsal.work import Parts
from trunkline.session import alone
from trunkline.throwaway import Request, Server, open_server

pytestmark = pytest.mark.embedded

INI = {"yoyo.ini": "[DEFAULT]\nsources = %(here)s/migrations\n"}
UP = (
    "create role clerk login;\ncreate role head;\ngrant head to clerk;\n"
    "create table t ();\ngrant select on t to clerk;\nalter table t owner to head;\n"
)
DOWN = "drop table t;\ndrop role clerk;\ndrop role head;\n"


@pytest.fixture
def other(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of the test's own, which stands for somebody's."""
    asked = Request(postgres=request.config.getoption("--postgres"))
    with open_server(asked) as running:
        yield running


@pytest.fixture
def asked(other: Server) -> Request:
    return Request(on=other.environment("postgres")["DATABASE_URL"])


@pytest.fixture
def administrator(other: Server) -> Iterator[psycopg.Connection]:
    with other.connect("postgres") as connection:
        yield connection


def loaded(root: Path, up: str = UP, down: str = DOWN) -> Project:
    write(root, {**INI, **change("20260101_roles", up, down)})
    return project.load(root)


def rehearsed(
    found: Project, request: Request, parts: Parts | None = None
) -> tuple[bool, list[str]]:
    """Whether all is well, and what is told beside."""
    notes: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Notice):
            notes.append(event.text)

    report = rehearsal.run(
        found,
        request,
        (),
        allow_unverified=True,
        emit=hear,
        parts=parts or Parts(),
    )
    return report.ok, notes


def roles(connection: psycopg.Connection) -> set[str]:
    query = "select rolname from pg_roles where rolname not like 'pg\\_%'"
    return {name for (name,) in connection.execute(query)}


def test_roles_of_a_run_are_gone_and_the_next_run_tells_the_same(
    tmp_path: Path, asked: Request, administrator: psycopg.Connection
) -> None:
    found = loaded(tmp_path)
    for _ in range(2):
        assert rehearsed(found, asked) == (True, [])
        assert roles(administrator) == {"postgres"}


def test_a_sandbox_takes_its_roles_away(
    tmp_path: Path, asked: Request, administrator: psycopg.Connection
) -> None:
    found = loaded(tmp_path)
    assert sandbox.run(found, asked, ["true"], empty=False, emit=ignore) == 0
    assert roles(administrator) == {"postgres"}


def test_roles_that_were_there_or_that_no_script_names_stay(
    tmp_path: Path, asked: Request, administrator: psycopg.Connection
) -> None:
    administrator.execute("create role clerk connection limit 3")
    up = (
        "do $$ begin\n    if to_regrole('clerk') is null then create role clerk;"
        " end if;\n    execute 'create role ' || 'un' || 'named';\nend $$;\n"
        "alter role clerk connection limit 4;\n"
    )
    down = (
        "alter role clerk connection limit 3;\n"
        "do $$ begin execute 'drop role ' || 'un' || 'named'; end $$;\n"
    )
    ok, notes = rehearsed(loaded(tmp_path, up, down), asked)
    assert ok
    assert notes == [
        "roles of the server that are not as they were before: "
        "clerk (differs: connection limit 4 instead of connection limit 3); "
        "unnamed (new, and no script names it)"
    ]
    assert roles(administrator) == {"postgres", "clerk", "unnamed"}


def test_a_role_that_somebody_else_has_come_to_need_stays_and_is_told(
    tmp_path: Path, asked: Request, other: Server, administrator: psycopg.Connection
) -> None:
    needed = change("20260102_needed", "select 1;\n", "select 1;\n")
    found = loaded(tmp_path)
    notes: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Notice):
            notes.append(event.text)
        elif "clerk" in roles(administrator):
            administrator.execute("create table own (); grant all on own to clerk")

    write(tmp_path, needed)
    rehearsal.run(found, asked, (), allow_unverified=True, emit=hear)
    assert roles(administrator) == {"postgres", "clerk"}
    assert notes == [
        "roles of the server that are not as they were before: clerk "
        '(role "clerk" cannot be dropped because some objects depend on it)'
    ]


def test_crashes_meet_the_roles_that_the_rehearsal_met(tmp_path: Path) -> None:
    parts = Parts(crash=True)
    assert rehearsed(loaded(tmp_path), Request(), parts) == (True, [])


def test_drift_makes_nobodys_role_a_superuser(
    tmp_path: Path, asked: Request, other: Server, administrator: psycopg.Connection
) -> None:
    administrator.execute("create role keeper login createdb password 'k'")
    administrator.execute("create database live owner keeper")
    found = loaded(tmp_path, "create table t ();\n", "drop table t;\n")
    keywords = {**other.conninfo("live"), "user": "keeper", "password": "k"}
    live = of_keywords(keywords)
    table = found.config.migration_table
    with alone(live, table, lock_timeout=2.0, emit=ignore) as session:
        assert bring_up(session, found.changes[0]) is None
    assert drift.run(found, live, asked).differences == ()
    query = "select rolsuper from pg_roles where rolname = 'keeper'"
    assert administrator.execute(query).fetchone() == (False,)


def test_a_role_that_somebody_else_makes_meanwhile_is_not_dropped(
    tmp_path: Path, asked: Request, administrator: psycopg.Connection
) -> None:
    """What this rollback leaves makes the next change start as if it had not been."""
    down = "delete from t;\nselect pg_sleep(1);\n"
    found = loaded(tmp_path, "create table t ();\n", down)

    def make_a_role() -> None:
        sleeps = "select from pg_stat_activity where wait_event = 'PgSleep'"
        while not administrator.execute(sleeps).rowcount:
            sleep(0.01)
        administrator.execute("create role guest")
        administrator.execute("select pg_stat_force_next_flush()")

    with ThreadPoolExecutor(1) as somebody:
        made = somebody.submit(make_a_role)
        rehearsed(found, asked)
        made.result()
    assert roles(administrator) == {"postgres", "guest"}
