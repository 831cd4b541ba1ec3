"""Seal credentials, and open them again only where they belong.

The form that is written, as text:

    v2:<key version>:<nonce, base64>:<ciphertext and tag, base64>

The last two parts are a `box` under the organization's data key; the key version is
decimal, 1 to 999999999, without leading zeros. One sealed value has one spelling.
The associated data binds the place where the value belongs. It is six parts, each as
UTF-8 after its length in bytes as 4 bytes big-endian:

    "v2", organization id, credential id, provider, field, key version

ids as lower-case UUID text with hyphens. A value that is moved to another row,
organization, provider or field, or relabelled with another key version, does not open.

The legacy form is read and never written: hex `iv:authTag:content`, 12-byte iv,
16-byte tag, AES-256-GCM under the one key in `ENCRYPTION_KEY`, nothing bound. Inside
is JSON (a credential) or a bare string (the token of a subaccount).

Nothing here knows a database or a key-encryption key.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from uuid import UUID

from telephony import box
from telephony.errors import (
    BadEncryptionKey,
    BadForm,
    UnknownKeyVersion,
    WrongOrganization,
)
from telephony.secret import Secret

LAST_VERSION = 999_999_999

_V2 = re.compile("v2:([1-9][0-9]{0,8}):(.+)")
_LEGACY = re.compile("([0-9A-Fa-f]{24}):([0-9A-Fa-f]{32}):((?:[0-9A-Fa-f]{2})*)")


@dataclass(frozen=True)
class Place:
    """Where a sealed value belongs.

    `credential_id` is the id of the row, `field` the name of its column.
    """

    org_id: UUID
    credential_id: UUID
    provider: str
    field: str


@dataclass(frozen=True, eq=False)
class DataKey:
    """One version of an organization's data key: 32 bytes; versions start at 1.

    Raises `UnknownKeyVersion` for one that no sealed value can name: what would be
    sealed under it would never be opened.
    """

    org_id: UUID
    version: int
    key: Secret

    def __post_init__(self) -> None:
        if not 1 <= self.version <= LAST_VERSION:
            raise UnknownKeyVersion(f"there is no key version {self.version}")


@dataclass(frozen=True, eq=False)
class LegacyKey:
    """The one key under which every legacy value was sealed: 32 bytes."""

    key: Secret


def seal(plaintext: Secret, key: DataKey, place: Place) -> str:
    """Seal under `key`, for `place` alone, with a fresh random nonce.

    Raises `WrongOrganization` when the key is not of the place's organization.
    """
    return f"v2:{key.version}:{box.close(plaintext, key.key, _bound(key, place))}"


def open_sealed(sealed: str, key: DataKey, place: Place) -> Secret:
    """Open a v2 value that was sealed under `key` for `place`.

    Raises `BadForm`, `UnknownKeyVersion` (sealed under another version than that of
    `key`), `WrongOrganization`, `DoesNotOpen`.
    """
    version, content = _parts(sealed)
    if version != key.version:
        raise UnknownKeyVersion(
            f"the value is sealed under key version {version}, not {key.version}"
        )
    return box.open_box(content, key.key, _bound(key, place))


def key_version(sealed: str) -> int:
    """Tell the key version that a v2 value names; raises `BadForm`."""
    return _parts(sealed)[0]


def legacy_key() -> LegacyKey:
    """Read `ENCRYPTION_KEY`, 64 hex digits; raises `BadEncryptionKey`.

    Anything else is refused, not hashed into a key: that would turn a misspelt key into
    a wrong one without a word.
    """
    # The value is held in no variable: a traceback may be shown with its locals.
    if "ENCRYPTION_KEY" not in os.environ:
        raise BadEncryptionKey("ENCRYPTION_KEY is not set")
    if not re.fullmatch("[0-9A-Fa-f]{64}", os.environ["ENCRYPTION_KEY"]):
        raise BadEncryptionKey("ENCRYPTION_KEY is not 64 hex digits")
    return LegacyKey(Secret(bytes.fromhex(os.environ["ENCRYPTION_KEY"])))


def open_legacy(sealed: str, key: LegacyKey) -> Secret:
    """Open a value of the legacy form; raises `BadForm`, `DoesNotOpen`."""
    parts = _LEGACY.fullmatch(sealed)
    if parts is None:
        raise BadForm("this is no legacy sealed value: not hex iv:authTag:content")
    iv, tag, content = map(bytes.fromhex, parts.groups())
    return box.decrypt(iv, content + tag, key.key, None)


def _parts(sealed: str) -> tuple[int, str]:
    parts = _V2.fullmatch(sealed)
    if parts is None:
        raise BadForm
    return int(parts[1]), parts[2]


def _bound(key: DataKey, place: Place) -> bytes:
    if key.org_id != place.org_id:
        raise WrongOrganization
    return box.length_prefixed(
        "v2",
        str(place.org_id),
        str(place.credential_id),
        place.provider,
        place.field,
        str(key.version),
    )
