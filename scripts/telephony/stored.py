"""What the tables hold: a value in either form, and what is inside once it is open.

No exception here carries what was inside, in its message or in its frames.
"""

from __future__ import annotations

import json
import re
from typing import Any

from telephony.errors import BadEncryptionKey, UnreadableContent
from telephony.keyring import KeyRing
from telephony.sealing import LegacyKey, Place, open_legacy
from telephony.secret import Secret

#: The columns that hold sealed values, as their associated data name them.
FIELD = "encrypted_config"
TOKEN_FIELD = "twilio_auth_token_encrypted"

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ACCOUNT = re.compile("AC[0-9a-f]{32}")


def open_stored(
    stored: str, place: Place, ring: KeyRing, legacy: LegacyKey | None
) -> Secret:
    """Open a value of the form v2, or of the one before where its key is at hand.

    Raises `SealingError`.
    """
    if stored.startswith("v2:"):
        return ring.open(stored, place)
    if legacy is None:
        raise BadEncryptionKey("ENCRYPTION_KEY is not set")
    return open_legacy(stored, legacy)


def managed_config(
    token: Secret,
    *,
    account_sid: str,
    phone_number: str,
    vapi_phone_id: str | None,
    vapi_credential_id: str | None,
) -> Secret:
    """What a managed credential holds. Raises `UnreadableContent` for a bad token."""
    if not token.reveal() or not token.reveal().isascii():
        raise UnreadableContent
    return Secret(
        json.dumps(
            {
                "accountSid": account_sid,
                "authToken": token.reveal().decode("ascii"),
                "phoneNumber": phone_number,
                "managedByVoxanne": True,
                "vapiPhoneId": vapi_phone_id,
                "vapiCredentialId": vapi_credential_id,
            }
        ).encode()
    )


def number_and_account(config: Secret) -> tuple[str | None, str | None]:
    """The phone number and the Twilio account that a credential names, if it does.

    What has not the right form is left out: the tables would refuse it.
    """
    named = _named(config, "phoneNumber", "accountSid")
    return (
        named[0] if E164.fullmatch(named[0]) else None,
        named[1] if _ACCOUNT.fullmatch(named[1]) else None,
    )


def _named(config: Secret, *names: str) -> list[str]:
    # Bytes that are no JSON are no fault: a credential may be a bare string. Nor is
    # JSON that is nested deeper than the parser goes; it must not end the others' run.
    try:
        inside: Any = json.loads(config.reveal())
    except (ValueError, RecursionError):
        inside = {}
    if not isinstance(inside, dict):
        inside = {}
    found = (inside.get(name) for name in names)
    return [value if isinstance(value, str) else "" for value in found]
