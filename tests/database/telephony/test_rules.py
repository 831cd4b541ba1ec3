"""Each rule of the telephony database: what it refuses, and the nearest it accepts."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import product
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from tests.database.telephony.office import (
    Office,
    Organization,
    account_sid,
    activate,
    credential,
    end,
    legacy,
    provision,
    refused,
    sealed,
    switch_off,
)

NUMBER = "+16505550100"
OTHER = "+16505550101"
UNAVAILABLE = ("TP011", "number_unavailable")

# Rule 1: one holder of a number, one live request, quarantine.


@pytest.mark.parametrize("first", ["managed", "byoc"])
@pytest.mark.parametrize("second", ["managed", "byoc"])
def test_a_number_is_held_by_one_organization(
    office: Office, first: str, second: str
) -> None:
    holder, squatter = office.organization(), office.organization()
    take(office, first, holder, NUMBER)
    with refused(*UNAVAILABLE):
        take(office, second, squatter, NUMBER)
    take(office, second, squatter, OTHER)


def take(office: Office, kind: str, organization: Organization, number: str) -> None:
    if kind == "managed":
        office.managed(organization, number)
    else:
        credential(office.owner, organization, number)


def test_a_refusal_does_not_tell_who_holds_a_number_or_that_it_rests(
    office: Office,
) -> None:
    holder, squatter = office.organization(), office.organization()
    credential(office.owner, holder, NUMBER)
    said = []
    for number in (NUMBER, "+13105550112"):  # the second rests until 2099
        with pytest.raises(psycopg.Error) as caught:
            credential(office.owner, squatter, number)
        diag = caught.value.diag
        facts = (diag.message_primary, diag.message_detail, diag.message_hint)
        said.append(str(facts).replace(number, "it"))
        assert str(holder.id) not in str(caught.value)
    assert said[0] == said[1]


def test_of_organizations_racing_for_a_number_one_gets_it(office: Office) -> None:
    organizations = [office.organization() for _ in range(8)]

    def take_it(session: psycopg.Connection, which: int) -> bool:
        credential(session, organizations[which], NUMBER)
        return True

    outcomes = office.race(8, take_it)
    assert outcomes.count(True) == 1
    lost = [o for o in outcomes if isinstance(o, psycopg.Error)]
    assert {(e.sqlstate, e.diag.constraint_name) for e in lost} == {UNAVAILABLE}


def test_a_released_number_rests_for_everybody(office: Office) -> None:
    former, next_one = office.organization(), office.organization()
    office.managed(former, NUMBER)
    office.release(former, NUMBER)
    for organization in (former, next_one):
        with refused(*UNAVAILABLE):
            credential(office.owner, organization, NUMBER)
    office.owner.execute(
        "update phone_numbers_held set quarantined_until = now()"
        " where phone_number = %s",
        (NUMBER,),
    )
    credential(office.owner, next_one, NUMBER)


def test_a_number_of_the_customers_own_goes_free_at_once(office: Office) -> None:
    former, next_one = office.organization(), office.organization()
    credential(office.owner, former, NUMBER)
    switch_off(office.owner, former, NUMBER)
    credential(office.owner, next_one, NUMBER)


def test_a_purchase_that_failed_lets_go_of_the_number(office: Office) -> None:
    first, second = office.organization(), office.organization()
    made = provision(office.owner, first, NUMBER)
    with refused(*UNAVAILABLE):
        provision(office.owner, second, NUMBER)
    office.owner.execute(
        "update managed_phone_numbers set status = 'failed' where id = %s", (made,)
    )
    provision(office.owner, second, NUMBER)


def test_an_organization_has_one_live_request(office: Office) -> None:
    organization = office.organization()
    first = request(office, organization)
    with refused("23505", "idx_provisioning_requests_one_live_per_org"):
        request(office, organization)
    request(office, office.organization())
    office.owner.execute(
        "update provisioning_requests set state = 'running',"
        " lease_until = now() + interval '1 minute' where id = %s",
        (first,),
    )
    with refused("23505", "idx_provisioning_requests_one_live_per_org"):
        request(office, organization)
    office.owner.execute(
        "update provisioning_requests set state = 'failed', lease_until = null,"
        " reason_code = 'gave_up', user_message = 'No.' where id = %s",
        (first,),
    )
    request(office, organization)


def request(office: Office, organization: Organization) -> UUID:
    """A queued request, as the database itself would write it."""
    made = uuid4()
    office.owner.execute(
        "insert into provisioning_requests (org_id, id, idempotency_key,"
        " parameters_hash, country_code, number_type)"
        " values (%s, %s, %s, sha256(''), 'US', 'local')",
        (organization.id, made, str(made)),
    )
    return made


# Rule 2: a managed number and its credential, both or neither, at every commit.


def test_half_a_pair_is_refused_at_commit_and_the_whole_is_accepted(
    office: Office,
) -> None:
    organization = office.organization()
    with refused("TP016", "half_a_pair"), office.owner.transaction():
        activate(office.owner, organization, NUMBER)
    with refused("TP016", "half_a_pair"):
        credential(office.owner, organization, NUMBER, is_managed=True)
    with refused("TP016", "half_a_pair"), office.owner.transaction():
        activate(office.owner, organization, NUMBER)
        credential(office.owner, organization, OTHER, is_managed=True)
    office.managed(organization, NUMBER)


@pytest.mark.parametrize("half", [end, switch_off])
def test_half_a_pair_is_not_ended(office: Office, half: object) -> None:
    organization = office.organization()
    office.managed(organization, NUMBER)
    assert callable(half)
    with refused("TP016", "half_a_pair"):
        half(office.owner, organization, NUMBER)
    office.release(organization, NUMBER)


@pytest.mark.parametrize("table", ["org_credentials", "managed_phone_numbers"])
def test_half_a_pair_is_not_deleted(office: Office, table: str) -> None:
    organization = office.organization()
    office.managed(organization, NUMBER)
    delete = sql.SQL("delete from {} where org_id = %s")
    with refused("TP016", "half_a_pair"):
        office.owner.execute(delete.format(sql.Identifier(table)), (organization.id,))
    office.owner.execute("delete from organizations where id = %s", (organization.id,))


def test_the_other_half_in_another_organization_does_not_count(office: Office) -> None:
    one, two = office.organization(), office.organization()
    with refused("TP016", "half_a_pair"), office.owner.transaction():
        activate(office.owner, one, NUMBER)
        credential(office.owner, two, NUMBER, is_managed=True)


def test_an_active_managed_credential_says_its_number(office: Office) -> None:
    organization = office.organization()
    with refused("23514", "active_managed_has_a_number"):
        credential(office.owner, organization, None, is_managed=True)
    credential(office.owner, organization, None, is_managed=True, is_active=False)


# Rule 3: states move only along their steps.

STEPS = {
    "managed_phone_numbers": {
        ("provisioning", "active"),
        ("provisioning", "failed"),
        ("active", "released"),
    },
    "twilio_subaccounts": {
        ("active", "suspended"),
        ("suspended", "active"),
        ("active", "closed"),
        ("suspended", "closed"),
    },
    "provisioning_requests": {
        ("queued", "running"),
        ("running", "queued"),
        ("running", "completed"),
        ("running", "failed"),
    },
    "provider_operations": {
        ("intended", "done"),
        ("intended", "unknown"),
        ("intended", "undone"),
        ("unknown", "done"),
        ("unknown", "undone"),
        ("done", "undone"),
    },
}
FIRST = {
    "managed_phone_numbers": "provisioning",
    "twilio_subaccounts": "active",
    "provisioning_requests": "queued",
    "provider_operations": "intended",
}
NOT_ALLOWED = ("TP017", "step_not_allowed")


@pytest.mark.parametrize("table", STEPS)
def test_a_state_moves_along_its_steps_and_no_others(
    office: Office, table: str
) -> None:
    row = new_row(office, table)
    states = {state for step in STEPS[table] for state in step}
    for was, becomes in product(sorted(states), repeat=2):
        if was == becomes:
            continue
        allowed = (was, becomes) in STEPS[table]
        with office.owner.transaction(force_rollback=True):
            # No trigger: that is how the row gets to where it starts from.
            office.owner.execute("set local session_replication_role = replica")
            put(office, table, row, was)
            office.owner.execute("set local session_replication_role = origin")
            with (
                nullcontext() if allowed else refused(*NOT_ALLOWED),
                office.owner.transaction(),
            ):
                put(office, table, row, becomes)


@pytest.mark.parametrize("table", STEPS)
def test_a_new_row_starts_in_the_first_state(office: Office, table: str) -> None:
    states = {state for step in STEPS[table] for state in step}
    for state in states - {FIRST[table]}:
        with refused(*NOT_ALLOWED), office.owner.transaction():
            new_row(office, table, state)
    new_row(office, table, FIRST[table])


def test_only_whoever_may_takes_a_step(office: Office) -> None:
    """The backend may do much with a subaccount; a worker opens one and no more."""
    office.owner.execute(
        "grant usage on schema public to telephony_worker;"
        " grant update (status), select on twilio_subaccounts to telephony_worker;"
        " create policy test on twilio_subaccounts to telephony_worker using (true)"
    )
    organization = office.organization()
    suspend = "update twilio_subaccounts set status = 'suspended' where org_id = %s"
    with office.acting("telephony_worker") as worker, refused(*NOT_ALLOWED):
        worker.execute(suspend, (organization.id,))
    with office.acting("service_role") as backend:
        assert backend.execute(suspend, (organization.id,)).rowcount == 1


def put(office: Office, table: str, row: UUID, state: str) -> None:
    """Write a state, and what the row must say along with it."""
    if table == "provisioning_requests":
        office.owner.execute(
            "update provisioning_requests set state = %(state)s,"
            " lease_until = case when %(state)s = 'running' then now() end,"
            " reason_code = case when %(state)s = 'failed' then 'gave_up' end,"
            " user_message = case when %(state)s = 'failed' then 'No.' end,"
            " pinned_number = %(number)s where id = %(row)s",
            {"state": state, "number": NUMBER, "row": row},
        )
    else:
        office.owner.execute(
            sql.SQL("update {} set {} = %s where id = %s").format(
                sql.Identifier(table), state_of(table)
            ),
            (state, row),
        )


def state_of(table: str) -> sql.Identifier:
    named_status = table in ("managed_phone_numbers", "twilio_subaccounts")
    return sql.Identifier("status" if named_status else "state")


def new_row(office: Office, table: str, state: str | None = None) -> UUID:
    """A new row of an organization of its own, in a state or the default one."""
    organization = office.organization(subaccount=table != "twilio_subaccounts")
    columns: dict[str, object] = {"org_id": organization.id, "id": uuid4()}
    if table == "managed_phone_numbers":
        columns |= {
            "subaccount_id": organization.subaccount,
            "phone_number": NUMBER,
            "twilio_phone_sid": "PN" + uuid4().hex,
        }
    elif table == "twilio_subaccounts":
        columns |= {
            "twilio_account_sid": account_sid(),
            "twilio_auth_token_encrypted": sealed(),
            "friendly_name": "Test",
        }
    elif table == "provisioning_requests":
        columns |= {
            "idempotency_key": "key",
            "parameters_hash": b"0" * 32,
            "country_code": "US",
            "number_type": "local",
        }
    else:
        columns |= {
            "request_id": request(office, organization),
            "kind": "import_number",
        }
    names = [sql.Identifier(name) for name in columns]
    if state is not None:
        names.append(state_of(table))
        columns["state"] = state
    office.owner.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(names),
            sql.SQL(", ").join(sql.Placeholder() * len(names)),
        ),
        list(columns.values()),
    )
    made = columns["id"]
    assert isinstance(made, UUID)
    return made


# Rule 4: what never changes.

FIXED = ("TP018", "identity_is_fixed")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("org_credentials", ("org_id", "id", "created_at", "is_managed")),
        ("managed_phone_numbers", ("org_id", "id", "created_at")),
        ("twilio_subaccounts", ("org_id", "id", "created_at")),
        ("agents", ("org_id", "id", "created_at")),
        ("user_org_roles", ("org_id", "id", "user_id", "created_at")),
        ("org_data_keys", ("org_id", "version", "created_at")),
    ],
)
def test_who_a_row_belongs_to_and_when_it_was_made_never_changes(
    office: Office, table: str, columns: tuple[str, ...]
) -> None:
    organization = office.organization()
    elsewhere = office.organization(keys=0, subaccount=False)
    office.agent(organization)
    office.managed(organization, NUMBER)
    values: dict[str, object] = {
        "org_id": elsewhere.id,
        "id": uuid4(),
        "user_id": uuid4(),
        "version": 7,
        "created_at": "2020-01-01 00:00:00+00",
        "is_managed": False,
    }
    for column in columns:
        update = sql.SQL("update {} set {} = %s where org_id = %s").format(
            sql.Identifier(table), sql.Identifier(column)
        )
        with refused(*FIXED):
            office.owner.execute(update, (values[column], organization.id))
        same = sql.SQL("update {0} set {1} = {1} where org_id = %s").format(
            sql.Identifier(table), sql.Identifier(column)
        )
        assert office.owner.execute(same, (organization.id,)).rowcount == 1


def test_a_byoc_credential_does_not_become_a_managed_one(office: Office) -> None:
    made = credential(office.owner, office.organization(), NUMBER)
    with refused(*FIXED):
        office.owner.execute(
            "update org_credentials set is_managed = true where id = %s", (made,)
        )


def test_the_digits_of_a_live_number_never_change(office: Office) -> None:
    organization = office.organization()
    made = credential(office.owner, organization, NUMBER)
    unknown = credential(office.owner, organization, None, encrypted_config=legacy())
    number = provision(office.owner, organization, OTHER)
    learn = "update org_credentials set phone_number = %s where id = %s"
    with refused("TP019", "digits_are_fixed"):
        office.owner.execute(learn, ("+16505550102", made))
    with refused("TP019", "digits_are_fixed"):
        office.owner.execute(learn, (None, made))
    with refused("TP019", "digits_are_fixed"):
        office.owner.execute(
            "update managed_phone_numbers set phone_number = '+16505550102'"
            " where id = %s",
            (number,),
        )
    office.owner.execute(learn, ("+16505550103", unknown))


@pytest.mark.parametrize(
    "digits",
    [
        "+14155550123\n",
        "+1415555012٣",
        "+1234567890123456",
        "+0415555012",
        "14155550123",
        "+141555",
        "",
    ],
)
def test_what_is_not_e164_is_no_number(office: Office, digits: str) -> None:
    organization = office.organization()
    with refused("23514", "e164_form"):
        credential(office.owner, organization, digits)
    with refused("23514", "e164_form"):
        provision(office.owner, organization, digits)


@pytest.mark.parametrize("digits", ["+1234567", "+123456789012345"])
def test_the_shortest_and_the_longest_e164_are_numbers(
    office: Office, digits: str
) -> None:
    credential(office.owner, office.organization(), digits)


@pytest.mark.parametrize(
    "sid", ["PN" + "0" * 32, "AC" + "0" * 31, "AC" + "G" * 32, "AC" + "0" * 32 + "\n"]
)
def test_a_sid_of_another_kind_is_no_account(office: Office, sid: str) -> None:
    made = credential(office.owner, office.organization(), NUMBER)
    learn = "update org_credentials set account_sid = %s where id = %s"
    with refused("23514", "account_sid_is_an_account"):
        office.owner.execute(learn, (sid, made))
    office.owner.execute(learn, (account_sid(), made))


# Rule 5: sealed values.


@pytest.mark.parametrize(
    ("value", "constraint"),
    [
        ('{"accountSid": "AC", "authToken": "secret"}', "sealed_in_a_known_form"),
        ("", "sealed_in_a_known_form"),
        (legacy() + "\n", "sealed_in_a_known_form"),
        (sealed() + "\n", "sealed_in_a_known_form"),
        (legacy() + "0", "sealed_in_a_known_form"),
        ("v3" + sealed()[2:], "sealed_in_a_known_form"),
        (legacy() + "00" * 32768, "sealed_in_a_known_form"),
    ],
    ids=["JSON", "empty", "line break", "v2 line break", "odd", "v3", "large"],
)
def test_what_is_not_sealed_is_refused(
    office: Office, value: str, constraint: str
) -> None:
    organization = office.organization()
    with refused("23514", constraint):
        office.owner.execute(
            "insert into org_credentials (org_id, provider, encrypted_config)"
            " values (%s, 'twilio', %s)",
            (organization.id, value),
        )


def test_both_known_forms_are_accepted(office: Office) -> None:
    organization = office.organization()
    for value, version in ((legacy(), None), (sealed(1), 1)):
        made = credential(office.owner, organization, None, encrypted_config=value)
        assert office.rows(
            "select key_version from org_credentials where id = %s", made
        ) == [(version,)]


@pytest.mark.parametrize("form", [legacy, sealed])
def test_a_copied_value_is_refused_wherever_it_is_put(
    office: Office, form: object
) -> None:
    assert callable(form)
    organization, other = office.organization(), office.organization()
    value = form()
    credential(office.owner, organization, None, encrypted_config=value)
    for target in (organization, other):
        with refused("23505", "idx_org_credentials_nonce"):
            credential(office.owner, target, None, encrypted_config=value)
        credential(office.owner, target, None, encrypted_config=form())


def test_a_nonce_in_capitals_is_the_same_nonce(office: Office) -> None:
    organization = office.organization()
    value = legacy()
    credential(office.owner, organization, None, encrypted_config=value)
    with refused("23505", "idx_org_credentials_nonce"):
        credential(office.owner, organization, None, encrypted_config=value.upper())


def test_a_value_is_sealed_under_a_living_key_of_its_organization(
    office: Office,
) -> None:
    organization = office.organization(keys=3)
    office.organization(keys=4)
    destroy(office.owner, organization, 1)
    for version in (1, 4):  # destroyed; the other organization's
        with refused("TP021", "key_is_destroyed"):
            credential(
                office.owner, organization, None, encrypted_config=sealed(version)
            )
    for version in (2, 3):
        credential(office.owner, organization, None, encrypted_config=sealed(version))


def destroy(
    session: psycopg.Connection, organization: Organization, version: int
) -> None:
    session.execute(
        "update org_data_keys set state = 'destroyed', wrapped = null"
        " where org_id = %s and version = %s",
        (organization.id, version),
    )


def test_a_key_in_use_is_not_destroyed(office: Office) -> None:
    organization = office.organization(keys=2)
    made = credential(office.owner, organization, NUMBER, encrypted_config=sealed(1))
    with refused("TP022", "key_is_in_use"):
        destroy(office.owner, organization, 1)
    with refused("TP022", "key_is_in_use"):  # the subaccount's token
        destroy(office.owner, organization, 2)
    office.owner.execute(
        "update org_credentials set encrypted_config = %s where id = %s",
        (sealed(2), made),
    )
    destroy(office.owner, organization, 1)
    with refused("TP021", "key_is_destroyed"):
        office.owner.execute(
            "update org_data_keys set state = 'active', wrapped = %s"
            " where org_id = %s and version = 1",
            ("k1:test:" + "A" * 16 + ":" + "A" * 64, organization.id),
        )


def test_a_secret_is_never_overwritten_and_may_move_to_another_key(
    office: Office,
) -> None:
    organization = office.organization(keys=2)
    made = credential(office.owner, organization, NUMBER, encrypted_config=sealed(1))
    old = credential(office.owner, organization, OTHER, encrypted_config=legacy())
    reseal = "update org_credentials set encrypted_config = %s where id = %s"
    with refused("TP020", "secret_is_fixed"):
        office.owner.execute(reseal, (sealed(1), made))
    with refused("TP020", "secret_is_fixed"):
        office.owner.execute(reseal, (legacy(), old))
    office.owner.execute(reseal, (sealed(2), made))
    office.owner.execute(reseal, (sealed(2), old))


def test_the_key_version_repeats_the_sealed_value(office: Office) -> None:
    organization = office.organization(keys=2)
    made = credential(office.owner, organization, NUMBER, encrypted_config=sealed(1))
    with refused("23514", "key_version_is_the_sealed_one"):
        office.owner.execute(
            "update org_credentials set key_version = 2 where id = %s", (made,)
        )


# Rule 6: assignments.


def assign(
    office: Office,
    organization: Organization,
    agent: UUID,
    direction: str,
    chosen: UUID,
) -> None:
    """As the database itself would write it, with what the credential says."""
    office.owner.execute(
        "insert into agent_phone_assignments (org_id, agent_id, direction,"
        " credential_id, can_inbound, can_outbound)"
        " select %s, %s, %s, id, can_inbound, can_outbound"
        " from org_credentials where id = %s",
        (organization.id, agent, direction, chosen),
    )


OF_THE_ORG = ("23503", "assignment_of_a_credential_of_the_org")


def test_an_agent_is_assigned_a_credential_of_its_own_organization(
    office: Office,
) -> None:
    organization, other = office.organization(), office.organization()
    agent = office.agent(organization)
    foreign = credential(office.owner, other, OTHER)
    with refused(*OF_THE_ORG):
        assign(office, organization, agent, "inbound", foreign)
    with refused("23503", "assignment_of_an_agent_of_the_org"):
        assign(office, other, agent, "inbound", foreign)
    own = credential(office.owner, organization, NUMBER)
    assign(office, organization, agent, "inbound", own)


def test_an_agent_is_assigned_what_can_do_the_direction(office: Office) -> None:
    organization = office.organization()
    agent = office.agent(organization)
    deaf = credential(office.owner, organization, NUMBER, can_inbound=False)
    impossible = ("23514", "assigned_credential_can_do_the_direction")
    for direction in ("inbound", "sideways"):
        with refused(*impossible):
            assign(office, organization, agent, direction, deaf)
    assign(office, organization, agent, "outbound", deaf)
    with refused(*impossible):
        office.owner.execute(
            "update org_credentials set can_outbound = false where id = %s", (deaf,)
        )
    lie: LiteralString = (
        "insert into agent_phone_assignments (org_id, agent_id, direction,"
        " credential_id, can_inbound, can_outbound)"
        " values (%s, %s, 'inbound', %s, true, true)"
    )
    with refused(*OF_THE_ORG):
        office.owner.execute(lie, (organization.id, agent, deaf))


def test_an_assigned_credential_stays_switched_on(office: Office) -> None:
    organization = office.organization()
    agent = office.agent(organization)
    made = credential(office.owner, organization, NUMBER)
    assign(office, organization, agent, "inbound", made)
    with refused("23514", "assigned_credential_is_active"):
        switch_off(office.owner, organization, NUMBER)
    office.owner.execute(
        "delete from agent_phone_assignments where agent_id = %s", (agent,)
    )
    switch_off(office.owner, organization, NUMBER)
    with refused(*OF_THE_ORG):
        assign(office, organization, agent, "inbound", made)


def test_a_number_is_answered_by_one_agent(office: Office) -> None:
    organization = office.organization()
    one, two = office.agent(organization), office.agent(organization, "outbound")
    made = credential(office.owner, organization, NUMBER)
    assign(office, organization, one, "inbound", made)
    with refused("23505", "idx_agent_phone_assignments_inbound"):
        assign(office, organization, two, "inbound", made)
    assign(office, organization, one, "outbound", made)
    assign(office, organization, two, "outbound", made)
