"""The changes on disk: which files, in which order, and what is wrong with each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yoyo.migrations import read_migrations, topological_sort

from trunkline import project
from trunkline.errors import UsageError
from trunkline.project import Change, Problem


def _write(root: Path, files: dict[str, str | bytes]) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "yoyo.ini").write_text("[DEFAULT]\nsources = %(here)s/migrations\n")
    for name, content in {"migrations/.keep": "", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = content.encode() if isinstance(content, str) else content
        path.write_bytes(raw)
    return root


def _change(root: Path, **files: str | bytes) -> Change:
    """The change `a`, of the files that are given by the name of their directory."""
    full = {"migrations": "create table t ();", "rollbacks": "drop table t;", **files}
    _write(root, {f"{place}/a.sql": content for place, content in full.items()})
    link = root / "migrations" / "a.rollback.sql"
    if not link.is_symlink():
        link.symlink_to(Path("..") / "rollbacks" / "a.sql")
    return project.load(root).change("a")


def _told(problems: Iterable[Problem]) -> list[tuple[str, str, int]]:
    return [(p.fault.rule, p.path, p.fault.line) for p in problems]


def _yoyo_order(root: Path) -> list[str]:
    read = read_migrations(str(root / "migrations"))
    return [migration.id for migration in topological_sort(read)]


def _our_order(root: Path) -> list[str]:
    return [change.id for change in project.load(root).changes]


def test_without_dependencies_the_names_say_the_order(tmp_path: Path) -> None:
    names = ["20260102_b", "20260101_z", "20260102", "20260102-a", "B", "a", "é", "1.5"]
    _write(tmp_path, {f"migrations/{n}.sql": "select 1;" for n in names})
    _write(tmp_path, {"migrations/a.rollback.sql": "select 1;"})
    assert _our_order(tmp_path) == _yoyo_order(tmp_path)
    assert set(_our_order(tmp_path)) == set(names)


def test_a_dependency_comes_before_the_name(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "migrations/a.sql": "-- depends: c\nselect 1;",
            "migrations/b.sql": "select 1;",
            "migrations/c.sql": "-- depends: d\nselect 1;",
            "migrations/d.sql": "select 1;",
            "migrations/e.sql": "-- depends: a b\nselect 1;",
        },
    )
    assert _our_order(tmp_path) == _yoyo_order(tmp_path) == ["b", "d", "c", "a", "e"]


@given(
    st.lists(st.sets(st.integers(0, 7), max_size=3), min_size=2, max_size=8),
    st.permutations(range(8)),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_order_is_yoyos(
    tmp_path_factory: pytest.TempPathFactory, needs: list[set[int]], ranks: list[int]
) -> None:
    """Any acyclic graph: a change needs only those of a lower rank."""
    root = tmp_path_factory.mktemp("order")
    files: dict[str, str | bytes] = {}
    for number, wanted in enumerate(needs):
        lower = [n for n in wanted if n < len(needs) and ranks[n] < ranks[number]]
        lines = "".join(f"-- depends: m{n}\n" for n in lower)
        files[f"migrations/m{number}.sql"] = f"{lines}select 1;"
    _write(root, files)
    assert _our_order(root) == _yoyo_order(root)


def test_a_cycle_is_refused_with_its_names(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "migrations/a.sql": "-- depends: b\nselect 1;",
            "migrations/b.sql": "-- depends: a\nselect 1;",
            "migrations/c.sql": "select 1;",
        },
    )
    with pytest.raises(UsageError, match=r"a, b depend on each other|b, a depend"):
        project.load(tmp_path)


def test_a_change_that_depends_on_itself_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, {"migrations/a.sql": "-- depends: a\nselect 1;"})
    with pytest.raises(UsageError, match="depend"):
        project.load(tmp_path)


def test_an_unknown_dependency_is_refused_with_its_file(tmp_path: Path) -> None:
    _write(tmp_path, {"migrations/a.sql": "-- depends: nowhere\nselect 1;"})
    with pytest.raises(UsageError) as caught:
        project.load(tmp_path)
    assert caught.value.message == (
        "migrations/a.sql: depends on nowhere, which does not exist"
    )


@pytest.mark.parametrize(
    ("name", "word"), [("b.py", "Python"), ("post-apply.sql", "post-apply")]
)
def test_what_is_not_plain_sql_is_refused(tmp_path: Path, name: str, word: str) -> None:
    _write(tmp_path, {"migrations/a.sql": "", f"migrations/{name}": ""})
    with pytest.raises(UsageError, match=word):
        project.load(tmp_path)


def test_a_change_is_one_name_in_its_places(tmp_path: Path) -> None:
    change = _change(
        tmp_path,
        **{
            "verification": "-- check: x\nselect 1, 2;",
            "verification/fixtures": "insert into t default values;",
        },
    )
    assert change.problems == ()
    assert change.link is None
    assert change.transactional
    assert [script.path for script in change.scripts] == [
        "migrations/a.sql",
        "rollbacks/a.sql",
        "verification/a.sql",
        "verification/fixtures/a.sql",
    ]
    assert [check.sentence for check in change.checks] == ["x"]


def test_what_is_missing_is_none(tmp_path: Path) -> None:
    _write(tmp_path, {"migrations/a.sql": "select 1;"})
    change = project.load(tmp_path).change("a")
    assert (change.rollback, change.verification, change.fixture) == (None, None, None)
    assert change.checks == ()


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    one = _change(tmp_path / "one", migrations="select 1;\n").migration
    other = _change(tmp_path / "other", migrations="select 1;\r\n").migration
    assert one.text == other.text
    assert one.sha256 != other.sha256


def test_line_ends_of_windows_are_read_as_yoyo_reads_them(tmp_path: Path) -> None:
    text = "-- title\r\n-- transactional: false\r\n\r\nselect 'a\r\nb';\r\nvacuum;\r\n"
    change = _change(tmp_path, migrations=text)
    assert change.problems == ()
    assert not change.transactional
    assert [s.line for s in change.migration.statements] == [4, 6]
    assert change.migration.statements[0].text == "select 'a\nb'"


@pytest.mark.parametrize(
    ("raw", "line", "word"),
    [
        (b"\xef\xbb\xbfselect 1;", 1, "byte order mark"),
        (b"select 1;\nselect '\x00';", 2, "zero byte"),
        (b"select 1;\n\nselect '\xe9';", 3, "not UTF-8"),
        ("select 1;".encode("utf-16"), 1, "zero byte"),
    ],
)
@pytest.mark.parametrize(
    "place", ["migrations", "rollbacks", "verification", "verification/fixtures"]
)
def test_a_file_that_is_not_plain_utf8_is_a_problem_of_that_file(
    tmp_path: Path, place: str, raw: bytes, line: int, word: str
) -> None:
    (problem,) = _change(tmp_path, **{place: raw}).problems
    assert (problem.fault.rule, problem.path) == ("file-encoding", f"{place}/a.sql")
    assert problem.fault.line == line
    assert word in problem.fault.message


@pytest.mark.parametrize(
    ("place", "text", "rule", "line"),
    [
        ("migrations", "select 1;\nselekt 2;", "sql-does-not-parse", 2),
        ("rollbacks", "drop tabel t;", "sql-does-not-parse", 1),
        ("verification", "-- check: a\nselect (;", "sql-does-not-parse", 2),
        ("verification/fixtures", "insert in t;", "sql-does-not-parse", 1),
        ("migrations", "select 1;\nbegin;", "transaction-control", 2),
        ("rollbacks", "commit;", "transaction-control", 1),
        ("verification/fixtures", "savepoint a;", "transaction-control", 1),
        ("migrations", "-- transactional: no\nselect 1;", "directive-value", 1),
        ("rollbacks", "-- loses: everything", "directive-value", 1),
        ("verification", "select 1, 2;", "check-unnamed", 1),
    ],
)
def test_a_fault_is_told_with_its_file_and_line(
    tmp_path: Path, place: str, text: str, rule: str, line: int
) -> None:
    problems = _change(tmp_path, **{place: text}).problems
    assert _told(problems) == [(rule, f"{place}/a.sql", line)]
    assert str(problems[0]).startswith(f"{place}/a.sql:{line}: ")


@pytest.mark.parametrize(
    "marker",
    [
        "-- migrate:down",
        "-- migrate:down transaction:false",
        "-- +goose Down",
        "-- +migrate Down notransaction",
        "-- +micrate Down",
        "-- rambler down",
        "-- Down Migration",
        "-- //@UNDO",
        "-- !Downs",
        "---- create above / drop below ----",
    ],
)
def test_a_file_with_the_way_down_of_another_tool_is_not_run(
    tmp_path: Path, marker: str
) -> None:
    both = f"create table t ();\n\n{marker}\ndrop table t;\n"
    for place in ("migrations", "rollbacks"):
        found = _change(tmp_path / place, **{place: both}).problems
        assert _told(found) == [("both-ways", f"{place}/a.sql", 3)]
        assert f"`{marker}`" in found[0].fault.message
    down = f"-- over\n{marker}\ndrop table t;\n"
    found = _change(tmp_path / "down", migrations=down, rollbacks=down).problems
    assert _told(found) == [("both-ways", "migrations/a.sql", 2)]


def test_a_way_down_that_runs_nothing_is_a_comment(tmp_path: Path) -> None:
    for text in (
        "create table t ();\n-- migrate:down\n",
        "do $$ begin\n-- migrate:down\nnull; end $$;\nselect 1;\n",
        "select 1; -- migrate:down\nselect 2;\n-- down we go\nselect 3;\n",
        "-- shut down migration\nselect 1;\n",
    ):
        assert _change(tmp_path, migrations=text).problems == ()


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("1_a.up", "1_a.down"),
        ("1_up", "1_down"),
        ("a.do", "a.undo"),
        ("V1.2__a", "U1.2__b"),
    ],
)
def test_the_way_down_that_lies_beside_its_way_up_is_not_run(
    tmp_path: Path, up: str, down: str
) -> None:
    _write(tmp_path, {f"migrations/{up}.sql": "create table t ();\n"})
    path = tmp_path / "migrations" / f"{down}.sql"
    path.write_text("drop table t;\n")
    found = {c.id: c.problems for c in project.load(tmp_path).changes}
    assert _told(found[down]) == [("both-ways", f"migrations/{down}.sql", 1)]
    assert found[down][0].fault.hint == f"Move it to rollbacks/{up}.sql."
    assert found[up] == ()

    path.rename(path.with_name(f"2_{down}.sql"))  # the way down of nothing here
    assert not any(c.problems for c in project.load(tmp_path).changes)


@pytest.mark.parametrize("place", ["1_a/up.sql", "2026_a/migration.sql", "1_A.SQL"])
def test_sql_that_nobody_would_run_is_refused(tmp_path: Path, place: str) -> None:
    _write(tmp_path, {f"migrations/{place}": "select 1;\n"})
    with pytest.raises(UsageError, match=f"migrations/{place}: would never be run"):
        project.load(tmp_path)


def test_names_that_differ_in_case_are_one_file_elsewhere(tmp_path: Path) -> None:
    names = ("Straße", "a", "A", "b", "STRASSE")
    _write(tmp_path, {f"migrations/{n}.sql": "select 1;" for n in names})
    told = {c.id: [p.fault.message for p in c.problems] for c in _loaded(tmp_path)}
    assert told == {
        "A": [],
        "STRASSE": [],
        "Straße": ["the name differs from STRASSE only in case"],
        "a": ["the name differs from A only in case"],
        "b": [],
    }


def _loaded(root: Path) -> tuple[Change, ...]:
    return project.load(root).changes


def test_a_change_that_is_not_transactional_controls_its_transactions(
    tmp_path: Path,
) -> None:
    text = "-- transactional: false\nbegin;\nselect 1;\ncommit;"
    change = _change(tmp_path, migrations=text, rollbacks="begin; select 1; commit;")
    assert change.problems == ()
    fixture = {"verification/fixtures": "commit;"}
    assert len(_change(tmp_path, migrations=text, **fixture).problems) == 1


def test_one_bad_file_leaves_the_other_changes(tmp_path: Path) -> None:
    _write(tmp_path, {"migrations/a.sql": b"\xff", "migrations/b.sql": "select 1;"})
    loaded = project.load(tmp_path)
    assert [bool(change.problems) for change in loaded.changes] == [True, False]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda link: None, "is missing"),
        (lambda link: link.write_text("drop table t;"), "is no link"),
        (lambda link: link.symlink_to("../rollbacks/b.sql"), "dangling"),
        (lambda link: link.symlink_to("a.sql"), "links to a.sql"),
        (
            lambda link: link.symlink_to(link.parent.parent / "rollbacks" / "a.sql"),
            "links to /",
        ),
    ],
)
def test_a_link_that_would_mislead_yoyo_is_a_fault(
    tmp_path: Path, make: Callable[[Path], object], word: str
) -> None:
    _write(tmp_path, {"migrations/a.sql": "", "rollbacks/a.sql": ""})
    make(tmp_path / "migrations" / "a.rollback.sql")
    fault = project.load(tmp_path).change("a").link
    assert fault is not None
    assert word in fault.message
    assert fault.hint == ("Run `ln -sfn ../rollbacks/a.sql migrations/a.rollback.sql`.")
    here = Path.cwd()
    os.chdir(tmp_path)
    try:  # the hint does what it says
        assert os.system(fault.hint[5:-2]) == 0
    finally:
        os.chdir(here)
    assert project.load(tmp_path).change("a").link is None


def test_an_invariant_holds_from_its_change_on(tmp_path: Path) -> None:
    place = "verification/invariants"
    _write(
        tmp_path,
        {
            "migrations/a.sql": "select 1;",
            "migrations/b.sql": "select 1;",
            f"{place}/from_b.sql": "-- since: b\n-- check: x\nselect 1, 2;",
            f"{place}/lost.sql": "-- since: c\n-- check: x\nselect 1, 2;",
            f"{place}/ever.sql": "-- check: y\nselect 1, 2;",
        },
    )
    loaded = project.load(tmp_path)
    assert [i.name for i in loaded.holding({"a"})] == ["ever"]
    assert [i.name for i in loaded.holding({"a", "b"})] == ["ever", "from_b"]
    problems = [p for invariant in loaded.invariants for p in invariant.problems]
    assert _told(problems) == [("directive-value", f"{place}/lost.sql", 1)]


def test_an_unknown_change_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no change is called b"):
        project.load(_write(tmp_path, {"migrations/a.sql": ""})).change("b")


def test_a_part_of_a_name_is_no_name_but_shows_what_was_meant(tmp_path: Path) -> None:
    for name in ("1_rooms", "2_visits", "3_visitors"):
        _write(tmp_path, {f"migrations/{name}.sql": ""})
    loaded = project.load(tmp_path)
    hints = {}
    for name in ("1", "rooms", "visit", ""):
        with pytest.raises(UsageError) as refused:
            loaded.change(name)
        hints[name] = refused.value.hint
    names = "See `trunkline status` for the names."
    there = "There is 1_rooms."
    assert hints == {"1": there, "rooms": there, "visit": names, "": names}


def test_a_rollback_beside_its_migration_is_read_where_there_is_none_of_ours(
    tmp_path: Path,
) -> None:
    beside = "migrations/a.rollback.sql"
    _write(
        tmp_path,
        {"migrations/a.sql": "", beside: "drop table b;", "rollbacks/a.sql": "-- a\n"},
    )
    own = project.load(tmp_path).change("a").rollback
    assert own is not None
    assert own.path == "rollbacks/a.sql"
    (tmp_path / "rollbacks" / "a.sql").unlink()
    stock = project.load(tmp_path).change("a")
    assert stock.rollback is not None
    assert (stock.rollback.path, stock.rollback.text) == (beside, "drop table b;")
    assert stock.link is not None
    assert stock.link.hint.startswith("Move it to rollbacks/a.sql, then `ln -s ")
