"""The psql file of `script`, run where little is as it was thought to be."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from psycopg import sql

from tests.line import Line, exists
from trunkline import script
from trunkline.errors import StatementFailed, UsageError
from trunkline.throwaway import Server

HEAD = "-- transactional: false\n"
#: Each word is read otherwise where the file does not say how it is to be read.
WORD = "it''s grün \\ 100 %"
#: What each of two statements does shows how often it has been done.
COUNTED = f"{HEAD}update tally set n = n + 1;\nupdate tally set n = n + 10;\n"


def written(line: Line) -> str:
    return script.write(
        line.project, line.target, to=None, lock_timeout=0.5, allow_unverified=True
    )


@pytest.fixture
def tally(line: Line) -> Line:
    """A table whose one number tells what was done to it."""
    line.rows("create table tally (n int)")
    line.rows("insert into tally values (0)")
    return line


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (("--set=AUTOCOMMIT=off",), {}),
        (("--set=ON_ERROR_STOP=off", "--set=ON_ERROR_ROLLBACK=on"), {}),
        (("--single-line",), {}),
        ((), {"PGCLIENTENCODING": "LATIN1"}),
        ((), {"PGOPTIONS": "-c standard_conforming_strings=off"}),
        ((), {"PGOPTIONS": "-c statement_timeout=200ms"}),
    ],
    ids=[
        "no autocommit",
        "no stop at errors",
        "a statement a line",
        "another encoding",
        "backslashes that escape",
        "a short patience",
    ],
)
def test_the_script_does_the_same_however_psql_is_set(
    line: Line,
    server: Server,
    tmp_path: Path,
    words: tuple[str, ...],
    environment: dict[str, str],
) -> None:
    line.add("a", f"create table a (word text default '{WORD}');\n", "drop table a;\n")
    line.add("b", HEAD + "create index concurrently b on a (word);\n", "drop index b;")
    line.add(
        "c",
        f"create table c (\n    n int\n);\ncomment on table c is '{WORD}';\n"
        "select pg_sleep(0.3);\n",
        "drop table c;\n-- \\ '",
        exists("c"),
    )
    other = Line(line.root, server, server.create())
    other.apply()
    expected = other.catalog()
    kept = "select id, rollback_sql, transactional from trunkline.applied order by id"
    rollbacks = other.rows(kept)
    server.drop(other.database)
    done = line.psql(written(line), *words, **environment)
    assert done.returncode == 0, done.stderr
    assert line.catalog() == expected
    assert line.rows(kept) == rollbacks
    assert [line.state(name) for name in "abc"] == ["applied"] * 3


SLICES = """create function first_of(a int[], hi int) returns int[]
begin atomic select a[1:hi]; end;
create view v as select (array[1, 2, 3])[1:"hi"] from (values (2)) as t (hi);
create table t (word text default ':hi :''hi'' \\q', n int default 1::int);
create function body() returns text return $$ :hi :'hi' \\gset $$;
comment on table t is '{"a":1}'; -- :hi \\q
select first_of(a:=array[1], hi:=1)"""
BOUND = """-- check: bound
select 'a' as subject, 'b' as detail from (values (2)) as t (hi)
where (array[1, 2])[1:hi] <> array[1, 2];
"""


@pytest.mark.parametrize(
    "up",
    [
        SLICES,
        f"{HEAD}{SLICES};\ncreate index concurrently i on t (n) -- the end;\n",
        "create table t (n int) -- the end;\n",
        "create table t (n int); /* the end */",
        "create function f(n int) returns int begin atomic\n"
        "select case n when 1 then 2 end; select (case n when 1 then 2 end); end;\n"
        "create table t (n int);\n",
    ],
)
def test_psql_reads_what_stands_in_the_file(
    line: Line, server: Server, up: str
) -> None:
    line.add("a", up, "select 1;\n", BOUND + BOUND.replace("check", "check after"))
    other = Line(line.root, server, server.create())
    other.apply()
    expected = other.catalog()
    server.drop(other.database)
    done = line.psql(written(line), "--set=hi=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert line.catalog() == expected
    assert line.state("a") == "applied"


@pytest.mark.parametrize(
    "up",
    [
        "create function f() returns int begin atomic select 1 as end; end;\n",
        "create function begin() returns int language sql as 'select 1';\n",
        "create or replace procedure case_of()\nbegin atomic select case 1 "
        "when 1 then (select 2) end as end; end;\n",
    ],
)
def test_what_psql_would_misread_is_refused(line: Line, up: str) -> None:
    line.add("a", f"create table a (n int);\n{up}")
    with pytest.raises(UsageError, match=r"^migrations/a\.sql:2: psql would not find"):
        written(line)
    assert line.apply().ok


def test_what_one_change_leaves_in_its_session_does_not_reach_the_next(
    line: Line,
) -> None:
    for name in ("a", "b"):
        line.add(
            name, "create temp table t (n int);\nset statement_timeout = '1min';\n"
        )
    done = line.psql(written(line))
    assert done.returncode == 0, done.stderr


def test_a_role_that_the_file_takes_on_need_not_know_the_ledger(
    line: Line, server: Server
) -> None:
    line.rows("create role visitor")
    name = sql.Identifier(line.database)
    with server.connect(line.database) as connection:
        connection.execute(
            sql.SQL("grant create on database {} to visitor").format(name)
        )
    line.add(
        "a",
        HEAD + "set role visitor;\ncreate schema own;\n"
        "begin;\ncreate table own.t (n int);\ncommit;\ninsert into own.t values (1);\n",
    )
    text = written(line)
    done = line.psql(text)
    owner = line.rows(
        "select relowner::regrole::text from pg_class where relname = 't'"
    )
    line.rows("drop owned by visitor")
    line.rows("drop role visitor")
    assert done.returncode == 0, done.stderr
    assert owner == [("visitor",)]


def test_a_concurrent_statement_waits_for_older_transactions(line: Line) -> None:
    line.rows("create table busy (n int)")
    line.add(
        "a",
        HEAD + "create index concurrently busy_n on busy (n);\n"
        "create table seen as select current_setting('wal_compression');\n",
    )
    text = written(line)
    with line.connect(autocommit=False) as older, ThreadPoolExecutor() as pool:
        older.execute("set transaction isolation level repeatable read")
        older.execute("select 1")
        run = pool.submit(line.psql, text)
        time.sleep(1)  # longer than the time-out of the script
        older.rollback()
        done = run.result()
    assert done.returncode == 0, done.stderr
    assert line.rows("select * from seen") != [("off",)]
    assert line.applied() == ["a"]


def test_an_invalid_index_is_not_put_on_record(line: Line) -> None:
    line.rows("create table busy (n int)")
    line.rows("insert into busy values (1), (1)")
    line.add(
        "a", HEAD + "create unique index concurrently if not exists u on busy (n);\n"
    )
    text = written(line)
    assert line.psql(text).returncode == 3
    done = line.psql(text)
    assert done.returncode == 3
    assert "the index u is not valid" in done.stderr
    assert line.applied() == []


def test_a_script_that_was_run_before_does_nothing(tally: Line) -> None:
    tally.add("a", COUNTED)
    text = written(tally)
    assert tally.psql(text).returncode == 0
    done = tally.psql(text)
    assert done.returncode == 3
    assert "a is not as it was when this file was written" in done.stderr
    assert tally.rows("select n from tally") == [(11,)]


@pytest.mark.parametrize("point", range(1, 8))
def test_a_script_cut_off_anywhere_is_gone_on_with(tally: Line, point: int) -> None:
    tally.add(
        "a",
        f"{COUNTED}begin;\nupdate tally set n = n + 100;\n"
        "update tally set n = n + 1000;\ncommit;\nupdate tally set n = n + 10000;\n",
    )
    whole = written(tally)
    cuts = [
        place
        for place in range(len(whole))
        if whole.startswith((";\n", "commit;\n"), place)
        and whole.find("update tally") < place
    ]
    cut = cuts[len(cuts) * point // 8]
    tally.psql(whole[: cut + 2] if whole[cut] == ";" else whole[: cut + 8])
    assert tally.psql(whole).returncode == 3 or "a" in tally.applied()
    done = tally.psql(written(tally))
    assert done.returncode == 0, done.stderr
    assert tally.rows("select n from tally") == [(11111,)]
    assert tally.applied() == ["a"]


def test_a_file_that_has_changed_since_it_was_half_run_is_refused(tally: Line) -> None:
    tally.add("a", COUNTED + "select 1 / 0;\n")
    with pytest.raises(StatementFailed):
        tally.apply()
    tally.add("a", COUNTED.replace("10", "20"))
    with pytest.raises(UsageError, match="has changed since it was half run"):
        written(tally)


def test_a_statement_that_may_have_finished_is_left_to_apply(tally: Line) -> None:
    tally.add("a", HEAD + "vacuum tally;\nselect 1 / 0;\n")
    with pytest.raises(StatementFailed):
        tally.apply()
    tally.rows("update trunkline.progress set finished_at = null")
    with pytest.raises(UsageError, match="a was cut off in the middle of a statement"):
        written(tally)
