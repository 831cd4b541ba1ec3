"""What text is read and sorted by: collations, conversions, text search objects."""

from __future__ import annotations

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Change, Create, Kind, Statements, plain_drop
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts, literal


def _create_collation(_: Snapshot, name: str, facts: Facts) -> Statements:
    options = [f"provider = {facts['provider']}"]
    for key in ("locale", "lc_collate", "lc_ctype", "rules"):
        if key in facts:
            options.append(f"{key} = {literal(facts[key])}")
    if facts.get("nondeterministic"):
        options.append("deterministic = false")
    text = f"create collation {name} ({', '.join(options)});"
    if facts["provider"] == "libc" and "encoding" not in facts:
        # Only as a copy can one be for all encodings: of C, or of POSIX.
        text = f'create collation {name} from pg_catalog."{facts["lc_collate"]}";'
    return [text, *finish("collation", name, facts)]


COLLATION = Kind(
    create=_create_collation,
    drop=plain_drop("collation"),
    describe=lambda facts: f"provider {facts['provider']}",
)


def _create_conversion(_: Snapshot, name: str, facts: Facts) -> Statements:
    default = "default " if facts.get("default") else ""
    text = f"create {default}conversion {name} for {literal(facts['source'])}"
    text += f" to {literal(facts['target'])} from {facts['function']};"
    return [text, *finish("conversion", name, facts)]


CONVERSION = Kind(
    create=_create_conversion,
    drop=plain_drop("conversion"),
    describe=lambda facts: f"from {facts['source']} to {facts['target']}",
)


def _create_with(kind: str, *clauses: str) -> Create:
    def create(_: Snapshot, name: str, facts: Facts) -> Statements:
        given = [f"{clause} = {facts[clause]}" for clause in clauses if clause in facts]
        text = f"create {kind} {name} ({', '.join(given)});"
        return [text, *finish(kind, name, facts)]

    return create


TEXT_SEARCH_PARSER = Kind(
    create=_create_with(
        "text search parser", "start", "gettoken", "end", "lextypes", "headline"
    ),
    drop=plain_drop("text search parser"),
    describe=lambda facts: f"over {facts['gettoken']}",
)

TEXT_SEARCH_TEMPLATE = Kind(
    create=_create_with("text search template", "init", "lexize"),
    drop=plain_drop("text search template"),
    describe=lambda facts: f"over {facts['lexize']}",
)


def _create_dictionary(_: Snapshot, name: str, facts: Facts) -> Statements:
    settings = f", {facts['settings_text']}" if "settings_text" in facts else ""
    text = f"create text search dictionary {name}"
    return [
        f"{text} (template = {facts['template']}{settings});",
        *finish("text search dictionary", name, facts),
    ]


TEXT_SEARCH_DICTIONARY = Kind(
    create=_create_dictionary,
    drop=plain_drop("text search dictionary"),
    describe=lambda facts: f"of template {facts['template']}",
    labels={"settings_text": "settings"},
)


def _create_configuration(_: Snapshot, name: str, facts: Facts) -> Statements:
    kind = "text search configuration"
    statements = [f"create {kind} {name} (parser = {facts['parser']});"]
    statements += [
        f"alter {kind} {name} add mapping for {token} with {dictionaries};"
        for token, dictionaries in facts.get("mappings", ())
    ]
    return statements + finish(kind, name, facts)


def _alter_configuration(change: Change) -> Statements | None:
    if change.properties != ["mappings"]:
        return None
    want, have = (
        dict(facts.get("mappings", ())) for facts in (change.expected, change.found)
    )
    target = f"alter text search configuration {change.name}"
    gone = [
        f"{target} drop mapping if exists for {token};"
        for token in have
        if token not in want
    ]
    # `alter mapping` adds one that is not there, and so can be run again.
    return gone + [
        f"{target} alter mapping for {token} with {dictionaries};"
        for token, dictionaries in want.items()
        if have.get(token) != dictionaries
    ]


TEXT_SEARCH_CONFIGURATION = Kind(
    create=_create_configuration,
    drop=plain_drop("text search configuration"),
    alter=_alter_configuration,
    describe=lambda facts: f"of parser {facts['parser']}",
)
