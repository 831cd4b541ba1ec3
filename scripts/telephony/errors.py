"""Why a secret cannot be used.

Each class has a `reason`, a stable code that callers match and that a backfill records
beside the row. A message tells versions and ids, never any part of a value or a key:
a row that was never sealed may hold its secret in plain text.
"""

from __future__ import annotations

from typing import ClassVar

from trunkline.errors import TrunklineError, UsageError


class SealingError(TrunklineError):
    """a sealed value or a key cannot be used"""

    reason: ClassVar[str]


class BadForm(SealingError):
    """this is no sealed value: its form is not the expected one"""

    reason = "bad_form"


class DoesNotOpen(SealingError):
    """the value does not open: wrong key, altered, or moved from another place"""

    # AES-GCM cannot tell the three apart, so neither can the reason.
    reason = "does_not_open"


class WrongOrganization(SealingError):
    """the data key belongs to another organization than the value"""

    reason = "wrong_organization"


class UnknownKeyVersion(SealingError):
    """the organization has no data key of this version"""

    reason = "unknown_key_version"


class NoActiveKey(SealingError):
    """the organization has no active data key to seal with"""

    reason = "no_active_key"


class DestroyedKey(SealingError):
    """the data key has been destroyed: what it sealed is gone for good"""

    reason = "destroyed_key"


class UnknownKek(SealingError):
    """the data key is wrapped by a key-encryption key that is not configured"""

    reason = "unknown_kek"


class UnreadableContent(SealingError):
    """the value opens, and what is inside is no token"""

    reason = "unreadable_content"


class BadEncryptionKey(SealingError, UsageError):
    """`ENCRYPTION_KEY` cannot be used"""

    reason = "bad_encryption_key"


class BadKek(SealingError, UsageError):
    """the configured key-encryption keys cannot be used"""

    reason = "bad_kek"
