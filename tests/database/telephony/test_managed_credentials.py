"""Managed and BYOC credentials in one table: the change of 2026-02-10."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from tests.database.telephony.office import (
    REFERENCE,
    Office,
    activate,
    credential,
    legacy,
    refused,
)
from trunkline import apply, rollback
from trunkline.connect import of_keywords
from trunkline.events import ignore
from trunkline.project import Project
from trunkline.throwaway import Server

BASELINE = "20260209_telephony_baseline"
EXPAND = "20260210_managed_credentials_expand"
UNIFICATION = "20260210_managed_credentials_unification"
SETTLED = "20260211_active_flag_settled"

NUMBER = "+16505550100"
OTHER = "+16505550101"


def up_to(server: Server, database: str, telephony: Project, change: str) -> None:
    """Apply the project's changes up to this one."""
    result = apply.run(
        telephony,
        of_keywords(server.conninfo(database)),
        apply.Options(to=change),
        ignore,
    )
    assert result.ok, result


def test_the_column_is_found_as_clients_look_for_it(office: Office) -> None:
    assert office.rows(
        "SELECT column_name, data_type, column_default"
        " FROM information_schema.columns"
        " WHERE table_name = 'org_credentials' AND column_name = 'is_managed'"
    ) == [("is_managed", "boolean", "false")]


def test_the_indexes_are_found_as_clients_look_for_them(office: Office) -> None:
    found = office.rows(
        "SELECT indexname FROM pg_indexes"
        " WHERE tablename = 'org_credentials' AND indexname IN"
        " ('idx_org_credentials_managed', 'idx_org_credentials_one_managed_per_org')"
    )
    assert sorted(found) == [
        ("idx_org_credentials_managed",),
        ("idx_org_credentials_one_managed_per_org",),
    ]


def test_the_reference_organization_has_its_managed_credential(office: Office) -> None:
    found = office.rows(
        "SELECT org_id, provider, is_managed, is_active, created_at"
        " FROM org_credentials WHERE is_managed = true"
    )
    assert [row for row in found if row[0] == REFERENCE] == [
        (
            REFERENCE,
            "twilio",
            True,
            True,
            datetime(2026, 1, 25, 13, 23, 10, 279851, tzinfo=UTC),
        )
    ]


def test_a_missing_flag_is_off_and_comes_back_with_the_rollback(
    server: Server, database: str, telephony: Project, connection: psycopg.Connection
) -> None:
    up_to(server, database, telephony, UNIFICATION)
    organization, untouched, switched_on = uuid4(), uuid4(), uuid4()
    connection.execute(
        "insert into organizations (id, name) values (%s, 'Old')", (organization,)
    )
    for made in (untouched, switched_on):
        connection.execute(
            "insert into org_credentials (id, org_id, provider, encrypted_config,"
            " is_active, updated_at)"
            " values (%s, %s, 'twilio', %s, null, '2026-01-01 00:00:00+00')",
            (made, organization, legacy()),
        )

    up_to(server, database, telephony, SETTLED)
    assert flags(connection) == {untouched: False, switched_on: False}
    with pytest.raises(errors.NotNullViolation):
        connection.execute("update org_credentials set is_active = null")
    connection.execute(
        "update org_credentials set is_active = true where id = %s", (switched_on,)
    )

    target = of_keywords(server.conninfo(database))
    plan = rollback.plan(telephony, target, rollback.Selection(to=UNIFICATION), None)
    result = rollback.run(telephony, target, plan, rollback.Options(), ignore)
    assert result.ok, result
    assert flags(connection) == {untouched: None, switched_on: True}
    assert connection.execute(
        "select updated_at = '2026-01-01 00:00:00+00' from org_credentials"
        " where id = %s",
        (untouched,),
    ).fetchone() == (True,)


def flags(connection: psycopg.Connection) -> dict[object, bool | None]:
    return dict(connection.execute("select id, is_active from org_credentials"))


def test_an_organization_may_have_managed_and_own_numbers_side_by_side(
    office: Office,
) -> None:
    organization = office.organization()
    office.managed(organization, NUMBER)
    credential(office.owner, organization, "+16695550101")
    credential(office.owner, organization, "+16695550102")
    assert office.rows(
        "select is_managed, count(*) from org_credentials where org_id = %s"
        " group by 1 order by 1",
        organization.id,
    ) == [(False, 2), (True, 1)]


def test_an_integration_has_one_active_credential(office: Office) -> None:
    organization = office.organization()
    first = credential(office.owner, organization, None, provider="resend")
    credential(office.owner, organization, None, provider="elevenlabs")
    with refused("23505", "idx_org_credentials_one_active_per_integration"):
        credential(office.owner, organization, None, provider="resend")
    credential(office.owner, organization, None, provider="resend", is_active=False)
    office.owner.execute(
        "update org_credentials set is_active = false where id = %s", (first,)
    )
    credential(office.owner, organization, None, provider="resend")


def test_an_upsert_by_organization_and_provider_no_longer_overwrites_a_secret(
    office: Office,
) -> None:
    organization = office.organization()
    credential(office.owner, organization, NUMBER)
    with pytest.raises(errors.InvalidColumnReference):
        office.owner.execute(
            "insert into org_credentials (org_id, provider, encrypted_config)"
            " values (%s, 'twilio', %s) on conflict (org_id, provider)"
            " do update set encrypted_config = excluded.encrypted_config",
            (organization.id, legacy()),
        )


@pytest.mark.parametrize(
    ("provider", "index"),
    [
        ("twilio", "idx_org_credentials_one_managed_per_org"),
        ("vapi", "idx_org_credentials_one_managed_telephony_per_org"),
    ],
)
def test_a_second_managed_number_is_refused_whatever_its_provider(
    office: Office, provider: str, index: str
) -> None:
    organization = office.organization()
    office.managed(organization, NUMBER)
    with refused("23505", index):
        credential(
            office.owner, organization, OTHER, provider=provider, is_managed=True
        )
    with refused("23505", "idx_one_active_managed_per_org"):
        activate(office.owner, organization, OTHER)


def test_a_released_credential_cannot_be_switched_on_beside_its_successor(
    office: Office,
) -> None:
    organization = office.organization()
    former = office.managed(organization, NUMBER)
    office.release(organization, NUMBER)
    office.managed(organization, OTHER)
    with refused("23505", "idx_org_credentials_one_managed_per_org"):
        office.owner.execute(
            "update org_credentials set is_active = true where id = %s", (former,)
        )


def test_of_racing_dual_writes_one_wins(office: Office) -> None:
    organization = office.organization()

    def write_both(session: psycopg.Connection, number: int) -> bool:
        digits = f"+165055502{number:02}"
        with session.transaction():
            credential(session, organization, digits, is_managed=True)
            activate(session, organization, digits)
        return True

    outcomes = office.race(12, write_both)
    assert outcomes.count(True) == 1
    errors_seen = [o for o in outcomes if isinstance(o, psycopg.Error)]
    assert {(e.sqlstate, e.diag.constraint_name) for e in errors_seen} == {
        ("23505", "idx_org_credentials_one_managed_per_org")
    }
    assert office.rows(
        "select count(*) from org_credentials where org_id = %s and is_managed",
        organization.id,
    ) == [(1,)]
