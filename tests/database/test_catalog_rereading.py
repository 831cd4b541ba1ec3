"""A catalog that is read again is the same as one that is read as a whole.

The alterations of the comparison's own tests are made, and taken back by its repairs;
after each the two are held against each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.database.test_catalog_alterations import ALTERATIONS, is_confined, read
from trunkline import contents
from trunkline.catalog import compare
from trunkline.catalog.reading import reading
from trunkline.catalog.rereading import Look, look
from trunkline.throwaway import Server

pytestmark = pytest.mark.embedded  # some need PostgreSQL 18


class Watch:
    """A database, and whether what is read again of it is right."""

    def __init__(self, database: psycopg.Connection, eyes: psycopg.Connection) -> None:
        self.database = database
        self.eyes = eyes
        self.last = self._looked(None)

    def execute(self, sql: str) -> Look:
        """Run statements, and look."""
        self.database.execute(sql.encode())
        self.look(sql)
        return self.last

    def look(self, after: str) -> None:
        self.database.execute("select pg_stat_force_next_flush()")
        again, whole = self._looked(self.last), self._looked(None)
        assert again.snapshot.objects == whole.snapshot.objects, after
        assert again.reading.keys == whole.reading.keys, after
        assert again.reading.parts == whole.reading.parts, after
        assert again.reading.commented == whole.reading.commented, after
        assert again.snapshot.needs == whole.snapshot.needs, after
        self.last = again

    def _looked(self, before: Look | None) -> Look:
        with reading(self.eyes):
            return look(self.eyes, before)


@pytest.fixture
def watch(connection: psycopg.Connection, server: Server) -> Iterator[Watch]:
    assert connection.info.dbname is not None
    with server.connect(connection.info.dbname, prepare_threshold=0) as eyes:
        yield Watch(connection, eyes)


@pytest.fixture(scope="module", autouse=True)
def roles(server: Server) -> Iterator[None]:
    """Roles and tablespaces are the cluster's: one set for all alterations."""
    with server.connect("postgres") as connection:
        connection.execute("set allow_in_place_tablespaces = on")
        with suppress(psycopg.errors.DuplicateObject):
            connection.execute("create tablespace cat_space location ''")
        for role in ("cat_a", "cat_b", '"Cat C"', "cat_owner"):
            with suppress(psycopg.errors.DuplicateObject):
                connection.execute(f"create role {role}")
        yield


THEMES = {path.stem: path for path in sorted(ALTERATIONS.glob("*.sql"))}


@pytest.mark.parametrize("path", THEMES.values(), ids=THEMES.keys())
def test_each_alteration_and_its_repair_are_seen(
    watch: Watch, path: Path, pytestconfig: pytest.Config
) -> None:
    for number, alteration in enumerate(read(path)):
        if int(alteration.marks.get("since", 0)) > pytestconfig.getoption("--postgres"):
            continue
        if not is_confined(alteration):
            continue
        watch.database.execute(f"create schema s{number}; set search_path = s{number}")
        base = watch.execute(alteration.base).snapshot
        altered = watch.execute(alteration.altering).snapshot
        watch.database.execute("reset search_path")
        for difference in compare(base, altered):
            watch.database.execute(difference.repair.encode())
        watch.look(f"the repair of {alteration.title}")


@pytest.mark.parametrize("path", THEMES.values(), ids=THEMES.keys())
def test_what_must_be_alone_is_seen_as_well(
    server: Server, path: Path, pytestconfig: pytest.Config
) -> None:
    for alteration in read(path):
        if is_confined(alteration) or "subscription" in alteration.title:
            continue
        if int(alteration.marks.get("since", 0)) > pytestconfig.getoption("--postgres"):
            continue
        name = server.create()
        with (
            server.connect(name) as connection,
            server.connect(name, prepare_threshold=0) as eyes,
        ):
            watch = Watch(connection, eyes)
            for sql in (alteration.base, alteration.altering):
                connection.execute(sql.encode())
                watch.look(alteration.title)
        server.drop(name)


def test_what_is_not_touched_is_not_read_again(watch: Watch) -> None:
    was = watch.execute("create table one (id int); create table two (id int)").snapshot
    now = watch.execute("alter table one add column more int").snapshot
    assert now.of("table")["public.two"] is was.of("table")["public.two"]
    assert now.of("table")["public.one"] is not was.of("table")["public.one"]
    again = look(watch.eyes, watch.last)
    assert again.reading is watch.last.reading


def test_a_transaction_that_came_to_nothing_leaves_nothing(watch: Watch) -> None:
    watch.execute("create table one (id int)")
    watch.database.execute("begin; create table two (id int); rollback")
    watch.look("rollback")
    assert "public.two" not in watch.last.snapshot.of("table")
    watch.database.execute(
        "do $$ begin create table three (id int); raise 'no';"
        " exception when others then create view four as select id from one; end $$"
    )
    watch.look("a savepoint that was left")
    assert set(watch.last.snapshot.of("view")) == {"public.four"}


def test_where_the_server_counts_nothing_all_is_read(watch: Watch) -> None:
    for one in (watch.database, watch.eyes):
        one.execute("set track_counts = off")
    before = contents.versions(watch.eyes)
    watch.execute("create table one (id int)")
    watch.execute("alter table one add column more int; insert into one values (1)")
    assert watch.last.snapshot.of("column").keys() == {
        "public.one.id",
        "public.one.more",
    }
    assert contents.touched_since(before, watch.eyes)
    before = contents.versions(watch.eyes)
    watch.execute("update one set id = 2")
    assert contents.touched_since(before, watch.eyes) == before.keys()


SELDOM = """
create schema s
create schema t
create schema u
create type s.kind as (a int)
create table s.one (id int primary key, word text)
create table s.two (id int)
create function s.cast_it(s.kind) returns int immutable return ($1).a
create function s.state(int, int) returns int immutable return $1 + $2
create function s.guard() returns event_trigger language plpgsql as 'begin end'
create cast (s.kind as int) with function s.cast_it(s.kind)
create aggregate s.total(int) (sfunc = s.state, stype = int, initcond = '0')
create type s.span as range (subtype = date)
create event trigger watching on ddl_command_end execute function s.guard()
create foreign data wrapper wrapped
create server far foreign data wrapper wrapped
create user mapping for public server far options (a '1')
create foreign table s.there (id int) server far options (b '2')
create text search configuration s.words (copy = simple)
create text search dictionary s.plain (template = simple)
alter text search configuration s.words alter mapping for word with s.plain
create publication told for table s.one (id, word) where (id > 1)
create publication all_of for tables in schema t
alter publication told add table s.two
comment on publication told is 'one'
comment on server far is 'two'
comment on cast (s.kind as int) is 'three'
alter default privileges in schema s grant select on tables to cat_a
alter table s.one rename to first
alter table s.first rename column word to term
alter function s.guard() rename to watches
alter function s.cast_it(s.kind) rename to as_number
alter function s.state(int, int) rename to plus
alter type s.kind rename to sort
alter text search dictionary s.plain rename to bare
alter server far rename to away
alter foreign data wrapper wrapped rename to around
alter schema s rename to "S"
alter schema t rename to "T"
alter user mapping for public server away options (set a '3')
alter server away options (add host 'x')
grant usage on foreign server away to cat_b
alter foreign table "S".there options (set b '4')
alter text search configuration "S".words drop mapping for word
alter event trigger watching disable
alter publication told set (publish = 'insert')
alter publication told set table "S".two
comment on publication told is null
comment on server away is null
alter publication told add table "S".first
alter publication told drop table "S".two
alter publication all_of add tables in schema u
drop table "S".first
drop schema u
drop schema "T"
drop event trigger watching
drop function "S".watches()
drop cast ("S".sort as int)
drop type "S".span
drop aggregate "S".total(int)
drop user mapping for public server away
drop server away cascade
drop publication told
drop text search configuration "S".words
alter default privileges in schema "S" revoke select on tables from cat_a
alter default privileges in schema "S" grant select on tables to cat_a
drop schema "S" cascade
"""


def test_what_is_seldom_made_is_read_again_with_what_it_names(watch: Watch) -> None:
    for statement in SELDOM.strip().splitlines():
        before = watch.last.snapshot
        assert watch.execute(statement).snapshot != before, statement
