"""Publications and subscriptions."""

from __future__ import annotations

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Change, Kind, Statements, plain_drop
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts, literal


def _members(facts: Facts) -> str:
    members = []
    if "tables" in facts:
        members.append(f"table {', '.join(facts['tables'])}")
    if "schemas" in facts:
        members.append(f"tables in schema {', '.join(facts['schemas'])}")
    return ", ".join(members)


def _publishing(facts: Facts) -> str:
    root = "true" if facts.get("publish_via_partition_root") else "false"
    text = f"publish = {literal(facts.get('publish', ''))}"
    text += f", publish_via_partition_root = {root}"
    if "publish_generated_columns" in facts:
        text += f", publish_generated_columns = {facts['publish_generated_columns']}"
    return text


def _create_publication(_: Snapshot, name: str, facts: Facts) -> Statements:
    members = "all tables" if facts.get("all_tables") else _members(facts)
    text = f"create publication {name}{' for ' * bool(members)}{members}"
    return [
        f"{text} with ({_publishing(facts)});",
        *finish("publication", name, facts),
    ]


def _alter_publication(change: Change) -> Statements | None:
    want, have, differing = change.expected, change.found, set(change.properties)
    if "all_tables" in differing:
        return None
    target = f"alter publication {change.name}"
    statements = []
    if differing & {"tables", "schemas"}:
        if _members(want):
            statements.append(f"{target} set {_members(want)};")
        else:
            bare = [table.split(" (")[0].split(" where")[0] for table in have["tables"]]
            members = _members({**have, "tables": bare} if bare else have)
            statements.append(f"{target} drop {members};")
    options = {"publish", "publish_via_partition_root", "publish_generated_columns"}
    if differing & options:
        text = _publishing(want)
        if (
            "publish_generated_columns" not in want
            and "publish_generated_columns" in have
        ):
            text += ", publish_generated_columns = none"
        statements.append(f"{target} set ({text});")
    return statements


def _describe(facts: Facts) -> str:
    if facts.get("all_tables"):
        return "for all tables"
    return f"for {_members(facts) or 'nothing'}"


PUBLICATION = Kind(
    create=_create_publication,
    drop=plain_drop("publication"),
    alter=_alter_publication,
    describe=_describe,
)

_SWITCHES = {
    "binary": False,
    "two_phase": False,
    "disable_on_error": False,
    "run_as_owner": False,
    "failover": False,
}


def _options(facts: Facts, names: set[str]) -> str:
    options = [
        f"{name} = {'true' if facts.get(name) else 'false'}"
        for name in _SWITCHES
        if name in names
    ]
    if "streaming" in names:
        options.append(f"streaming = {facts['streaming']}")
    if "synchronous_commit" in names:
        commit = facts.get("synchronous_commit", "off")
        options.append(f"synchronous_commit = {literal(commit)}")
    if "origin" in names:
        options.append(f"origin = {literal(facts.get('origin', 'any'))}")
    if "password_not_required" in names:
        needed = "false" if facts.get("password_not_required") else "true"
        options.append(f"password_required = {needed}")
    if "slot" in names:
        options.append(f"slot_name = {facts.get('slot', 'none')}")
    return ", ".join(options)


def _create_subscription(_: Snapshot, name: str, facts: Facts) -> Statements:
    options = ", ".join(
        filter(None, ["connect = false", _options(facts, {"slot", *facts})])
    )
    text = (
        f"create subscription {name} connection {literal(facts.get('connection', ''))}"
    )
    text += f" publication {', '.join(facts['publications'])} with ({options});"
    statements = [text]
    if facts.get("enabled"):
        statements.append(f"alter subscription {name} enable;")
    return statements + finish("subscription", name, facts)


def _alter_subscription(change: Change) -> Statements | None:
    want, differing = change.expected, set(change.properties)
    target = f"alter subscription {change.name}"
    statements = []
    if "two_phase" in differing:
        return None
    if "connection" in differing and "connection" in want:
        statements.append(f"{target} connection {literal(want['connection'])};")
    if "publications" in differing:
        publications = ", ".join(want["publications"])
        statements.append(f"{target} set publication {publications}")
        statements[-1] += " with (refresh = false);"
    options = _options(want, differing)
    if options:
        statements.append(f"{target} set ({options});")
    if "enabled" in differing:
        statements.append(f"{target} {'enable' if want.get('enabled') else 'disable'};")
    return statements


SUBSCRIPTION = Kind(
    create=_create_subscription,
    drop=plain_drop("subscription"),
    alter=_alter_subscription,
    describe=lambda facts: f"to {', '.join(facts['publications'])}",
    replaceable=False,
)
