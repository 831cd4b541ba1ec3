"""Whatever is passed to a function, a refusal of ours comes back, and nothing raw.

The functions come from the catalog. Each is called where it would succeed, with one
argument odd at a time, and with all odd at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from tests.database.telephony import steps
from tests.database.telephony.office import (
    Office,
    Organization,
    account_sid,
    sealed,
)

NUMBER = "+16505550100"
OTHER = "+16505550101"

ODD: dict[str, list[object]] = {
    "text": [
        None,
        "",
        "x" * 3_000_000,
        "".join(chr(33 + n * n % 89) for n in range(20_000)),  # does not compress
        "+1",
        "+14155550123\n",
        "+1415555012٣",
        "é\t'\"\\",
        "null",
        "AC" + "0" * 32,
        "PN" + "0" * 31 + "O",
        NUMBER,
    ],
    "uuid": [None, UUID(int=0), uuid4()],
    "integer": [None, 0, -1, 2_147_483_647],
    "interval": [None, "-1 day", "0", "1000 years"],
    "boolean": [None, True, False],
    "jsonb": [None, "[]", '{"a": "' + "x" * 3_000_000 + '"}'],
    "e164": [None, NUMBER],
}


@dataclass(frozen=True)
class Scene:
    """Where each function would succeed."""

    office: Office
    user: psycopg.Connection
    worker: psycopg.Connection
    organization: Organization
    agent: UUID
    own: UUID
    asking: Organization
    asked: UUID
    attempt: int
    operation: UUID
    waiting: UUID
    waiting_request: UUID
    waiting_attempt: int

    def sound(self, name: str) -> list[object]:
        """Arguments with which the function succeeds."""
        bought = [self.asking.id, self.asked, self.attempt]
        claimed = [self.waiting, self.waiting_request, self.waiting_attempt]
        ((message,),) = self.office.rows(
            "select id from outbox where org_id = %s", self.organization.id
        )
        calls: dict[str, list[object]] = {
            "api.assign_phone_number": [self.agent, "inbound", self.own],
            "api.connect_byoc_number": [OTHER, account_sid(), sealed(), uuid4()],
            "api.disconnect_byoc_number": [self.own],
            "api.feature_enabled": ["managed_telephony"],
            "api.release_managed_number": [NUMBER],
            "api.request_managed_number": ["key", "US", "local", "415"],
            "api.unassign_phone_number": [self.agent, "outbound"],
            "api.validate_can_provision": [],
            "audit.verify_chain": [self.organization.id],
            "worker.begin_operation": [*claimed, "buy_number", OTHER],
            "worker.claim_outbox": [10, "1 minute"],
            "worker.claim_provisioning": [10, "1 minute"],
            "worker.complete_provisioning": [
                *bought,
                uuid4(),
                sealed(),
                "PN" + uuid4().hex,
                "vapi",
                "vapi",
                account_sid(),
                sealed(),
            ],
            "worker.connect_proved_number": [
                self.organization.id,
                OTHER,
                account_sid(),
                sealed(),
                uuid4(),
            ],
            "worker.fail_provisioning": [*claimed, "gave_up", False],
            "worker.finish_operation": [
                self.asking.id,
                self.operation,
                "undone",
                "PN" + uuid4().hex,
                "{}",
            ],
            "worker.outbound_credential": [self.agent],
            "worker.reap_leases": [],
            "worker.renew_lease": [*claimed, "1 minute"],
            "worker.route_inbound_call": [NUMBER],
            "worker.settle_outbox": [self.organization.id, message, True],
        }
        return calls[name]


@pytest.fixture
def scene(office: Office) -> Iterator[Scene]:
    organization = office.organization()
    asking, waiting = office.organization(subaccount=False), office.organization()
    with (
        office.acting("authenticated", organization.claims) as user,
        office.acting("authenticated", asking.claims) as second,
        office.acting("authenticated", waiting.claims) as third,
        office.acting("telephony_worker") as worker,
    ):
        steps.provision(user, worker, organization, NUMBER)
        asked, _ = steps.request(second, "key")
        attempt = steps.claim(worker, asking)
        operation, _ = steps.begin(worker, asking, asked, attempt, "+16505550102")
        steps.finish(worker, asking, operation)
        waiting_request, _ = steps.request(third, "key")
        yield Scene(
            office,
            user,
            worker,
            organization,
            office.agent(organization),
            steps.connect(user, "+16505550103"),
            asking,
            asked,
            attempt,
            operation,
            waiting.id,
            waiting_request,
            steps.claim(worker, waiting),
        )


def test_nothing_raw_comes_back(scene: Scene) -> None:
    functions = scene.office.rows(
        "select p.pronamespace::regnamespace::text, p.proname::text,"
        " array(select format_type(t, null) from unnest(p.proargtypes) as t)"
        " from pg_proc as p where p.proname <> 'event_hash'"
        " and p.pronamespace = any ('{api,worker,audit}'::regnamespace[]) order by 1, 2"
    )
    assert len(functions) > 15
    raw = []
    with scene.office.acting("telephony_auditor") as auditor:
        sessions = {"api": scene.user, "worker": scene.worker, "audit": auditor}
        for schema, name, types in functions:
            sound = scene.sound(f"{schema}.{name}")
            call = sql.SQL("select * from {}({})").format(
                sql.Identifier(schema, name),
                sql.SQL(", ").join(
                    sql.SQL("%s::{}").format(sql.SQL("text" if t == "e164" else t))
                    for t in types
                ),
            )
            said = tried(sessions[schema], call, sound)
            # The second number is refused, as it should be; the rest succeeds.
            expected = "TP001" if name == "request_managed_number" else None
            assert getattr(said, "sqlstate", None) == expected, (name, said)
            for values in odd(types, sound):
                said = tried(sessions[schema], call, values)
                if said is not None and not is_ours(said):
                    raw.append((name, [str(v)[:20] for v in values], said))
    assert raw == []


def tried(
    session: psycopg.Connection, call: sql.Composed, values: list[object]
) -> psycopg.Error | None:
    """What the database says to it, at commit at the latest."""
    try:
        with session.transaction(force_rollback=True):
            session.execute(call, values)
            session.execute("set constraints all immediate")
    except psycopg.Error as error:
        return error
    return None


def is_ours(said: psycopg.Error) -> bool:
    """One of our codes, with a sentence and the next action, of a readable length."""
    diag = said.diag
    return (
        (diag.sqlstate or "").startswith("TP")
        and bool(diag.message_primary)
        and bool(diag.message_hint)
        and len(diag.message_detail or "") <= 500
    )


def odd(types: list[str], sound: list[object]) -> list[list[object]]:
    """One argument odd, the others sound; and all of them odd in step."""
    choices = [ODD[t] for t in types]
    longest = max((len(c) for c in choices), default=0)
    rows = [[c[n % len(c)] for c in choices] for n in range(longest)]
    for place, choice in enumerate(choices):
        rows += [[*sound[:place], value, *sound[place + 1 :]] for value in choice]
    return rows
