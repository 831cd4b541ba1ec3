"""Every refusal: its code, its sentence, the next action; and nothing raw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    Organization,
    account_sid,
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


def test_the_same_key_gives_the_same_answer_until_the_end(office: Office) -> None:
    organization = office.organization()
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("telephony_worker") as worker,
    ):
        asked, _ = steps.request(user, f"for {NUMBER}")
        assert steps.request(user, f"for {NUMBER}") == (asked, "queued")
        steps.provision(user, worker, organization, NUMBER)
        assert steps.request(user, f"for {NUMBER}") == (asked, "completed")
        steps.release(user, NUMBER)
        assert steps.request(user, f"for {NUMBER}") == (asked, "completed")


def test_another_organizations_key_is_its_own(office: Office) -> None:
    one, two = office.organization(), office.organization()
    with (
        office.acting("authenticated", one.claims) as first,
        office.acting("authenticated", two.claims) as second,
    ):
        a, _ = steps.request(first, "key", area_code="415")
        b, _ = steps.request(second, "key", area_code="212")
    assert a != b


@pytest.mark.parametrize(
    "other",
    [("CA", "local", "415"), ("US", "toll_free", "800"), ("US", "local", None)],
    ids=["country", "type", "area code"],
)
def test_a_key_is_not_replayed_with_other_parameters(
    office: Office, other: tuple[str, str, str | None]
) -> None:
    organization = office.organization()
    with office.acting("authenticated", organization.claims) as user:
        steps.request(user, "key")
        with pytest.raises(psycopg.Error) as caught:
            user.execute("select api.request_managed_number('key', %s, %s, %s)", other)
    assert caught.value.sqlstate == "TP009"


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


ODD: dict[str, list[object]] = {
    "text": [
        None,
        "",
        "x" * 70_000,
        "+1",
        "+14155550123\n",
        "é\t'\"\\",
        "null",
        NUMBER,
    ],
    "uuid": [None, "00000000-0000-0000-0000-000000000000"],
    "integer": [None, 0, -1, 2_147_483_647],
    "interval": [None, "-1 day", "0", "1000 years"],
    "boolean": [None, True],
    "jsonb": [None, "[]"],
    "e164": [NUMBER],
}


def test_whatever_is_passed_nothing_raw_comes_back(desk: Desk) -> None:
    """Each argument of each function is odd once, the others are sound or odd too."""
    functions = desk.office.rows(
        "select pronamespace::regnamespace::text, proname::text,"
        " array(select format_type(t, null) from unnest(proargtypes) as t)"
        " from pg_proc where pronamespace in ('api'::regnamespace,"
        " 'worker'::regnamespace) order by 1, 2"
    )
    assert len(functions) > 15
    raw = []
    for schema, name, types in functions:
        session = desk.user if schema == "api" else desk.worker
        call = sql.SQL("select * from {}({})").format(
            sql.Identifier(schema, name),
            sql.SQL(", ").join(
                sql.SQL("%s::{}").format(sql.SQL("text" if t == "e164" else t))
                for t in types
            ),
        )
        for values in odd(desk, types):
            try:
                with session.transaction(force_rollback=True):
                    session.execute(call, values)
            except psycopg.Error as error:
                if not (error.sqlstate or "").startswith("TP"):
                    raw.append((name, [str(v)[:20] for v in values], str(error)))
    assert raw == []


def odd(desk: Desk, types: list[str]) -> list[list[object]]:
    """Arguments of these types: all odd in step, then one odd among known ids."""
    choices = [ODD[t] for t in types]
    longest = max((len(c) for c in choices), default=0)
    rows = [[c[n % len(c)] for c in choices] for n in range(longest)] or [[]]
    known: dict[str, object] = {
        "uuid": desk.organization.id,
        "text": "buy_number",
        "integer": 1,
        "interval": "1 minute",
        "boolean": True,
        "jsonb": "{}",
        "e164": NUMBER,
    }
    sound = [known[t] for t in types]
    for place, choice in enumerate(choices):
        rows += [[*sound[:place], value, *sound[place + 1 :]] for value in choice]
    return rows


def test_callers_that_cross_each_other_never_meet_a_deadlock(office: Office) -> None:
    """Every call of one organization, in every order, from many sessions at once."""
    organization = office.organization()
    agents = [office.agent(organization), office.agent(organization, "outbound")]
    own = [f"+1650555010{n}" for n in range(3)]
    office.managed(organization, "+16505550199")

    def act(session: psycopg.Connection, number: int) -> list[str]:
        session.execute(
            "select set_config('request.jwt.claims', %s, false)",
            (claims(organization.admin, organization.id),),
        )
        session.execute("set role authenticated")
        seen = []
        for turn in range(10):
            which = number * 7 + turn * 5
            try:
                with session.transaction():
                    for step in range(2):
                        one_call(session, which + step * 3, agents, own)
            except psycopg.Error as error:
                seen.append(error.sqlstate or "")
        return seen

    outcomes = office.race(8, act)
    states = [s for o in outcomes for s in (o if isinstance(o, list) else [str(o)])]
    assert {s for s in states if not s.startswith("TP")} == set()


def one_call(
    session: psycopg.Connection, which: int, agents: list[UUID], own: list[str]
) -> None:
    number = own[which % 3]
    offered = {
        row[0]: row[1]
        for row in session.execute(
            "select phone_number, credential_id from api.agent_phone_options"
        )
    }
    chosen = offered.get(number) or uuid4()
    agent, direction = agents[which % 2], ("inbound", "outbound")[which // 2 % 2]
    calls: list[tuple[Any, tuple[object, ...]]] = [
        (
            "select api.connect_byoc_number(%s, %s, %s)",
            (number, account_sid(), sealed()),
        ),
        ("select api.assign_phone_number(%s, %s, %s)", (agent, direction, chosen)),
        ("select api.disconnect_byoc_number(%s)", (chosen,)),
        ("select api.unassign_phone_number(%s, %s)", (agent, direction)),
        ("select api.release_managed_number(%s)", ("+16505550199",)),
        ("select api.request_managed_number(%s, 'US', 'local')", (f"key {which}",)),
    ]
    session.execute(*calls[which % 6])
