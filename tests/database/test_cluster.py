"""The roles of a server: what they may do, how long, and who has let them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from trunkline.rehearsal import cluster

ROLES = "clustered_group, clustered_member, clustered_one, clustered_other"


@pytest.fixture
def roles(connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Two that may let others into a group, and one to be let in."""
    for name in ROLES.split(", "):
        connection.execute(f"create role {name}".encode())
    connection.execute(
        "grant clustered_group to clustered_one, clustered_other with admin option"
    )
    yield connection
    connection.execute(f"drop role {ROLES}".encode())


@pytest.mark.embedded
def test_who_has_granted_a_membership_is_restored(roles: psycopg.Connection) -> None:
    let_in = "grant clustered_group to clustered_member granted by"
    roles.execute(f"{let_in} clustered_one".encode())
    before = cluster.roles(roles)
    roles.execute(
        "revoke clustered_group from clustered_member granted by current_user"
    )
    assert cluster.roles(roles) == before
    roles.execute(
        "revoke clustered_group from clustered_member granted by clustered_one"
    )
    roles.execute(f"{let_in} clustered_other".encode())

    (difference,) = cluster.compare(before, cluster.roles(roles))
    assert difference.named == "role clustered_member"
    roles.execute(difference.repair.encode())
    assert cluster.roles(roles) == before


def test_until_when_a_role_is_valid_is_told_alike_in_every_session(
    roles: psycopg.Connection,
) -> None:
    roles.execute("alter role clustered_one valid until '2030-01-02 03:04:05.5+00'")
    roles.execute("alter role clustered_other valid until '-infinity'")
    before = cluster.roles(roles)
    assert (
        "valid until '2030-01-02T03:04:05.5+00'" in before["clustered_one"].attributes
    )
    assert "valid until '-infinity'" in before["clustered_other"].attributes
    roles.execute("set timezone = 'Asia/Tokyo'; set datestyle = 'SQL, DMY'")
    assert cluster.roles(roles) == before

    roles.execute("alter role clustered_one valid until 'infinity'")
    (difference,) = cluster.compare(before, cluster.roles(roles))
    roles.execute(difference.repair.encode())
    assert cluster.roles(roles) == before


def test_who_may_set_a_parameter_is_restored(roles: psycopg.Connection) -> None:
    roles.execute("grant set on parameter work_mem to clustered_one")
    try:
        before = cluster.roles(roles)
        roles.execute(
            "revoke set on parameter work_mem from clustered_one;"
            " grant alter system on parameter work_mem to clustered_one"
            " with grant option;"
            " grant set on parameter jit to public"
        )
        differences = cluster.compare(before, cluster.roles(roles))
        assert [d.named for d in differences] == ["role all", "role clustered_one"]
        for difference in differences:
            roles.execute(difference.repair.encode())
        assert cluster.roles(roles) == before
    finally:
        roles.execute("revoke all on parameter jit from public")
        roles.execute("drop owned by clustered_one")


def test_who_may_use_a_tablespace_is_restored(roles: psycopg.Connection) -> None:
    roles.execute("grant create on tablespace pg_default to clustered_one")
    try:
        before = cluster.roles(roles)
        roles.execute(
            "revoke create on tablespace pg_default from clustered_one;"
            " create role clustered_left;"
            " grant create on tablespace pg_default to clustered_left;"
            " grant set on parameter work_mem to clustered_left"
        )
        differences = cluster.compare(before, cluster.roles(roles))
        assert [(d.kind, d.named) for d in differences] == [
            ("unexpected", "role clustered_left"),
            ("differs", "role clustered_one"),
        ]
        for difference in differences:
            roles.execute(difference.repair.encode())
        assert cluster.roles(roles) == before
    finally:
        roles.execute("drop owned by clustered_one")
