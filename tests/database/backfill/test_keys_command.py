"""`telephony keys` as a DBA meets it."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from telephony.errors import BadKek
from tests.database.backfill.test_keys import (
    OTHER_KEK,
    ended_early,
    let_go,
    states,
)
from tests.installation import KEK, Installation, environment
from trunkline.backfill import load, run

ORG = "46cf2995-2bee-44e3-838b-24151486fe4e"


@pytest.fixture
def sealed(installation: Installation) -> Installation:
    for name in ("reseal-credentials", "managed-credentials", "reseal-tokens"):
        installation.run(name)
    return installation


def test_the_status_counts_keys_and_values(sealed: Installation) -> None:
    done = sealed.program("telephony", "keys", "status", ORG)
    assert (done.returncode, done.stdout) == (
        0,
        "data keys: 1 active, 0 retiring, 0 retired, 0 destroyed; "
        "0 of 1 organization without one\n"
        "key-encryption key first (current): wraps 1 data key\n"
        "values: 3 sealed, 0 in the form of before\n",
    )
    other = {"TELEPHONY_KEK": f"other:{'A' * 43}="}
    done = sealed.program("telephony", "keys", "status", "--json", **other)
    assert done.returncode == 1
    assert json.loads(done.stdout)["configured"] == {"other": "current"}


def test_a_rotation_shows_its_plan_and_does_nothing_without_a_yes(
    sealed: Installation,
) -> None:
    done = sealed.program("telephony", "keys", "rotate", ORG)
    assert done.returncode == 2
    assert "will make 1 data key, wrapped by first\n" in done.stdout
    assert "nobody is there to be asked" in done.stderr
    assert not sealed.value("select count(*) from org_data_keys where version = 2")
    done = sealed.program("telephony", "keys", "rotate", ORG, "--yes")
    assert done.returncode == 0
    assert done.stdout.endswith("1 data key made, 3 values moved, 1 retired\n")


def test_the_plan_of_a_rotation_is_what_happens(sealed: Installation) -> None:
    ended_early(sealed)
    others = "select count(*) from org_data_keys where state = 'retiring'"
    unfinished = sealed.value(others)
    left = sealed.value(
        "select count(*) from (select org_id, key_version from org_credentials"
        " union all select org_id, key_version from twilio_subaccounts) as v"
        " where v.key_version = 1 and v.org_id = %s",
        ORG,
    )
    done = sealed.program("telephony", "keys", "rotate", ORG, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "will make 0 data keys, wrapped by first\n"
        "will finish the rotation of 1 organization\n"
        f"will move {left} values of {ORG} under the new keys, then retire the old "
        "ones; they still open what backups hold\n"
        "will forget what the resealing and rotating backfills keep for an undo\n"
        "    but not what rotate-credentials keeps, which is not finished: `telephony "
        "keys rotate --all` goes on with it\n"
        f"0 data keys made, {left} values moved, 1 retired\n"
    )
    assert sealed.value(others) == unfinished - 1
    done = sealed.program("telephony", "keys", "status")
    assert f"not finished in {unfinished - 1} organizations" in done.stdout
    assert "(`telephony keys rotate --all`)" in done.stdout
    done = sealed.program("telephony", "keys", "rotate", "--all", "--yes")
    assert "will make 1 data key, wrapped by first\n" in done.stdout
    assert "but not what" not in done.stdout
    assert f"1 data key made, {left} values moved" not in done.stdout
    assert sealed.value(others) == 0


def test_the_first_key_of_an_organization_is_told_in_the_plan(
    sealed: Installation,
) -> None:
    without = sealed.value(
        "select o.id::text from organizations as o where not exists"
        " (select from org_data_keys as k where k.org_id = o.id) limit 1"
    )
    rotate = ("telephony", "keys", "rotate", without)
    done = sealed.program(*rotate, "--yes")
    assert done.stdout.startswith("will make 1 data key, wrapped by first\n")
    assert done.stdout.endswith("1 data key made, 0 values moved, 0 retired\n")
    twice = ("--confirm", without) * 2
    assert sealed.program("telephony", "keys", "shred", without, *twice).stdout
    done = sealed.program(*rotate)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"the keys of {without} have been destroyed" in done.stderr


def test_workers_are_for_the_rotation_of_all(sealed: Installation) -> None:
    done = sealed.program("telephony", "keys", "rotate", ORG, "--workers", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--workers is for --all" in done.stderr


def test_shredding_asks_for_the_id_twice_and_says_what_it_does_not_reach(
    sealed: Installation,
) -> None:
    shred = ("telephony", "keys", "shred", ORG)
    done = sealed.program(*shred)
    assert (done.returncode, done.stdout) == (3, "")
    assert "3 values of the organization are in use" in done.stderr
    let_go(sealed)
    for confirmed in ([], [ORG], [ORG, ORG.replace("4", "5")], [ORG] * 3):
        words = [word for one in confirmed for word in ("--confirm", one)]
        done = sealed.program(*shred, *words)
        assert done.returncode == 2
        assert "backups, WAL archives and replicas' files" in done.stdout
        assert "the key-encryption key (first)" in done.stdout
        assert not sealed.value(
            "select count(*) from org_data_keys where state = 'destroyed'"
        )
    done = sealed.program(*shred, "--confirm", ORG, "--confirm", ORG)
    assert done.returncode == 0
    assert done.stdout.endswith(f"1 data key of {ORG} destroyed\n")


def test_a_rotation_that_could_not_open_what_it_moves_makes_no_key(
    sealed: Installation,
) -> None:
    other = {"TELEPHONY_KEK": OTHER_KEK}
    done = sealed.program("telephony", "keys", "rotate", ORG, "--yes", **other)
    assert (done.returncode, done.stdout) == (2, "")
    assert "key-encryption key first is not configured, and 3 of" in done.stderr
    assert states(sealed) == ["active"]
    both = {"TELEPHONY_KEK": f"{OTHER_KEK} {KEK}"}
    done = sealed.program("telephony", "keys", "rotate", ORG, "--yes", **both)
    assert (done.returncode, states(sealed)) == (0, ["retired", "active"])
    # What is retired need not open any more.
    done = sealed.program("telephony", "keys", "rotate", ORG, "--yes", **other)
    assert (done.returncode, states(sealed)[1:]) == (0, ["retired", "active"])


@pytest.mark.parametrize(
    "words",
    [
        ("rotate",),
        ("rotate", "--all", ORG),
        ("rotate", "nonsense"),
        ("rotate", "00000000-0000-0000-0000-000000000001", "--yes"),
        ("shred",),
        ("shread", ORG),
    ],
)
def test_what_makes_no_sense_is_refused_with_status_2(
    installation: Installation, words: tuple[str, ...]
) -> None:
    done = installation.program("telephony", "keys", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_where_nothing_is_to_be_written_the_status_is_told_and_nobody_is_asked(
    sealed: Installation,
) -> None:
    read_only = {"PGOPTIONS": "-c default_transaction_read_only=on"}
    done = sealed.program("telephony", "keys", "status", ORG, **read_only)
    assert done.returncode == 0
    for words in (["rotate", ORG], ["rewrap"], ["shred", ORG]):
        done = sealed.program("telephony", "keys", *words, **read_only)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is to be read only" in done.stderr


def test_the_number_of_processes_is_a_number_from_1_on(sealed: Installation) -> None:
    done = sealed.program("telephony", "keys", "rotate", ORG, "--workers", "0")
    assert done.returncode == 2
    assert "argument --workers: 0 is no number from 1 on" in done.stderr


def test_a_database_without_keys_is_told_as_one(sealed: Installation) -> None:
    empty = sealed.server.create()
    url = sealed.server.environment(empty)["DATABASE_URL"]
    for words in (["status"], ["shred", ORG]):
        done = sealed.program("telephony", "keys", *words, "--database", url)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"/{empty} has not all that data keys need\n" in done.stderr
    sealed.server.drop(empty)


def test_a_wrong_key_under_the_right_id_is_found_before_anything_is_wrapped_by_it(
    sealed: Installation,
) -> None:
    def everything() -> list[tuple[Any, ...]]:
        return sealed.rows("select k::text from org_data_keys as k order by 1")

    before = everything()
    wrong = {"TELEPHONY_KEK": f"first:{'A' * 43}="}
    done = sealed.program("telephony", "keys", "status", **wrong)
    assert done.returncode == 1
    assert "first (ANOTHER KEY is configured here under this id): wraps" in done.stdout
    new = b64encode(b"n" * 32).decode()
    behind = {"TELEPHONY_KEK": f"new:{new} {wrong['TELEPHONY_KEK']}"}
    for words, keys in (
        (["rotate", ORG, "--yes"], wrong),
        (["rotate", "--all", "--yes"], behind),
        (["rewrap", "--yes"], behind),
    ):
        done = sealed.program("telephony", "keys", *words, **keys)
        assert (done.returncode, done.stdout) == (2, "")
        assert "key first does not open the data keys that it wraps" in done.stderr
    assert everything() == before
    done = sealed.program("telephony", "keys", "rotate", ORG, "--yes")
    assert done.returncode == 0


def test_no_organization_gets_a_first_key_that_only_a_wrong_key_opens(
    installation: Installation,
) -> None:
    assert installation.run("managed-credentials", limit=1).counts.migrated == 1
    with (
        environment(TELEPHONY_KEK=f"first:{'A' * 43}="),
        pytest.raises(BadKek, match="key first does not open the data keys"),
    ):
        run(installation.target, load("managed-credentials"))
    assert installation.value("select count(*) from org_data_keys") == 1
    installation.run("managed-credentials")
    assert len(installation.opened()) == 60
