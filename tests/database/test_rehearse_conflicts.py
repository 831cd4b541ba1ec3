"""The rows that a migration cannot take, told by their keys."""

from __future__ import annotations

import pytest

from tests.line import Line
from tests.projects import write
from trunkline import rehearsal
from trunkline.events import ignore
from trunkline.rehearsal.conflicts import Conflict
from trunkline.rehearsal.result import ChangeReport, Verdict
from trunkline.report.words import conflict_lines
from trunkline.throwaway import Request
from trunkline.veil import veiled

TABLES = """
create table public.owners (id int primary key);
create table public.pets (
    id int primary key, owner int, name text, "Kind" text, price int, secret text
);
create table public.keyless (n int);
create table public.parts (id int, day date) partition by range (day);
create table public.parts_1 partition of public.parts
    for values from ('2026-01-01') to ('2026-02-01');
create table public.parts_2 partition of public.parts
    for values from ('2026-02-01') to ('2026-03-01');
create domain public.small as int;
"""
SECRET = "v2:1:AAECAwQFBgcICQoL:q7w3e5r7t9y1u3i5o7p9a1s3"
ROWS = f"""
insert into public.owners values (1), (2);
insert into public.pets values
    (1, 1, 'Rex', 'dog', 10, '{SECRET}'),
    (2, 2, 'rex', 'dog', -5, '{SECRET}'),
    (3, 9, 'Tom', null, 7, null),
    (4, null, 'Tom', null, 0, null);
insert into public.keyless values (null), (1), (1);
insert into public.parts values (7, '2026-01-05'), (7, '2026-02-05'), (8, '2026-02-06');
"""
FIRST, NEXT = "20260101_first", "20260102_next"


def rehearsed(line: Line, up: str) -> ChangeReport:
    """The report of a change that meets `ROWS`."""
    line.add(FIRST, TABLES, "select 1;\n")
    line.add(NEXT, up, "select 1;\n")
    write(line.root, {f"verification/fixtures/{FIRST}.sql": ROWS})
    url = line.server.environment(line.database)["DATABASE_URL"]
    report = rehearsal.run(
        line.project, Request(on=url), [], allow_unverified=True, emit=ignore
    )
    return report.changes[1]


@pytest.mark.parametrize(
    ("statement", "rule", "rows"),
    [
        (
            "create unique index on public.pets (lower(name))",
            "unique (lower(name))",
            [
                {"id": "1", "lower(name)": "rex"},
                {"id": "2", "lower(name)": "rex"},
                {"id": "3", "lower(name)": "tom"},
                {"id": "4", "lower(name)": "tom"},
            ],
        ),
        (
            'create unique index on public.pets ("Kind") where price < 10',
            None,
            [],
        ),
        (
            "create unique index on public.pets (name) where price < 10",
            "unique (name) where price < 10",
            [{"id": "3", "name": "Tom"}, {"id": "4", "name": "Tom"}],
        ),
        (
            'create unique index on public.pets ("Kind") nulls not distinct'
            " where id > 2",
            'unique ("Kind") where id > 2',
            [{"id": "3", '"Kind"': None}, {"id": "4", '"Kind"': None}],
        ),
        (
            "alter table public.pets add unique (name)",
            "unique (name)",
            [{"id": "3", "name": "Tom"}, {"id": "4", "name": "Tom"}],
        ),
        (
            "alter table public.pets add constraint dear check (price > fee),"
            " add column fee int default 0",
            "CHECK ((price > fee))",
            [
                {"id": "2", "price": "-5", "fee": "0"},
                {"id": "4", "price": "0", "fee": "0"},
            ],
        ),
        (
            "alter table public.pets add foreign key (owner) references public.owners",
            "FOREIGN KEY (owner) REFERENCES owners(id)",
            [{"id": "3", "owner": "9"}],
        ),
        (
            'alter table public.pets alter column "Kind" set not null',
            '"Kind" is not null',
            [{"id": "3"}, {"id": "4"}],
        ),
        (
            "alter table public.pets add constraint late"
            " check (price > -5) not valid;\n"
            "alter table public.pets validate constraint late",
            "CHECK ((price > '-5'::integer))",
            [{"id": "2", "price": "-5"}],
        ),
        (
            "alter table public.keyless add primary key (n)",
            "n is not null",
            [{"ctid": "(0,1)"}],
        ),
        (
            "alter table public.parts add check (id < 8)",
            "CHECK ((id < 8))",
            [{"ctid": "(0,2)", "id": "8"}],
        ),
    ],
)
def test_every_row_that_breaks_a_new_rule_is_told(
    statement: str, rule: str | None, rows: list[dict[str, str | None]], line: Line
) -> None:
    report = rehearsed(line, f"select 1;\n{statement};\n")
    if rule is None:
        assert report.verdict is not Verdict.UP_FAILED
        assert report.conflicts == ()
        return
    assert report.verdict is Verdict.UP_FAILED
    conflict = report.conflicts[0]
    assert conflict.line == 2 + statement.count(";")
    assert (conflict.rule, conflict.count) == (rule, len(rows))
    assert list(conflict.rows) == rows


def test_a_concurrent_index_tells_them_too(line: Line) -> None:
    report = rehearsed(
        line,
        "-- transactional: false\nselect 1;\n"
        "create unique index concurrently pets_name on public.pets (name);\n",
    )
    (conflict,) = report.conflicts
    assert (conflict.line, conflict.count) == (3, 2)


def test_one_statement_may_break_several_rules(line: Line) -> None:
    report = rehearsed(line, "alter table public.keyless add primary key (n);\n")
    assert [(c.rule, c.count) for c in report.conflicts] == [
        ("n is not null", 1),
        ("unique (n)", 2),
    ]


def test_a_migration_that_lists_the_offenders_itself_is_quoted_whole(
    line: Line,
) -> None:
    report = rehearsed(
        line,
        "do $$ begin raise 'bad rows' using errcode = 'check_violation', detail = ("
        "select string_agg(format('pet %s', id), e'\\n') from public.pets); end $$;\n",
    )
    assert report.conflicts == ()
    assert "pet 1\npet 2\npet 3\npet 4" in (report.error or "")


def test_no_secret_of_a_row_is_told(line: Line) -> None:
    report = rehearsed(
        line, "create unique index on public.pets (secret) where id < 3;\n"
    )
    (conflict,) = report.conflicts
    assert [row["secret"] for row in conflict.rows] == [
        f"…({len(SECRET)} characters)"
    ] * 2
    assert SECRET not in (report.error or "")
    assert "is duplicated" in (report.error or "")


def test_a_row_that_an_insert_could_not_write_is_not_told_whole(line: Line) -> None:
    report = rehearsed(
        line,
        "alter table public.pets add check (price > -9);\n"
        f"insert into public.pets values (9, 1, 'x', 'y', -10, '{SECRET}');\n",
    )
    assert "Failing row contains" in (report.error or "")
    assert SECRET not in (report.error or "")


def test_a_long_list_is_cut_and_counted() -> None:
    rows: tuple[dict[str, str | None], ...] = tuple({"id": str(n)} for n in range(100))
    lines = list(conflict_lines([Conflict(3, "t", "unique (a)", 250, rows)], "up.sql"))
    assert lines[0] == "up.sql:3: 250 rows of t break unique (a)"
    assert lines[1] == "  id = 0"
    assert lines[-1] == "  and 240 more"


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-25 13:23:10.279851+00",
        "46cf2995-2bee-44e3-838b-24151486fe4e",
        "somebody.with.a.long.name@example.com",
        "trunkline_managed_credentials_unification",
        "+14158497226",
        "a sentence of many words, longer than a token",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert veiled(text) == text


@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "c0ffee00c0ffee00c0ffee00:00112233445566778899aabbccddeeff:abcdef",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    ],
)
def test_what_may_be_a_secret_is_not(secret: str) -> None:
    assert secret[:12] not in veiled(f"Key (token)=({secret}) is duplicated.")
