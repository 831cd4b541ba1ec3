"""Compare what objects of every kind may have: owners, comments, labels, grants."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.catalog.repair.aspects import comment_on, depend, label, owner_to
from trunkline.catalog.repair.grants import (
    DEFAULT_PRIVILEGE,
    PRIVILEGE,
    compare_grants,
)
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.step import Step
from trunkline.catalog.words import Facts, change_in_words, literal, shown


def aspects(kind: str, name: str, want: Facts, have: Facts) -> Iterator[Step]:
    """Yield the differences of two objects in what is not of their kind alone."""
    title, key = f"{kind} {name}", (kind, name)
    if want.get("owner") != have.get("owner") and "owned_by" not in want:
        detail = change_in_words("owner", want["owner"], have["owner"])
        repair = owner_to(kind, name, want)
        yield Step("differs", "owner", title, detail, [repair], key)
    yield from _text(
        Step("differs", "comment", title, "", [comment_on(kind, name, want)], key),
        want.get("comment"),
        have.get("comment"),
    )
    labels, others = want.get("security_labels", {}), have.get("security_labels", {})
    for provider in sorted({*labels, *others}):
        repair = label(kind, name, want, provider)
        yield from _text(
            Step("differs", "security label", title, "", [repair], key),
            labels.get(provider),
            others.get(provider),
        )
    needs, needed = want.get("needs_extensions", []), have.get("needs_extensions", [])
    for extension in sorted({*needs} ^ {*needed}):
        yield Step(
            "missing" if extension in needs else "unexpected",
            "dependency",
            f"{title} on extension {extension}",
            "expected none" if extension in needed else "found none",
            [depend(kind, name, want, extension)],
            key,
        )
    yield from _grants(kind, name, want, have)


def _text(step: Step, want: str | None, have: str | None) -> Iterator[Step]:
    """Yield the step for a text of an object, if the text is not the expected one."""
    if want == have:
        return
    if have is None:
        step.sort, step.detail = "missing", f"expected {shown(literal(want or ''))}"
    elif want is None:
        step.sort, step.detail = "unexpected", f"found {shown(literal(have))}"
    else:
        step.detail = change_in_words(step.object, want, have)
    yield step


def granted_by_default(expected: Snapshot, found: Snapshot) -> Iterator[Step]:
    """Yield differences in default privileges and in access to what is the system's."""
    for kind in (PRIVILEGE, DEFAULT_PRIVILEGE):
        want, have = expected.of(kind), found.of(kind)
        for name in dict.fromkeys((*want, *have)):
            schema = have.get(name, {}).get("scope", "").partition(" in schema ")[2]
            if schema and not expected.has(("schema", schema)):
                continue  # they go with it
            yield from _grants(kind, name, want.get(name, {}), have.get(name, {}))


def _grants(kind: str, name: str, want: Facts, have: Facts) -> Iterator[Step]:
    for grant in compare_grants(kind, name, want, have):
        repair = [grant.repair]
        step = Step(grant.sort, "grant", grant.name, grant.detail, repair, (kind, name))
        step.depth = grant.depth
        yield step
