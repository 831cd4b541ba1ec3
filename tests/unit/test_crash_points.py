"""Where a run of a change can be ended."""

from __future__ import annotations

from trunkline.project import Script
from trunkline.rehearsal.crash.points import Point, every, sample


def script(text: str) -> Script:
    return Script("migrations/x.sql", text, "")


PLAIN = script("create table a ();\ncreate table b ();\n")
INDEX = script("select 1;\ncreate index concurrently i on a (n);\n")


def test_a_transaction_has_a_boundary_after_each_statement_and_one_commit() -> None:
    assert every(PLAIN, transactional=True) == (
        Point("after", 1),
        Point("after", 2),
        Point("commit"),
        Point("sent"),
    )


def test_what_is_no_transaction_commits_after_each_statement() -> None:
    assert every(INDEX, transactional=False) == (
        *(Point("after", 1), Point("commit", 1), Point("sent", 1)),
        *(Point("during", 2), Point("after", 2), Point("commit", 2), Point("sent", 2)),
        *(Point("commit"), Point("sent")),
    )


def test_a_transaction_of_the_file_s_own_commits_by_itself() -> None:
    own = script("begin;\nselect 1;\ncommit;\n")
    assert [point.kind for point in every(own, transactional=False)] == [
        *("after", "after", "after"),
        *("commit", "sent"),
    ]


def test_a_sample_is_one_point_and_the_same_for_the_same_key() -> None:
    points = every(script("select 1;\n" * 40), transactional=False)
    chosen = {key: sample(points, key) for key in map(str, range(30))}
    for key, some in chosen.items():
        assert sample(points, key) == some
        assert len(some) == 1
    kinds = {(point.kind, bool(point.statement)) for (point,) in chosen.values()}
    assert kinds >= {("after", True), ("commit", False), ("sent", False)}
    assert len(set(chosen.values())) > 8


def test_a_sample_has_every_concurrent_statement_after_what_comes_before_it() -> None:
    points = every(INDEX, transactional=False)
    for key in map(str, range(20)):
        some = sample(points, key)
        assert some.index(Point("sent", 1)) < some.index(Point("during", 2))


def test_a_point_is_told_with_its_line() -> None:
    told = [point.told(INDEX) for point in every(INDEX, transactional=False)]
    assert told[0] == "after the statement of migrations/x.sql:1"
    assert told[3] == "in the middle of the statement of migrations/x.sql:2"
    assert told[-1] == "after the commit of the change, its answer lost"
