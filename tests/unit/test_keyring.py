"""Data keys open only under their own KEK, organization and version."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.errors import (
    BadForm,
    BadKek,
    DestroyedKey,
    DoesNotOpen,
    NoActiveKey,
    SealingError,
    UnknownKek,
    UnknownKeyVersion,
)
from telephony.keyring import (
    Keks,
    KeyRing,
    KeyRow,
    load_keks,
    new_data_key,
    parse_keks,
    rewrap,
    unwrap,
    wrap,
    wrapping_kek,
)
from telephony.sealing import DataKey, Place, key_version
from telephony.secret import Secret

VECTORS = json.loads((Path(__file__).parent / "vectors/sealing.json").read_text())

ORG = UUID("46cf2995-2bee-44e3-838b-24151486fe4e")
PLACE = Place(ORG, UUID(int=1), "twilio", "encrypted_config")


def entry(kek_id: str, filled_with: int) -> str:
    return f"{kek_id}:{b64encode(bytes([filled_with]) * 32).decode()}"


def keks(*entries: str) -> Keks:
    return parse_keks(Secret(" ".join(entries).encode()))


OLD = keks(entry("old", 1))
NEW_AND_OLD = keks(entry("new", 2), entry("old", 1))
NEW = keks(entry("new", 2))


def row(version: int, *, under: Keks = OLD, org_id: UUID = ORG) -> KeyRow:
    wrapped = wrap(new_data_key(org_id, version), under)
    return KeyRow(org_id, version, "active", wrapped)


each_wrapped_vector = pytest.mark.parametrize("vector", VECTORS["wrapped"])


@each_wrapped_vector
def test_a_key_wrapped_by_another_implementation_unwraps(
    vector: dict[str, Any],
) -> None:
    wrapped = KeyRow(ORG, vector["version"], "active", vector["wrapped"])
    key = unwrap(wrapped, keks(vector["kek_entry"]))
    assert key.key.reveal().hex() == vector["key"]
    assert (key.org_id, key.version) == (ORG, vector["version"])


@each_wrapped_vector
def test_wrapping_gives_what_another_implementation_gives(
    vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", lambda n: bytes.fromhex(vector["nonce"])[:n])
    key = DataKey(ORG, vector["version"], Secret(bytes.fromhex(vector["key"])))
    assert wrap(key, keks(vector["kek_entry"])) == vector["wrapped"]


@settings(max_examples=60, deadline=None)
@given(org_id=st.uuids(), version=st.integers(1, 999_999_999))
def test_what_is_wrapped_unwraps_again(org_id: UUID, version: int) -> None:
    key = new_data_key(org_id, version)
    back = unwrap(KeyRow(org_id, version, "active", wrap(key, OLD)), OLD)
    assert back.key.reveal() == key.key.reveal()
    assert (back.org_id, back.version) == (org_id, version)


def test_data_keys_are_256_bits_and_never_the_same() -> None:
    made = {new_data_key(ORG, 1).key.reveal() for _ in range(100)}
    assert len(made) == 100
    assert {len(key) for key in made} == {32}


def test_a_wrapped_key_does_not_open_elsewhere() -> None:
    wrapped = row(1)
    for moved in (
        replace(wrapped, org_id=uuid4()),
        replace(wrapped, version=2),
    ):
        with pytest.raises(DoesNotOpen):
            unwrap(moved, OLD)


def test_a_wrapped_key_does_not_open_relabelled_with_another_kek() -> None:
    wrapped = row(1)
    assert wrapped.wrapped is not None
    relabelled = replace(wrapped, wrapped=wrapped.wrapped.replace("k1:old", "k1:new"))
    with pytest.raises(DoesNotOpen):
        unwrap(relabelled, NEW_AND_OLD)
    with pytest.raises(DoesNotOpen):
        # Not even where the bytes of the two KEKs are the same.
        unwrap(relabelled, keks(entry("new", 1)))


def test_no_single_bit_can_change_in_a_wrapped_key() -> None:
    wrapped = row(1)
    assert wrapped.wrapped is not None
    text = wrapped.wrapped
    for at in range(len(text)):
        for bit in range(8):
            altered = text[:at] + chr(ord(text[at]) ^ (1 << bit)) + text[at + 1 :]
            with pytest.raises(SealingError):
                unwrap(replace(wrapped, wrapped=altered), OLD)


@pytest.mark.parametrize(
    "wrapped",
    ["", "k1", "k2:old:a:b", "k1:OLD:a:b", "k1::a:b", "k1:old:a:b", "k1:old:\n"],
)
def test_a_text_that_is_no_wrapped_key_is_refused(wrapped: str) -> None:
    with pytest.raises(BadForm):
        unwrap(KeyRow(ORG, 1, "active", wrapped), OLD)


def test_a_key_under_a_kek_that_is_not_at_hand_is_refused_by_its_name() -> None:
    with pytest.raises(UnknownKek, match="wrapped by old"):
        unwrap(row(1), NEW)


def test_a_destroyed_key_is_refused() -> None:
    destroyed = KeyRow(ORG, 3, "destroyed", None)
    with pytest.raises(DestroyedKey, match="data key 3"):
        unwrap(destroyed, OLD)
    with pytest.raises(DestroyedKey):
        rewrap(destroyed, NEW_AND_OLD)


def test_rewrapping_changes_the_kek_and_not_the_key() -> None:
    before = row(1)
    after = replace(before, wrapped=rewrap(before, NEW_AND_OLD))
    assert (wrapping_kek(before), wrapping_kek(after)) == ("old", "new")
    assert unwrap(after, NEW).key.reveal() == unwrap(before, OLD).key.reveal()


def test_rewrapping_again_changes_nothing() -> None:
    wrapped = row(1, under=NEW)
    assert rewrap(wrapped, NEW_AND_OLD) == wrapped.wrapped


def test_a_ring_seals_with_the_active_key_and_opens_with_every_other() -> None:
    first = row(1)
    sealed = KeyRing([first], OLD).seal(Secret(b"token"), PLACE)
    ring = KeyRing([replace(first, state="retiring"), row(2)], OLD)
    assert ring.open(sealed, PLACE).reveal() == b"token"
    assert key_version(ring.seal(Secret(b"token"), PLACE)) == 2


def test_resealing_moves_a_value_to_the_active_version() -> None:
    first = row(1)
    sealed = KeyRing([first], OLD).seal(Secret(b"token"), PLACE)
    ring = KeyRing([replace(first, state="retiring"), row(2)], OLD)
    resealed = ring.reseal(sealed, PLACE)
    assert key_version(resealed) == 2
    assert ring.open(resealed, PLACE).reveal() == b"token"
    assert ring.reseal(resealed, PLACE) == resealed


def test_a_ring_keeps_organizations_apart() -> None:
    other = uuid4()
    ring = KeyRing([row(1), row(1, org_id=other)], OLD)
    sealed = ring.seal(Secret(b"token"), PLACE)
    with pytest.raises(DoesNotOpen):
        ring.open(sealed, replace(PLACE, org_id=other))


def test_a_ring_unwraps_only_what_is_used() -> None:
    unusable = replace(row(1), state="retired", wrapped="no wrapped key")
    ring = KeyRing([unusable, row(2)], OLD)
    ring.seal(Secret(b"token"), PLACE)


def test_a_ring_refuses_what_it_has_no_key_for() -> None:
    first = row(1)
    sealed = KeyRing([first], OLD).seal(Secret(b"token"), PLACE)
    with pytest.raises(UnknownKeyVersion, match="no data key 1"):
        KeyRing([row(2)], OLD).open(sealed, PLACE)
    with pytest.raises(UnknownKeyVersion):
        KeyRing([row(1, org_id=uuid4())], OLD).open(sealed, PLACE)
    with pytest.raises(NoActiveKey):
        KeyRing([replace(first, state="retired")], OLD).seal(Secret(b"token"), PLACE)
    with pytest.raises(NoActiveKey):
        KeyRing([], OLD).reseal(sealed, PLACE)
    shredded = KeyRing([KeyRow(ORG, 1, "destroyed", None)], OLD)
    with pytest.raises(DestroyedKey):
        shredded.open(sealed, PLACE)


def test_the_first_kek_wraps_and_all_unwrap() -> None:
    assert NEW_AND_OLD.current.id == "new"
    assert set(NEW_AND_OLD.known) == {"new", "old"}
    unwrap(row(1, under=OLD), NEW_AND_OLD)
    unwrap(row(1, under=NEW_AND_OLD), NEW)


@pytest.mark.parametrize(
    ("configured", "complaint"),
    [
        ("", "there is no key-encryption key"),
        (" \n", "there is no key-encryption key"),
        (b64encode(bytes(32)).decode(), "key-encryption key 1 is not ID:KEY"),
        (f"Old:{b64encode(bytes(32)).decode()}", "1 is not ID:KEY"),
        (f"{'x' * 64}:{b64encode(bytes(32)).decode()}", "1 is not ID:KEY"),
        (f"old:{b64encode(bytes(31)).decode()}", "1 is not ID:KEY"),
        (f"old:{b64encode(bytes(33)).decode()}", "1 is not ID:KEY"),
        (f"old:{b64encode(bytes(32)).decode().rstrip('=')}", "1 is not ID:KEY"),
        (f"old:{bytes(32).hex()}", "1 is not ID:KEY"),
        (f"{entry('old', 1)} new:", "2 is not ID:KEY"),
        (f"{entry('old', 1)}\n{entry('old', 2)}", "have the same id"),
        (f"{entry('old', 1)}\n{entry('new', 1)}", "are the same key"),
        ("old:\udcff", "1 is not ID:KEY"),
    ],
)
def test_key_encryption_keys_in_any_other_form_are_refused(
    configured: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEPHONY_KEK", configured)
    with pytest.raises(BadKek, match=complaint):
        load_keks()


def test_key_encryption_keys_come_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keks"
    file.write_text(f"{entry('new', 2)}\n{entry('old', 1)}\n")
    file.chmod(0o600)
    monkeypatch.setenv("TELEPHONY_KEK_FILE", str(file))
    monkeypatch.delenv("TELEPHONY_KEK", raising=False)
    assert load_keks().current.id == "new"
    monkeypatch.setenv("TELEPHONY_KEK_FILE", str(tmp_path / "missing"))
    with pytest.raises(BadKek, match="cannot be read: No such file"):
        load_keks()


def test_keys_in_the_place_of_the_files_name_are_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TELEPHONY_KEK", raising=False)
    monkeypatch.setenv("TELEPHONY_KEK_FILE", entry("old", 1))
    with pytest.raises(BadKek) as raised:
        load_keks()
    assert entry("old", 1) not in str(raised.value)
    assert raised.value.__context__ is None


def test_one_of_the_two_sources_is_configured_and_not_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TELEPHONY_KEK", raising=False)
    monkeypatch.delenv("TELEPHONY_KEK_FILE", raising=False)
    with pytest.raises(BadKek, match="set one of"):
        load_keks()
    monkeypatch.setenv("TELEPHONY_KEK", entry("old", 1))
    assert load_keks().current.id == "old"
    monkeypatch.setenv("TELEPHONY_KEK_FILE", "keks")
    with pytest.raises(BadKek, match="not both"):
        load_keks()
