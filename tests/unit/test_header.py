"""The leading `--` lines: what counts as a directive, and what is wrong with one."""

from __future__ import annotations

import pytest
from yoyo.migrations import parse_metadata_from_sql_comments

from trunkline import header
from trunkline.header import Directive, FileKind, Leftover, Loss


def test_a_directive_is_read_from_the_leading_comments() -> None:
    text = "-- A title\n--\n\n--   depends:  a  b \nselect 1;\n"
    directives, faults = header.read(text, "migration")
    assert directives == (Directive("depends", "a  b", 4),)
    assert faults == ()
    assert header.depends(directives) == ("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        "-- depends: a\nselect 1;",
        "-- title\n\n  -- depends: a b\n-- depends: c\nselect 1;",
        "-- transactional: false\n-- depends: a",
        "--depends:a\n--transactional :FALSE\nselect 1;",
        "select 1;\n-- depends: a",
        "/* block */\n-- depends: a\nselect 1;",
        "-- depends on: a\nselect 1;",
        "-- Depends: a\nselect 1;",
        "-- title\u2028-- depends: a\nselect 1;",
        "-- title\x0c\n-- depends: a\nselect 1;",
    ],
)
def test_what_yoyo_reads_is_what_is_read(text: str) -> None:
    theirs, _, _ = parse_metadata_from_sql_comments(text)
    ours, _ = header.read(text, "migration")
    assert set(header.depends(ours)) == set(theirs.get("depends", "").split())
    transactional = theirs.get("transactional", "true").lower() == "true"
    assert header.transactional(ours) == (transactional, ())


@pytest.mark.parametrize(
    ("kind", "text", "rule", "line"),
    [
        ("migration", "-- a\nselect 1;\n-- depends: b", "directive-misplaced", 3),
        ("migration", "-- dependes: b", "directive-misspelt", 1),
        ("migration", "-- title\n-- Transactional: false", "directive-misspelt", 2),
        ("migration", "-- transational: false", "directive-misspelt", 1),
        ("migration", "-- loses: public.t rows — gone", "directive-misplaced", 1),
        ("rollback", "-- depends: a", "directive-misplaced", 1),
        ("rollback", "-- transactional: false", "directive-misplaced", 1),
        ("rollback", "drop table t;\n-- leaves: role r — x", "directive-misplaced", 2),
        ("rollback", "-- losses: public.t rows — x", "directive-misspelt", 1),
        ("verification", "-- chek: it holds\nselect 1", "directive-misspelt", 1),
        ("invariant", "-- Since: a", "directive-misspelt", 1),
    ],
)
def test_a_directive_that_would_be_ignored_is_a_fault(
    kind: FileKind, text: str, rule: str, line: int
) -> None:
    directives, (fault,) = header.read(text, kind)
    assert directives == ()
    assert (fault.rule, fault.line) == (rule, line)
    assert fault.hint


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("rollback", "-- Closes: #12"),
        ("migration", "-- Author: somebody"),
        ("migration", "-- Locks: share update exclusive"),
        ("migration", "-- see https://example.org/depends: no"),
    ],
)
def test_other_words_before_a_colon_are_prose(kind: FileKind, line: str) -> None:
    assert header.read(f"{line}\nselect 1;", kind) == ((), ())


def test_a_check_line_counts_wherever_it_stands() -> None:
    text = "-- check: one\nselect 1;\n-- check after: two\nselect 2;"
    directives, faults = header.read(text, "verification")
    assert [(d.name, d.value, d.line) for d in directives] == [
        ("check", "one", 1),
        ("check after", "two", 3),
    ]
    assert faults == ()


@pytest.mark.parametrize("value", ["no", "off", "0", "", "false -- really"])
def test_transactional_is_true_or_false_and_nothing_else(value: str) -> None:
    directives, _ = header.read(f"-- title\n-- transactional: {value}", "migration")
    transactional, (fault,) = header.transactional(directives)
    assert transactional
    assert (fault.rule, fault.line) == ("directive-value", 2)


def test_transactional_is_said_once() -> None:
    text = "-- transactional: false\n-- transactional: false"
    (fault,) = header.transactional(header.read(text, "migration")[0])[1]
    assert fault.line == 2


def _losses(*lines: str) -> tuple[tuple[Loss, ...], tuple[Leftover, ...], list[int]]:
    directives, _ = header.read("\n".join(lines), "rollback")
    losses, leaves, faults = header.losses(directives)
    return losses, leaves, [fault.line for fault in faults]


def test_a_declared_loss_names_rows_values_or_a_position() -> None:
    losses, leaves, faults = _losses(
        "-- loses: public.t rows — all of them",
        "-- loses: public.t rows where is_managed and a - b > 0 — recreated by x",
        "-- loses: public.t values of a, b where c like 'x — %' -- filled again",
        "-- loses: public.t_id_seq position - no number is handed out twice",
    )
    assert faults == []
    assert leaves == ()
    assert [(x.object, x.what, x.columns, x.where, x.line) for x in losses] == [
        ("public.t", "rows", (), None, 1),
        ("public.t", "rows", (), "is_managed and a - b > 0", 2),
        ("public.t", "values", ("a", "b"), "c like 'x — %'", 3),
        ("public.t_id_seq", "position", (), None, 4),
    ]
    assert [x.reason for x in losses] == [
        "all of them",
        "recreated by x",
        "filled again",
        "no number is handed out twice",
    ]


def test_what_is_lost_may_have_a_name_in_quotes() -> None:
    losses, _, faults = _losses(
        '-- loses: "The ""Old"" Ones"."T 1.2" rows — gone',
        '-- loses: public."visits — all" values of a — gone',
    )
    assert faults == []
    assert [(x.object, x.what, x.reason) for x in losses] == [
        ('"The ""Old"" Ones"."T 1.2"', "rows", "gone"),
        ('public."visits — all"', "values", "gone"),
    ]


def test_a_declared_leftover_names_its_kind_its_name_and_why() -> None:
    _, leaves, faults = _losses(
        "-- leaves: role authenticated — cluster-wide",
        "-- leaves: enum label 'x' of public.mood — cannot be dropped",
    )
    assert faults == []
    assert [(x.object, x.reason) for x in leaves] == [
        ("role authenticated", "cluster-wide"),
        ("enum label 'x' of public.mood", "cannot be dropped"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "-- loses: public.t rows",
        "-- loses: t rows — no schema",
        "-- loses: public.t everything — why",
        "-- loses: public.t values — which?",
        "-- leaves: role — which?",
        "-- leaves: authenticated",
    ],
)
def test_a_declaration_that_cannot_be_read_is_a_fault(line: str) -> None:
    assert _losses("-- title", line) == ((), (), [2])
