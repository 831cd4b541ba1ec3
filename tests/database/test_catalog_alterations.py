"""Each alteration in `alterations/`, done to a database, found and repaired.

pg_dump is the oracle: whatever it shows as different has to be found, and after the
repairs it has to show nothing any more.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from trunkline.catalog import Difference, compare, snapshot
from trunkline.throwaway import Server

pytestmark = pytest.mark.embedded  # some need PostgreSQL 18, or its extension vector

ALTERATIONS = Path(__file__).parent / "alterations"


@dataclass(frozen=True)
class Alteration:
    """SQL that makes a database, SQL that alters it, and what is to be found then."""

    title: str
    base: str
    altering: str
    finds: tuple[str, ...]
    marks: dict[str, str]


def read(path: Path) -> Iterator[Alteration]:
    for block in path.read_text("utf-8").split("-- alteration: ")[1:]:
        base: list[str] = []
        altering: list[str] = []
        finds: list[str] = []
        marks: dict[str, str] = {}
        title, *lines = block.splitlines()
        sql = base
        for line in lines:
            word, _, rest = line.removeprefix("-- ").partition(": ")
            if line == "-- then":
                sql = altering
            elif line.startswith("-- finds: "):
                finds.append(rest)
            elif line.startswith("-- since "):
                marks["since"] = line.split()[-1]
            elif line.startswith("-- "):
                marks[word] = rest
            else:
                sql.append(line)
        yield Alteration(
            title, "\n".join(base), "\n".join(altering), tuple(finds), marks
        )


def is_confined(alteration: Alteration) -> bool:
    """Say whether it may happen in any schema, beside others in theirs."""
    sql = alteration.base + alteration.altering
    elsewhere = ("public", "database", "schema", "pg_catalog", "default privileges")
    without_schema = (
        " on pg_",
        "transform for",
        "extension",
        "publication",
        "foreign data",
        "language mine",
    )
    others = (
        "set role",
        "event trigger",
        "subscription",
        "access method",
        "create cast",
    )
    return not (
        {"unrepaired", "leaves", "one way"} & alteration.marks.keys()
        or any(word in sql for word in (*elsewhere, *without_schema, *others))
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each theme, and one for each alteration that has to be alone."""
    themes = {
        path.stem: [
            alteration
            for alteration in read(path)
            if int(alteration.marks.get("since", 0))
            <= metafunc.config.getoption("--postgres")
        ]
        for path in sorted(ALTERATIONS.glob("*.sql"))
    }
    if "theme" in metafunc.fixturenames:
        confined = {
            theme: list(filter(is_confined, alterations))
            for theme, alterations in themes.items()
        }
        metafunc.parametrize("theme", confined.values(), ids=confined.keys())
    if "alteration" in metafunc.fixturenames:
        alone = {
            f"{theme}: {alteration.title}": alteration
            for theme, alterations in themes.items()
            for alteration in alterations
            if not is_confined(alteration)
        }
        metafunc.parametrize("alteration", alone.values(), ids=alone.keys())


@pytest.fixture(scope="module", autouse=True)
def roles(server: Server) -> None:
    """Roles and tablespaces are the cluster's: one set for all alterations."""
    with server.connect("postgres") as connection:
        connection.execute("set allow_in_place_tablespaces = on")
        connection.execute("create tablespace cat_space location ''")
        for role in ("cat_a", "cat_b", '"Cat C"', "cat_owner"):
            connection.execute(f"create role {role}")


@pytest.fixture(autouse=True)
def subscriptions(connection: psycopg.Connection) -> Iterator[None]:
    """A subscription would keep its database from being dropped."""
    yield
    for row in connection.execute("select quote_ident(subname) from pg_subscription"):
        connection.execute(f"alter subscription {row[0]} set (slot_name = none)")
        connection.execute(f"drop subscription {row[0]}")


def dump(server: Server, database: str) -> list[str]:
    """Return what pg_dump shows, without the lines that are random."""
    assert server.binaries is not None
    command = [str(server.binaries / "pg_dump"), "--schema-only"]
    shown = subprocess.run(
        command, env=server.environment(database), capture_output=True, check=True
    ).stdout.decode()
    return [
        line
        for line in shown.splitlines()
        if not line.startswith(("\\restrict", "\\unrestrict"))
    ]


def repair(connection: psycopg.Connection, differences: tuple[Difference, ...]) -> None:
    for difference in differences:
        try:
            connection.execute(difference.repair)
        except psycopg.Error as error:
            pytest.fail(f"{error}\nin the repair of {difference}")


def unseen_by_pg_dump(alteration: Alteration) -> bool:
    return not {"finds nothing", "unseen by pg_dump"}.isdisjoint(alteration.marks)


def told(differences: tuple[Difference, ...]) -> list[str]:
    return [f"{d.kind} {d.object} {d.name}" for d in differences]


def test_an_alteration_is_found_and_its_repair_leaves_nothing_behind(
    server: Server,
    database: str,
    connection: psycopg.Connection,
    alteration: Alteration,
) -> None:
    connection.execute(alteration.base)
    base, base_dump = snapshot(connection), dump(server, database)
    connection.execute(alteration.altering)
    altered, altered_dump = snapshot(connection), dump(server, database)

    differences = compare(base, altered)
    assert sorted(told(differences)) == sorted(alteration.finds)
    assert all(difference.detail for difference in differences)
    shown_by_pg_dump = base_dump != altered_dump
    assert shown_by_pg_dump != unseen_by_pg_dump(alteration)

    if "unrepaired" in alteration.marks:
        assert any(difference.repair == "" for difference in differences)
        return
    repair(connection, differences)
    left = compare(base, snapshot(connection))
    assert told(left) == list(filter(None, [alteration.marks.get("leaves")]))
    if left:
        return
    assert dump(server, database) == base_dump

    if "one way" not in alteration.marks:
        repair(connection, compare(altered, base))
        assert compare(altered, snapshot(connection)) == ()


def test_alterations_at_once_are_found_and_their_repairs_leave_nothing_behind(
    server: Server,
    database: str,
    connection: psycopg.Connection,
    theme: list[Alteration],
) -> None:
    schemas = {f"s{number}": alteration for number, alteration in enumerate(theme)}
    for schema, alteration in schemas.items():
        connection.execute(f"create schema {schema}; set search_path = {schema}")
        connection.execute(alteration.base)
    base, base_dump = snapshot(connection), by_schema(dump(server, database))
    for schema, alteration in schemas.items():
        connection.execute(f"set search_path = {schema}")
        connection.execute(alteration.altering)
    altered, altered_dump = snapshot(connection), by_schema(dump(server, database))

    differences = compare(base, altered)
    expected = [
        line.replace("public.", f"{schema}.")
        for schema, alteration in schemas.items()
        for line in alteration.finds
    ]
    assert sorted(told(differences)) == sorted(expected)
    for schema, alteration in schemas.items():
        shown_by_pg_dump = base_dump.get(schema) != altered_dump.get(schema)
        assert shown_by_pg_dump != unseen_by_pg_dump(alteration), alteration.title

    connection.execute("reset search_path")
    repair(connection, differences)
    assert compare(base, snapshot(connection)) == ()
    assert by_schema(dump(server, database)) == base_dump
    repair(connection, compare(altered, base))
    assert compare(altered, snapshot(connection)) == ()


def by_schema(shown: list[str]) -> dict[str, list[str]]:
    """Split pg_dump's text by the schema that the heading of each object names."""
    sections: dict[str, list[str]] = {}
    schema = "-"
    for line in shown:
        heading = re.match("-- Name: .*; Schema: ([^;]+); Owner: ", line)
        schema = heading[1] if heading else schema
        sections.setdefault(schema, []).append(line)
    return sections
