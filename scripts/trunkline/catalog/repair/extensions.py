"""Extensions, languages, access methods and event triggers."""

from __future__ import annotations

from trunkline.catalog.repair.aspects import comment_on, finish
from trunkline.catalog.repair.attached import FIRING
from trunkline.catalog.repair.kind import Change, Kind, Statements, plain_drop
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts, literal


def _create_extension(_: Snapshot, name: str, facts: Facts) -> Statements:
    version = literal(facts["version"])
    return [
        f"create extension {name} schema {facts['schema']} version {version};",
        comment_on("extension", name, facts),
    ]


def _alter_extension(change: Change) -> Statements:
    statements = []
    if "schema" in change.properties:
        schema = change.expected["schema"]
        statements.append(f"alter extension {change.name} set schema {schema};")
    if "version" in change.properties:
        version = literal(change.expected["version"])
        statements.append(f"alter extension {change.name} update to {version};")
    return statements


EXTENSION = Kind(
    create=_create_extension,
    drop=plain_drop("extension"),
    alter=_alter_extension,
    describe=lambda facts: f"version {facts['version']} in schema {facts['schema']}",
    replaceable=False,
)


def _language(name: str, facts: Facts) -> str:
    trusted = "trusted " if facts.get("trusted") else ""
    text = f"create or replace {trusted}language {name} handler {facts['handler']}"
    for clause in ("inline", "validator"):
        if clause in facts:
            text += f" {clause} {facts[clause]}"
    return text + ";"


def _alter_language(change: Change) -> Statements | None:
    return [_language(change.name, change.expected)]


LANGUAGE = Kind(
    create=lambda _, name, facts: [
        _language(name, facts),
        *finish("language", name, facts),
    ],
    drop=plain_drop("language"),
    alter=_alter_language,
    describe=lambda facts: f"handler {facts['handler']}",
)


def _create_access_method(_: Snapshot, name: str, facts: Facts) -> Statements:
    text = f"create access method {name} type {facts['type']}"
    return [
        f"{text} handler {facts['handler']};",
        *finish("access method", name, facts),
    ]


ACCESS_METHOD = Kind(
    create=_create_access_method,
    drop=plain_drop("access method"),
    describe=lambda facts: f"handler {facts['handler']}",
)


def _create_event_trigger(_: Snapshot, name: str, facts: Facts) -> Statements:
    text = f"create event trigger {name} on {facts['event']}"
    if "tags" in facts:
        text += f" when tag in ({', '.join(map(literal, facts['tags']))})"
    statements = [f"{text} execute function {facts['function']}();"]
    if "firing" in facts:
        statements.append(_fire(name, facts))
    return statements + finish("event trigger", name, facts)


def _fire(name: str, facts: Facts) -> str:
    return f"alter event trigger {name} {FIRING[facts.get('firing')]};"


def _alter_event_trigger(change: Change) -> Statements | None:
    if change.properties != ["firing"]:
        return None
    return [_fire(change.name, change.expected)]


EVENT_TRIGGER = Kind(
    create=_create_event_trigger,
    drop=plain_drop("event trigger"),
    alter=_alter_event_trigger,
    describe=lambda facts: f"on {facts['event']}, running {facts['function']}",
)
