"""A sealed value opens in its own place, and nowhere else, and has one spelling."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from telephony.errors import (
    BadEncryptionKey,
    BadForm,
    DoesNotOpen,
    SealingError,
    UnknownKeyVersion,
    WrongOrganization,
)
from telephony.sealing import (
    DataKey,
    LegacyKey,
    Place,
    key_version,
    legacy_key,
    open_legacy,
    open_sealed,
    seal,
)
from telephony.secret import Secret

VECTORS = json.loads((Path(__file__).parent / "vectors/sealing.json").read_text())

ORG = UUID("46cf2995-2bee-44e3-838b-24151486fe4e")
PLACE = Place(ORG, UUID(int=1), "twilio", "encrypted_config")
KEY = DataKey(ORG, 1, Secret(bytes(range(32))))
SEALED = seal(Secret(b"token"), KEY, PLACE)
LEGACY_KEY = LegacyKey(Secret(bytes(32)))

keys = st.builds(
    DataKey,
    org_id=st.just(ORG),
    version=st.integers(1, 999_999_999),
    key=st.binary(min_size=32, max_size=32).map(Secret),
)
places = st.builds(
    Place,
    org_id=st.just(ORG),
    credential_id=st.uuids(),
    provider=st.text(),
    field=st.text(),
)
quick = settings(max_examples=60, deadline=None)


def each(vectors: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=lambda vector: vector["name"])


def vector_place(vector: dict[str, Any]) -> Place:
    place = vector["place"]
    ids = {name: UUID(place[name]) for name in ("org_id", "credential_id")}
    return Place(**ids, provider=place["provider"], field=place["field"])


def vector_key(vector: dict[str, Any]) -> DataKey:
    return DataKey(ORG, vector["version"], Secret(bytes.fromhex(vector["key"])))


@each(VECTORS["legacy"])
def test_a_legacy_value_of_another_implementation_opens(vector: dict[str, Any]) -> None:
    key = LegacyKey(Secret(bytes.fromhex(vector["key"])))
    opened = open_legacy(vector["sealed"], key)
    assert opened.reveal().decode() == vector["plaintext"]
    assert open_legacy(vector["sealed"].upper(), key).reveal() == opened.reveal()


@each(VECTORS["v2"])
def test_a_v2_value_of_another_implementation_opens(vector: dict[str, Any]) -> None:
    opened = open_sealed(vector["sealed"], vector_key(vector), vector_place(vector))
    assert opened.reveal().decode() == vector["plaintext"]
    assert key_version(vector["sealed"]) == vector["version"]


@each(VECTORS["v2"])
def test_sealing_gives_what_another_implementation_gives(
    vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", lambda n: bytes.fromhex(vector["nonce"])[:n])
    plaintext = Secret(vector["plaintext"].encode())
    sealed = seal(plaintext, vector_key(vector), vector_place(vector))
    assert sealed == vector["sealed"]


@quick
@given(plaintext=st.binary(), key=keys, place=places)
def test_what_is_sealed_opens_again(
    plaintext: bytes, key: DataKey, place: Place
) -> None:
    sealed = seal(Secret(plaintext), key, place)
    assert open_sealed(sealed, key, place).reveal() == plaintext
    assert key_version(sealed) == key.version


def test_no_two_sealings_are_the_same_text() -> None:
    assert len({seal(Secret(b"token"), KEY, PLACE) for _ in range(100)}) == 100


@quick
@given(here=places, there=places)
def test_a_value_does_not_open_in_another_place(here: Place, there: Place) -> None:
    assume(here != there)
    with pytest.raises(DoesNotOpen):
        open_sealed(seal(Secret(b"token"), KEY, here), KEY, there)


@pytest.mark.parametrize(
    "moved",
    [
        replace(PLACE, credential_id=UUID(int=2)),
        replace(PLACE, provider="vapi"),
        replace(PLACE, field="twilio_auth_token_encrypted"),
        # Without lengths, these two would bind the same bytes as PLACE.
        replace(PLACE, provider="twilioe", field="ncrypted_config"),
        replace(PLACE, provider="", field="twilioencrypted_config"),
    ],
    ids=["row", "provider", "field", "boundary", "all in one part"],
)
def test_a_value_does_not_open_once_one_thing_about_its_place_differs(
    moved: Place,
) -> None:
    with pytest.raises(DoesNotOpen):
        open_sealed(SEALED, KEY, moved)


def test_a_value_does_not_open_in_another_organization() -> None:
    moved = replace(PLACE, org_id=uuid4())
    with pytest.raises(WrongOrganization):
        open_sealed(SEALED, KEY, moved)
    with pytest.raises(DoesNotOpen):
        # Not even where both organizations should share the bytes of a key.
        open_sealed(SEALED, replace(KEY, org_id=moved.org_id), moved)


def test_nothing_is_sealed_with_the_key_of_another_organization() -> None:
    with pytest.raises(WrongOrganization):
        seal(Secret(b"token"), KEY, replace(PLACE, org_id=uuid4()))


def test_a_value_does_not_open_under_another_version() -> None:
    with pytest.raises(UnknownKeyVersion, match="version 1, not 2"):
        open_sealed(SEALED, replace(KEY, version=2), PLACE)
    relabelled = SEALED.replace("v2:1:", "v2:2:")
    with pytest.raises(DoesNotOpen):
        # Not even where both versions should be the same bytes.
        open_sealed(relabelled, replace(KEY, version=2), PLACE)


@pytest.mark.parametrize("version", [-1, 0, 1_000_000_000])
def test_nothing_is_sealed_under_a_version_that_no_value_can_name(version: int) -> None:
    with pytest.raises(UnknownKeyVersion, match=f"no key version {version}"):
        DataKey(UUID(int=1), version, Secret(bytes(32)))


def test_a_value_does_not_open_with_another_key() -> None:
    with pytest.raises(DoesNotOpen):
        open_sealed(SEALED, replace(KEY, key=Secret(bytes(32))), PLACE)
    with pytest.raises(DoesNotOpen):
        open_legacy(VECTORS["legacy"][0]["sealed"], LEGACY_KEY)


def each_bit_flipped(text: str) -> list[str]:
    """Every text that differs in one bit of one character, as Latin-1."""
    return [
        text[:at] + chr(ord(text[at]) ^ (1 << bit)) + text[at + 1 :]
        for at in range(len(text))
        for bit in range(8)
    ]


def test_no_single_bit_can_change_in_a_v2_value() -> None:
    for altered in each_bit_flipped(SEALED):
        with pytest.raises(SealingError):
            open_sealed(altered, KEY, PLACE)


def test_no_single_bit_can_change_in_a_legacy_value() -> None:
    vector = VECTORS["legacy"][1]
    key = LegacyKey(Secret(bytes.fromhex(vector["key"])))
    # Bit 32 of a letter is its case: the legacy form is hex in either.
    spelt = vector["sealed"]
    for altered in each_bit_flipped(spelt):
        if altered.lower() != spelt:
            with pytest.raises(SealingError):
                open_legacy(altered, key)


@quick
@given(at=st.integers(0, len(SEALED) - 1), new=st.characters())
def test_no_character_can_change_in_a_v2_value(at: int, new: str) -> None:
    assume(new != SEALED[at])
    with pytest.raises(SealingError):
        open_sealed(SEALED[:at] + new + SEALED[at + 1 :], KEY, PLACE)


@quick
@given(at=st.integers(0, len(SEALED)), new=st.text(min_size=1))
def test_nothing_can_be_put_into_a_v2_value(at: int, new: str) -> None:
    with pytest.raises(SealingError):
        open_sealed(SEALED[:at] + new + SEALED[at:], KEY, PLACE)


@quick
@given(start=st.integers(0, len(SEALED) - 1), length=st.integers(1, len(SEALED)))
def test_nothing_can_be_taken_out_of_a_v2_value(start: int, length: int) -> None:
    with pytest.raises(SealingError):
        open_sealed(SEALED[:start] + SEALED[start + length :], KEY, PLACE)


NONCE = b64encode(bytes(12)).decode()
TAG = b64encode(bytes(16)).decode()


def with_set_trailing_bits(base64: str) -> str:
    """The same bytes, spelt with a bit set that the decoder throws away."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    kept = base64.rstrip("=")
    last = digits[digits.index(kept[-1]) | 1]
    return kept[:-1] + last + "=" * (len(base64) - len(kept))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v2",
        '{"authToken": "in the clear"}',
        VECTORS["legacy"][0]["sealed"],
        f"v1:1:{NONCE}:{TAG}",
        f"V2:1:{NONCE}:{TAG}",
        f"v2:0:{NONCE}:{TAG}",
        f"v2:01:{NONCE}:{TAG}",
        f"v2:+1:{NONCE}:{TAG}",
        f"v2:-1:{NONCE}:{TAG}",
        f"v2:1_0:{NONCE}:{TAG}",
        f"v2:١:{NONCE}:{TAG}",
        f"v2:1000000000:{NONCE}:{TAG}",
        f"v2::{NONCE}:{TAG}",
        f" v2:1:{NONCE}:{TAG}",
        f"v2:1:{NONCE}:{TAG}\n",
        f"v2:1:{NONCE}:{TAG}:",
        f"v2:1:{NONCE}\n:{TAG}",
        f"v2:1:{NONCE}:{TAG[:8]} {TAG[8:]}",
        f"v2:1:{NONCE}:{TAG}=",
        f"v2:1:{NONCE}:{TAG}====",
        f"v2:1:{NONCE}:{TAG.rstrip('=')}",
        f"v2:1:{NONCE}:{with_set_trailing_bits(TAG)}",
        f"v2:1:{NONCE}:{TAG.replace('A', '-', 1)}",
        f"v2:1:{b64encode(bytes(11)).decode()}:{TAG}",
        f"v2:1:{b64encode(bytes(13)).decode()}:{TAG}",
        f"v2:1:{NONCE}:{b64encode(bytes(15)).decode()}",
        f"v2:1:{NONCE}:",
    ],
)
def test_a_text_that_is_not_the_one_spelling_is_refused(text: str) -> None:
    with pytest.raises(BadForm):
        open_sealed(text, KEY, PLACE)


def test_the_nearest_accepted_spelling_fails_only_at_its_tag() -> None:
    with pytest.raises(DoesNotOpen):
        open_sealed(f"v2:1:{NONCE}:{TAG}", KEY, PLACE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"authToken": "in the clear"}',
        pytest.param(SEALED, id="the v2 form"),
        f"{'0' * 22}:{'0' * 32}:00",
        f"{'0' * 24}:{'0' * 30}:00",
        f"{'0' * 24}:{'0' * 32}:0",
        f"{'0' * 24}:{'0' * 32}:0g",
        f"{'0' * 24}:{'0' * 32}",
        f"{'0' * 24}:{'0' * 32}:00:00",
        f"{'0' * 24}:{'0' * 32}:00\n",
        f"{'0' * 24}:{'0' * 32}:٠٠",
    ],
)
def test_a_text_that_is_not_of_the_legacy_form_is_refused(text: str) -> None:
    with pytest.raises(BadForm):
        open_legacy(text, LEGACY_KEY)


@pytest.mark.parametrize(
    "configured",
    [
        "",
        "0" * 63,
        "0" * 65,
        "0" * 64 + "\n",
        " " + "0" * 64,
        "0x" + "0" * 62,
        "g" * 64,
        "٠" * 64,
        "correct horse battery staple",
        b64encode(bytes(32)).decode(),
    ],
)
def test_an_encryption_key_that_is_not_64_hex_digits_is_refused(
    configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", configured)
    with pytest.raises(BadEncryptionKey, match="64 hex digits"):
        legacy_key()


def test_a_missing_encryption_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENCRYPTION_KEY", raising=False)
    with pytest.raises(BadEncryptionKey, match="not set"):
        legacy_key()


def test_an_encryption_key_of_64_hex_digits_opens_what_it_sealed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vector = VECTORS["legacy"][0]
    monkeypatch.setenv("ENCRYPTION_KEY", vector["key"].upper())
    opened = open_legacy(vector["sealed"], legacy_key())
    assert json.loads(opened.reveal())["phoneNumber"] == "+14158497226"
