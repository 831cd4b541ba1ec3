"""Functions, procedures and aggregates."""

from __future__ import annotations

import re

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Change, Create, Kind, Statements, plain_drop
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts

_BODY = re.compile(r"^(AS |BEGIN ATOMIC|RETURN )", re.MULTILINE)


def body(facts: Facts) -> str:
    """Return a routine's definition from its body on."""
    text: str = facts["definition"]
    start = _BODY.search(text)
    return text[start.start() :] if start else text


def _create(kind: str) -> Create:
    def create(_: Snapshot, name: str, facts: Facts) -> Statements:
        return [f"{facts['definition'].strip()};", *finish(kind, name, facts)]

    return create


def _alter(change: Change) -> Statements | None:
    want, have = change.expected, change.found
    if not _replaceable(want, have):
        return None
    return [f"{want['definition'].strip()};"]


def _replaceable(want: Facts, have: Facts) -> bool:
    """Say whether `create or replace` takes the new one for the old one's place."""
    if want.get("result") != have.get("result"):
        return False
    if want.get("window") != have.get("window"):
        return False
    wanted, had = want.get("arguments", ""), have.get("arguments", "")
    return wanted == had or (
        _without_defaults(wanted) == _without_defaults(had) and " DEFAULT " not in had
    )


def _without_defaults(arguments: str) -> str:
    """Cut default expressions off an argument list, as far as text can tell."""
    return re.sub(r" DEFAULT [^,]*", "", arguments)


def _describe(facts: Facts) -> str:
    result = f"returns {facts['result']} " if "result" in facts else ""
    return f"{result}language {facts['language']}"


def _kind(noun: str) -> Kind:
    return Kind(
        create=_create(noun),
        drop=plain_drop(noun),
        alter=_alter,
        describe=_describe,
        labels={
            "security_definer": "security definer",
            "definition": "body",
            "result": "result type",
        },
        told={"definition": body},
    )


FUNCTION = _kind("function")
PROCEDURE = _kind("procedure")


_MODES = {"r": "read_only", "s": "shareable", "w": "read_write"}


def _create_aggregate(_: Snapshot, name: str, facts: Facts) -> Statements:
    options = []
    for option in (
        "sfunc",
        "stype",
        "sspace",
        "finalfunc",
        "finalfunc_extra",
        "finalfunc_modify",
        "combinefunc",
        "serialfunc",
        "deserialfunc",
        "initcond",
        "msfunc",
        "minvfunc",
        "mstype",
        "msspace",
        "mfinalfunc",
        "mfinalfunc_extra",
        "mfinalfunc_modify",
        "minitcond",
        "sortop",
        "parallel",
        "hypothetical",
    ):
        value = facts.get(option)
        if value is True:
            options.append(option)
        elif value is not None:
            if option.endswith("_modify"):
                value = _MODES[value]
            options.append(f"{option} = {value}")
    head = f"create aggregate {facts['bare_name']}({facts['arguments']})"
    text = f"{head} (\n    " + ",\n    ".join(options) + "\n);"
    return [text, *finish("aggregate", name, facts)]


AGGREGATE = Kind(
    create=_create_aggregate,
    drop=plain_drop("aggregate"),
    describe=lambda facts: f"over {facts['sfunc']}",
)
