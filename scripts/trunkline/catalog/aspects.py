"""Compare what objects of every kind may have: owners, comments, labels, grants."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.catalog.needs import Key
from trunkline.catalog.repair.aspects import (
    comment_on,
    comment_on_other,
    depend,
    label,
    owner_to,
)
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
    yield from _comment(title, comment_on(kind, name, want), key, want, have)
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


def _comment(
    title: str, repair: str, key: Key, want: Facts, have: Facts
) -> Iterator[Step]:
    step = Step("differs", "comment", title, "", [repair], key)
    yield from _text(step, want.get("comment"), have.get("comment"))


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


def beside_objects(expected: Snapshot, found: Snapshot) -> Iterator[Step]:
    """Yield differences in default privileges, and in access to and the comments on
    what is the system's or comes with another object."""
    for kind in (PRIVILEGE, DEFAULT_PRIVILEGE):
        wanted, had = expected.of(kind), found.of(kind)
        for name in dict.fromkeys((*wanted, *had)):
            want, have = wanted.get(name, {}), had.get(name, {})
            if not _stays(have, expected):
                continue  # they go with it
            if want.get("comment") != have.get("comment"):
                repair = comment_on_other(name, want)
                yield from _comment(name, repair, (kind, name), want, have)
            yield from _grants(kind, name, want, have)


def _stays(facts: Facts, expected: Snapshot) -> bool:
    """Whether what the facts are about, or are in, is expected."""
    schema = facts.get("scope", "").partition(" in schema ")[2]
    if schema and not expected.has(("schema", schema)):
        return False
    master = facts.get("of")
    return (
        master is None
        or expected.relation(master) is not None
        or expected.has(("domain", master))
    )


def _grants(kind: str, name: str, want: Facts, have: Facts) -> Iterator[Step]:
    for grant in compare_grants(kind, name, want, have):
        repair = [grant.repair]
        step = Step(grant.sort, "grant", grant.name, grant.detail, repair, (kind, name))
        step.depth = grant.depth
        yield step
