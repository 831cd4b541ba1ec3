"""A telephony installation as the change of 2026-02-10 meets it, with keys that open.

The baseline fixture's values open with no key. Here every legacy value is sealed anew
under `ENCRYPTION_KEY`, so that the backfills have real work; `PLANTED` stands in each
secret, so that a test can look for it where no secret may be.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from unittest.mock import patch
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telephony.datakeys import read
from telephony.keyring import KeyRing, load_keks
from telephony.sealing import Place
from telephony.stored import FIELD, TOKEN_FIELD
from trunkline import apply, project
from trunkline.backfill import Backfill, Report, Undone, load, run, undo
from trunkline.connect import Target, of_keywords
from trunkline.events import Emit, ignore
from trunkline.throwaway import Server

ROOT = Path(__file__).parents[1]
BASELINE = "20260209_telephony_baseline"
#: The last change before those that refuse until the backfills have run.
READY = "20260219_backfill_rights"
PLANTED = "5ec2e7"
ENCRYPTION_KEY = "7e" * 32
KEK = f"first:{b64encode(bytes(range(32))).decode()}"
ENVIRONMENT = {"ENCRYPTION_KEY": ENCRYPTION_KEY, "TELEPHONY_KEK": KEK}


def close_legacy(content: str, key: str = ENCRYPTION_KEY) -> str:
    """Seal as the programs of before did: hex `iv:authTag:content`, nothing bound."""
    iv = os.urandom(12)
    sealed = AESGCM(bytes.fromhex(key)).encrypt(iv, content.encode(), None)
    return ":".join(part.hex() for part in (iv, sealed[-16:], sealed[:-16]))


def token_of(subaccount: UUID) -> str:
    """The secret token of a subaccount: like Twilio's, 32 hex digits."""
    return PLANTED + subaccount.hex[len(PLANTED) :]


@dataclass
class Installation:
    """A telephony database; `owner` is a connection of its owner, with autocommit."""

    server: Server
    database: str
    owner: psycopg.Connection

    @property
    def target(self) -> Target:
        return of_keywords(self.server.conninfo(self.database))

    def apply(self, to: str | None = None) -> apply.Result:
        """Apply the project's changes, as a DBA does."""
        return apply.run(project.load(ROOT), self.target, apply.Options(to), ignore)

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        return self.owner.execute(query, values or None).fetchall()

    def value(self, query: LiteralString, *values: object) -> Any:
        ((value,),) = self.rows(query, *values)
        return value

    def run(
        self, name: str, workers: int = 1, emit: Emit = ignore, **options: Any
    ) -> Report:
        with environment():
            kind: type[Backfill] = load(name)
            return run(self.target, kind, workers=workers, emit=emit, **options)

    def undo(self, name: str, emit: Emit = ignore) -> Undone:
        return undo(self.target, name, emit=emit)

    def program(
        self, module: str, *words: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, with the keys in its environment."""
        return subprocess.run(
            [sys.executable, "-m", module, *words],
            env={**self._variables(), **variables},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def started(
        self, module: str, *words: str, stderr: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """A program at work in a process group of its own; what it says is lost."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *words],
            env=self._variables(),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )

    def at_work(self) -> bool:
        """Whether a session of a backfill or a rotation is there."""
        found = self.value(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and application_name like 'trunkline backfill%%'"
        )
        return bool(found)

    def _variables(self) -> dict[str, str]:
        url = self.server.environment(self.database)["DATABASE_URL"]
        return {**os.environ, **ENVIRONMENT, "TRUNKLINE_DATABASE": url}

    def seal_legacy(self) -> None:
        """Give every legacy value a content, and a key that opens it."""
        for org_id, id in self.rows("select org_id, id from twilio_subaccounts"):
            self.owner.execute(
                "update twilio_subaccounts set twilio_auth_token_encrypted = %s"
                " where org_id = %s and id = %s",
                [close_legacy(token_of(id)), org_id, id],
            )
        for number, (org_id, id, provider) in enumerate(
            self.rows("select org_id, id, provider from org_credentials order by id")
        ):
            inside: dict[str, Any] = {"apiKey": f"{PLANTED} of {id}"}
            if provider == "twilio":
                inside = {
                    "accountSid": f"AC{id.hex}",
                    "authToken": f"{PLANTED} of {id}",
                    "phoneNumber": f"+1408{5550000 + number}",
                }
            self.owner.execute(
                "update org_credentials set encrypted_config = %s"
                " where org_id = %s and id = %s",
                [close_legacy(json.dumps(inside)), org_id, id],
            )

    def content(self) -> list[object]:
        """All that a backfill writes; of sealed values what is inside."""
        opened = self.opened()
        return [
            (
                opened.get((org_id, id), sealed),
                *rest,
            )
            for org_id, id, sealed, *rest in self.rows(
                "select org_id, id, encrypted_config,"
                " (to_jsonb(c) - 'encrypted_config' - 'updated_at')::text"
                " from org_credentials as c order by 1, 2"
            )
        ]

    def opened(self) -> dict[tuple[UUID, UUID], tuple[str, bytes]]:
        """Every v2 value, opened: by its row, the column and what is inside."""
        found: dict[tuple[UUID, UUID], tuple[str, bytes]] = {}
        with environment():
            keks = load_keks()
        organizations = [id for (id,) in self.rows("select id from organizations")]
        ring = KeyRing(read(self.owner, organizations), keks)
        for field, org_id, id, provider, sealed in self.rows(
            "select %s, org_id, id, provider, encrypted_config from org_credentials"
            " where encrypted_config like 'v2:%%' union all"
            " select %s, org_id, id, 'twilio', twilio_auth_token_encrypted"
            " from twilio_subaccounts where twilio_auth_token_encrypted like 'v2:%%'",
            FIELD,
            TOKEN_FIELD,
        ):
            opened = ring.open(sealed, Place(org_id, id, provider, field))
            found[org_id, id] = field, opened.reveal()
        return found


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """The keys in the environment, as a DBA has them on the night."""
    with patch.dict(os.environ, {**ENVIRONMENT, **variables}):
        yield


def install(server: Server, database: str, owner: psycopg.Connection) -> Installation:
    """The baseline and its fixture, with values that open."""
    installed = Installation(server, database, owner)
    installed.apply(BASELINE)
    fixture = ROOT / "verification" / "fixtures" / f"{BASELINE}.sql"
    owner.execute(fixture.read_bytes())
    installed.seal_legacy()
    return installed
