"""A verification file into checks, and what is wrong with it."""

from __future__ import annotations

import pytest

from trunkline.header import Fault
from trunkline.verification import Check, checks


def _read(text: str) -> tuple[tuple[Check, ...], tuple[Fault, ...]]:
    return checks(text, "verification/a.sql")


def test_each_check_is_a_sentence_and_the_query_below_it() -> None:
    found, faults = _read(
        "-- What holds after a.\n\n"
        "-- check: every org has a name\n-- (a remark)\n"
        "select id as subject, 'none' as detail\nfrom org\nwhere name is null;\n\n"
        "-- check after: nothing is lost; at all\n"
        "with x as (select 1)\nselect 'a', 'b' from x;\n"
    )
    assert faults == ()
    assert [(c.sentence, c.after, c.line) for c in found] == [
        ("every org has a name", False, 5),
        ("nothing is lost; at all", True, 10),
    ]
    assert found[0].query.startswith("select id as subject")
    assert found[0].source == "verification/a.sql"


def test_a_check_that_is_quoted_is_no_check() -> None:
    found, faults = _read(
        "-- check: one\nselect 'x' as subject, $$\n-- check: no\n$$ as detail;\n"
    )
    assert faults == ()
    assert [c.sentence for c in found] == ["one"]


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("select 1;\n-- check: one\nselect 2;", "check-unnamed", 1),
        ("-- a title\nselect 1;", "check-unnamed", 2),
        ("-- check:\nselect 1;", "check-unnamed", 1),
        ("-- check: one\nselect 1;\nselect 2;", "check-queries", 1),
        ("-- check: one\n-- check: two\nselect 2;", "check-queries", 1),
        ("-- check: one\ndelete from t returning 1, 2;", "check-writes", 2),
        ("-- check: one\nset role x;", "check-writes", 2),
        ("-- check: one\n\nselect 'a;\n", "sql-does-not-parse", 3),
    ],
)
def test_what_cannot_be_a_check_is_a_fault(text: str, rule: str, line: int) -> None:
    faults = _read(text)[1]
    assert (faults[0].rule, faults[0].line) == (rule, line)


def test_one_bad_check_leaves_the_others() -> None:
    found, faults = _read("-- check: one\ndrop table t;\n-- check: two\nselect 1, 2;")
    assert [c.sentence for c in found] == ["two"]
    assert len(faults) == 1


def test_a_file_without_checks_has_none() -> None:
    assert _read("-- nothing here\n") == ((), ())
