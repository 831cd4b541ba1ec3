"""What `telephony keys` says: how keys stand, plans, results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from trunkline.report.moving import error_lines
from trunkline.report.words import counted

if TYPE_CHECKING:
    from telephony.keyring import Keks
    from telephony.rotation import Rotated
    from telephony.standing import Standing

STATES = ("active", "retiring", "retired", "destroyed")


def standing_lines(
    found: Standing, org_id: UUID | None, configured: Mapping[str, str]
) -> Iterator[str]:
    """How keys and values stand; `configured`: the key-encryption keys at hand."""
    states = ", ".join(f"{found.states.get(s, 0)} {s}" for s in STATES)
    yield (
        f"data keys: {states}; {found.without_key} of "
        f"{counted(found.organizations, 'organization')} without one"
    )
    for kek, keys in sorted(found.wrapped_by.items()):
        how = configured.get(kek, "NOT CONFIGURED here")
        if how == "wrong":
            how = "ANOTHER KEY is configured here under this id"
        yield f"key-encryption key {kek} ({how}): wraps {counted(keys, 'data key')}"
    for kek, how in configured.items():
        if kek not in found.wrapped_by:
            yield f"key-encryption key {kek} ({how}): wraps nothing"
    yield f"values: {found.sealed} sealed, {found.legacy} in the form of before"
    if found.rotating:
        yield (
            f"rotation not finished in {counted(found.rotating, 'organization')}: "
            f"{counted(found.to_move, 'value')} to move "
            f"(`telephony keys rotate {org_id or '--all'}`)"
        )


def rotate_plan(
    found: Standing,
    org_id: UUID | None,
    values: int,
    at_work: Sequence[str],
    keks: Keks,
) -> list[str]:
    """What a rotation would do, of one organization or of all; `at_work`: runs of
    earlier rotations that are open.
    """
    new = found.states.get("active", 0) - found.rotating
    if org_id is not None:
        new += found.without_key
    plan = [
        f"will make {counted(new, 'data key')}, wrapped by {keks.current.id}",
    ]
    if found.rotating:
        plan.append(
            f"will finish the rotation of {counted(found.rotating, 'organization')}"
        )
    of = f" of {org_id}" if org_id else ""
    plan += [
        f"will move {counted(values, 'value')}{of} under the new keys, "
        "then retire the old ones; they still open what backups hold",
        "will forget what the resealing and rotating backfills keep for an undo",
    ]
    if org_id is not None and at_work:
        plan.append(
            f"    but not what {' and '.join(at_work)} keeps, which is not finished: "
            "`telephony keys rotate --all` goes on with it"
        )
    return plan


def rotated_lines(result: Rotated) -> Iterator[str]:
    """What a rotation came to."""
    yield (
        f"{counted(result.made, 'data key')} made, {counted(result.moved, 'value')} "
        f"moved, {result.retired} retired"
    )
    yield from (f"    {line}" for line in error_lines(result.errors, verbose=False))
    if result.left:
        yield (
            f"{counted(result.left, 'data key')} still in use: "
            "run the same command again to go on"
        )


def rewrap_plan(found: Standing, keks: Keks) -> list[str]:
    """What a rewrap would do."""
    here = found.wrapped_by.get(keks.current.id, 0)
    plan = [
        f"will wrap {counted(number, 'data key')} of {kek} anew, by {keks.current.id}"
        for kek, number in sorted(found.wrapped_by.items())
        if kek != keks.current.id
    ]
    return plan or [f"all {counted(here, 'data key')} are wrapped by {keks.current.id}"]


def shred_plan(found: Standing, org_id: UUID) -> list[str]:
    """What shredding destroys, and what it cannot reach."""
    living = sum(found.states.values()) - found.states.get("destroyed", 0)
    keks = ", ".join(sorted(found.wrapped_by)) or "none"
    return [
        f"will destroy {counted(living, 'data key')} of {org_id}",
        f"{counted(found.sealed, 'sealed value')} will open never again, "
        "and the organization gets no new key",
        "will forget what the resealing and rotating backfills keep for an undo",
        "out of reach: backups, WAL archives and replicas' files of before still hold "
        "the wrapped keys",
        f"    whoever has one of them and the key-encryption key ({keks}) opens what "
        "it holds",
        "    so it is final once the last of them has expired, or that key-encryption "
        "key is destroyed everywhere",
    ]
