"""A worker that dies between or within any two steps: another one finishes its work."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest

from tests.database.telephony import steps
from tests.database.telephony.office import Office, Organization, refused

NUMBER = "+16505550100"
OTHER = "+16505550101"

#: What a worker does, in order; the last step done is named.
STEPS = ["claim", "begin", "finish", "complete"]


class Work:
    """One request on its way, and what is known of it."""

    def __init__(self, organization: Organization, asked: UUID) -> None:
        self.organization = organization
        self.asked = asked
        self.attempt = 0
        self.operation: UUID | None = None

    def do(self, session: psycopg.Connection, step: str) -> None:
        if step == "claim":
            self.attempt = steps.claim(session, self.organization)
        elif step == "begin":
            self.operation, _ = steps.begin(
                session, self.organization, self.asked, self.attempt, NUMBER
            )
        elif step == "finish":
            assert self.operation is not None
            steps.finish(session, self.organization, self.operation)
        else:
            steps.complete(session, self.organization, self.asked, self.attempt)


def kill(office: Office, session: psycopg.Connection) -> None:
    """End the backend as an administrator or a crash would."""
    pid = session.info.backend_pid
    office.owner.execute("select pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(psycopg.OperationalError):
        session.execute("select 1")


def reap(office: Office, worker: psycopg.Connection, asked: UUID) -> None:
    """Let the lease run out, and give the request back."""
    office.owner.execute(
        "update provisioning_requests set lease_until = now() - interval '1 second'"
        " where id = %s and state = 'running'",
        (asked,),
    )
    worker.execute("select worker.reap_leases()")


@pytest.fixture
def work(office: Office) -> Work:
    organization = office.organization()
    with office.acting("authenticated", organization.claims) as user:
        asked, _ = steps.request(user, "key")
    return Work(organization, asked)


@pytest.mark.parametrize("within", [False, True], ids=["after", "within"])
@pytest.mark.parametrize("last", STEPS)
def test_another_worker_finishes_what_a_killed_one_left(
    office: Office, work: Work, last: str, within: bool
) -> None:
    dying = office.server.connect(office.database)
    dying.execute("set role telephony_worker")
    for step in STEPS[: STEPS.index(last) + 1]:
        if step == last and within:
            dying.execute("begin")
        work.do(dying, step)
    kill(office, dying)

    with (
        office.acting("telephony_worker") as worker,
        office.acting("authenticated", work.organization.claims) as user,
    ):
        reap(office, worker, work.asked)
        finish_as_another_would(worker, work)
        assert steps.options(user) == [f"{NUMBER} (Managed)"]
    assert office.rows(
        "select state from provisioning_requests where id = %s", work.asked
    ) == [("completed",)]
    assert office.rows(
        "select kind, subject, state from provider_operations"
        " where request_id = %s and state <> 'undone'",
        work.asked,
    ) == [("buy_number", NUMBER, "done")]


def finish_as_another_would(worker: psycopg.Connection, work: Work) -> None:
    claimed: dict[UUID, int] = dict(
        worker.execute(
            "select org_id, attempt from worker.claim_provisioning(1000, '1 minute')"
        ).fetchall()
    )
    if work.organization.id not in claimed:
        return  # it was completed before the kill
    attempt = claimed[work.organization.id]
    # It would choose another number; what was begun is finished instead.
    row = worker.execute(
        "select operation_id, state, subject_begun"
        " from worker.begin_operation(%s, %s, %s, 'buy_number', %s)",
        (work.organization.id, work.asked, attempt, OTHER),
    ).fetchone()
    assert row is not None
    operation, state, subject = row
    if state == "intended":  # nobody had begun: buy the first worker's choice
        assert subject == OTHER
        steps.finish(worker, work.organization, operation, "undone")
        operation, _ = steps.begin(
            worker, work.organization, work.asked, attempt, NUMBER
        )
    elif state == "unknown":  # asked the provider: it was bought
        assert subject == NUMBER
    if state != "done":
        steps.finish(worker, work.organization, operation)
    steps.complete(worker, work.organization, work.asked, attempt)


def test_a_worker_that_comes_back_late_has_lost_its_lease(
    office: Office, work: Work
) -> None:
    values = (work.organization.id, work.asked)
    with (
        office.acting("telephony_worker") as slow,
        office.acting("telephony_worker") as quick,
    ):
        work.do(slow, "claim")
        reap(office, quick, work.asked)
        attempt = steps.claim(quick, work.organization)
        for step in ("begin", "complete"):
            with refused("TP024", "lease_is_lost"):
                work.do(slow, step)
        for call in (
            "renew_lease(%s, %s, 1, '1 minute')",
            "fail_provisioning(%s, %s, 1, 'gave_up')",
        ):
            with refused("TP024", "lease_is_lost"):
                slow.execute(f"select worker.{call}".encode(), values)
        steps.begin(quick, work.organization, work.asked, attempt, NUMBER)


def test_a_lease_that_has_run_out_is_no_lease_though_nobody_reaped_it(
    office: Office, work: Work
) -> None:
    with office.acting("telephony_worker") as worker:
        work.do(worker, "claim")
        office.owner.execute(
            "update provisioning_requests set lease_until = now() where id = %s",
            (work.asked,),
        )
        with refused("TP024", "lease_is_lost"):
            work.do(worker, "begin")


def test_a_renewed_lease_is_not_reaped(office: Office, work: Work) -> None:
    with office.acting("telephony_worker") as worker:
        work.do(worker, "claim")
        office.owner.execute(
            "update provisioning_requests set lease_until = now() + interval '1 second'"
            " where id = %s",
            (work.asked,),
        )
        worker.execute(
            "select worker.renew_lease(%s, %s, %s, '1 hour')",
            (work.organization.id, work.asked, work.attempt),
        )
        worker.execute("select worker.reap_leases()")
        work.do(worker, "begin")


def test_completing_twice_is_completing_once(office: Office, work: Work) -> None:
    credential, sid = uuid4(), "PN" + uuid4().hex
    with office.acting("telephony_worker") as worker:
        for step in ("claim", "begin", "finish"):
            work.do(worker, step)
        answers = {
            steps.answer(
                worker,
                "select worker.complete_provisioning(%s, %s, %s, %s,"
                " 'v2:1:AAAAAAAAAAAAAAAA:AAAA', %s, 'vapi', 'vapi')",
                work.organization.id,
                work.asked,
                work.attempt,
                credential,
                sid,
            )
            for _ in range(2)
        }
    assert len(answers) == 1


def test_what_was_tried_five_times_without_buying_is_given_up(
    office: Office, work: Work
) -> None:
    with (
        office.acting("telephony_worker") as worker,
        office.acting("authenticated", work.organization.claims) as user,
    ):
        for _ in range(5):
            work.do(worker, "claim")
            reap(office, worker, work.asked)
        assert user.execute(
            "select state, reason_code from api.provisioning_status"
        ).fetchall() == [("failed", "gave_up")]


def test_what_was_bought_is_never_given_up(office: Office, work: Work) -> None:
    with office.acting("telephony_worker") as worker:
        work.do(worker, "claim")
        work.do(worker, "begin")
        for _ in range(6):
            reap(office, worker, work.asked)
            work.do(worker, "claim")
        state = office.rows(
            "select state from provider_operations where request_id = %s", work.asked
        )
        assert state == [("unknown",)]
        work.do(worker, "finish")
        work.do(worker, "complete")


def test_a_number_rests_when_the_organization_that_was_buying_it_goes(
    office: Office, work: Work
) -> None:
    with office.acting("telephony_worker") as worker:
        work.do(worker, "claim")
        work.do(worker, "begin")
    with office.acting("service_role") as backend:
        backend.execute(
            "delete from public.organizations where id = %s", (work.organization.id,)
        )
    assert office.rows(
        "select quarantined_until > now() from phone_numbers_held"
        " where phone_number = %s",
        NUMBER,
    ) == [(True,)]


def test_workers_that_claim_at_once_share_the_requests(office: Office) -> None:
    for _ in range(20):
        with office.acting("authenticated", office.organization().claims) as user:
            steps.request(user, "key")

    def take(session: psycopg.Connection, _: int) -> list[UUID]:
        session.execute("set role telephony_worker")
        return [
            row[0]
            for row in session.execute(
                "select request_id from worker.claim_provisioning(3, '1 minute')"
            )
        ]

    outcomes = office.race(10, take)
    taken = [r for o in outcomes if isinstance(o, list) for r in o]
    assert len(taken) == len(set(taken)) >= 20


def test_200_organizations_are_provisioned_at_once(office: Office) -> None:
    organizations = {o.id: o for o in (office.organization() for _ in range(200))}
    for organization in organizations.values():
        with office.acting("authenticated", organization.claims) as user:
            steps.request(user, "key")

    def work_through(session: psycopg.Connection, worker: int) -> int:
        session.execute("set role telephony_worker")
        done = 0
        while claimed := session.execute(
            "select org_id, request_id, attempt"
            " from worker.claim_provisioning(5, '5 minutes')"
        ).fetchall():
            for org_id, asked, attempt in claimed:
                if (organization := organizations.get(org_id)) is None:
                    continue  # of the fixtures
                number = f"+1650{worker:03d}{done:04d}"
                operation, _ = steps.begin(
                    session, organization, asked, attempt, number
                )
                steps.finish(session, organization, operation)
                steps.complete(session, organization, asked, attempt)
                done += 1
        return done

    outcomes = office.race(20, work_through)
    assert [o for o in outcomes if isinstance(o, psycopg.Error)] == []
    assert office.rows(
        "select count(*), count(distinct c.org_id) from org_credentials as c"
        " inner join managed_phone_numbers as n using (org_id, phone_number)"
        " where c.is_managed and c.is_active and n.status = 'active'"
        " and org_id = any (%s)",
        list(organizations),
    ) == [(200, 200)]
