"""What a snapshot reads, what it leaves out, and what it leaves alone."""

from __future__ import annotations

import json

import psycopg
import pytest

from trunkline.catalog import Difference, Snapshot, compare, snapshot
from trunkline.throwaway import Server

SCHEMA = """
create type mood as enum ('sad', 'glad');
create table t (
    id int generated always as identity primary key,
    seen timestamptz default '2020-01-01 00:00+00',
    took interval default '1 day 2 hours',
    ratio float8 default 0.1,
    m mood default 'sad'
);
create view v as select id, m from t where seen > '2020-01-01 00:00+00';
create function f(m mood) returns mood language sql as 'select m';
"""


def names(differences: tuple[Difference, ...]) -> list[str]:
    return [f"{one.kind} {one.object} {one.name}" for one in differences]


def test_two_databases_with_one_schema_have_equal_snapshots(
    server: Server, connection: psycopg.Connection
) -> None:
    connection.execute("create table takes_an_oid (a int); drop table takes_an_oid")
    connection.execute(SCHEMA)
    other = server.create()
    with server.connect(other) as elsewhere:
        elsewhere.execute(SCHEMA)
        one, two = snapshot(connection), snapshot(elsewhere)
    server.drop(other)
    assert one == two
    assert one.digest == two.digest


def test_a_snapshot_does_not_depend_on_the_settings_of_the_session(
    connection: psycopg.Connection,
) -> None:
    connection.execute(SCHEMA)
    plain = snapshot(connection)
    for setting in (
        "search_path = public, pg_catalog",
        "timezone = 'Asia/Tokyo'",
        "datestyle = 'German'",
        "intervalstyle = 'iso_8601'",
        "extra_float_digits = -3",
        "quote_all_identifiers = on",
    ):
        connection.execute(f"set {setting}")
    assert compare(plain, snapshot(connection)) == ()


def test_a_dropped_column_leaves_nothing_in_a_snapshot(
    connection: psycopg.Connection,
) -> None:
    connection.execute("create table t (a int, b int)")
    before = snapshot(connection)
    connection.execute("alter table t add column c int; alter table t drop column c")
    assert snapshot(connection) == before


def test_lists_that_do_the_same_in_any_order_make_no_difference(
    connection: psycopg.Connection,
) -> None:
    connection.execute(
        "create function f() returns int language sql set work_mem = '4MB'"
        " set search_path = pg_catalog as $$ select 1 $$;"
        "create function g() returns event_trigger language plpgsql"
        " as 'begin end';"
        "create event trigger e on ddl_command_end"
        " when tag in ('CREATE TABLE', 'DROP TABLE') execute function g()"
    )
    before = snapshot(connection)
    connection.execute(
        "create or replace function f() returns int language sql"
        " set search_path = pg_catalog set work_mem = '4MB' as $$ select 1 $$;"
        "drop event trigger e;"
        "create event trigger e on ddl_command_end"
        " when tag in ('DROP TABLE', 'CREATE TABLE') execute function g()"
    )
    assert snapshot(connection) == before


def test_a_snapshot_survives_json(connection: psycopg.Connection) -> None:
    connection.execute(SCHEMA)
    taken = snapshot(connection)
    read = Snapshot.from_json(json.loads(json.dumps(taken.to_json())))
    assert read == taken
    assert read.needs == taken.needs
    assert read.digest == taken.digest


def test_a_snapshot_within_a_transaction_sees_its_changes_and_leaves_it_open(
    connection: psycopg.Connection,
) -> None:
    before = snapshot(connection)
    with connection.transaction(force_rollback=True):
        connection.execute("set local search_path = nowhere")
        connection.execute("create table public.t (a int)")
        inside = snapshot(connection)
        path = connection.execute("show search_path").fetchone()
        connection.execute("select 'public.t'::regclass")
    assert names(compare(before, inside)) == ["unexpected table public.t"]
    assert path == ("nowhere",)
    assert snapshot(connection) == before


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_snapshot_outside_a_transaction_begins_none_and_keeps_the_search_path(
    connection: psycopg.Connection, autocommit: bool
) -> None:
    connection.autocommit = True
    connection.execute("set search_path = somewhere")
    connection.autocommit = autocommit
    snapshot(connection)
    idle = psycopg.pq.TransactionStatus.IDLE
    assert connection.info.transaction_status == idle
    assert connection.execute("show search_path").fetchone() == ("somewhere",)


def test_a_role_without_any_right_takes_the_same_snapshot(
    server: Server, database: str, connection: psycopg.Connection
) -> None:
    connection.execute(SCHEMA)
    connection.execute("create role catalog_reader login password 'x'")
    connection.execute("revoke all on schema public from public")
    connection.execute(
        "create subscription s connection 'host=nowhere' publication p"
        " with (connect = false, slot_name = none)"
    )
    connection.execute(
        "create foreign data wrapper w; create server far foreign data wrapper w;"
        " create user mapping for current_user server far options (user 'u')"
    )
    taken = snapshot(connection)
    with server.connect(database, user="catalog_reader", password="x") as reader:
        assert compare(taken, snapshot(reader)) == ()
    connection.execute("drop subscription s; drop role catalog_reader")


@pytest.mark.embedded
def test_the_ledgers_temporary_tables_and_members_of_extensions_are_left_out(
    connection: psycopg.Connection,
) -> None:
    connection.execute("create extension vector")
    before = snapshot(connection)
    connection.execute(
        """
        create schema trunkline;
        create table trunkline.change (id bigserial primary key);
        create function trunkline.f() returns int language sql as 'select 1';
        create table _yoyo_migration (id text primary key, at timestamp);
        create table _yoyo_log (id text primary key, at timestamp default now());
        create table _yoyo_version (version int primary key);
        create table yoyo_lock (locked int default 1, pid int not null);
        create table yoyo_tmp_x1 (id serial, check (id > 0));
        comment on table yoyo_lock is 'yoyo''s';
        create index on _yoyo_log (at);
        create temporary table t (a serial);
        """
    )
    assert snapshot(connection) == before


def test_an_index_that_failed_to_build_is_found(
    connection: psycopg.Connection,
) -> None:
    connection.execute("create table t (a int); create unique index i on t (a)")
    expected = snapshot(connection)
    connection.execute("drop index i; insert into t values (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("create unique index concurrently i on t (a)")
    (difference,) = compare(expected, snapshot(connection))
    assert (difference.kind, difference.name) == ("differs", "i on public.t")
    assert "invalid is on instead of off" in difference.detail
    connection.execute("truncate t")
    connection.execute(difference.repair)
    assert compare(expected, snapshot(connection)) == ()


def test_no_password_is_in_a_snapshot_or_a_repair(
    connection: psycopg.Connection,
) -> None:
    empty = snapshot(connection)
    connection.execute(
        """
        create foreign data wrapper w;
        create server far foreign data wrapper w options (api_token 'hush1');
        create user mapping for current_user server far
            options (user 'u', "Password" 'hush2');
        create subscription s connection 'host=nowhere password=''hush3 \\'' x'''
            publication p with (connect = false, slot_name = none);
        create subscription u connection 'postgresql://me:hush4@nowhere/x'
            publication p with (connect = false, slot_name = none);
        """
    )
    taken = snapshot(connection)
    connection.execute("drop subscription s; drop subscription u")
    told = json.dumps(taken.to_json()) + str(compare(taken, empty))
    assert "hush" not in told
    assert "nowhere" in told


def test_a_repair_names_the_database_that_it_runs_on(
    server: Server, database: str, connection: psycopg.Connection
) -> None:
    other = server.create()
    with server.connect(other) as elsewhere:
        elsewhere.execute(f'alter database {other} set search_path = one, "T wo"')
        elsewhere.execute(f"alter database {other} set application_name = '100%'")
        elsewhere.execute(f"comment on database {other} is '100%% ''sure'''")
        expected = snapshot(elsewhere)
    server.drop(other)
    for difference in compare(expected, snapshot(connection)):
        assert other not in difference.repair
        connection.execute(difference.repair)
    with server.connect(database) as again:
        assert compare(expected, snapshot(again)) == ()
        assert again.execute("show search_path").fetchone() == ('one, "T wo"',)


def test_parents_in_another_order_are_told_to_be_beyond_repair(
    connection: psycopg.Connection,
) -> None:
    connection.execute(
        "create table one (a int); create table two (a int);"
        "create table child (a int) inherits (one, two)"
    )
    before = snapshot(connection)
    connection.execute(
        "alter table child no inherit one; alter table child inherit one"
    )
    (difference,) = compare(before, snapshot(connection))
    assert difference.named == "table public.child"
    assert difference.detail.endswith("; only a new table could have it")
    assert difference.repair == ""
