"""Data keys of organizations: replaced, wrapped anew, destroyed.

Each function can be ended at any moment and called again: what is left to do stands in
the database, as keys that are `retiring` and values under them. No reader fails
meanwhile, since a value names its key, and a key opens until it is destroyed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from psycopg import Connection, errors

from telephony import datakeys
from telephony.keyring import Keks, load_keks
from telephony.resealing import of_organization
from telephony.standing import (
    VALUES,
    acting,
    key_session,
    refuse_destroyed,
    refuse_living,
    standing,
)
from trunkline import backfill
from trunkline.backfill import RowError
from trunkline.backfill.pace import DEFAULT
from trunkline.connect import Target
from trunkline.errors import Failure, UsageError
from trunkline.events import Emit, ignore
from trunkline.locks import retried

MOVES = ("rotate-credentials", "rotate-tokens")
#: The backfills that keep for an undo what a key has sealed, or a wrapped key.
KEEPERS = ("reseal-credentials", "reseal-tokens", *MOVES, "rewrap-keys")
#: Those of them that another rotation, or a rewrap, forgets in the end.
AT_WORK = (*MOVES, "rewrap-keys")
#: So many organizations get a new key in one transaction.
TOGETHER = 500
#: Who seals under a key that is being retired makes another pass necessary.
PASSES = 3


@dataclass(frozen=True)
class Rotated:
    """What a rotation came to: keys made and retired, values moved, and what failed."""

    made: int
    moved: int
    retired: int
    left: int
    errors: tuple[RowError, ...]
    forgotten: int

    @property
    def ok(self) -> bool:
        return not self.left and not self.errors


def rotate(target: Target, org_id: UUID | None, *, workers: int, emit: Emit) -> Rotated:
    """Give an organization, or all, a new data key, and move every value under it.

    An organization whose last rotation did not come to its end goes on with that one;
    those of others are left as they are. Raises UsageError, Failure, and what a
    backfill raises.
    """
    keks = load_keks()
    refuse_destroyed(standing(target, org_id), org_id)
    made = _make(target, org_id, keks, emit)
    moved = 0
    failed: list[RowError] = []
    for _ in range(PASSES):
        failed.clear()
        for name in MOVES:
            report = _move(target, name, org_id, workers, emit)
            moved += report.counts.migrated
            failed += report.errors
        retired, left = _retire(target, org_id, emit)
        if not left or failed:
            break
    forgotten = forget(target, but=AT_WORK)
    return Rotated(made, moved, retired, left, tuple(failed), forgotten)


def _move(
    target: Target, name: str, org_id: UUID | None, workers: int, emit: Emit
) -> backfill.Report:
    """Move what is under a key that is retiring: of one organization, or of all."""
    kind = backfill.load(name)
    if org_id is None:
        return backfill.run(target, kind, workers=workers, emit=emit)
    return backfill.sweep(target, of_organization(kind, org_id), emit=emit)


def wrong_keks(target: Target, keks: Keks) -> set[str]:
    """The ids of key-encryption keys that open none of the keys that they wrap."""
    with key_session(target, read_only=True) as connection, acting(connection):
        return datakeys.wrong_keks(connection, keks)


def refuse_wrong_keks(target: Target, keks: Keks) -> None:
    """Raise BadKek where another key is configured under the id of one."""
    with key_session(target, read_only=True) as connection, acting(connection):
        datakeys.refuse_wrong_keks(connection, keks)


def rewrap(target: Target, *, workers: int, emit: Emit) -> backfill.Report:
    """Wrap every data key under the current key-encryption key."""
    report = backfill.run(
        target, backfill.load("rewrap-keys"), workers=workers, emit=emit
    )
    if not report.errors:
        with suppress(backfill.RunIsOpen):  # of another one, which forgets in the end
            backfill.forget(target, "rewrap-keys")
    return report


def shred(target: Target, org_id: UUID, *, emit: Emit = ignore) -> int:
    """Destroy all data keys of an organization; gives how many there were.

    Raises what `refuse_living` raises, and Failure when it comes to live meanwhile, or
    a run keeps old keys: then they are destroyed, and the call is to be repeated.
    """
    refuse_living(standing(target, org_id))
    with key_session(target) as connection:

        def destroy() -> int:
            with acting(connection):
                return connection.execute(
                    "update public.org_data_keys set state = 'destroyed',"
                    " wrapped = null where org_id = %s and state <> 'destroyed'",
                    [org_id],
                ).rowcount

        try:
            destroyed = retried(destroy, DEFAULT.lock_timeout, emit)
        except errors.DatabaseError as error:
            if error.diag.constraint_name != "key_is_in_use":
                raise
            raise Failure(
                "a value of the organization came into use meanwhile",
                hint="Look at `telephony keys status` and try again.",
            ) from None
    try:
        # What a rotation at work keeps is sealed under the keys that are gone.
        forget(target, but=MOVES)
    except backfill.RunIsOpen as error:
        raise Failure(
            f"the keys of {org_id} are destroyed, but a run keeps copies of some",
            detail=f"{error.message}.",
            hint="Finish that run, then run the same command again.",
        ) from None
    return destroyed


def forget(target: Target, *, but: tuple[str, ...] = ()) -> int:
    """Let no old value outlive its key in the bookkeeping of the backfills.

    Raises RunIsOpen while a run that keeps some is open; one of the backfills `but` is
    left to whoever is at work on it, who forgets it in the end.
    """
    forgotten = 0
    for name in KEEPERS:
        try:
            forgotten += backfill.forget(target, name)
        except backfill.RunIsOpen:
            if name not in but:
                raise
    return forgotten


def refuse_open_runs(target: Target, *, but: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Raise Failure while a run is open that keeps old values until it is finished.

    Those of the backfills `but` may be at work; gives which of them are.
    """
    at_work = []
    for name in KEEPERS:
        found = backfill.status(target, name)
        if found is None or found.state not in ("running", "paused", "undoing"):
            continue
        if found.state == "running" and name in but:
            at_work.append(name)
            continue
        raise Failure(
            f"the run {found.run} of {name} is {found.state}",
            detail="It keeps old values until it is finished or undone.",
            hint=f"Finish it: trunkline backfill {name}",
        )
    return tuple(at_work)


def refuse_unfit_keks(target: Target, org_id: UUID | None, keks: Keks) -> None:
    """Raise UsageError where a value to be moved cannot be opened with what is at hand.

    Its organization would stay between two keys; for good, where the new one has been
    wrapped by a wrong key.
    """
    with key_session(target, read_only=True) as connection, acting(connection):
        datakeys.refuse_wrong_keks(connection, keks)
        rows = connection.execute(
            "select split_part(k.wrapped, ':', 2), count(*)"
            f" from public.org_data_keys as k join {VALUES} as v"
            " on v.org_id = k.org_id and v.key_version = k.version"
            " where k.state in ('active', 'retiring')"
            " and (%(org)s::uuid is null or k.org_id = %(org)s)"
            " group by 1 order by 1".encode(),
            {"org": org_id},
        ).fetchall()
    for kek, values in rows:
        if kek not in keks.known:
            raise UsageError(
                f"key-encryption key {kek} is not configured, and {values} of the"
                " values to be moved need it",
                hint="Add it behind the current one.",
            )


def _make(target: Target, org_id: UUID | None, keks: Keks, emit: Emit) -> int:
    """Make the new keys, where no rotation is open; gives how many."""
    made = 0
    after: UUID | None = UUID(int=0)
    with key_session(target) as connection:
        while after is not None:
            part = partial(_make_part, connection, org_id, after, keks)
            number, after = retried(part, DEFAULT.lock_timeout, emit)
            made += number
        if org_id is not None and not made:
            made = _first(connection, org_id, keks)
    return made


def _make_part(
    connection: Connection, org_id: UUID | None, after: UUID, keks: Keks
) -> tuple[int, UUID | None]:
    """Make the next new keys; how many, and the last organization, None: no more."""
    with acting(connection):
        # Locked, so that of two rotations at once the second finds one open.
        rows = connection.execute(
            "select k.org_id, k.version from public.org_data_keys as k"
            " where k.state = 'active' and k.org_id > %s"
            " and (%s::uuid is null or k.org_id = %s)"
            " and not exists (select from public.org_data_keys as r"
            " where r.org_id = k.org_id and r.state = 'retiring')"
            " order by k.org_id limit %s for no key update",
            [after, org_id, org_id, TOGETHER],
        ).fetchall()
        if not rows:
            return 0, None
        connection.execute(
            "update public.org_data_keys as k set state = 'retiring'"
            " from unnest(%s::uuid[], %s::int[]) as o (org_id, version)"
            " where k.org_id = o.org_id and k.version = o.version",
            [list(column) for column in zip(*rows, strict=True)],
        )
        # An organization's active key is its latest.
        made = datakeys.insert(
            connection, [(org, version + 1) for org, version in rows], keks
        )
    return made, rows[-1][0]


def _first(connection: Connection, org_id: UUID, keks: Keks) -> int:
    """Make the first key of an organization that has none, if so it is."""
    with acting(connection):
        if datakeys.read(connection, [org_id]):
            return 0
        return datakeys.insert(connection, [(org_id, 1)], keks)


def _retire(target: Target, org_id: UUID | None, emit: Emit) -> tuple[int, int]:
    """Retire the keys that seal nothing any more; how many, and how many are left."""
    with key_session(target) as connection:
        retired = 0
        with acting(connection):
            rows = connection.execute(
                "select k.org_id, k.version from public.org_data_keys as k"
                " where k.state = 'retiring'"
                " and (%(org)s::uuid is null or k.org_id = %(org)s)"
                f" and not exists (select from {VALUES} as v"
                " where v.org_id = k.org_id and v.key_version = k.version)"
                " order by 1, 2".encode(),
                {"org": org_id},
            ).fetchall()
        for start in range(0, len(rows), TOGETHER):
            retired += _retire_part(connection, rows[start : start + TOGETHER], emit)
        with acting(connection):
            ((left,),) = connection.execute(
                "select count(*) from public.org_data_keys where state = 'retiring'"
                " and (%(org)s::uuid is null or org_id = %(org)s)",
                {"org": org_id},
            ).fetchall()
    return retired, left


def _retire_part(
    connection: Connection, keys: list[tuple[UUID, int]], emit: Emit
) -> int:
    """Retire these keys; those that somebody sealed under meanwhile stay."""

    def retire() -> int:
        with acting(connection):
            return connection.execute(
                "update public.org_data_keys as k set state = 'retired'"
                " from unnest(%s::uuid[], %s::int[]) as o (org_id, version)"
                " where k.org_id = o.org_id and k.version = o.version"
                " and k.state = 'retiring'",
                [list(column) for column in zip(*keys, strict=True)],
            ).rowcount

    try:
        return retried(retire, DEFAULT.lock_timeout, emit)
    except errors.DatabaseError as error:
        if error.diag.constraint_name != "key_is_in_use":
            raise
    if len(keys) == 1:
        return 0
    half = len(keys) // 2
    return sum(_retire_part(connection, p, emit) for p in (keys[:half], keys[half:]))
