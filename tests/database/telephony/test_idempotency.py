"""A key of the caller's: asking again is asking once, and only for the same thing."""

from __future__ import annotations

import psycopg
import pytest

from tests.database.telephony import steps
from tests.database.telephony.office import Office, refused

NUMBER = "+16505550100"


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


@pytest.mark.parametrize("key", [None, "", "x" * 201, "x" * 10_000])
def test_a_key_has_1_to_200_characters(office: Office, key: str | None) -> None:
    with (
        office.acting("authenticated", office.organization().claims) as user,
        refused("TP034", "idempotency_key_is_malformed"),
    ):
        user.execute("select api.request_managed_number(%s, 'US', 'local')", (key,))


@pytest.mark.parametrize("key", [" ", "\n", "\U0001f4de" * 200])
def test_any_characters_make_a_key(office: Office, key: str) -> None:
    with office.acting("authenticated", office.organization().claims) as user:
        assert steps.request(user, key) == steps.request(user, key)


def test_callers_that_race_with_one_key_get_one_answer(office: Office) -> None:
    organization = office.organization()

    def ask(session: psycopg.Connection, _: int) -> object:
        session.execute(
            "select set_config('request.jwt.claims', %s, false)", (organization.claims,)
        )
        session.execute("set role authenticated")
        return steps.request(session, "key")

    answers = office.race(16, ask)
    assert len(set(answers)) == 1
    assert not isinstance(answers[0], psycopg.Error)
