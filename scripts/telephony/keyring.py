"""Data keys of organizations, wrapped by key-encryption keys (KEKs).

Each organization has its own data keys: 32 random bytes each, numbered from 1, kept in
the database only as wrapped text:

    k1:<KEK id>:<nonce, base64>:<ciphertext and tag, base64>

The last two parts are a `box` under the KEK. Its associated data is four parts, each
as UTF-8 after its length in bytes as 4 bytes big-endian:

    "k1", organization id, key version, KEK id

so a wrapped key that is moved to another organization or version, or relabelled with
another KEK, does not open.

KEKs come from `TELEPHONY_KEK`, or from the file that `TELEPHONY_KEK_FILE` names, as one
or more entries with white space between them:

    <KEK id>:<32 bytes, base64>

The file is a regular one that is closed to others than its owner and group.

The first entry wraps, all unwrap. An id is 1 to 63 characters of a-z, 0-9, `-`, `_`.

Nothing here knows a database: rows are handed in, wrapped text is handed back.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from telephony import box
from telephony.errors import (
    BadForm,
    BadKek,
    DestroyedKey,
    NoActiveKey,
    UnknownKek,
    UnknownKeyVersion,
)
from telephony.sealing import DataKey, Place, key_version, open_sealed, seal
from telephony.secret import Secret

_ID = "[a-z0-9_-]{1,63}"
_ENTRY = re.compile(f"({_ID}):(.+)".encode())
_WRAPPED = re.compile(f"k1:({_ID}):(.+)")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

#: Bytes; an entry has some fifty. What is larger is another file.
LARGEST_FILE = 64 * 1024

KeyState = Literal["active", "retiring", "retired", "destroyed"]


@dataclass(frozen=True, eq=False)
class Kek:
    """A key-encryption key: 32 bytes under an id."""

    id: str
    key: Secret


@dataclass(frozen=True, eq=False)
class Keks:
    """The KEKs at hand: `current` wraps, `known` (by id, `current` too) unwrap."""

    current: Kek
    known: dict[str, Kek]


@dataclass(frozen=True)
class KeyRow:
    """A data key as the database keeps it.

    An organization seals with its one `active` key and opens with every key that is
    not `destroyed`; `wrapped` is None if and only if the key is destroyed.
    """

    org_id: UUID
    version: int
    state: KeyState
    wrapped: str | None


class KeyRing:
    """The data keys of the organizations whose rows are given, unwrapped as needed.

    Meant for one batch of work: rows that change in the database meanwhile are not
    seen. Not for sharing between threads.
    """

    def __init__(self, rows: Iterable[KeyRow], keks: Keks) -> None:
        self._keks = keks
        self._rows = {(row.org_id, row.version): row for row in rows}
        self._active = {
            row.org_id: row for row in self._rows.values() if row.state == "active"
        }
        self._keys: dict[tuple[UUID, int], DataKey] = {}

    def seal(self, plaintext: Secret, place: Place) -> str:
        """Seal with the active key of the place's organization.

        Raises `NoActiveKey`, and what `unwrap` raises.
        """
        return seal(plaintext, self._key(self._active_row(place.org_id)), place)

    def open(self, sealed: str, place: Place) -> Secret:
        """Open with the key version that the value names.

        Raises `UnknownKeyVersion`, and what `unwrap` and `open_sealed` raise.
        """
        version = key_version(sealed)
        row = self._rows.get((place.org_id, version))
        if row is None:
            raise UnknownKeyVersion(f"the organization has no data key {version}")
        return open_sealed(sealed, self._key(row), place)

    def reseal(self, sealed: str, place: Place) -> str:
        """Open with the version that the value names, seal with the active one.

        A value that already is under the active version comes back as it is, unopened.
        """
        if key_version(sealed) == self._active_row(place.org_id).version:
            return sealed
        return self.seal(self.open(sealed, place), place)

    def _active_row(self, org_id: UUID) -> KeyRow:
        row = self._active.get(org_id)
        if row is None:
            raise NoActiveKey
        return row

    def _key(self, row: KeyRow) -> DataKey:
        name = (row.org_id, row.version)
        if name not in self._keys:
            self._keys[name] = unwrap(row, self._keks)
        return self._keys[name]


def load_keks() -> Keks:
    """Read the KEKs that the environment configures; raises `BadKek`."""
    # A secret is held in no variable: a traceback may be shown with its locals.
    if ("TELEPHONY_KEK" in os.environ) == ("TELEPHONY_KEK_FILE" in os.environ):
        raise BadKek("set one of TELEPHONY_KEK and TELEPHONY_KEK_FILE, and not both")
    if "TELEPHONY_KEK" in os.environ:
        return parse_keks(Secret(os.fsencode(os.environ["TELEPHONY_KEK"])))
    # The path is not shown, not by a cause either: who mixes up the two variables has
    # put the keys into it.
    try:
        text = _content()
    except OSError as error:
        why = error.strerror
    else:
        return parse_keks(text)
    raise BadKek(f"the file that TELEPHONY_KEK_FILE names cannot be read: {why}")


def parse_keks(text: Secret) -> Keks:
    """Read KEK entries, the current one first; raises `BadKek`."""
    keks = [_parse_kek(entry) for entry in text.reveal().split()]
    known = {kek.id: kek for kek in keks if kek is not None}
    if not keks:
        raise BadKek("there is no key-encryption key in the configuration")
    if None in keks:
        raise BadKek(
            f"key-encryption key {keks.index(None) + 1} is not ID:KEY",
            hint=f"ID is {_ID}, KEY is 32 bytes in base64.",
        )
    if len(known) < len(keks):
        raise BadKek("two key-encryption keys have the same id")
    if len({kek.key.reveal() for kek in known.values()}) < len(known):
        # A new id on an old key would make a rewrap that changes nothing.
        raise BadKek("two key-encryption keys are the same key")
    return Keks(current=next(iter(known.values())), known=known)


def new_data_key(org_id: UUID, version: int) -> DataKey:
    """Make a data key: 32 bytes from the operating system's random source."""
    return DataKey(org_id, version, Secret(os.urandom(box.KEY_BYTES)))


def wrap(key: DataKey, keks: Keks) -> str:
    """Wrap a data key under the current KEK."""
    kek = keks.current
    return f"k1:{kek.id}:{box.close(key.key, kek.key, _bound(key, kek.id))}"


def unwrap(row: KeyRow, keks: Keks) -> DataKey:
    """Unwrap the data key of a row.

    Raises `DestroyedKey`, `BadForm`, `UnknownKek`, `DoesNotOpen`.
    """
    kek_id, content = _parts(row)
    kek = keks.known.get(kek_id)
    if kek is None:
        raise UnknownKek(
            f"the data key is wrapped by {kek_id}, which is not configured"
        )
    key = box.open_box(content, kek.key, _bound(row, kek_id))
    return DataKey(row.org_id, row.version, key)


def rewrap(row: KeyRow, keks: Keks) -> str:
    """Wrap the same data key under the current KEK; raises what `unwrap` raises.

    A key that already is under the current KEK comes back as it is, unopened.
    """
    if row.wrapped is not None and wrapping_kek(row) == keks.current.id:
        return row.wrapped
    return wrap(unwrap(row, keks), keks)


def wrapping_kek(row: KeyRow) -> str:
    """Tell the id of the KEK that wraps a row; raises `DestroyedKey`, `BadForm`."""
    return _parts(row)[0]


def _content() -> Secret:
    """What the file with the KEKs holds; raises `BadKek` where it is not fit for that,
    and OSError.
    """
    with open(os.environ["TELEPHONY_KEK_FILE"], "rb", opener=_at_once) as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise BadKek(
                "the file that TELEPHONY_KEK_FILE names is not a regular file",
                hint="It is read more than once, by each worker too.",
            )
        if mode & stat.S_IRWXO:
            raise BadKek(
                "the file that TELEPHONY_KEK_FILE names is open to everybody",
                hint="Take it from others than its owner and group: chmod o= FILE, or "
                "for a container's secret a mode such as 0440.",
            )
        text = Secret(file.read(LARGEST_FILE + 1))
    if len(text.reveal()) > LARGEST_FILE:
        raise BadKek(
            "the file that TELEPHONY_KEK_FILE names is larger than key-encryption keys "
            f"can be: {LARGEST_FILE} bytes"
        )
    if text.reveal().startswith(_BYTE_ORDER_MARKS):
        raise BadKek(
            "the file that TELEPHONY_KEK_FILE names begins with a byte order mark",
            hint="Save it as plain ASCII.",
        )
    return text


def _at_once(path: str, flags: int) -> int:
    # Who opens a pipe waits for somebody to write, for ever perhaps.
    return os.open(path, flags | os.O_NONBLOCK)


def _parts(row: KeyRow) -> tuple[str, str]:
    if row.wrapped is None:
        raise DestroyedKey(f"data key {row.version} has been destroyed")
    parts = _WRAPPED.fullmatch(row.wrapped)
    if parts is None:
        raise BadForm("this is no wrapped data key of the form k1:KEK:nonce:content")
    return parts[1], parts[2]


def _bound(key: DataKey | KeyRow, kek_id: str) -> bytes:
    return box.length_prefixed("k1", str(key.org_id), str(key.version), kek_id)


def _parse_kek(entry: bytes) -> Kek | None:
    # Says no by None, so that no exception carries the entry in its frames.
    parts = _ENTRY.fullmatch(entry)
    if parts is None:
        return None
    key = box.decode_key(parts[2])
    return None if key is None else Kek(parts[1].decode(), key)
