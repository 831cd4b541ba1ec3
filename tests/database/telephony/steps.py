"""What users and workers do with numbers, through `api` and `worker` and nothing else.

Each function takes a session of the role that would really call it.
"""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID, uuid4

import psycopg

from tests.database.telephony.office import (
    Office,
    Organization,
    account_sid,
    sealed,
)


def answer(session: psycopg.Connection, query: Any, *values: object) -> Any:
    """The only value of the only row."""
    (row,) = session.execute(query, values).fetchall()
    (value,) = row
    return value


def request(
    user: psycopg.Connection, key: str, *, area_code: str | None = "415"
) -> tuple[UUID, str]:
    """Ask for a local number in the US; the request's id and state."""
    (row,) = user.execute(
        "select * from api.request_managed_number(%s, 'US', 'local', %s)",
        (key, area_code),
    ).fetchall()
    return row


def claim(
    worker: psycopg.Connection, organization: Organization, lease: str = "1 minute"
) -> int:
    """Claim what waits, the organization's request among it; returns its attempt."""
    claimed = worker.execute(
        "select org_id, attempt from worker.claim_provisioning(1000, %s::interval)",
        (lease,),
    ).fetchall()
    (attempt,) = (attempt for org_id, attempt in claimed if org_id == organization.id)
    return int(attempt)


def begin(
    worker: psycopg.Connection,
    organization: Organization,
    asked: UUID,
    attempt: int,
    number: str,
) -> tuple[UUID, str]:
    """Begin to buy a number; the operation's id and state."""
    (row,) = worker.execute(
        "select operation_id, state"
        " from worker.begin_operation(%s, %s, %s, 'buy_number', %s)",
        (organization.id, asked, attempt, number),
    ).fetchall()
    return row


def finish(
    worker: psycopg.Connection,
    organization: Organization,
    operation: UUID,
    state: str = "done",
) -> None:
    worker.execute(
        "select worker.finish_operation(%s, %s, %s, %s)",
        (organization.id, operation, state, "PN" + secrets.token_hex(16)),
    )


def complete(
    worker: psycopg.Connection, organization: Organization, asked: UUID, attempt: int
) -> UUID:
    """The dual write; returns the id of the credential."""
    credential_id = uuid4()
    worker.execute(
        "select worker.complete_provisioning(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            organization.id,
            asked,
            attempt,
            credential_id,
            sealed(),
            "PN" + secrets.token_hex(16),
            str(uuid4()),
            str(uuid4()),
            account_sid(),
            sealed(),
        ),
    )
    return credential_id


def provision(
    user: psycopg.Connection,
    worker: psycopg.Connection,
    organization: Organization,
    number: str,
) -> UUID:
    """From the request to the number; returns the id of the credential."""
    asked, _ = request(user, f"for {number}")
    attempt = claim(worker, organization)
    operation, _ = begin(worker, organization, asked, attempt, number)
    finish(worker, organization, operation)
    return complete(worker, organization, asked, attempt)


def connect(user: psycopg.Connection, number: str) -> UUID:
    """Connect a number of the customer's own; returns the id of its credential."""
    made = answer(
        user,
        "select api.connect_byoc_number(%s, %s, %s)",
        number,
        account_sid(),
        sealed(),
    )
    assert isinstance(made, UUID)
    return made


def assign(
    user: psycopg.Connection, agent: UUID, direction: str, credential: UUID
) -> None:
    user.execute(
        "select api.assign_phone_number(%s, %s, %s)", (agent, direction, credential)
    )


def release(user: psycopg.Connection, number: str) -> None:
    user.execute("select api.release_managed_number(%s)", (number,))


def routed(worker: psycopg.Connection, number: str) -> list[tuple[Any, ...]]:
    """Organization, agent and credential that a call to the number reaches."""
    return worker.execute(
        "select org_id, agent_id, credential_id"
        " from worker.route_inbound_call(%s::text)",
        (number,),
    ).fetchall()


def options(user: psycopg.Connection) -> list[str]:
    """The labels of the dropdown."""
    found = user.execute("select label from api.agent_phone_options").fetchall()
    return sorted(label for (label,) in found)


def tenant(office: Office, digits: str) -> Organization:
    """An organization with a row in every table that has an org_id."""
    organization = office.organization()
    agent = office.agent(organization)
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("telephony_worker") as worker,
    ):
        made = provision(user, worker, organization, f"+1650555{digits}")
        assign(user, agent, "inbound", made)
        connect(user, f"+1669555{digits}")
    office.owner.execute(
        "insert into org_limits (org_id) values (%s)", (organization.id,)
    )
    office.owner.execute(
        "insert into org_feature_flags (org_id, flag_key, enabled)"
        " values (%s, 'outbound_sms', true)",
        (organization.id,),
    )
    return organization
