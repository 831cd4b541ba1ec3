"""Which mutants are made of what a change built, and that each breaks something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest

from trunkline import catalog
from trunkline.rehearsal.mutants import Makers, Mutant, mutants
from trunkline.throwaway import Server

BEFORE = """
create role mutant_reader nologin;
create role mutant_writer nologin;
create table team (id int primary key);
comment on table team is 'Who works together.';
grant select on team to mutant_reader, mutant_writer;
create function touch() returns trigger language plpgsql as
$$begin new.id := new.id + 1; return new; end$$;
create function told() returns event_trigger language plpgsql as $$begin end$$;
"""

#: What a change builds, and all the ways to break it.
BUILT: dict[LiteralString, tuple[str, ...]] = {
    "create index by_id on team (id) where id > 5": (
        "index by_id on public.team: dropped",
        "index by_id on public.team: predicate removed",
    ),
    "create unique index one on team ((id % 7)) where id > 5": (
        "index one on public.team: dropped",
        "index one on public.team: not unique",
        "index one on public.team: predicate that no row satisfies",
    ),
    "alter table team add constraint small check (id < 9)": (
        "constraint small on public.team: check that is always true",
        "constraint small on public.team: dropped",
    ),
    "alter table team add constraint above"
    " foreign key (id) references team on update restrict on delete set null": (
        "constraint above on public.team: dropped",
        "constraint above on public.team: referential action removed",
    ),
    "create trigger touched before insert on team"
    " for each row execute function touch()": (
        "trigger touched on public.team: disabled",
        "trigger touched on public.team: dropped",
        "trigger touched on public.team: fires after",
    ),
    "create constraint trigger late after insert on team deferrable initially deferred"
    " for each row execute function touch();"
    "alter table team enable always trigger late": (
        "trigger late on public.team: disabled",
        "trigger late on public.team: dropped",
        "trigger late on public.team: no longer enabled always",
        "trigger late on public.team: not deferred",
    ),
    "create rule quiet as on delete to team do instead nothing": (
        "rule quiet on public.team: dropped",
    ),
    "create policy own on team as restrictive for update to mutant_reader"
    " using (id = 1) with check (id = 2)": (
        "policy own on public.team: dropped",
        "policy own on public.team: for every role",
        "policy own on public.team: lets all rows be seen",
        "policy own on public.team: lets all rows be written",
        "policy own on public.team: permissive",
    ),
    "create policy free on team using (true)": ("policy free on public.team: dropped",),
    "alter table team enable row level security, force row level security": (
        "table public.team: row-level security not forced",
        "table public.team: row-level security off",
    ),
    "alter table team add column live boolean not null default true": (
        "column public.team.live: NOT NULL dropped",
        "column public.team.live: default dropped",
        "column public.team.live: default turned",
    ),
    "alter table team add column code text default 'x'": (
        "column public.team.code: default dropped",
    ),
    "alter table team add column twice int generated always as (id * 2) stored": (
        "column public.team.twice: no longer generated",
    ),
    "grant insert, select on team to mutant_writer": (
        "table public.team: update granted to mutant_writer",
        "table public.team: select revoked from mutant_writer",
    ),
    "comment on table team is 'Another comment.'": (
        "table public.team: comment removed",
    ),
    "create domain code as text not null default 'a' check (value <> '')": (
        "constraint code_check on domain public.code: check that is always true",
        "constraint code_check on domain public.code: dropped",
        "domain public.code: NOT NULL dropped",
        "domain public.code: default dropped",
    ),
    "create view seen with (security_invoker, security_barrier) as"
    " select id from team": (
        "view public.seen: security_barrier off",
        "view public.seen: security_invoker off",
        "view public.seen: select granted to mutant_reader",
        "view public.seen: select granted to mutant_writer",
        "view public.seen: select granted to public",
    ),
    "create schema apart; grant usage on schema apart to mutant_reader": (
        "schema apart: create granted to mutant_reader",
        "schema apart: usage granted to mutant_writer",
        "schema apart: usage granted to public",
        "schema apart: usage revoked from mutant_reader",
    ),
    "alter default privileges revoke execute on functions from public": (
        "default privilege for role postgres on functions: execute granted to public",
    ),
    "create event trigger ended on ddl_command_end execute function told()": (
        "event trigger ended: disabled",
        "event trigger ended: dropped",
    ),
    "create publication team_rows for table team": ("publication team_rows: dropped",),
    "create function three() returns int language sql security definer"
    " set search_path = '' return 3;"
    "revoke execute on function three() from public;"
    "grant execute on function three() to mutant_reader": (
        "function public.three(): execute granted to mutant_writer",
        "function public.three(): execute granted to public",
        "function public.three(): execute revoked from mutant_reader",
        "function public.three(): not security definer",
        "function public.three(): returns early",
        "function public.three(): search_path not set",
    ),
    "create function free() returns int language sql set search_path = ''"
    " set work_mem = '1MB' as 'select 3'": (
        "function public.free(): returns early",
        "function public.free(): search_path not set",
        "function public.free(): security definer",
    ),
}


@pytest.fixture(scope="module")
def prepared(server: Server) -> Iterator[psycopg.Connection]:
    """One database for all tests here, which its roles never leave."""
    name = server.create()
    with server.connect(name) as opened, opened.transaction(force_rollback=True):
        opened.execute(BEFORE)
        yield opened
    server.drop(name)


@pytest.fixture
def built(prepared: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection in a savepoint, with what is there before the change."""
    with prepared.transaction(force_rollback=True):
        yield prepared


def named(mutant: Mutant) -> str:
    """The object's name as it stands in differences."""
    return mutant.object.split(" on functions")[0]


def made(connection: psycopg.Connection, up: LiteralString) -> tuple[Mutant, ...]:
    before = catalog.snapshot(connection)
    connection.execute(up)
    after = catalog.snapshot(connection)
    makers = Makers()
    makers.learn("it", before, after)
    return tuple(m for m in mutants(after) if makers.of(m.kind, m.object, m.touches))


@pytest.mark.parametrize("up", BUILT)
def test_all_that_a_change_builds_is_broken_in_each_known_way_and_nothing_else(
    built: psycopg.Connection, up: LiteralString
) -> None:
    found = made(built, up)
    assert sorted(mutant.name for mutant in found) == sorted(BUILT[up])
    whole = catalog.snapshot(built)
    for mutant in found:
        with built.transaction(force_rollback=True):
            built.execute(mutant.sql.encode())
            differences = catalog.compare(whole, catalog.snapshot(built))
        assert differences, mutant.name
        assert all(named(mutant) in d.name for d in differences), differences


def test_a_key_goes_with_the_foreign_keys_that_stand_on_it(
    built: psycopg.Connection,
) -> None:
    found = made(
        built,
        "create table room (id int constraint room_key primary key);"
        "create table seat (room int constraint seat_room references room);",
    )
    key = next(m for m in found if m.name.startswith("constraint room_key "))
    built.execute(key.sql.encode())
    left = catalog.snapshot(built).of("constraint")
    assert not {"room_key on public.room", "seat_room on public.seat"} & left.keys()


def test_what_every_role_may_do_already_is_not_granted_once_more(
    built: psycopg.Connection,
) -> None:
    found = made(
        built,
        "create table open (id int);"
        "grant select, insert on open to public; grant update on open to mutant_reader",
    )
    granted = {m.what for m in found if " granted to " in m.what}
    assert granted == {
        "update granted to public",
        "delete granted to mutant_reader",
        "update granted to mutant_writer",
    }


def early(connection: psycopg.Connection, up: LiteralString) -> None:
    """Make the mutant of a function that returns early."""
    (mutant,) = (m for m in made(connection, up) if m.what == "returns early")
    connection.execute(mutant.sql.encode())


@pytest.mark.parametrize(
    ("up", "call", "result"),
    [
        (
            "create function f() returns int language plpgsql as $$"
            "<<outer>> declare a text := 'begin'; -- begin\n/* begin */"
            ' "begin" int := 1; begin return 1; end$$',
            "select f()",
            [(None,)],
        ),
        (
            "create function f() returns setof int language plpgsql as $$"
            "begin return query select 1; end$$",
            "select f()",
            [],
        ),
        (
            "create function f(out a int, out b int) language plpgsql as $$"
            "begin a := 1; b := 2; end$$",
            "select * from f()",
            [(None, None)],
        ),
        (
            "create function f() returns table (a int, b text) language sql as"
            " $$select 1, 'x' -- the end\n$$",
            "select * from f()",
            [],
        ),
        (
            "create function f() returns int language sql as $$select 1;$$",
            "select f()",
            [(None,)],
        ),
        (
            "create function f() returns int language sql return 1",
            "select f()",
            [(None,)],
        ),
        (
            "create procedure p() language plpgsql as"
            " $$begin insert into team values (1); end$$;"
            "create function f() returns bigint language sql as"
            " $$insert into team values (2); select count(*) from team$$",
            "call p(); select count(*) from team",
            [(0,)],
        ),
        (
            "create function f() returns void language sql as"
            " $$insert into team values (1)$$;",
            "select f(); select count(*) from team",
            [(0,)],
        ),
        (
            "create trigger t before insert on team"
            " for each row execute function touch();"
            "create or replace function touch() returns trigger language plpgsql as"
            " $$begin new.id := new.id + 2; return new; end$$",
            "insert into team values (1) returning id",
            [(1,)],
        ),
    ],
)
def test_a_routine_that_returns_early_does_nothing(
    built: psycopg.Connection,
    up: LiteralString,
    call: LiteralString,
    result: list[tuple[object, ...]],
) -> None:
    early(built, up)
    cursor = built.execute(call)
    while cursor.nextset():
        pass
    assert cursor.fetchall() == result


def test_a_function_in_another_language_keeps_its_body(
    built: psycopg.Connection,
) -> None:
    found = made(
        built,
        "create function f(int, int) returns int language internal as 'int4pl'",
    )
    assert {m.what for m in found} == {"security definer"}
