"""Properties of the comparison, on schemas by chance.

Whatever the schema: it is equal to itself, another one is not, and the repair of the
differences makes it equal. A failure names the two schemas in SQL; the runs are the
same each time (`derandomize`), and TRUNKLINE_EXAMPLES asks for more of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, note, settings

from tests.database.schema_tables import ROLES
from tests.database.schemas import Schema, changed
from trunkline.catalog import Difference, Snapshot, compare, snapshot
from trunkline.throwaway import Server

EXAMPLES = int(os.environ.get("TRUNKLINE_EXAMPLES", "60"))


@pytest.fixture(scope="module")
def by_chance(server: Server) -> Iterator[psycopg.Connection]:
    """A connection to a database of all examples; each takes its own schema away."""
    name = server.create()
    with server.connect(name) as connection:
        for role in ROLES:
            connection.execute(f"create role {role}".encode())
        yield connection
    server.drop(name)
    with server.connect("postgres") as connection:
        for role in ROLES:
            connection.execute(f"drop role {role}".encode())


def build(connection: psycopg.Connection, schema: Schema) -> Snapshot:
    """Make a schema in the place of the one before, and read its catalog."""
    connection.execute("drop schema if exists by_chance cascade")
    connection.execute("create schema by_chance; set search_path = by_chance")
    for statement in schema.sql():
        connection.execute(statement.encode())
    connection.execute("reset search_path")
    return snapshot(connection)


def inexact(differences: tuple[Difference, ...]) -> list[Difference]:
    return [d for d in differences if d.kind != "column_order"]


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pair=changed())
def test_the_repair_makes_any_schema_equal_to_any_other(
    by_chance: psycopg.Connection, pair: tuple[Schema, Schema]
) -> None:
    want, have = pair
    note("-- expected\n" + ";\n".join(want.sql()))
    note("-- found\n" + ";\n".join(have.sql()))
    expected = build(by_chance, want)
    assert compare(expected, build(by_chance, want)) == ()
    found = build(by_chance, have)
    differences = compare(expected, found)
    assert (differences == ()) == (want.sql() == have.sql())
    for difference in differences:
        note(f"-- {difference.kind} {difference.named}: {difference.detail}")
        note(difference.repair)
    for difference in differences:
        by_chance.execute(difference.repair.encode())
    assert inexact(compare(expected, snapshot(by_chance))) == []
