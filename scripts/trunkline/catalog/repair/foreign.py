"""Foreign data wrappers, servers and user mappings; passwords are not known here."""

from __future__ import annotations

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import (
    Change,
    Kind,
    Statements,
    by_property,
    plain_drop,
)
from trunkline.catalog.secrets import NOT_READ
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import (
    Facts,
    change_foreign_options,
    foreign_options,
)


def _options(change: Change) -> Statements:
    return change_foreign_options(
        f"alter {change.kind} {change.name}",
        change.expected.get("foreign_options"),
        change.found.get("foreign_options"),
    )


def _create_wrapper(_: Snapshot, name: str, facts: Facts) -> Statements:
    text = f"create foreign data wrapper {name}"
    for clause in ("handler", "validator"):
        if clause in facts:
            text += f" {clause} {facts[clause]}"
    text += foreign_options(facts.get("foreign_options"))
    return [f"{text};", *finish("foreign data wrapper", name, facts)]


def _hands(change: Change) -> Statements:
    clauses = [
        f"{clause} {change.expected[clause]}"
        if clause in change.expected
        else f"no {clause}"
        for clause in ("handler", "validator")
    ]
    return [f"alter foreign data wrapper {change.name} {' '.join(clauses)};"]


_LABELS = {"foreign_options": "options"}

FOREIGN_DATA_WRAPPER = Kind(
    create=_create_wrapper,
    drop=plain_drop("foreign data wrapper"),
    alter=by_property(
        {"handler": _hands, "validator": _hands, "foreign_options": _options}
    ),
    describe=lambda facts: f"handler {facts.get('handler', 'none')}",
    labels=_LABELS,
)


def _create_server(_: Snapshot, name: str, facts: Facts) -> Statements:
    text = f"create server {name}"
    for clause in ("type", "version"):
        if clause in facts:
            text += f" {clause} {facts[clause]}"
    text += f" foreign data wrapper {facts['wrapper']}"
    text += foreign_options(facts.get("foreign_options"))
    return [f"{text};", *finish("server", name, facts)]


def _version(change: Change) -> Statements:
    version = change.expected.get("version", "null")
    return [f"alter server {change.name} version {version};"]


SERVER = Kind(
    create=_create_server,
    drop=plain_drop("server"),
    alter=by_property({"version": _version, "foreign_options": _options}),
    describe=lambda facts: f"of {facts['wrapper']}",
    labels=_LABELS,
)


def _create_mapping(_: Snapshot, name: str, facts: Facts) -> Statements:
    known = [
        option
        for option in facts.get("foreign_options", ())
        if not option.endswith(f"={NOT_READ}")
    ]
    return [f"create user mapping {name}{foreign_options(known)};"]


def _describe_mapping(facts: Facts) -> str:
    options = facts.get("foreign_options", [])
    return f"options {', '.join(options) or 'none'}"


USER_MAPPING = Kind(
    create=_create_mapping,
    drop=plain_drop("user mapping"),
    alter=by_property({"foreign_options": _options}),
    describe=_describe_mapping,
    labels=_LABELS,
)
