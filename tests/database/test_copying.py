"""A copy of a database: whole or a sample, from a live one or from a dump."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import pytest

from trunkline import catalog, copying
from trunkline.connect import of_keywords
from trunkline.copying import Wanted, programs, sample
from trunkline.copying.origin import Dump, Kind, Live
from trunkline.events import ignore
from trunkline.throwaway import Server

pytestmark = pytest.mark.embedded  # its client programs are at hand

#: Every way in which a row can need another one, and what pg_dump leaves out.
SOURCE = """
create table public."Odd Name" (id int primary key, "Note" text);
create table public.people (
    id int generated always as identity primary key,
    boss int references public.people,
    twice int generated always as (id * 2) stored,
    name text not null
);
create table public.teams (
    org int, id int, captain int, primary key (org, id),
    unique (captain, org)
);
create table public.players (
    id int primary key, org int not null, team int not null,
    foreign key (org, team) references public.teams,
    odd int references public."Odd Name"
);
alter table public.teams add foreign key (captain) references public.players
    deferrable initially deferred;
create table public.events (
    day date not null, id int not null, player int references public.players,
    primary key (day, id)
) partition by range (day);
create table public.events_1 partition of public.events
    for values from ('2026-01-01') to ('2026-02-01');
create table public.events_2 partition of public.events
    for values from ('2026-02-01') to ('2026-03-01');
create table public.remarks (
    id int primary key, day date, event int,
    foreign key (day, event) references public.events
);
create table public.old (id int primary key, person int);
create table public.empty ();
create view public.names as select name from public.people;
create materialized view public.second as
    select count(*) as n from public.people;
create materialized view public.first as select n from public.second;
create materialized view public.hollow as select 1 as n with no data;

insert into public."Odd Name" select n, 'note' || n from generate_series(1, 100) as n;
insert into public.people (name) select 'p' || n from generate_series(1, 400) as n;
update public.people set boss = id - 1 where id > 1;
begin;
insert into public.teams select o, t, o * 100 + t
    from generate_series(1, 10) as o, generate_series(1, 10) as t;
insert into public.players select o * 100 + t, o, 11 - t, t
    from generate_series(1, 10) as o, generate_series(1, 10) as t;
commit;
insert into public.events
    select date '2026-01-01' + n % 59, n, (1 + n % 10) * 100 + 1
    from generate_series(1, 500) as n;
insert into public.remarks select id, day, id from public.events where id % 2 = 0;
insert into public.remarks values (1, null, 7);
insert into public.old select n, 10000 + n from generate_series(1, 50) as n;
insert into public.old values (100, null);
alter table public.old add foreign key (person) references public.people not valid;
insert into public.empty default values;
refresh materialized view public.second;
refresh materialized view public.first;

create table public._yoyo_migration (migration_id text primary key);
insert into public._yoyo_migration select 'm' || n from generate_series(1, 30) as n;
"""


@pytest.fixture(scope="module")
def source(server: Server) -> Iterator[str]:
    """A database with all of `SOURCE`."""
    name = server.create()
    with server.connect(name) as connection:
        connection.execute(SOURCE)
        connection.execute(f'alter database {name} set search_path to public, "$user"')
        connection.execute(f"alter database {name} set custom.flag = 'it''s'")
        connection.execute(
            f"alter database {name} set default_transaction_read_only = on"
        )
    yield name
    server.drop(name)


@pytest.fixture
def live(server: Server, source: str) -> Live:
    return Live(of_keywords(server.conninfo(source)))


def wanted(origin: Live | Dump, rows: int | None) -> Wanted:
    return Wanted(origin, rows, "_yoyo_migration")


@pytest.fixture
def copied(server: Server) -> Iterator[list[str]]:
    """Copies that are dropped after the test."""
    names: list[str] = []
    yield names
    for name in names:
        server.drop(name)


def ask(
    server: Server, database: str, query: LiteralString
) -> list[tuple[object, ...]]:
    with server.connect(database) as connection:
        return connection.execute(query).fetchall()


def counts(server: Server, database: str) -> dict[str, int]:
    with server.connect(database) as connection:
        tables = connection.execute(
            "select oid::regclass::text from pg_class where relkind in ('r', 'm')"
            " and relnamespace = 'public'::regnamespace and relispopulated"
        ).fetchall()
        return {
            str(table): rows
            for (table,) in tables
            for (rows,) in connection.execute(f"select count(*) from {table}")
        }


def catalog_of(server: Server, database: str) -> catalog.Snapshot:
    with server.connect(database) as connection:
        return catalog.snapshot(connection)


@pytest.mark.parametrize("rows", [None, 0, 3])
def test_a_copy_has_the_catalog_of_its_source_whatever_rows_come(
    rows: int | None, server: Server, source: str, live: Live, copied: list[str]
) -> None:
    name, _ = copying.copy(server, wanted(live, rows), ignore)
    copied.append(name)
    found = catalog.compare(catalog_of(server, source), catalog_of(server, name))
    assert [difference.named for difference in found] == []


def test_a_whole_copy_has_every_row(
    server: Server, source: str, live: Live, copied: list[str]
) -> None:
    name, facts = copying.copy(server, wanted(live, None), ignore)
    copied.append(name)
    assert counts(server, name) == counts(server, source)
    assert (facts.rows, facts.tables) == ("all rows", 11)


def test_a_copy_without_rows_has_those_of_the_ledger(
    server: Server, live: Live, copied: list[str]
) -> None:
    name, _ = copying.copy(server, wanted(live, 0), ignore)
    copied.append(name)
    filled = {table: n for table, n in counts(server, name).items() if n}
    assert filled.pop("second") == filled.pop("first") == 1
    assert filled == {"_yoyo_migration": 30}


def test_a_sample_has_what_its_rows_refer_to_and_no_row_twice(
    server: Server, live: Live, copied: list[str]
) -> None:
    # That no row is missing and none is there twice, the keys of the copy have proved.
    name, _ = copying.copy(server, wanted(live, 3), ignore)
    copied.append(name)
    found = counts(server, name)
    assert found["_yoyo_migration"] == 30
    assert found["old"] == 3
    assert min(found["events_1"], found["events_2"]) >= 2
    assert 3 <= found["players"] < 100
    assert 3 <= found["remarks"] < 10
    # Each of the three has its boss, and that one his.
    assert ask(server, name, "select max(id) = count(*) from people") == [(True,)]


def test_the_same_database_gives_the_same_sample(
    server: Server, live: Live, copied: list[str]
) -> None:
    samples = []
    for _ in range(2):
        name, _facts = copying.copy(server, wanted(live, 3), ignore)
        copied.append(name)
        samples.append(ask(server, name, "select id from events order by 1"))
    assert samples[0] == samples[1]


def test_sequences_go_on_where_those_of_the_source_would(
    server: Server, live: Live, copied: list[str]
) -> None:
    name, _ = copying.copy(server, wanted(live, 3), ignore)
    copied.append(name)
    with server.connect(name) as connection:
        connection.execute("set default_transaction_read_only = off")
        row = connection.execute(
            "insert into people (name) values ('next') returning id"
        ).fetchone()
    assert row == (401,)


def test_a_large_table_is_sampled_by_its_pages(
    server: Server, live: Live, copied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "_READ_WHOLE", 0)
    monkeypatch.setattr(sample, "_PAGES", 1)
    name, _ = copying.copy(server, wanted(live, 20), ignore)
    copied.append(name)
    assert ask(server, name, "select count(*) from old") == [(20,)]


@pytest.mark.parametrize("kind", ["custom", "directory", "tar", "plain"])
@pytest.mark.parametrize("rows", [None, 2])
def test_a_dump_of_any_kind_gives_a_copy(
    kind: Kind,
    rows: int | None,
    server: Server,
    source: str,
    copied: list[str],
    tmp_path: Path,
) -> None:
    path = tmp_path / "dump"
    dump(server, source, path, f"--format={kind}")
    origin = copying.read(str(path))
    assert origin == Dump(path, kind)
    name, _ = copying.copy(server, wanted(origin, rows), ignore)
    copied.append(name)
    found = counts(server, name)
    if rows is None:
        assert found == counts(server, source)
    else:
        assert found["_yoyo_migration"] == 30
        assert 2 <= found["players"] < 100


@pytest.mark.parametrize("rows", [None, 0])
def test_nothing_on_a_copy_leads_to_another_server(
    rows: int | None, server: Server, database: str, copied: list[str]
) -> None:
    with server.connect(database) as connection:
        connection.execute(
            "create foreign data wrapper away; create server far foreign data wrapper"
            " away; create user mapping for public server far options (password 'x')"
        )
    there = Live(of_keywords(server.conninfo(database)))
    name, _ = copying.copy(server, wanted(there, rows), ignore)
    copied.append(name)
    assert ask(server, name, "select srvname from pg_foreign_server") == [("far",)]
    assert ask(server, name, "select srvname from pg_user_mappings") == []


def test_time_outs_that_are_meant_for_the_application_end_no_copy(
    server: Server, database: str, copied: list[str]
) -> None:
    # One of them is there since 17 only.
    known = (
        "select name from pg_settings where name ~ '^(statement|transaction)_timeout'"
    )
    with server.connect(database) as connection:
        for (name,) in connection.execute(known).fetchall():
            connection.execute(f"alter database {database} set {name} = '20ms'")
    there = Live(of_keywords(server.conninfo(database)))
    name, _ = copying.copy(server, wanted(there, 0), ignore)
    copied.append(name)


def dump(server: Server, database: str, path: Path, *words: str) -> None:
    program = programs.find("pg_dump", server.version_num, server)
    subprocess.run(
        [program, f"--file={path}", *words],
        env=programs.towards_copy(server, database),
        check=True,
    )
