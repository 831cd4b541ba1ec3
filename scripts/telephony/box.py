"""The box that a sealed value and a wrapped key have in common.

    <nonce>:<ciphertext and tag>

AES-256-GCM, the nonce 12 random bytes, the tag 16, both parts base64 with padding. A
box has exactly one spelling: text that would decode to the same bytes but is not the
canonical one is refused. What else a box is bound to, the caller says.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telephony.errors import BadForm, DoesNotOpen
from telephony.secret import Secret

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16

_BOX = re.compile("([A-Za-z0-9+/]{16}):([A-Za-z0-9+/]+={0,2})")


def close(plaintext: Secret, key: Secret, bound: bytes) -> str:
    """Encrypt under `key` with a fresh nonce, with `bound` as associated data."""
    nonce = os.urandom(NONCE_BYTES)
    content = AESGCM(key.reveal()).encrypt(nonce, plaintext.reveal(), bound)
    return f"{b64encode(nonce).decode()}:{b64encode(content).decode()}"


def open_box(box: str, key: Secret, bound: bytes) -> Secret:
    """Decrypt what `close` made; raises `BadForm`, `DoesNotOpen`."""
    parts = _BOX.fullmatch(box)
    if parts is None:
        raise BadForm
    nonce, content = (_decode(part.encode()) for part in parts.groups())
    return decrypt(nonce, content, key, bound)


def decrypt(nonce: bytes, content: bytes, key: Secret, bound: bytes | None) -> Secret:
    """Decrypt ciphertext with its tag behind it; raises `BadForm`, `DoesNotOpen`."""
    if len(content) < TAG_BYTES:
        raise BadForm
    try:
        return Secret(AESGCM(key.reveal()).decrypt(nonce, content, bound))
    except InvalidTag:
        raise DoesNotOpen from None


def length_prefixed(*parts: str) -> bytes:
    """Join parts, each as UTF-8 after its length as 4 bytes big-endian.

    No two different lists of parts give the same bytes.
    """
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def decode_key(text: bytes) -> Secret | None:
    """Read a 256-bit key from canonical base64, or give None when it is none."""
    try:
        key = _decode(text)
    except BadForm:
        return None
    return Secret(key) if len(key) == KEY_BYTES else None


def _decode(text: bytes) -> bytes:
    try:
        decoded = b64decode(text, validate=True)
    except ValueError:
        raise BadForm from None
    # The decoder accepts set bits after the last byte; writing it again shows them.
    if b64encode(decoded) != text:
        raise BadForm
    return decoded
