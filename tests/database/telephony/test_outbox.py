"""What waits in the outbox is told until it has been told, and not for ever."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.database.telephony.office import Office, Organization, refused

CLAIM = "select message_id, attempts from worker.claim_outbox(1000, '1 minute')"
SETTLE = "select worker.settle_outbox(%s, %s, %s)"


def tell(office: Office, organization: Organization, key: str = "key") -> UUID:
    ((made,),) = office.rows(
        "insert into outbox (org_id, topic, dedupe_key, payload)"
        " values (%s, 'number_ready', %s, '{}') returning id",
        organization.id,
        key,
    )
    assert isinstance(made, UUID)
    return made


def let_the_lease_run_out(office: Office) -> None:
    office.owner.execute("update outbox set available_at = now() - interval '1 second'")


@pytest.fixture
def message(office: Office) -> tuple[Organization, UUID]:
    """The only message that waits."""
    office.owner.execute("delete from outbox")
    organization = office.organization()
    return organization, tell(office, organization)


def test_a_message_comes_again_after_the_lease_until_it_is_told(
    office: Office, message: tuple[Organization, UUID]
) -> None:
    organization, made = message
    with office.acting("telephony_worker") as worker:
        assert worker.execute(CLAIM).fetchall() == [(made, 1)]
        assert worker.execute(CLAIM).fetchall() == []
        let_the_lease_run_out(office)
        assert worker.execute(CLAIM).fetchall() == [(made, 2)]
        worker.execute(SETTLE, (organization.id, made, False))
        let_the_lease_run_out(office)
        assert worker.execute(CLAIM).fetchall() == [(made, 3)]
        worker.execute(SETTLE, (organization.id, made, True))
        # A worker that comes back late takes nothing back.
        worker.execute(SETTLE, (organization.id, made, False))
        let_the_lease_run_out(office)
        assert worker.execute(CLAIM).fetchall() == []


def test_who_settles_what_is_there_no_more_is_not_stopped_and_settles_nothing(
    office: Office, message: tuple[Organization, UUID]
) -> None:
    organization, made = message
    other = office.organization()
    gone = tell(office, other)
    with office.acting("telephony_worker") as worker:
        worker.execute(CLAIM)
        office.owner.execute("delete from outbox where id = %s", (gone,))
        worker.execute(SETTLE, (other.id, gone, True))
        worker.execute(SETTLE, (other.id, made, True))
        let_the_lease_run_out(office)
        assert worker.execute(CLAIM).fetchall() == [(made, 2)]
        assert office.rows("select org_id from outbox") == [(organization.id,)]


@pytest.mark.parametrize("settled", [True, False], ids=["says no", "is killed"])
def test_after_ten_attempts_a_message_is_dead_whatever_became_of_its_workers(
    office: Office, message: tuple[Organization, UUID], settled: bool
) -> None:
    organization, made = message
    with office.acting("telephony_worker") as worker:
        for attempt in range(1, 11):
            assert worker.execute(CLAIM).fetchall() == [(made, attempt)]
            if settled:
                worker.execute(SETTLE, (organization.id, made, False))
            let_the_lease_run_out(office)
        assert worker.execute(CLAIM).fetchall() == []
        assert office.rows("select dead from outbox") == [(True,)]
        with office.acting("service_role") as backend:
            backend.execute("update public.outbox set dead = false, attempts = 0")
        let_the_lease_run_out(office)
        assert worker.execute(CLAIM).fetchall() == [(made, 1)]


def test_workers_that_claim_at_once_share_the_messages(office: Office) -> None:
    office.owner.execute("delete from outbox")
    organization = office.organization()
    made = {tell(office, organization, str(n)) for n in range(30)}

    def take(session: psycopg.Connection, _: int) -> list[UUID]:
        session.execute("set role telephony_worker")
        claimed = "select message_id from worker.claim_outbox(3, '1 minute')"
        return [row[0] for row in session.execute(claimed)]

    outcomes = office.race(10, take)
    taken = [m for o in outcomes if isinstance(o, list) for m in o]
    assert len(taken) == len(set(taken))
    assert set(taken) <= made


def test_the_same_event_is_told_once(
    office: Office, message: tuple[Organization, UUID]
) -> None:
    organization, _ = message
    for _ in range(2):
        office.owner.execute(
            "select private.tell(%s, 'number_ready', 'key', '{}')", (organization.id,)
        )
    assert office.rows("select count(*) from outbox") == [(1,)]
    tell(office, office.organization())


def test_a_message_is_told_as_it_was_written(
    office: Office, message: tuple[Organization, UUID]
) -> None:
    for change in ("payload = '[]'", "topic = 'release_number'", "dedupe_key = 'x'"):
        with refused("TP018", "identity_is_fixed"):
            office.owner.execute(f"update outbox set {change}".encode())
