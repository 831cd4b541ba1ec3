"""Comparisons of snapshots that no server made."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from typing import Any

import pytest

from trunkline.catalog import Snapshot, compare
from trunkline.catalog.queries import ABOUT_OBJECTS, ABSENT, OBJECTS, query
from trunkline.catalog.snapshot import Objects


def tables(**columns: list[str]) -> dict[str, dict[str, Any]]:
    objects: dict[str, dict[str, Any]] = {"table": {}, "column": {}}
    for name, called in columns.items():
        table = f"public.{name}"
        objects["table"][table] = {"owner": "boss", "columns": called}
        for column in called:
            facts = {"on": table, "called": column, "type": "text"}
            objects["column"][f"{table}.{column}"] = facts
    return objects


def view(name: str, owner: str = "boss") -> dict[str, Any]:
    return {name: {"definition": " SELECT 1;", "output": ["a"], "owner": owner}}


def test_equal_snapshots_have_no_difference() -> None:
    one, other = Snapshot(tables(t=["a"])), Snapshot(tables(t=["a"]), 180000)
    assert compare(one, other) == ()


def test_only_a_changed_order_of_columns_is_of_its_own_kind() -> None:
    one, other = Snapshot(tables(t=["a", "b"])), Snapshot(tables(t=["b", "a"]))
    (difference,) = compare(one, other)
    assert (difference.kind, difference.object) == ("column_order", "table")
    assert difference.repair == ""
    assert "columns stand as b, a instead of a, b" in difference.detail


def test_a_column_less_is_no_change_of_order() -> None:
    one, other = Snapshot(tables(t=["a", "b", "c"])), Snapshot(tables(t=["a", "c"]))
    assert [d.kind for d in compare(one, other)] == ["missing"]


def test_a_missing_table_is_told_once_and_made_whole() -> None:
    (difference,) = compare(Snapshot(tables(t=["a", "b"])), Snapshot({}))
    assert (difference.kind, difference.name) == ("missing", "public.t")
    assert "a text,\n    b text" in difference.repair


def test_views_are_made_in_the_order_in_which_they_stand_on_each_other() -> None:
    names = [f"public.v{number}" for number in range(20)]
    random.Random(1).shuffle(names)
    objects: Objects = {"view": {k: v for name in names for k, v in view(name).items()}}
    needs = {
        ("view", upper): frozenset({("view", lower)})
        for lower, upper in pairwise(names)
    }
    full, empty = Snapshot(objects, find_needs=lambda: needs), Snapshot({})
    assert [d.name for d in compare(full, empty)] == names
    assert [d.name for d in compare(empty, full)] == names[::-1]


def test_a_circle_of_needs_still_has_an_order() -> None:
    objects: Objects = {"view": {**view("public.a"), **view("public.b")}}
    a, b = ("view", "public.a"), ("view", "public.b")
    needs = {a: frozenset({b}), b: frozenset({a})}
    full = Snapshot(objects, find_needs=lambda: needs)
    assert len(compare(full, Snapshot({}))) == 2


def test_a_name_is_freed_before_something_else_takes_it() -> None:
    one, other = Snapshot(tables(t=["a"])), Snapshot({"view": view("public.t")})
    assert [d.kind for d in compare(one, other)] == ["unexpected", "missing"]


def test_a_new_owner_needs_no_grant_of_what_was_his() -> None:
    one, other = tables(t=["a"]), tables(t=["a"])
    other["table"]["public.t"] |= {"owner": "app", "granted": {"boss": "r"}}
    (difference,) = compare(Snapshot(one), Snapshot(other))
    assert difference.object == "owner"
    assert difference.repair == "alter table public.t owner to boss;"


def test_what_a_role_could_not_read_is_no_difference() -> None:
    known = {"user mapping": {"for a server s": {"foreign_options": ["user=u"]}}}
    hidden = {"user mapping": {"for a server s": {"unread": ["foreign_options"]}}}
    assert compare(Snapshot(known), Snapshot(hidden)) == ()
    assert compare(Snapshot(hidden), Snapshot(known)) == ()


def test_a_not_null_constraint_without_a_name_is_from_an_older_server() -> None:
    one, other = tables(t=["a"]), tables(t=["a"])
    one["column"]["public.t.a"] |= {"not_null": True, "not_null_name": "known"}
    other["column"]["public.t.a"] |= {"not_null": True}
    assert compare(Snapshot(one), Snapshot(other)) == ()


@pytest.mark.parametrize("major", [15, 16, 17, 18])
def test_a_query_has_the_lines_of_its_server_only(major: int) -> None:
    text = query("column", major, False)
    assert ("not_null_name" in text) == (major >= 18)
    assert "-- since 18" not in text or major >= 18


def test_only_a_superuser_reads_where_a_subscription_comes_from() -> None:
    assert "subconninfo" in query("subscription", 18, True)
    assert "subconninfo" not in query("subscription", 18, False)


def test_every_query_is_one_statement() -> None:
    for name in (*OBJECTS, *ABOUT_OBJECTS, ABSENT):
        text = re.sub(r"--.*|'[^']*'", "", query(name, 18, True)).strip()
        assert text.endswith(";"), name
        assert text.count(";") == 1, name
