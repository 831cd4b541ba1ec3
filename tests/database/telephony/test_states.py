"""States move only along their steps, each taken by whoever may take it."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import product
from uuid import UUID, uuid4

import pytest
from psycopg import sql

from tests.database.telephony.office import (
    Office,
    account_sid,
    queue,
    refused,
    sealed,
)

NUMBER = "+16505550100"

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
MACHINES = {
    "managed_phone_numbers": "number",
    "twilio_subaccounts": "subaccount",
    "provisioning_requests": "request",
    "provider_operations": "operation",
}
ROLES = ["anon", "authenticated", "service_role", "telephony_worker"]
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


def test_the_steps_are_rows_of_a_table(office: Office) -> None:
    found = {
        (machine, was, becomes)
        for machine, was, becomes in office.rows(
            "select machine, from_state, to_state from provisioning_transitions"
        )
    }
    assert found == {
        (MACHINES[table], *step)
        for table, steps in STEPS.items()
        for step in (*steps, ("(new)", FIRST[table]))
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", STEPS)
def test_only_whoever_may_takes_a_step(office: Office, table: str, role: str) -> None:
    """Though he could write the table: each step, as each role, whoever owns it."""
    row = new_row(office, table)
    office.owner.execute(
        sql.SQL(
            "grant usage on schema public to {0}; grant select, update on {1} to {0};"
            " create policy test on {1} to {0} using (true)"
        ).format(sql.Identifier(role), sql.Identifier(table))
    )
    allowed = set(
        office.rows(
            "select from_state, to_state from provisioning_transitions"
            " where machine = %s and actor = %s",
            MACHINES[table],
            role,
        )
    )
    for was, becomes in sorted(STEPS[table]):
        with office.owner.transaction(force_rollback=True):
            office.owner.execute("set local session_replication_role = replica")
            put(office, table, row, was)
            office.owner.execute("set local session_replication_role = origin")
            office.owner.execute(
                sql.SQL("set local role {}").format(sql.Identifier(role))
            )
            with (
                nullcontext() if (was, becomes) in allowed else refused(*NOT_ALLOWED),
                office.owner.transaction(),
            ):
                put(office, table, row, becomes)


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
            "request_id": queue(office.owner, organization),
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
