"""Organizations, their numbers and agents, and who acts on them.

Rows are written by the owner, as the backend would; what users and workers do goes
through `Office.acting`, with their role and claims and nothing more.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any, LiteralString, TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest

from trunkline.throwaway import Server

T = TypeVar("T")

REFERENCE = UUID("46cf2995-2bee-44e3-838b-24151486fe4e")


def sealed(version: int = 1) -> str:
    """A value of the form v2 that no key opens."""
    return ":".join(("v2", str(version), _base64(12), _base64(48)))


def legacy() -> str:
    """A value of the form of before that no key opens."""
    return ":".join(secrets.token_hex(size) for size in (12, 16, 40))


def account_sid() -> str:
    return "AC" + secrets.token_hex(16)


def _base64(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()


@contextmanager
def refused(sqlstate: str, constraint: str) -> Iterator[None]:
    """Expect the database to refuse with this code, by this constraint or reason."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    said = caught.value
    assert (said.sqlstate, said.diag.constraint_name) == (sqlstate, constraint), said


@dataclass(frozen=True)
class Organization:
    """An organization with an administrator, a data key and an active subaccount."""

    id: UUID = field(default_factory=uuid4)
    admin: UUID = field(default_factory=uuid4)
    subaccount: UUID = field(default_factory=uuid4)

    @property
    def claims(self) -> str:
        """What its administrator's token says."""
        return claims(self.admin, self.id)


def claims(user: UUID, organization: UUID) -> str:
    return json.dumps({"sub": str(user), "app_metadata": {"org_id": str(organization)}})


@dataclass(frozen=True)
class Office:
    """A telephony database; `owner` is a connection of its owner, with autocommit."""

    server: Server
    database: str
    owner: psycopg.Connection

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        return self.owner.execute(query, values or None).fetchall()

    @contextmanager
    def acting(self, role: str, claimed: str = "") -> Iterator[psycopg.Connection]:
        """A session of `role` whose token says `claimed`, with autocommit."""
        with self.server.connect(self.database) as session:
            session.execute("select set_config('role', %s, false)", (role,))
            session.execute(
                "select set_config('request.jwt.claims', %s, false)", (claimed,)
            )
            yield session

    def race(
        self, count: int, act: Callable[[psycopg.Connection, int], T]
    ) -> list[T | psycopg.Error]:
        """Let `count` sessions act at the same moment; what each got, or its error."""
        start = Barrier(count)

        def run(number: int) -> T | psycopg.Error:
            with self.server.connect(self.database) as session:
                start.wait(30)
                try:
                    return act(session, number)
                except psycopg.Error as error:
                    return error

        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(run, range(count)))

    def organization(self, *, keys: int = 1, subaccount: bool = True) -> Organization:
        """A new organization; of its keys the last is active, the others retiring."""
        made = Organization()
        self.owner.execute(
            "insert into organizations (id, name) values (%s, 'Test')", (made.id,)
        )
        self.owner.execute(
            "insert into user_org_roles (org_id, user_id, role)"
            " values (%s, %s, 'admin')",
            (made.id, made.admin),
        )
        for version in range(1, keys + 1):
            self.owner.execute(
                "insert into org_data_keys (org_id, version, state, wrapped)"
                " values (%s, %s, %s, %s)",
                (
                    made.id,
                    version,
                    "active" if version == keys else "retiring",
                    f"k1:test:{_base64(12)}:{_base64(48)}",
                ),
            )
        if subaccount:
            self.owner.execute(
                "insert into twilio_subaccounts (org_id, id, twilio_account_sid,"
                " twilio_auth_token_encrypted, friendly_name)"
                " values (%s, %s, %s, %s, 'Test')",
                (made.id, made.subaccount, account_sid(), sealed(keys)),
            )
        return made

    def agent(self, organization: Organization, role: str = "inbound") -> UUID:
        made = uuid4()
        self.owner.execute(
            "insert into agents (org_id, id, name, role, is_active)"
            " values (%s, %s, 'Test', %s, true)",
            (organization.id, made, role),
        )
        return made

    def managed(self, organization: Organization, number: str) -> UUID:
        """Both halves of an active managed number; the id of its credential."""
        with self.owner.transaction():
            activate(self.owner, organization, number)
            return credential(self.owner, organization, number, is_managed=True)

    def release(self, organization: Organization, number: str) -> None:
        """End both halves of an active managed number."""
        with self.owner.transaction():
            end(self.owner, organization, number)
            switch_off(self.owner, organization, number)


def provision(
    session: psycopg.Connection, organization: Organization, number: str
) -> UUID:
    """A managed number that is being provisioned."""
    made = uuid4()
    session.execute(
        "insert into managed_phone_numbers"
        " (org_id, id, subaccount_id, phone_number, twilio_phone_sid)"
        " values (%s, %s, %s, %s, %s)",
        (
            organization.id,
            made,
            organization.subaccount,
            number,
            "PN" + secrets.token_hex(16),
        ),
    )
    return made


def activate(
    session: psycopg.Connection, organization: Organization, number: str
) -> UUID:
    """The one half: an active managed number."""
    made = provision(session, organization, number)
    session.execute(
        "update managed_phone_numbers set status = 'active' where id = %s", (made,)
    )
    return made


def credential(
    session: psycopg.Connection,
    organization: Organization,
    number: str | None,
    *,
    provider: str = "twilio",
    encrypted_config: str | None = None,
    is_managed: bool = False,
    is_active: bool = True,
    can_inbound: bool = True,
    can_outbound: bool = True,
) -> UUID:
    """A credential; with `is_managed` the other half."""
    made = uuid4()
    session.execute(
        "insert into org_credentials (org_id, id, provider, encrypted_config,"
        " is_managed, is_active, phone_number, account_sid, can_inbound, can_outbound)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            organization.id,
            made,
            provider,
            encrypted_config or sealed(),
            is_managed,
            is_active,
            number,
            None if is_managed or number is None else account_sid(),
            can_inbound,
            can_outbound,
        ),
    )
    return made


def end(session: psycopg.Connection, organization: Organization, number: str) -> None:
    session.execute(
        "update managed_phone_numbers set status = 'released'"
        " where org_id = %s and phone_number = %s and status = 'active'",
        (organization.id, number),
    )


def switch_off(
    session: psycopg.Connection, organization: Organization, number: str
) -> None:
    session.execute(
        "update org_credentials set is_active = false"
        " where org_id = %s and phone_number = %s and is_active",
        (organization.id, number),
    )


def queue(session: psycopg.Connection, organization: Organization) -> UUID:
    """A queued request, as the database itself would write it."""
    made = uuid4()
    session.execute(
        "insert into provisioning_requests (org_id, id, idempotency_key,"
        " parameters_hash, country_code, number_type)"
        " values (%s, %s, %s, sha256(''), 'US', 'local')",
        (organization.id, made, str(made)),
    )
    return made
