"""Data keys are replaced under traffic, wrapped anew, and destroyed for good."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from telephony import datakeys, rotation
from telephony.errors import DestroyedKey
from telephony.keyring import KeyRing, load_keks
from telephony.sealing import Place, key_version
from telephony.secret import Secret
from telephony.standing import standing
from telephony.stored import FIELD
from tests.installation import KEK, Installation, environment
from trunkline import backfill
from trunkline.errors import Failure, UsageError
from trunkline.events import Emit, Event, Waiting, ignore
from trunkline.rehearsal.traffic.player import Record, playing
from trunkline.rehearsal.traffic.scripts import TrafficScript

REFERENCE = UUID("46cf2995-2bee-44e3-838b-24151486fe4e")
OTHER_KEK = "second:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="[:-4] + "Hh4="


@pytest.fixture
def sealed(installation: Installation) -> Installation:
    """An installation of today: every value sealed, all changes applied."""
    for name in ("reseal-credentials", "managed-credentials", "reseal-tokens"):
        assert installation.run(name).state == "finished"
    assert installation.apply().ok
    return installation


@pytest.fixture(autouse=True)
def keys() -> Iterator[None]:
    with environment():
        yield


def rotate(installation: Installation, org_id: UUID | None = None) -> rotation.Rotated:
    return rotation.rotate(installation.target, org_id, workers=1, emit=ignore)


def states(installation: Installation, org_id: UUID = REFERENCE) -> list[str]:
    return [
        state
        for (state,) in installation.rows(
            "select state from org_data_keys where org_id = %s order by version", org_id
        )
    ]


def secrets(installation: Installation) -> dict[tuple[UUID, UUID], tuple[str, bytes]]:
    return installation.opened()


def test_a_rotation_moves_every_value_and_retires_the_old_key(
    sealed: Installation,
) -> None:
    before = secrets(sealed)
    result = rotate(sealed)
    organizations = sealed.value("select count(distinct org_id) from org_data_keys")
    assert result.ok
    assert (result.made, result.retired) == (organizations, organizations)
    assert result.moved == len(before)
    assert secrets(sealed) == before
    assert sealed.rows(
        "select distinct key_version from org_credentials"
        " union select distinct key_version from twilio_subaccounts"
    ) == [(2,)]


def test_a_rotation_of_one_organization_touches_no_other(sealed: Installation) -> None:
    result = rotate(sealed, REFERENCE)
    assert (result.made, result.moved, result.retired) == (1, 3, 1)
    assert states(sealed) == ["retired", "active"]
    assert (
        sealed.value("select count(*) from org_credentials where key_version = 2") == 2
    )


def ended_early(sealed: Installation) -> None:
    """A rotation of all that has made the keys and moved a part of the values."""

    class Ended(Exception):
        pass

    def end(event: Event) -> None:
        if isinstance(event, backfill.BatchDone):
            raise Ended

    with environment(), pytest.raises(Ended):
        rotation.rotate(sealed.target, None, workers=1, emit=end)


def test_a_rotation_of_one_organization_leaves_the_unfinished_ones_of_others(
    sealed: Installation,
) -> None:
    before = secrets(sealed)
    ended_early(sealed)
    others = (
        "select o.id, c.id, c.encrypted_config from organizations as o"
        " join org_credentials as c on c.org_id = o.id where o.id <> %s"
        " union all select k.org_id, null, k.state from org_data_keys as k"
        " where k.org_id <> %s order by 1, 2, 3"
    )
    found = sealed.rows(others, REFERENCE, REFERENCE)
    assert any(state == "retiring" for *_, state in found)
    result = rotate(sealed, REFERENCE)
    assert (result.ok, result.made, result.retired) == (True, 0, 1)
    assert states(sealed) == ["retired", "active"]
    assert sealed.rows(others, REFERENCE, REFERENCE) == found
    # What the first one keeps of another is not put back once its key is retired.
    moved = sealed.value(
        "select w.key[1]::uuid from trunkline.backfill_written as w"
        " join trunkline.backfill_run as r on r.id = w.run_id"
        " where r.name = 'rotate-credentials' limit 1"
    )
    assert rotate(sealed, moved).ok
    assert sealed.undo("rotate-credentials").kept >= 1
    assert states(sealed, moved) == ["retired", "active"]
    assert rotate(sealed).ok
    assert secrets(sealed) == before


def test_after_a_rotation_no_old_value_is_left_for_an_undo(
    sealed: Installation,
) -> None:
    assert sealed.value(
        "select count(*) from trunkline.backfill_written where before is not null"
    )
    rotate(sealed)
    assert not sealed.value(
        "select count(*) from trunkline.backfill_written where before is not null"
    )
    with pytest.raises(Failure, match="there is nothing of reseal-credentials to undo"):
        sealed.undo("reseal-credentials")


def test_while_values_are_kept_by_an_open_run_no_key_is_replaced(
    installation: Installation,
) -> None:
    installation.run("reseal-tokens", limit=1)
    with pytest.raises(Failure, match="of reseal-tokens is running"):
        rotation.refuse_open_runs(installation.target, but=rotation.MOVES)
    installation.run("reseal-tokens")
    rotation.refuse_open_runs(installation.target)


def test_what_another_rotation_is_at_work_on_is_left_to_it_to_forget(
    sealed: Installation,
) -> None:
    sealed.run("rewrap-keys", limit=1)
    kept = "select count(*) from trunkline.backfill_written where before is not null"
    assert sealed.value(kept)
    assert rotate(sealed).ok
    assert sealed.value(kept) == 0
    with pytest.raises(backfill.RunIsOpen, match="rewrap-keys has a run"):
        rotation.forget(sealed.target)
    assert rotate(sealed).ok


def test_a_rotation_that_was_ended_anywhere_goes_on_with_the_same_keys(
    sealed: Installation,
) -> None:
    before = secrets(sealed)
    for _ in range(2):
        ended_early(sealed)
        assert secrets(sealed) == before
        assert states(sealed) == ["retiring", "active"]
    result = rotate(sealed)
    assert (result.ok, result.made) == (True, 0)
    assert states(sealed) == ["retired", "active"]
    assert secrets(sealed) == before


def test_a_key_is_not_retired_while_a_value_that_does_not_open_is_under_it(
    sealed: Installation,
) -> None:
    sealed.owner.execute("alter table org_credentials disable trigger user")
    sealed.owner.execute(
        "update org_credentials set encrypted_config ="
        " left(encrypted_config, 29) || upper(substr(encrypted_config, 30, 40))"
        " || substr(encrypted_config, 70)"
        " where org_id = %s and is_managed",
        [REFERENCE],
    )
    sealed.owner.execute("alter table org_credentials enable trigger user")
    result = rotate(sealed)
    assert not result.ok
    assert [error.reason for error in result.errors] == ["does_not_open"]
    assert result.left == 1
    assert states(sealed) == ["retiring", "active"]


def test_who_holds_a_retired_key_cannot_seal_with_it(sealed: Installation) -> None:
    stale = KeyRing(datakeys.read(sealed.owner, [REFERENCE]), load_keks())
    rotate(sealed)
    place = Place(REFERENCE, UUID(int=7), "resend", FIELD)
    with pytest.raises(psycopg.Error, match="seals nothing any more"):
        sealed.owner.execute(
            "insert into org_credentials (org_id, id, provider, encrypted_config)"
            " values (%s, %s, 'resend', %s)",
            [REFERENCE, UUID(int=7), stale.seal(Secret(b"late"), place)],
        )


def test_a_key_that_seals_anything_is_not_retired_by_hand(sealed: Installation) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        sealed.owner.execute(
            "update org_data_keys set state = 'retired' where org_id = %s", [REFERENCE]
        )
    assert refusal.value.diag.constraint_name == "key_is_in_use"


@contextmanager
def sealing(sealed: Installation, events: list[Event]) -> Iterator[Emit]:
    """Somebody has sealed a value and does not commit until he is waited for.

    Gives where to tell of that.
    """
    ring = KeyRing(datakeys.read(sealed.owner, [REFERENCE]), load_keks())
    with sealed.server.connect(sealed.database, autocommit=False) as other:
        other.execute(
            "insert into org_credentials"
            " (org_id, id, provider, encrypted_config, is_active)"
            " values (%s, %s, 'resend', %s, false)",
            [
                REFERENCE,
                UUID(int=7),
                ring.seal(Secret(b"x"), Place(REFERENCE, UUID(int=7), "resend", FIELD)),
            ],
        )

        def emit(event: Event) -> None:
            if isinstance(event, Waiting):
                events.append(event)
                other.commit()

        yield emit


def test_whoever_has_sealed_and_not_committed_is_waited_for(
    sealed: Installation,
) -> None:
    events: list[Event] = []
    with sealing(sealed, events) as emit:
        result = rotation.rotate(sealed.target, REFERENCE, workers=1, emit=emit)
    assert (result.ok, result.made, result.moved) == (True, 1, 4)
    let_go(sealed)
    sealed.owner.execute(
        "delete from org_credentials where org_id = %s and id = %s",
        [REFERENCE, UUID(int=7)],
    )
    with sealing(sealed, events) as emit:
        assert rotation.shred(sealed.target, REFERENCE, emit=emit) == 2
    assert len(events) >= 2


TRAFFIC = """\
\\set n random(1, 487)
update org_credentials as c
set metadata = jsonb_build_object(
    'seen', coalesce((c.metadata ->> 'seen')::int, 0) + 1
)
where (c.org_id, c.id) = (
    select o.org_id, o.id from org_credentials as o
    order by o.id offset :n - 1 limit 1
);
"""


def test_rotation_under_traffic_loses_no_update_and_fails_no_reader(
    sealed: Installation, tmp_path: Path
) -> None:
    before = secrets(sealed)
    sealed.owner.execute("update org_credentials set metadata = null")
    path = tmp_path / "seen.sql"
    path.write_text(TRAFFIC)
    record = Record()
    enough, failures, read = threading.Event(), list[Exception](), list[int]()
    reading = threading.Thread(target=reader, args=(sealed, enough, failures, read))
    reading.start()
    script = TrafficScript("seen", path, None, None, 1)
    try:
        with playing(sealed.server, sealed.database, [script], record):
            results = [rotate(sealed) for _ in range(3)]
    finally:
        enough.set()
        reading.join()
    assert [result.ok for result in results] == [True] * 3
    assert not failures
    assert len(read) > 100
    assert not record.failed
    assert record.played
    seen = sealed.value("select sum((metadata ->> 'seen')::int) from org_credentials")
    assert seen == len(record.played)
    assert secrets(sealed) == before
    assert states(sealed) == ["retired", "retired", "retired", "active"]


def reader(
    sealed: Installation,
    enough: threading.Event,
    failures: list[Exception],
    read: list[int],
) -> None:
    """Open credentials as our backend does: the value first, then its key."""
    keks = load_keks()
    with sealed.server.connect(sealed.database) as connection:
        while not enough.is_set():
            for org_id, id, provider, value in connection.execute(
                "select org_id, id, provider, encrypted_config from org_credentials"
                " order by random() limit 20"
            ).fetchall():
                ring = KeyRing(datakeys.read(connection, [org_id]), keks)
                try:
                    ring.open(value, Place(org_id, id, provider, FIELD))
                except Exception as error:  # whatever it is, a reader has failed
                    failures.append(error)
                read.append(key_version(value))


def test_rewrapping_changes_the_wrapping_of_every_key_and_no_value(
    sealed: Installation,
) -> None:
    before = secrets(sealed)
    with environment(TELEPHONY_KEK=f"{OTHER_KEK} {KEK}"):
        report = rotation.rewrap(sealed.target, workers=1, emit=ignore)
        found = standing(sealed.target, None)
    assert report.counts.migrated == report.counts.total > 0
    assert found.wrapped_by == {"second": report.counts.total}
    with environment(TELEPHONY_KEK=OTHER_KEK):
        keks = load_keks()
    ring = KeyRing(datakeys.read(sealed.owner, {org for org, _ in before}), keks)
    for org_id, id, provider, value in sealed.rows(
        "select org_id, id, provider, encrypted_config from org_credentials"
    ):
        opened = ring.open(value, Place(org_id, id, provider, FIELD))
        assert opened.reveal() == before[org_id, id][1]
    assert not sealed.value(
        "select count(*) from trunkline.backfill_written as w"
        " join trunkline.backfill_run as r on r.id = w.run_id"
        " where r.name = 'rewrap-keys'"
    )


def let_go(sealed: Installation) -> None:
    """End all that the reference organization has in use."""
    sealed.owner.execute("set session_replication_role = replica")
    sealed.owner.execute(
        "update org_credentials set is_active = false where org_id = %s", [REFERENCE]
    )
    sealed.owner.execute(
        "update twilio_subaccounts set status = 'closed' where org_id = %s", [REFERENCE]
    )
    sealed.owner.execute("set session_replication_role = origin")


def test_what_is_shredded_opens_never_again(sealed: Installation) -> None:
    ((id, provider, value),) = sealed.rows(
        "select id, provider, encrypted_config from org_credentials"
        " where org_id = %s and is_managed",
        REFERENCE,
    )
    with pytest.raises(Failure, match="3 values of the organization are in use"):
        rotation.shred(sealed.target, REFERENCE)
    let_go(sealed)
    assert rotation.shred(sealed.target, REFERENCE) == 1
    ring = KeyRing(datakeys.read(sealed.owner, [REFERENCE]), load_keks())
    with pytest.raises(DestroyedKey):
        ring.open(value, Place(REFERENCE, id, provider, FIELD))
    assert states(sealed) == ["destroyed"]
    assert not sealed.value(
        "select count(*) from trunkline.backfill_written where before is not null"
    )
    with pytest.raises(Failure, match="have been destroyed"):
        rotate(sealed, REFERENCE)
    assert rotate(sealed).ok


def test_shredding_beside_a_run_says_what_it_has_done_and_is_finished_by_a_repeat(
    sealed: Installation,
) -> None:
    let_go(sealed)
    with environment(TELEPHONY_KEK=f"{OTHER_KEK} {KEK}"):
        backfill.run(sealed.target, backfill.load("rewrap-keys"), limit=1)
        with pytest.raises(Failure, match="are destroyed, but a run keeps") as said:
            rotation.shred(sealed.target, REFERENCE)
        assert said.value.detail == "rewrap-keys has a run that is not finished."
        assert states(sealed) == ["destroyed"]
        rotation.rewrap(sealed.target, workers=1, emit=ignore)
        sealed.run("rotate-tokens", limit=1)
        assert rotation.shred(sealed.target, REFERENCE) == 0
    assert not sealed.value(
        "select count(*) from trunkline.backfill_written where before is not null"
    )


def test_what_opens_with_the_key_of_before_is_not_called_shredded(
    installation: Installation,
) -> None:
    installation.run("managed-credentials")
    with pytest.raises(Failure, match="are under no key of its own"):
        rotation.shred(installation.target, REFERENCE)


def test_an_organization_that_never_had_a_key_is_not_called_shredded(
    sealed: Installation,
) -> None:
    without = sealed.value(
        "select o.id from organizations as o where not exists"
        " (select from org_data_keys as k where k.org_id = o.id) limit 1"
    )
    with pytest.raises(Failure, match="has no data keys to destroy"):
        rotation.shred(sealed.target, without)
    rotate(sealed, without)
    assert rotation.shred(sealed.target, without) == 1
    assert rotation.shred(sealed.target, without) == 0


def test_an_organization_that_is_not_there_is_wrong_usage(sealed: Installation) -> None:
    with pytest.raises(UsageError, match="there is no organization"):
        standing(sealed.target, UUID(int=1))
