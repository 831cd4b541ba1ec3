"""Every refusal: its code, its sentence, the next action; and nothing raw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    Organization,
    claims,
    sealed,
)

NUMBER = "+16505550100"
OWN = "+16505550101"
TAKEN = "+16505550102"


@dataclass(frozen=True)
class Desk:
    """An organization with a number, an agent and an own number; and who acts."""

    office: Office
    user: psycopg.Connection
    worker: psycopg.Connection
    organization: Organization
    agent: UUID
    managed: UUID
    own: UUID

    def claimed(self) -> tuple[Organization, UUID, int]:
        """Another organization whose request this worker has."""
        other = self.office.organization()
        with self.office.acting("authenticated", other.claims) as user:
            asked, _ = steps.request(user, "key")
        return other, asked, steps.claim(self.worker, other)

    def bought(self) -> tuple[Organization, UUID, int]:
        other, asked, attempt = self.claimed()
        operation, _ = steps.begin(self.worker, other, asked, attempt, TAKEN)
        steps.finish(self.worker, other, operation)
        return other, asked, attempt


@pytest.fixture
def desk(office: Office) -> Any:
    organization = office.organization()
    agent = office.agent(organization)
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("telephony_worker") as worker,
    ):
        managed = office.managed(organization, NUMBER)
        own = steps.connect(user, OWN)
        yield Desk(office, user, worker, organization, agent, managed, own)


def ask(
    desk: Desk,
    key: str | None = "key",
    country: str | None = "US",
    number_type: str | None = "local",
    area_code: str | None = "415",
) -> None:
    """Ask for a number for an organization that has none."""
    fresh = desk.office.organization()
    with desk.office.acting("authenticated", fresh.claims) as user:
        user.execute(
            "select api.request_managed_number(%s, %s, %s, %s)",
            (key, country, number_type, area_code),
        )


def connect(
    desk: Desk,
    number: str | None = "+16505550103",
    account: str | None = "AC" + "0" * 32,
    value: str | None = None,
) -> None:
    desk.user.execute(
        "select api.connect_byoc_number(%s, %s, %s)",
        (number, account, value or sealed()),
    )


def as_user(desk: Desk, claimed: str, role: str | None = None) -> None:
    if role is not None:
        desk.office.owner.execute(
            "update user_org_roles set role = %s where org_id = %s",
            (role, desk.organization.id),
        )
    with desk.office.acting("authenticated", claimed) as user:
        steps.release(user, NUMBER)


def again(desk: Desk) -> None:
    fresh = desk.office.organization()
    with desk.office.acting("authenticated", fresh.claims) as user:
        asked = steps.request(user, "key")
        assert steps.request(user, "key") == asked
        steps.request(user, "key", area_code="212")


def beyond_the_limit(desk: Desk) -> None:
    desk.office.owner.execute(
        "insert into org_limits (org_id, max_byoc_numbers) values (%s, 1)",
        (desk.organization.id,),
    )
    connect(desk)


def without_the_feature(desk: Desk) -> None:
    desk.office.owner.execute(
        "update feature_flags set enabled_globally = false"
        " where flag_key = 'managed_telephony'"
    )
    ask(desk)


def on_an_account(status: str) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        fresh = desk.office.organization()
        desk.office.owner.execute(
            "update twilio_subaccounts set status = %s where org_id = %s",
            (status, fresh.id),
        )
        with desk.office.acting("authenticated", fresh.claims) as user:
            steps.request(user, "key")

    return act


def taken(desk: Desk) -> None:
    other = desk.office.organization()
    with desk.office.acting("authenticated", other.claims) as user:
        steps.connect(user, TAKEN)
    connect(desk, TAKEN)


def answered_twice(desk: Desk) -> None:
    second = desk.office.agent(desk.organization, "outbound")
    steps.assign(desk.user, desk.agent, "inbound", desk.own)
    steps.assign(desk.user, second, "inbound", desk.own)


def lost_lease(desk: Desk) -> None:
    other, asked, attempt = desk.claimed()
    steps.begin(desk.worker, other, asked, attempt - 1, TAKEN)


def fail(desk: Desk, reason: str) -> None:
    other, asked, attempt = desk.claimed()
    desk.worker.execute(
        "select worker.fail_provisioning(%s, %s, %s, %s)",
        (other.id, asked, attempt, reason),
    )


def failed_with_a_purchase(desk: Desk) -> None:
    other, asked, attempt = desk.bought()
    desk.worker.execute(
        "select worker.fail_provisioning(%s, %s, %s, 'gave_up')",
        (other.id, asked, attempt),
    )


def completed_without_a_purchase(desk: Desk) -> None:
    other, asked, attempt = desk.claimed()
    steps.complete(desk.worker, other, asked, attempt)


def undone_after_completion(desk: Desk) -> None:
    other, asked, attempt = desk.bought()
    steps.complete(desk.worker, other, asked, attempt)
    ((operation,),) = desk.office.rows(
        "select id from provider_operations where org_id = %s", other.id
    )
    steps.finish(desk.worker, other, operation, "undone")


def completed_with(**changed: str | None) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        other, asked, attempt = desk.bought()
        values = {"phone_sid": "PN" + uuid4().hex, "config": sealed()} | changed
        desk.worker.execute(
            "select worker.complete_provisioning(%s, %s, %s, gen_random_uuid(), %s, %s,"
            " 'vapi', 'vapi')",
            (other.id, asked, attempt, values["config"], values["phone_sid"]),
        )

    return act


#: Refusal → its SQLSTATE, and how somebody gets it through api or worker.
REFUSALS: dict[str, tuple[str, Callable[[Desk], None]]] = {
    "one_managed_number_per_org": (
        "TP001",
        lambda desk: steps.request(desk.user, "second") and None,
    ),
    "no_organization": ("TP002", lambda desk: as_user(desk, "{}")),
    "not_a_member": (
        "TP003",
        lambda desk: as_user(desk, claims(uuid4(), desk.organization.id)),
    ),
    "role_may_not_write": (
        "TP004",
        lambda desk: as_user(desk, desk.organization.claims, "viewer"),
    ),
    "feature_disabled": ("TP005", without_the_feature),
    "subaccount_suspended": ("TP006", on_an_account("suspended")),
    "subaccount_closed": ("TP007", on_an_account("closed")),
    "market_unavailable": ("TP008", lambda desk: ask(desk, country="GB")),
    "idempotency_key_reused": ("TP009", again),
    "number_not_found": ("TP010", lambda desk: steps.release(desk.user, OWN)),
    "number_unavailable": ("TP011", taken),
    "credential_not_found": (
        "TP012",
        lambda desk: steps.assign(desk.user, desk.agent, "inbound", uuid4()),
    ),
    "agent_not_found": (
        "TP013",
        lambda desk: steps.assign(desk.user, uuid4(), "inbound", desk.own),
    ),
    "direction_not_supported": (
        "TP014",
        lambda desk: steps.assign(desk.user, desk.agent, "sideways", desk.own),
    ),
    "number_already_answers": ("TP015", answered_twice),
    "step_not_allowed": ("TP017", undone_after_completion),
    "lease_is_lost": ("TP024", lost_lease),
    "operation_is_open": ("TP025", failed_with_a_purchase),
    "limit_is_reached": ("TP026", beyond_the_limit),
    "number_is_malformed": ("TP027", lambda desk: connect(desk, "14085551111")),
    "sealed_value_is_malformed": (
        "TP028",
        lambda desk: connect(desk, value='{"authToken": "x"}'),
    ),
    "account_is_malformed": (
        "TP029",
        lambda desk: connect(desk, account="SK" + "0" * 32),
    ),
    "nothing_was_bought": ("TP030", completed_without_a_purchase),
    "idempotency_key_is_malformed": ("TP034", lambda desk: ask(desk, key="")),
    "operation_not_found": (
        "TP035",
        lambda desk: steps.finish(desk.worker, desk.organization, uuid4()),
    ),
    "argument_is_malformed": ("TP036", lambda desk: fail(desk, "whatever")),
}

#: Reasons that no refusal carries: a request that failed tells them.
TOLD = {"no_number_found", "provider_refused", "gave_up"}

#: Refusals of direct writes, which no caller of api or worker can provoke; each is
#: tried in the room of its rule.
OF_RULES = {
    "half_a_pair",
    "identity_is_fixed",
    "digits_are_fixed",
    "secret_is_fixed",
    "key_is_destroyed",
    "key_is_in_use",
    "history_is_fixed",
}


@pytest.mark.parametrize(
    ("reason", "sqlstate", "act"),
    [(reason, *rest) for reason, rest in REFUSALS.items()],
    ids=REFUSALS,
)
def test_a_refusal_has_its_code_its_sentence_and_the_next_action(
    desk: Desk, reason: str, sqlstate: str, act: Callable[[Desk], None]
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        act(desk)
    diag = caught.value.diag
    ((message, hint),) = desk.office.rows(
        "select message, hint from telephony_reasons where reason_code = %s", reason
    )
    assert (diag.sqlstate, diag.constraint_name) == (sqlstate, reason)
    assert (diag.message_primary, diag.message_hint) == (message, hint)


def test_who_opens_a_market_is_told_that_its_pattern_cannot_be_read(
    office: Office,
) -> None:
    opened = "update public.number_markets set area_code_pattern = %s"
    with office.acting("service_role") as backend:
        with pytest.raises(psycopg.errors.InvalidRegularExpression, match="brackets"):
            backend.execute(opened, ("^[0-9$",))
        backend.execute(opened, ("^[0-9]$",))


def test_no_reason_is_never_given(office: Office) -> None:
    reasons = office.rows("select reason_code from telephony_reasons")
    assert {code for (code,) in reasons} == REFUSALS.keys() | TOLD | OF_RULES


@pytest.mark.parametrize("reason", sorted(TOLD))
def test_a_request_that_failed_tells_the_user_why(desk: Desk, reason: str) -> None:
    other, asked, attempt = desk.claimed()
    desk.worker.execute(
        "select worker.fail_provisioning(%s, %s, %s, %s)",
        (other.id, asked, attempt, reason),
    )
    ((sentence,),) = desk.office.rows(
        "select message from telephony_reasons where reason_code = %s", reason
    )
    with desk.office.acting("authenticated", other.claims) as user:
        assert user.execute(
            "select state, reason_code, reason from api.provisioning_status"
        ).fetchall() == [("failed", reason, sentence)]
        assert steps.answer(
            user, "select can_provision from api.validate_can_provision()"
        )
        steps.request(user, "another key")


@pytest.mark.parametrize(
    "act",
    [
        completed_with(phone_sid=None),
        completed_with(config="plain"),
        completed_with(config=sealed(999)),
    ],
    ids=["no SID", "plain", "no such key"],
)
def test_what_cannot_be_completed_leaves_nothing_half_done(
    desk: Desk, act: Callable[[Desk], None]
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        act(desk)
    assert (caught.value.sqlstate or "").startswith("TP"), caught.value
    assert (
        desk.office.rows(
            "select 1 from managed_phone_numbers where phone_number = %s", TAKEN
        )
        == []
    )
    assert desk.office.rows(
        "select state from provisioning_requests where pinned_number = %s", TAKEN
    ) == [("running",)]
