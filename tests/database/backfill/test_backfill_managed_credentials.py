"""Each active managed number gets its credential, and what cannot is told why."""

from __future__ import annotations

import json
from collections import Counter
from uuid import UUID

import psycopg
import pytest

from tests.database.backfill.faults import FAULTS
from tests.installation import (
    Installation,
    close_legacy,
    environment,
    token_of,
)
from trunkline import backfill
from trunkline.backfill import Counts
from trunkline.errors import StatementFailed, UsageError

REFERENCE = UUID("46cf2995-2bee-44e3-838b-24151486fe4e")


def test_of_5000_numbers_with_every_fault_each_is_counted_as_what_it_is(
    faulty: Installation,
) -> None:
    before = faulty.value("select count(*) from org_credentials")
    report = faulty.run("managed-credentials")
    assert report.counts == Counts(
        total=4750, migrated=2750, skipped=FAULTS, errors=7 * FAULTS
    )
    assert Counter(error.reason for error in report.errors) == {
        "does_not_open": 2 * FAULTS,
        "bad_form": FAULTS,
        "subaccount_suspended": FAULTS,
        "subaccount_closed": FAULTS,
        "subaccount_missing": FAULTS,
        "not_e164": FAULTS,
    }
    after = faulty.value("select count(*) from org_credentials")
    assert after - before == 2750
    assert len(faulty.opened()) == 2750


def test_a_second_run_migrates_nothing(installation: Installation) -> None:
    assert installation.run("managed-credentials").counts == Counts(60, 60)
    again = installation.run("managed-credentials", workers=2)
    assert (again.state, again.counts) == ("finished", Counts(60, 0, 60))


def test_the_credential_holds_what_calls_need_and_opens_for_its_row_alone(
    installation: Installation,
) -> None:
    installation.run("managed-credentials")
    ((id, version, number, account),) = installation.rows(
        "select id, key_version, phone_number, account_sid from org_credentials"
        " where org_id = %s and is_managed",
        REFERENCE,
    )
    field, inside = installation.opened()[REFERENCE, id]
    ((subaccount, sid, phone, vapi),) = installation.rows(
        "select s.id, s.twilio_account_sid, n.vapi_phone_id, n.vapi_credential_id"
        " from managed_phone_numbers as n"
        " join twilio_subaccounts as s on s.id = n.subaccount_id"
        " where n.org_id = %s and n.status = 'active'",
        REFERENCE,
    )
    assert (field, version, number, account) == (
        "encrypted_config",
        1,
        "+14158497226",
        None,
    )
    assert json.loads(inside) == {
        "accountSid": sid,
        "authToken": token_of(subaccount),
        "phoneNumber": "+14158497226",
        "managedByVoxanne": True,
        "vapiPhoneId": phone,
        "vapiCredentialId": vapi,
    }


def test_a_number_without_voice_gets_a_credential_without_calls(
    installation: Installation,
) -> None:
    installation.owner.execute(
        "update managed_phone_numbers set voice_enabled = false"
        " where org_id = %s and status = 'active'",
        [REFERENCE],
    )
    installation.run("managed-credentials")
    assert installation.rows(
        "select can_inbound, can_outbound from org_credentials"
        " where org_id = %s and is_managed",
        REFERENCE,
    ) == [(False, False)]


def test_the_changes_that_refuse_before_the_backfill_go_on_after_it(
    installation: Installation,
) -> None:
    with pytest.raises(StatementFailed) as refusal:
        installation.apply()
    assert "trunkline backfill managed-credentials" in (refusal.value.hint or "")
    assert installation.run("reseal-credentials").state == "finished"
    assert installation.run("managed-credentials").state == "finished"
    assert installation.apply().ok
    assert installation.rows(
        "SELECT org_id, provider, is_managed, is_active, created_at"
        " FROM org_credentials WHERE is_managed = true and org_id = %s",
        REFERENCE,
    ) == [
        (
            REFERENCE,
            "twilio",
            True,
            True,
            installation.value("select timestamptz '2026-01-25 13:23:10.279851+00'"),
        )
    ]


def test_with_all_rules_and_the_audit_on_it_runs_too(
    installation: Installation,
) -> None:
    installation.run("managed-credentials")
    installation.apply()
    installation.owner.execute("set session_replication_role = replica")
    installation.owner.execute("delete from org_credentials where is_managed")
    events = installation.value("select count(*) from audit.events")
    assert installation.run("managed-credentials").counts == Counts(60, 60)
    assert installation.value("select count(*) from audit.events") == events + 60


def test_a_managed_credential_without_a_number_is_named_and_left(
    installation: Installation,
) -> None:
    installation.owner.execute(
        "insert into org_credentials (org_id, provider, encrypted_config, is_managed)"
        " values (%s, 'twilio', %s, true)",
        [REFERENCE, close_legacy('{"phoneNumber": "+14158497226"}')],
    )
    report = installation.run("managed-credentials")
    assert report.counts == Counts(60, 59, errors=1)
    assert report.errors[0].reason == "another_credential"
    assert "reseal-credentials" in report.errors[0].detail
    assert installation.run("reseal-credentials").counts.errors == 0
    assert installation.run("managed-credentials").counts == Counts(60, 0, 60)


def test_a_credential_that_was_switched_off_is_named_and_left(
    installation: Installation,
) -> None:
    installation.run("managed-credentials")
    ((id,),) = installation.rows(
        "update org_credentials set is_active = false"
        " where org_id = %s and is_managed returning id",
        REFERENCE,
    )
    report = installation.run("managed-credentials")
    assert report.counts == Counts(60, 0, 59, errors=1)
    assert [(error.reason, error.detail) for error in report.errors] == [
        ("credential_inactive", f"its credential {id} is not active")
    ]
    installation.owner.execute(
        "update org_credentials set is_active = true where id = %s", [id]
    )
    assert installation.run("managed-credentials").counts == Counts(60, 0, 60)


def test_an_organization_whose_keys_are_destroyed_gets_no_new_one(
    installation: Installation,
) -> None:
    installation.owner.execute(
        "insert into org_data_keys (org_id, version, state)"
        " values (%s, 1, 'destroyed')",
        [REFERENCE],
    )
    report = installation.run("managed-credentials")
    assert [error.reason for error in report.errors] == ["no_active_key"]
    assert report.counts == Counts(60, 59, errors=1)


def test_undo_takes_back_the_credentials_and_nothing_else(
    installation: Installation,
) -> None:
    def everything() -> list[tuple[object, ...]]:
        return installation.rows("select c::text from org_credentials as c order by 1")

    before = everything()
    installation.run("managed-credentials")
    ((changed,),) = installation.rows(
        "update org_credentials set metadata = '{}' where org_id = %s and is_managed"
        " returning id",
        REFERENCE,
    )
    kept: list[backfill.RowKept] = []
    undone = installation.undo(
        "managed-credentials",
        lambda event: (
            kept.append(event) if isinstance(event, backfill.RowKept) else None
        ),
    )
    assert (undone.undone, undone.kept) == (59, 1)
    assert [(row.key, row.reason) for row in kept] == [
        ((str(REFERENCE), str(changed)), "changed")
    ]
    installation.owner.execute("delete from org_credentials where id = %s", [changed])
    assert everything() == before


def test_without_the_keys_nothing_is_begun(installation: Installation) -> None:
    with (
        environment(ENCRYPTION_KEY="7e"),
        pytest.raises(UsageError, match="ENCRYPTION_KEY is not 64 hex digits"),
    ):
        backfill.run(installation.target, backfill.load("managed-credentials"))
    with pytest.raises(psycopg.errors.UndefinedTable):
        installation.value("select count(*) from trunkline.backfill_run")
