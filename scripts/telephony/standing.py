"""How data keys of organizations stand, and how they must not stand.

All of it is counted in the database; nothing is opened, and nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection

from trunkline.backfill.pace import DEFAULT
from trunkline.backfill.session import session
from trunkline.connect import Target
from trunkline.errors import Failure, StatementFailed, UsageError

ROLE = "telephony_backfill"
#: Every value: whose it is, under which key, and whether it is in use.
VALUES = (
    "(select c.org_id, c.key_version, c.is_active as in_use"
    " from public.org_credentials as c union all"
    " select s.org_id, s.key_version, s.status <> 'closed'"
    " from public.twilio_subaccounts as s)"
)
#: What the server says of a role, a table or a column that is not there.
_NOT_THERE = ("22023", "42P01", "42703")


@dataclass(frozen=True)
class Standing:
    """How data keys stand, of one organization or of all.

    `states` counts keys; `wrapped_by` counts them by the id of their key-encryption
    key. `sealed` values are under a data key, `legacy` ones in the form of before,
    `to_move` under a key that is retiring, `in_use` in active credentials and open
    subaccounts under any key.
    """

    organizations: int
    without_key: int
    states: dict[str, int]
    wrapped_by: dict[str, int]
    rotating: int
    sealed: int
    legacy: int
    to_move: int
    in_use: int


def standing(
    target: Target, org_id: UUID | None, *, read_only: bool = False
) -> Standing:
    """Count keys and values. Raises UsageError for an unknown organization.

    Where keys are to be changed then, not `read_only`, it refuses a standby now.
    """
    with key_session(target, read_only=read_only) as connection, acting(connection):
        ((organizations, without),) = connection.execute(
            "select count(*), count(*) filter (where not exists (select"
            " from public.org_data_keys as k where k.org_id = o.id))"
            " from public.organizations as o where %(org)s::uuid is null"
            " or o.id = %(org)s",
            {"org": org_id},
        ).fetchall()
        if org_id is not None and not organizations:
            raise UsageError(f"there is no organization {org_id}")
        keys = connection.execute(
            "select k.state, split_part(k.wrapped, ':', 2), count(*)"
            " from public.org_data_keys as k"
            " where %(org)s::uuid is null or k.org_id = %(org)s group by 1, 2",
            {"org": org_id},
        ).fetchall()
        ((sealed, legacy, in_use),) = connection.execute(
            "select count(v.key_version), count(*) - count(v.key_version),"
            f" count(*) filter (where v.in_use and v.key_version is not null)"
            f" from {VALUES} as v"
            " where %(org)s::uuid is null or v.org_id = %(org)s".encode(),
            {"org": org_id},
        ).fetchall()
        ((rotating, to_move),) = connection.execute(
            "select count(distinct k.org_id), count(v.org_id)"
            f" from public.org_data_keys as k left join {VALUES} as v"
            " on v.org_id = k.org_id and v.key_version = k.version"
            " where k.state = 'retiring'"
            " and (%(org)s::uuid is null or k.org_id = %(org)s)".encode(),
            {"org": org_id},
        ).fetchall()
    states: Counter[str] = Counter()
    wrapped_by: Counter[str] = Counter()
    for state, kek, number in keys:
        states[state] += number
        if kek is not None:
            wrapped_by[kek] += number
    return Standing(
        organizations,
        without,
        dict(states),
        dict(wrapped_by),
        rotating,
        sealed,
        legacy,
        to_move,
        in_use,
    )


def movable(target: Target, org_id: UUID | None) -> int:
    """Count the values that a rotation moves: those under a key that is retiring or,
    where none is, under the active one.
    """
    with key_session(target, read_only=True) as connection, acting(connection):
        ((values,),) = connection.execute(
            f"select count(*) from {VALUES} as v join public.org_data_keys as k"
            " on k.org_id = v.org_id and k.version = v.key_version"
            " where (%(org)s::uuid is null or k.org_id = %(org)s)"
            " and (k.state = 'retiring' or k.state = 'active' and not exists (select"
            " from public.org_data_keys as r where r.org_id = k.org_id"
            " and r.state = 'retiring'))".encode(),
            {"org": org_id},
        ).fetchall()
    return int(values)


def refuse_destroyed(found: Standing, org_id: UUID | None) -> None:
    """Raise Failure where an organization is to get a key after all its keys have been
    destroyed.
    """
    if org_id is not None and not (found.without_key or found.states.get("active")):
        raise Failure(
            f"the keys of {org_id} have been destroyed",
            hint="That was meant for ever: an organization gets no second life.",
        )


def refuse_living(found: Standing) -> None:
    """Raise Failure where an organization must not be shredded as it stands: anything
    that is in use, or in the form of before, is left; or it has had no key yet, and
    nothing would keep it from getting one.
    """
    if found.legacy:
        raise Failure(
            f"{found.legacy} values of the organization are under no key of its own",
            detail="They open with ENCRYPTION_KEY, whatever is destroyed here.",
            hint="Run the backfills reseal-credentials and reseal-tokens first.",
        )
    if found.in_use:
        raise Failure(
            f"{found.in_use} values of the organization are in use",
            hint="Release its numbers, deactivate its credentials and close its "
            "subaccount first.",
        )
    if found.without_key:
        raise Failure(
            "the organization has no data keys to destroy",
            hint="It gets its first one with the first value that is sealed for it.",
        )


@contextmanager
def key_session(target: Target, *, read_only: bool = False) -> Iterator[Connection]:
    """Raises UsageError of a database in which there can be no keys yet."""
    try:
        with session(
            target, "keys", DEFAULT, role=ROLE, read_only=read_only
        ) as connection:
            yield connection
    except StatementFailed as error:
        if error.sqlstate not in _NOT_THERE:
            raise
        raise UsageError(
            f"{target.label} has not all that data keys need",
            detail=f"{error.message}.",
            hint="Apply the changes first, or name another database.",
        ) from None


@contextmanager
def acting(connection: Connection) -> Iterator[None]:
    """A transaction as the role that may change keys, and little else."""
    with connection.transaction():
        connection.execute("select set_config('role', %s, true)", [ROLE])
        yield
