"""No refusal tells any part of a secret, however it is looked at."""

from __future__ import annotations

import io
import logging
import os
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from telephony import errors
from telephony.errors import SealingError
from telephony.keyring import (
    Keks,
    KeyRing,
    KeyRow,
    load_keks,
    parse_keks,
    rewrap,
    unwrap,
    wrap,
)
from telephony.sealing import (
    DataKey,
    LegacyKey,
    Place,
    legacy_key,
    open_legacy,
    open_sealed,
    seal,
)
from telephony.secret import Secret
from telephony.stored import managed_config

# Module globals, so that no frame of a test holds them among its locals.
TOKEN = b"planted-token-0123456789abcdefgh"
KEY_BYTES = b"planted-data-key-0123456789abcde"
KEK_BYTES = b"planted-kek-0123456789abcdefghij"
LEGACY_BYTES = b"planted-legacy-key-0123456789abc"
PLANTED = (TOKEN, KEY_BYTES, KEK_BYTES, LEGACY_BYTES)

ORG = UUID(int=1)
PLACE = Place(ORG, UUID(int=2), "twilio", "encrypted_config")
KEY = DataKey(ORG, 1, Secret(KEY_BYTES))
SEALED = seal(Secret(TOKEN), KEY, PLACE)
PLAIN = f'{{"authToken": "{TOKEN.decode()}"}}'
KEK_ENTRY = f"planted:{b64encode(KEK_BYTES).decode()}"
KEKS: Keks = parse_keks(Secret(KEK_ENTRY.encode()))
ROW = KeyRow(ORG, 1, "active", wrap(KEY, KEKS))
GONE = KeyRow(ORG, 1, "destroyed", None)
OTHER = parse_keks(Secret(f"other:{b64encode(bytes(32)).decode()}".encode()))
LEGACY = LegacyKey(Secret(LEGACY_BYTES))
RING = KeyRing([ROW], KEKS)


def configured(name: str, value: str, load: Callable[[], object]) -> None:
    os.environ[name] = value
    load()


# A secret in plain text stands where a sealed value or a wrapped key should be.
MISPLACED: dict[str, Callable[[], object]] = {
    "plain JSON": lambda: RING.open(PLAIN, PLACE),
    "plain JSON in the legacy form's stead": lambda: open_legacy(PLAIN, LEGACY),
    "a token as nonce": lambda: open_sealed(
        f"v2:1:{TOKEN.decode()}:{TOKEN.decode()}", KEY, PLACE
    ),
    "a token as content": lambda: open_sealed(
        f"v2:1:{'A' * 16}:{TOKEN.hex()}A", KEY, PLACE
    ),
    "a data key not wrapped": lambda: rewrap(
        replace(ROW, wrapped=b64encode(KEY_BYTES).decode()), OTHER
    ),
}

# The secret is where it should be: sealed, in a `Secret`, or in the environment.
KEPT: dict[str, Callable[[], object]] = {
    "altered": lambda: open_sealed(SEALED[:-4] + "AAA=", KEY, PLACE),
    "moved": lambda: RING.open(SEALED, replace(PLACE, provider="vapi")),
    "another organization's key": lambda: seal(
        Secret(TOKEN), KEY, replace(PLACE, org_id=UUID(int=3))
    ),
    "another version": lambda: open_sealed(SEALED, replace(KEY, version=2), PLACE),
    "unknown version": lambda: KeyRing([], KEKS).open(SEALED, PLACE),
    "no active key": lambda: KeyRing([], KEKS).seal(Secret(TOKEN), PLACE),
    "destroyed key": lambda: KeyRing([GONE], KEKS).open(SEALED, PLACE),
    "wrong legacy key": lambda: open_legacy(f"{'0' * 24}:{'0' * 32}:00", LEGACY),
    "unknown KEK": lambda: unwrap(ROW, OTHER),
    "wrapped key moved": lambda: unwrap(replace(ROW, version=2), KEKS),
    "ENCRYPTION_KEY too long": lambda: configured(
        "ENCRYPTION_KEY", LEGACY_BYTES.hex() + "0", legacy_key
    ),
    "ENCRYPTION_KEY no hex": lambda: configured(
        "ENCRYPTION_KEY", LEGACY_BYTES.decode(), legacy_key
    ),
    "ENCRYPTION_KEY in TELEPHONY_KEK": lambda: configured(
        "TELEPHONY_KEK", LEGACY_BYTES.hex(), load_keks
    ),
    "KEK without id": lambda: configured(
        "TELEPHONY_KEK", b64encode(KEK_BYTES).decode(), load_keks
    ),
    "KEK with a digit too many": lambda: configured(
        "TELEPHONY_KEK", KEK_ENTRY.replace(":", ":A"), load_keks
    ),
    "KEK not base64": lambda: configured(
        "TELEPHONY_KEK", f"planted:{KEK_BYTES.decode()}", load_keks
    ),
    "KEK not ASCII": lambda: configured(
        "TELEPHONY_KEK", f"planted:{KEK_BYTES.decode()}\udcff", load_keks
    ),
    "token that is no text": lambda: managed_config(
        Secret(TOKEN + b"\xff"),
        account_sid="AC",
        phone_number="+14155550123",
        vapi_phone_id=None,
        vapi_credential_id=None,
    ),
    "KEK twice": lambda: configured(
        "TELEPHONY_KEK", f"{KEK_ENTRY} {KEK_ENTRY}", load_keks
    ),
    "KEK under two ids": lambda: configured(
        "TELEPHONY_KEK", f"{KEK_ENTRY} again-{KEK_ENTRY}", load_keks
    ),
}


@pytest.fixture(autouse=True)
def no_keys_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENCRYPTION_KEY", "TELEPHONY_KEK", "TELEPHONY_KEK_FILE"):
        # Set, then deleted: so it is deleted again after the test as well.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def provoke(attempt: Callable[[], object]) -> SealingError:
    with pytest.raises(SealingError) as refusal:
        attempt()
    return refusal.value


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def looked_at(error: SealingError, *, with_locals: bool = False) -> str:
    """All that a report, a log or an error tracker could show of `error`.

    With the locals of frames, where asked; not of this file's, which hold what is
    planted.
    """
    stream = io.StringIO()
    logger = logging.Logger("planted")
    logger.addHandler(logging.StreamHandler(stream))
    logger.error("failed: %s %r", error, error, exc_info=error)
    shown = [stream.getvalue()]
    for link in chain(error):
        shown += [f"{link}", repr(link), repr(link.args), repr(vars(link))]
        frames = traceback.StackSummary.extract(
            (
                (frame, line)
                for frame, line in traceback.walk_tb(link.__traceback__)
                if frame.f_code.co_filename != __file__
            ),
            capture_locals=with_locals,
        )
        shown += frames.format()
    return "\n".join(shown)


def spellings(planted: bytes) -> set[str]:
    return {
        planted.decode(),
        repr(planted)[2:-1],
        planted.hex(),
        b64encode(planted).decode().rstrip("="),
    }


def planted_in(shown: str) -> list[str]:
    return [text for p in PLANTED for text in spellings(p) if text in shown]


@pytest.mark.parametrize("attempt", KEPT.values(), ids=KEPT)
def test_no_refusal_shows_a_secret(attempt: Callable[[], object]) -> None:
    assert not planted_in(looked_at(provoke(attempt), with_locals=True))


@pytest.mark.parametrize("attempt", MISPLACED.values(), ids=MISPLACED)
def test_no_refusal_shows_a_secret_that_was_never_sealed(
    attempt: Callable[[], object],
) -> None:
    assert not planted_in(looked_at(provoke(attempt)))


def test_the_looking_finds_a_secret_in_a_frame() -> None:
    code = compile("def leak(token, error): raise error", "elsewhere", "exec")
    namespace: dict[str, Callable[..., None]] = {}
    exec(code, namespace)
    error = provoke(lambda: namespace["leak"](TOKEN, errors.BadForm()))
    assert planted_in(looked_at(error, with_locals=True)) == [TOKEN.decode()]


@pytest.mark.parametrize("planted", PLANTED)
def test_the_looking_finds_a_secret_in_a_message(planted: bytes) -> None:
    assert planted_in(looked_at(errors.BadForm(f"not {planted.decode()}")))


def test_every_reason_is_provoked_and_no_two_classes_share_one() -> None:
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, SealingError)
        and kind is not SealingError
    ]
    provoked = {provoke(attempt).reason for attempt in (KEPT | MISPLACED).values()}
    assert provoked == {kind.reason for kind in classes}
    assert len(provoked) == len(classes)


def test_a_bad_configuration_is_wrong_usage_and_a_bad_value_is_not() -> None:
    assert errors.BadKek.exit_code == errors.BadEncryptionKey.exit_code == 2
    assert errors.DoesNotOpen.exit_code == 3
