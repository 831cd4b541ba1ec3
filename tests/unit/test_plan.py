"""The project held against the ledger: what is to do, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from trunkline import plan
from trunkline.config import Config
from trunkline.errors import UsageError
from trunkline.header import Fault
from trunkline.ledger import Entry, State, Step
from trunkline.project import Change, Project, Script


def _script(path: str, text: str) -> Script:
    return Script(path, text, sha256(text.encode()).hexdigest())


def _change(name: str, *depends: str) -> Change:
    return Change(
        id=name,
        migration=_script(f"migrations/{name}.sql", f"create table {name} ();"),
        rollback=_script(f"rollbacks/{name}.sql", f"drop table {name};"),
        verification=_script(f"verification/{name}.sql", "-- check: x\nselect 1, 2;"),
        fixture=None,
        depends=depends,
        transactional=True,
        losses=(),
        leaves=(),
        survives=(),
        link=None,
    )


A, B, C = _change("a"), _change("b", "a"), _change("c")


def _project(*changes: Change) -> Project:
    config = Config(Path("/p"), Path("/p/migrations"), "_yoyo_migration", None)
    return Project(config, changes, ())


def _entry(change: Change, **other: Any) -> Entry:
    assert change.rollback is not None
    assert change.verification is not None
    entry = Entry(
        id=change.id,
        applied_at=datetime(2026, 2, 9, tzinfo=UTC),
        migration_sha256=change.migration.sha256,
        rollback_sha256=change.rollback.sha256,
        verification_sha256=change.verification.sha256,
        rollback_sql=change.rollback.text,
        transactional=True,
        applied_by="me@here",
        failing=(),
    )
    return replace(entry, **other)


def _state(*entries: Entry) -> State:
    return State(entries, ())


NONE = _state()
ABC = _state(_entry(A), _entry(B), _entry(C))


def test_what_is_not_applied_is_pending_in_order() -> None:
    assert plan.pending(_project(A, B, C), _state(_entry(B))) == [A, C]


def test_pending_goes_up_to_the_change_that_is_named() -> None:
    assert plan.pending(_project(A, B, C), NONE, to="b") == [A, B]
    assert plan.pending(_project(A, B, C), ABC, to="b") == []
    with pytest.raises(UsageError, match="no change is called d"):
        plan.pending(_project(A), NONE, to="d")


def _refusal(project: Project, state: State, *, allow_unverified: bool = False) -> str:
    waiting = plan.pending(project, state)
    with pytest.raises(UsageError) as caught:
        plan.refuse_unfit(project, state, waiting, allow_unverified=allow_unverified)
    return caught.value.message


def test_a_sound_plan_is_not_refused() -> None:
    project = _project(A, B, C)
    plan.refuse_unfit(project, _state(_entry(A)), [B, C], allow_unverified=False)


def test_a_migration_that_has_changed_since_it_was_applied_is_refused() -> None:
    state = _state(_entry(A, migration_sha256="0" * 64))
    assert _refusal(_project(A, B), state) == (
        "migrations/a.sql: the file has changed since it was applied"
    )


def test_a_change_that_yoyo_applied_has_no_hash_to_differ_from() -> None:
    state = _state(_entry(A, migration_sha256=None))
    assert plan.changed_files(_project(A), state.entries[0]) == ()


def test_a_rollback_or_verification_may_change_and_is_told() -> None:
    entry = _entry(A, rollback_sha256="0" * 64, verification_sha256="1" * 64)
    assert plan.changed_files(_project(A), entry) == (
        "rollbacks/a.sql",
        "verification/a.sql",
    )
    plan.refuse_unfit(_project(A), _state(entry), [], allow_unverified=False)


def test_a_change_that_the_project_does_not_have_is_refused() -> None:
    assert _refusal(_project(A), _state(_entry(A), _entry(C))).endswith("has not: c")


def test_a_pending_change_without_its_undo_is_refused() -> None:
    bare = replace(A, rollback=None)
    assert "rollbacks/a.sql" in _refusal(_project(bare), NONE, allow_unverified=True)


def test_a_pending_change_without_verification_is_refused_unless_allowed() -> None:
    bare = replace(A, verification=None)
    assert "verification/a.sql" in _refusal(_project(bare), NONE)
    plan.refuse_unfit(_project(bare), NONE, [bare], allow_unverified=True)


def test_an_empty_migration_is_refused() -> None:
    empty = replace(A, migration=_script("migrations/a.sql", "-- nothing\n"))
    assert _refusal(_project(empty), NONE) == (
        "migrations/a.sql:1: the file holds no statement"
    )


def test_a_bad_link_is_refused_at_its_own_path() -> None:
    linked = replace(
        A, link=Fault("rollback-link", 1, "is a dangling link", "Mend it.")
    )
    assert _refusal(_project(linked), NONE) == (
        "migrations/a.rollback.sql:1: is a dangling link"
    )


def test_a_bad_file_of_an_applied_change_does_not_stop_the_next() -> None:
    bad = replace(A, rollback=_script("rollbacks/a.sql", "drop tabel a;"))
    assert bad.problems
    plan.refuse_unfit(_project(bad, B), _state(_entry(A)), [B], allow_unverified=False)
    assert "rollbacks/a.sql:1" in _refusal(_project(bad), NONE)


def _back(project: Project, state: State, **how: Any) -> list[tuple[str, plan.Source]]:
    chosen = plan.to_roll_back(project, state, **how)
    return [(rollback.id, rollback.source) for rollback in chosen]


def test_a_rollback_goes_backwards_through_the_order_of_application() -> None:
    project = _project(A, B, C)
    odd = _state(_entry(C), _entry(A), _entry(B))
    assert _back(project, odd, last=2) == [("b", "file"), ("a", "file")]
    assert _back(project, odd, to="c") == [("b", "file"), ("a", "file")]
    assert _back(project, odd, ids=("a", "b")) == [("b", "file"), ("a", "file")]
    assert _back(project, ABC, to="c") == []


@pytest.mark.parametrize("how", [{"ids": ("a",)}, {"to": "a"}])
def test_what_is_not_applied_cannot_be_rolled_back(how: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="a is not applied"):
        _back(_project(A, B), NONE, **how)
    with pytest.raises(UsageError, match="no change is called a"):
        _back(_project(B), NONE, **how)


@pytest.mark.parametrize("how", [{"last": 1}, {"to": "a"}, {"ids": ("b",)}])
def test_the_last_is_not_taken_for_what_is_partly_applied(
    how: dict[str, object],
) -> None:
    half = State((_entry(A),), (Step("b", "up", 1, "0" * 64, True, ()),))
    with pytest.raises(UsageError, match="b is partly applied"):
        _back(_project(A, B), half, **how)
    assert _back(_project(A, C), half, ids=("a",)) == [("a", "file")]


def test_a_change_that_another_stands_on_is_not_pulled_away() -> None:
    with pytest.raises(UsageError, match="b depends on a"):
        _back(_project(A, B), ABC, ids=("a",))
    assert _back(_project(A, B, C), _state(_entry(A), _entry(C)), ids=("a",)) == [
        ("a", "file")
    ]


def test_the_ledger_rolls_back_what_the_checkout_no_longer_has() -> None:
    (only,) = plan.to_roll_back(_project(), _state(_entry(A)), last=1)
    assert (only.change, only.source, only.script.text) == (
        None,
        "ledger",
        "drop table a;",
    )


def test_a_rollback_that_differs_from_the_ledgers_is_used_only_when_told() -> None:
    other = _entry(A, rollback_sql="drop table b;", rollback_sha256="0" * 64)
    with pytest.raises(UsageError, match=r"rollbacks/a\.sql differs"):
        _back(_project(A), _state(other), last=1)
    for use in ("file", "ledger"):
        assert _back(_project(A), _state(other), last=1, use=use) == [("a", use)]


def test_a_change_without_any_rollback_is_refused() -> None:
    stock = _entry(A, rollback_sql=None, rollback_sha256=None)
    bare = replace(A, rollback=None)
    with pytest.raises(UsageError, match="a has no"):
        _back(_project(bare), _state(stock), last=1)
    with pytest.raises(UsageError, match=r"a has no rollbacks/a\.sql"):
        _back(_project(bare), _state(_entry(A)), last=1, use="file")


def test_a_rollback_file_that_does_not_parse_is_refused() -> None:
    bad = replace(A, rollback=_script("rollbacks/a.sql", "drop tabel a;"))
    stock = _entry(A, rollback_sql=None, rollback_sha256=None)
    with pytest.raises(UsageError, match=r"rollbacks/a\.sql:1"):
        _back(_project(bad), _state(stock), last=1)
