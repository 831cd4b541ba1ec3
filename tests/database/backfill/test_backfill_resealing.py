"""Values of before come under the organization's key, and learn their number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.installation import Installation, close_legacy, token_of
from trunkline.backfill import Counts


def test_every_credential_is_sealed_anew_with_the_same_content(
    installation: Installation,
) -> None:
    report = installation.run("reseal-credentials", workers=2)
    whole = installation.value("select count(*) from org_credentials")
    assert report.counts == Counts(whole, whole)
    opened = installation.opened()
    assert len(opened) == whole
    for org_id, id, provider, number, account in installation.rows(
        "select org_id, id, provider, phone_number, account_sid from org_credentials"
    ):
        inside = json.loads(opened[org_id, id][1])
        assert str(id) in (inside.get("authToken") or inside["apiKey"])
        if provider == "twilio":
            assert (number, account) == (inside["phoneNumber"], inside["accountSid"])
        else:
            assert (number, account) == (None, None)


def test_the_tokens_of_subaccounts_are_sealed_anew(installation: Installation) -> None:
    assert installation.run("reseal-tokens").counts == Counts(120, 120)
    opened = installation.opened()
    assert {key: inside for key, (_, inside) in opened.items()} == {
        (org_id, id): token_of(id).encode()
        for org_id, id in installation.rows("select org_id, id from twilio_subaccounts")
    }
    assert installation.run("reseal-tokens").counts == Counts()


def test_a_managed_credential_is_made_from_a_token_that_is_sealed_anew(
    installation: Installation,
) -> None:
    installation.run("reseal-tokens")
    assert installation.run("managed-credentials").counts == Counts(60, 60)


def test_undo_brings_back_values_numbers_and_holds(installation: Installation) -> None:
    def everything() -> list[tuple[Any, ...]]:
        return installation.rows(
            "select (to_jsonb(c) - 'updated_at')::text from org_credentials as c"
            " union all select h::text from phone_numbers_held as h order by 1"
        )

    before = everything()
    assert installation.run("reseal-credentials").counts.errors == 0
    assert everything() != before
    assert installation.undo("reseal-credentials").kept == 0
    assert everything() == before


def test_a_number_that_somebody_else_holds_is_no_reason_to_stop(
    installation: Installation,
) -> None:
    installation.owner.execute(
        "insert into phone_numbers_held (phone_number, org_id, kind)"
        " select '+1408' || 5550000 + n, gen_random_uuid(), 'byoc'"
        " from generate_series(0, 999) as n"
    )
    ((whole, refused),) = installation.rows(
        "select count(*), count(*) filter (where provider = 'twilio' and is_active)"
        " from org_credentials"
    )
    report = installation.run("reseal-credentials")
    assert report.counts == Counts(whole, whole - refused, errors=refused)
    assert {error.reason for error in report.errors} == {"TP011"}


@pytest.mark.parametrize("deep", ["[" * 30_000, '{"phoneNumber":' * 2_000])
def test_a_credential_that_is_nested_without_end_costs_itself_its_number_only(
    installation: Installation, deep: str
) -> None:
    id = installation.value(
        "insert into org_credentials (org_id, provider, encrypted_config, is_active)"
        " select id, 'twilio', %s, false from organizations limit 1 returning id",
        close_legacy(deep),
    )
    report = installation.run("reseal-credentials")
    assert report.counts == Counts(report.counts.total, report.counts.total)
    ((org_id, number),) = installation.rows(
        "select org_id, phone_number from org_credentials where id = %s", id
    )
    assert number is None
    assert installation.opened()[org_id, id][1] == deep.encode()
