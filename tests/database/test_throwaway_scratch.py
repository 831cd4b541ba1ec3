"""Scratch databases on a server that the user names."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.owners import Own
from trunkline import connect
from trunkline.connect import reading, target
from trunkline.errors import Failure, Unreachable, UsageError
from trunkline.throwaway import Request, Server, open_server
from trunkline.throwaway.scratch import LOCKS, MARK

PASSWORD = "s3cret-of-the-test"


def names(server: Server) -> set[str]:
    with server.connect("postgres") as connection:
        rows = connection.execute("select datname from pg_database").fetchall()
    return {name for (name,) in rows}


@pytest.fixture
def url(server: Server) -> str:
    return server.environment("postgres")["DATABASE_URL"]


@pytest.fixture
def login(server: Server) -> Iterator[str]:
    """The name of a role with `PASSWORD` that may not make databases."""
    with server.connect("postgres") as connection:
        connection.execute(
            sql.SQL("create role plain login password {}").format(PASSWORD)
        )
        yield "plain"
        connection.execute("drop role plain")


def test_databases_are_made_on_it_and_gone_afterwards(server: Server, url: str) -> None:
    before = names(server)
    with open_server(Request(on=url)) as scratch:
        assert scratch.on == "url"
        assert scratch.version_num == server.version_num
        assert scratch.binaries is not None
        first = scratch.create()
        second = scratch.create(template=first)
        scratch.rename(second, "renamed_scratch")
        named = scratch.create("named_scratch")
        made = {first, "renamed_scratch", named}
        assert names(server) == before | made
        with psycopg.connect(scratch.environment(first)["DATABASE_URL"]) as connection:
            assert connection.info.dbname == first
    assert names(server) == before


def test_the_settings_of_the_url_are_kept(url: str) -> None:
    given = f"{url}&application_name=somebody&options=-c%20search_path%3Dpg_temp"
    with open_server(Request(on=given)) as scratch:
        database = scratch.create()
        with scratch.connect(database) as connection:
            assert connection.execute("show search_path").fetchone() == ("pg_temp",)
        variables = scratch.environment(database)
        assert variables["PGAPPNAME"] == "somebody"
        with psycopg.connect(variables["DATABASE_URL"]) as connection:
            assert connection.execute("show search_path").fetchone() == ("pg_temp",)


def test_databases_of_others_are_not_touched(
    server: Server, url: str, database: str
) -> None:
    with open_server(Request(on=url)) as scratch:
        for name in (database, "postgres"):
            with pytest.raises(Failure, match="not made by this run"):
                scratch.drop(name)
            with pytest.raises(Failure, match="not made by this run"):
                scratch.create(template=name)
    assert database in names(server)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_asks_to_end_leaves_nothing(
    server: Server, url: str, own: Own, number: signal.Signals
) -> None:
    owner = own(OWNER_ON=url)
    assert owner.facts["database"] in names(server)
    owner.end(number)
    assert owner.facts["database"] not in names(server)


def test_what_a_killed_run_left_is_dropped_by_the_next(
    server: Server, url: str, own: Own
) -> None:
    owner = own(OWNER_ON=url)
    owner.end(signal.SIGKILL)
    assert owner.facts["database"] in names(server)

    with open_server(Request(on=url)):
        assert owner.facts["database"] not in names(server)


def test_a_subscription_does_not_keep_what_a_killed_run_left(
    server: Server, url: str, own: Own
) -> None:
    owner = own(OWNER_ON=url)
    database = owner.facts["database"]
    with server.connect(database) as connection:
        connection.execute(
            "create subscription far connection 'host=127.0.0.1 port=1'"
            " publication p with (connect = false)"
        )
        connection.execute("alter subscription far enable")
    owner.end(signal.SIGKILL)

    with open_server(Request(on=url)):
        assert database not in names(server)


def test_what_a_living_run_has_made_is_not_dropped(
    server: Server, url: str, own: Own
) -> None:
    owner = own(OWNER_ON=url)
    with open_server(Request(on=url)):
        assert owner.facts["database"] in names(server)


def test_what_somebody_is_connected_to_is_not_dropped(
    server: Server, url: str, database: str
) -> None:
    with server.connect(database) as connection:
        connection.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(database), MARK.format(7)
            )
        )
        with open_server(Request(on=url)):
            assert database in names(server)


@pytest.mark.parametrize(
    "comment",
    [
        None,
        "trunkline",
        f"copy of: {MARK.format(7)}",
        MARK.format("99999999999999999999"),
    ],
)
def test_what_only_looks_like_a_leftover_is_not_dropped(
    server: Server, url: str, comment: str | None
) -> None:
    name = server.create("trunkline_scratch_of_somebody")
    try:
        with server.connect("postgres") as connection:
            connection.execute(
                sql.SQL("comment on database {} is {}").format(
                    sql.Identifier(name), comment
                )
            )
        with open_server(Request(on=url)):
            assert name in names(server)
    finally:
        server.drop(name)


def test_the_run_is_proved_alive_by_a_lock(server: Server, url: str) -> None:
    query = "select objid from pg_locks where locktype = 'advisory' and classid = %s"
    with server.connect("postgres") as connection, open_server(Request(on=url)):
        assert len(connection.execute(query, (LOCKS,)).fetchall()) == 1


def test_a_wrong_password_is_told_without_the_password(
    server: Server, login: str
) -> None:
    where = server.conninfo("postgres")
    wrong = PASSWORD + "x"
    url = f"postgresql://{login}:{wrong}@{where['host']}:{where['port']}/postgres"
    with pytest.raises(Unreachable) as refusal:
        open_server(Request(on=url)).__enter__()
    told = f"{refusal.value.message} {refusal.value.detail} {refusal.value.hint}"
    assert "password authentication failed" in told
    assert PASSWORD not in told


def test_who_may_not_make_databases_is_told_at_once(server: Server, login: str) -> None:
    where = server.conninfo("postgres")
    url = f"postgresql://{login}:{PASSWORD}@{where['host']}:{where['port']}/postgres"
    with pytest.raises(Failure, match="may not make databases"):
        open_server(Request(on=url)).__enter__()


def test_a_server_of_before_our_time_is_refused_wherever_it_is_met(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "OLDEST", server.version_num + 1)
    refused = f"PostgreSQL {server.version}.* is too old"
    with pytest.raises(Failure, match=refused), reading(target(url)):
        pass
    with pytest.raises(Failure, match=refused), open_server(Request(on=url)):
        pass


def test_a_server_that_is_not_there_is_told() -> None:
    url = f"postgresql://somebody:{PASSWORD}@127.0.0.1:1/postgres"
    with pytest.raises(Unreachable) as refusal:
        open_server(Request(on=url)).__enter__()
    assert PASSWORD not in f"{refusal.value.message} {refusal.value.detail}"


def test_a_url_that_cannot_be_read_is_wrong_usage() -> None:
    with pytest.raises(UsageError):
        open_server(Request(on="postgresql://h?port")).__enter__()
