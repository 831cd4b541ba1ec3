"""What is attached to a relation: triggers, rules, policies; extended statistics."""

from __future__ import annotations

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Change, Create, Kind, Statements, plain_drop
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts

FIRING = {
    None: "enable",
    "disabled": "disable",
    "replica": "enable replica",
    "always": "enable always",
}


def fire(kind: str, facts: Facts) -> str:
    """Return the statement that sets when a trigger or rule fires."""
    word = FIRING[facts.get("firing")]
    return f"alter table {facts['on']} {word} {kind} {facts['called']};"


def _create_defined(kind: str) -> Create:
    def create(catalog: Snapshot, name: str, facts: Facts) -> Statements:
        statements = [facts["definition"].rstrip(";") + ";"]
        if "firing" in facts:
            statements.append(fire(kind, facts))
        for _, below in catalog.having(kind, "derived_from", name):
            if "firing" in below:
                statements.append(fire(kind, below))
        return statements + finish(kind, name, facts)

    return create


def _alter_firing(change: Change) -> Statements | None:
    if change.properties != ["firing"]:
        return None
    return [fire(change.kind, change.expected)]


_LABELS = {
    "firing": "firing",
    "derived_from": "the trigger of the parent table behind it",
}

TRIGGER = Kind(
    create=_create_defined("trigger"),
    drop=plain_drop("trigger"),
    alter=_alter_firing,
    labels=_LABELS,
)

RULE = Kind(
    create=_create_defined("rule"),
    drop=plain_drop("rule"),
    alter=_alter_firing,
    labels=_LABELS,
)


def _create_policy(_: Snapshot, name: str, facts: Facts) -> Statements:
    clauses = [f"create policy {name}"]
    if facts.get("restrictive"):
        clauses.append("as restrictive")
    if "command" in facts:
        clauses.append(f"for {facts['command']}")
    clauses.append(_policy_terms(facts))
    return [" ".join(clauses) + ";", *finish("policy", name, facts)]


def _policy_terms(facts: Facts) -> str:
    terms = [f"to {', '.join(facts['roles'])}"]
    if "using" in facts:
        terms.append(f"using ({facts['using']})")
    if "with_check" in facts:
        terms.append(f"with check ({facts['with_check']})")
    return " ".join(terms)


def _alter_policy(change: Change) -> Statements | None:
    kept = {"roles", "using", "with_check"}
    gone = any(fact in change.found and fact not in change.expected for fact in kept)
    if gone or not kept.issuperset(change.properties):
        return None
    return [f"alter policy {change.name} {_policy_terms(change.expected)};"]


POLICY = Kind(
    create=_create_policy,
    drop=plain_drop("policy"),
    alter=_alter_policy,
    describe=lambda facts: f"for {facts.get('command', 'all')} {_policy_terms(facts)}",
    labels={"with_check": "with check"},
)


def _create_statistics(_: Snapshot, name: str, facts: Facts) -> Statements:
    statements = [facts["definition"] + ";"]
    if "target" in facts:
        statements.append(f"alter statistics {name} set statistics {facts['target']};")
    return statements + finish("statistics", name, facts)


def _alter_statistics(change: Change) -> Statements | None:
    if change.properties != ["target"]:
        return None
    target = change.expected.get("target", -1)
    return [f"alter statistics {change.name} set statistics {target};"]


STATISTICS = Kind(
    create=_create_statistics,
    drop=plain_drop("statistics"),
    alter=_alter_statistics,
    labels={"target": "statistics target"},
)
