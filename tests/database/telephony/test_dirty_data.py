"""On dirty data each change refuses first, lists every offender, and changes nothing.

So does each rollback that has no place for a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.database.telephony.dirt import CLEAN, DIRTY, NEW_SHAPE, Dirt
from trunkline import apply, rollback
from trunkline.connect import Target, of_keywords
from trunkline.errors import StatementFailed
from trunkline.events import ignore
from trunkline.project import Project
from trunkline.rehearsal import state
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Server

DEMANDS = re.compile(
    r"^(create unique index|add constraint|alter column .* set not)", re.M
)


def test_every_change_that_demands_something_is_tried_or_has_its_reason(
    telephony: Project,
) -> None:
    demanding = {
        change.id
        for change in telephony.changes
        if DEMANDS.search(change.migration.text)
    }
    assert demanding - {"20260209_telephony_baseline"} <= DIRTY.keys() | CLEAN.keys()
    assert CLEAN.keys() <= demanding
    assert not DIRTY.keys() & CLEAN.keys()


@pytest.fixture(scope="module")
def before(server: Server, telephony: Project) -> Iterator[dict[str, str]]:
    """Change → a database with all changes before it, and their fixtures."""
    made = {}
    stage = Stage(server, telephony)
    for change in telephony.changes:
        if change.id in DIRTY or change.id in NEW_SHAPE:
            made[change.id] = server.create(template=stage.database)
        stage.apply(change)
    stage.close()
    yield made
    for database in made.values():
        server.drop(database)


def each(kinds: dict[str, dict[str, Dirt]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("change", "dirt"),
        [
            pytest.param(change, dirt, id=f"{change}: {wrong}")
            for change, wrongs in kinds.items()
            for wrong, dirt in wrongs.items()
        ],
    )


@each(DIRTY)
def test_a_change_lists_every_offender_and_waits_until_they_are_mended(
    server: Server,
    telephony: Project,
    before: dict[str, str],
    change: str,
    dirt: Dirt,
) -> None:
    database = server.create(template=before[change])
    target = of_keywords(server.conninfo(database))
    with server.connect(database) as owner:
        refuses_until_mended(owner, dirt, lambda: up_to(telephony, target, change))
    server.drop(database)


@each(NEW_SHAPE)
def test_a_rollback_lists_every_row_without_a_place_and_waits_until_they_are_mended(
    server: Server,
    telephony: Project,
    before: dict[str, str],
    change: str,
    dirt: Dirt,
) -> None:
    database = server.create(template=before[change])
    target = of_keywords(server.conninfo(database))
    up_to(telephony, target, change)
    with server.connect(database) as owner:
        refuses_until_mended(owner, dirt, lambda: down(telephony, target, change))
    server.drop(database)


def refuses_until_mended(
    owner: psycopg.Connection, dirt: Dirt, act: Callable[[], None]
) -> None:
    as_of_old(owner, dirt.plant)
    dirty = state.read(owner)
    with pytest.raises(StatementFailed) as caught:
        act()
    assert caught.value.sqlstate == dirt.sqlstate, caught.value
    assert caught.value.hint
    listed = (caught.value.detail or "").splitlines()
    for offender in dirt.offenders:
        assert any(offender in line for line in listed), (offender, listed)
    assert state.read(owner).same_as(dirty)
    as_of_old(owner, dirt.repair)
    act()


def up_to(telephony: Project, target: Target, change: str) -> None:
    result = apply.run(telephony, target, apply.Options(to=change), ignore)
    assert result.ok, result


def down(telephony: Project, target: Target, change: str) -> None:
    plan = rollback.plan(telephony, target, rollback.Selection(ids=(change,)), None)
    result = rollback.run(telephony, target, plan, rollback.Options(), ignore)
    assert result.ok, result


def as_of_old(owner: psycopg.Connection, statements: str) -> None:
    """Write rows as they came to be before anything asked for order."""
    with owner.transaction():
        owner.execute("set local session_replication_role = replica")
        owner.execute(statements.encode())
