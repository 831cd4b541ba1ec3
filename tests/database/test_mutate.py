"""Mutants are tried on a database: who notices, what survives, what that is worth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.line import Line
from trunkline import catalog, contents
from trunkline.events import Event, Mutating
from trunkline.rehearsal import mutate
from trunkline.rehearsal.mutants import Makers
from trunkline.rehearsal.mutate import Attempts
from trunkline.throwaway import Server

UP = """
create table room (id int constraint room_key primary key);
create index room_half on room ((id / 2));
comment on index room_half is 'Why it is there.';
"""

#: Notices whatever is done to room but to its comment.
SEEN = """
-- check: the key stands
select 'room_key' as subject, 'missing' as detail
where not exists (select from pg_constraint where conname = 'room_key');

-- check after: the index stands
select 'room_half' as subject, 'missing' as detail
where not exists (select from pg_class where relname = 'room_half');

-- check: everybody is kept out
select 'room' as subject, 'public may read it' as detail
where has_table_privilege('mutant_nobody', 'room', 'select');
"""
COMMENT = "index room_half on public.room: comment removed"


@pytest.fixture
def stage(server: Server, database: str, tmp_path: Path) -> Line:
    """A line on a server that has the role of `SEEN`."""
    line = Line(tmp_path / "project", server, database)
    with line.connect() as connection:
        connection.execute(
            "do $$begin if to_regrole('mutant_nobody') is null"
            " then create role mutant_nobody; end if; end$$"
        )
    return line


FIRST, SECOND = "20260101_room", "20260102_door"


def try_all(line: Line, verification: str, later: str = "") -> Attempts:
    """Try what a change makes, where a `later` one has been applied too."""
    line.add(FIRST, UP, "drop table room;\n", verification)
    if later:
        line.add(SECOND, later)
    makers = Makers()
    with line.connect() as connection:
        for change in line.project.changes:
            before = catalog.snapshot(connection)
            connection.execute(change.migration.text.encode())
            makers.learn(change.id, before, catalog.snapshot(connection))
        return mutate.attempt(
            [connection],
            line.project,
            frozenset({FIRST, SECOND}),
            catalog.snapshot(connection),
            makers,
        )


def survived(attempts: Attempts) -> list[str]:
    tried = attempts.tried
    return [t.mutant.name for t in tried if not t.noticed_by and not t.refused]


def judged(line: Line, tried: Attempts, needed: float = 0.95) -> mutate.Mutation:
    return mutate.judge(tried, line.project.changes, needed=needed)


def test_a_mutant_is_noticed_by_the_check_that_complains(stage: Line) -> None:
    tried = try_all(stage, SEEN)
    assert {t.mutant.name: t.noticed_by for t in tried.tried if t.noticed_by} == {
        "constraint room_key on public.room: dropped": "the key stands",
        "index room_half on public.room: dropped": "the index stands",
        "table public.room: select granted to public": "everybody is kept out",
    }


def test_a_check_that_errors_on_a_mutant_has_noticed_it(stage: Line) -> None:
    tried = try_all(
        stage,
        "-- check: the index is small\n"
        "select 'room_half' as subject, 'large' as detail"
        " where pg_relation_size('room_half') > 100000;\n",
    )
    assert [t.mutant.name for t in tried.tried if t.noticed_by] == [
        "index room_half on public.room: dropped"
    ]


def test_an_invariant_notices_for_every_change(stage: Line) -> None:
    invariant = stage.root / "verification" / "invariants" / "comments.sql"
    invariant.parent.mkdir(parents=True)
    invariant.write_text(
        "-- check: every index says why it is there\n"
        "select c.relname as subject, 'no comment' as detail from pg_class as c\n"
        "where c.relname like 'room%' and c.relname <> 'room_key' and c.relkind = 'i'\n"
        "and obj_description(c.oid, 'pg_class') is null;\n"
    )
    tried = try_all(stage, SEEN)
    assert not survived(tried)


def test_a_survivor_is_named_with_what_was_done_and_where_its_check_belongs(
    stage: Line,
) -> None:
    mutation = judged(stage, try_all(stage, SEEN))
    (change,) = mutation.changes
    assert change.survivors == (
        mutate.Survivor(
            mutant=COMMENT,
            sql="comment on index public.room_half is null;",
            file="verification/20260101_room.sql",
            reason=None,
        ),
    )
    assert (mutation.made, mutation.noticed, mutation.score) == (4, 3, 0.75)
    assert not mutation.ok


def test_a_mutant_that_the_server_refuses_was_never_made(stage: Line) -> None:
    tried = try_all(stage, SEEN)
    assert [t.mutant.name for t in tried.tried if t.refused] == [
        "column public.room.id: NOT NULL dropped"
    ]
    assert judged(stage, tried).changes[0].unmade == 1


@pytest.mark.parametrize("name", [COMMENT, "*: comment removed", "index * removed"])
def test_a_survivor_with_a_reason_is_accepted_where_the_score_is_high_enough(
    stage: Line, name: str
) -> None:
    tried = try_all(stage, f"-- survives: {name} — words only\n{SEEN}")
    mutation = judged(stage, tried, needed=0.75)
    assert mutation.ok
    assert [s.reason for s in mutation.changes[0].survivors] == ["words only"]
    assert not judged(stage, tried).ok


def test_a_survivor_without_a_reason_is_never_accepted(stage: Line) -> None:
    tried = try_all(stage, f"-- survives: index room_half — words only\n{SEEN}")
    assert not judged(stage, tried, needed=0).ok


def test_a_reason_that_no_survivor_needs_is_told(stage: Line) -> None:
    line = "index room_half on public.room: dropped — slower"
    tried = try_all(stage, f"-- survives: {line}\n{SEEN}")
    assert judged(stage, tried).changes[0].unused == (line,)


def test_what_a_later_change_alters_is_for_the_later_one_to_answer(
    stage: Line,
) -> None:
    tried = try_all(stage, SEEN, "comment on index room_half is 'Another reason.';\n")
    first, second = judged(stage, tried).changes
    assert (first.made, first.noticed, first.survivors) == (3, 3, ())
    (survivor,) = second.survivors
    assert (survivor.mutant, survivor.file) == (COMMENT, f"verification/{SECOND}.sql")


def test_the_verification_of_a_later_change_may_notice(stage: Line) -> None:
    stage.add(
        SECOND,
        "select 1;\n",
        "select 1;\n",
        "-- check: the index says why\nselect 'room_half' as subject, 'no comment'"
        " as detail where obj_description('room_half'::regclass) is null;\n",
    )
    assert not survived(try_all(stage, SEEN))


def test_what_was_there_before_the_changes_is_left_alone(stage: Line) -> None:
    with stage.connect() as connection:
        connection.execute("create table older (id int primary key)")
    tried = try_all(stage, SEEN)
    assert not [t for t in tried.tried if "older" in t.mutant.name]


def test_a_check_that_fails_already_is_told_and_notices_nothing(stage: Line) -> None:
    tried = try_all(
        stage, "-- check: never\nselect 'it' as subject, 'is wrong' as detail;\n"
    )
    assert not [t for t in tried.tried if t.noticed_by]
    mutation = judged(stage, tried, needed=0)
    assert mutation.unasked == (f"verification/{FIRST}.sql: never",)
    assert not mutation.ok


def test_nothing_of_a_mutant_stays(stage: Line) -> None:
    try_all(stage, SEEN)
    with stage.connect() as connection:
        built = catalog.snapshot(connection)
        mutate.attempt([connection], stage.project, frozenset({FIRST}), built, Makers())
        assert catalog.snapshot(connection) == built
        assert contents.digest(connection).tables["public.room"].rows == 0


def test_it_is_told_how_far_the_mutants_are(stage: Line) -> None:
    made = len(try_all(stage, SEEN).tried)
    makers, told = Makers(), list[Event]()
    with stage.connect() as connection:
        makers.learn(FIRST, catalog.Snapshot({}), catalog.snapshot(connection))
        built = catalog.snapshot(connection)
        again = mutate.attempt(
            [connection], stage.project, frozenset({FIRST}), built, makers, told.append
        )
    assert told == [Mutating(n, len(again.tried)) for n in range(1, len(told) + 1)]
    assert len(told) == len(again.tried) >= made > 0


def test_a_project_without_anything_to_break_is_well() -> None:
    assert mutate.judge(Attempts(()), []).ok
