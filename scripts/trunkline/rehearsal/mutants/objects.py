"""What can be broken of an object that is no routine, kind by kind.

An alteration is as small as it can be and still do harm: it is the one that a check
which looks in passing will not see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from trunkline.catalog.words import Facts
from trunkline.rehearsal.mutants.alteration import Alteration, with_fact, without

_TIMING = re.compile(
    r'^(?P<head>CREATE (?:CONSTRAINT )?TRIGGER (?:"(?:[^"]|"")*"|\S+) )'
    r"(?P<timing>BEFORE|AFTER) "
)
_OTHER_TIMING = {"BEFORE": "AFTER", "AFTER": "BEFORE"}
_ACTION = re.compile(
    r" ON (?:DELETE|UPDATE) (?:CASCADE|RESTRICT|SET (?:NULL|DEFAULT)(?: \([^)]*\))?)"
)
_OTHER_FLAG = {"true": "false", "false": "true"}

Alter = Callable[[Facts], Iterator[Alteration]]


def _table(facts: Facts) -> Iterator[Alteration]:
    for name, words in (
        ("row_security", "row-level security off"),
        ("row_security_forced", "row-level security not forced"),
    ):
        if facts.get(name):
            yield Alteration(words, (name,), without(facts, name))


def _column(facts: Facts) -> Iterator[Alteration]:
    if facts.get("not_null"):
        named = [name for name in facts if name.startswith("not_null")]
        yield Alteration("NOT NULL dropped", ("not_null",), without(facts, *named))
    if "generated" in facts:
        plain = without(facts, "generated", "default")
        yield Alteration("no longer generated", ("generated",), plain)
    else:
        yield from _default(facts)


def _default(facts: Facts) -> Iterator[Alteration]:
    if "default" not in facts:
        return
    yield Alteration("default dropped", ("default",), without(facts, "default"))
    other = _OTHER_FLAG.get(facts["default"])
    if other is not None:
        turned = with_fact(facts, default=other)
        yield Alteration("default turned", ("default",), turned)


def _domain(facts: Facts) -> Iterator[Alteration]:
    yield from _default(facts)
    if facts.get("not_null"):
        nullable = without(facts, "not_null")
        yield Alteration("NOT NULL dropped", ("not_null",), nullable)


def _index(facts: Facts) -> Iterator[Alteration]:
    yield from _dropped(facts)
    definition = facts["definition"]
    if definition.startswith("CREATE UNIQUE "):
        plain = definition.replace("CREATE UNIQUE ", "CREATE ", 1)
        altered = with_fact(facts, definition=plain)
        yield Alteration("not unique", ("definition",), altered)
    yield from _predicate(facts)


def _predicate(facts: Facts) -> Iterator[Alteration]:
    """A predicate removed; of a unique index, which the rows might then refuse, made
    one that no row satisfies."""
    import postgast  # slow to import

    tree = postgast.parse(facts["definition"])
    index = tree.stmts[0].stmt.index_stmt
    if not index.HasField("where_clause"):
        return
    if index.unique:
        what = "predicate that no row satisfies"
        never = postgast.parse("select where false").stmts[0].stmt.select_stmt
        index.where_clause.CopyFrom(never.where_clause)
    else:
        what = "predicate removed"
        index.ClearField("where_clause")
    altered = with_fact(facts, definition=postgast.deparse(tree))
    yield Alteration(what, ("definition",), altered)


def _constraint(facts: Facts) -> Iterator[Alteration]:
    yield from _dropped(facts)
    definition = facts["definition"]
    if facts["type"] == "check":
        always = with_fact(facts, definition="CHECK (true)")
        yield Alteration("check that is always true", ("definition",), always)
    if facts["type"] == "foreign key" and _ACTION.search(definition):
        inert = with_fact(facts, definition=_ACTION.sub("", definition))
        yield Alteration("referential action removed", ("definition",), inert)


def _trigger(facts: Facts) -> Iterator[Alteration]:
    yield from _dropped(facts)
    if facts.get("firing") != "disabled":
        off = with_fact(facts, firing="disabled")
        yield Alteration("disabled", ("definition",), off)
    if facts.get("firing") == "always":
        usual = without(facts, "firing")
        yield Alteration("no longer enabled always", ("firing",), usual)
    definition = facts["definition"]
    if " INITIALLY DEFERRED " in definition:
        at_once = definition.replace(" INITIALLY DEFERRED ", " ", 1)
        altered = with_fact(facts, definition=at_once)
        yield Alteration("not deferred", ("definition",), altered)
    elif timing := _TIMING.match(definition):
        other = _OTHER_TIMING[timing["timing"]]
        text = f"{timing['head']}{other} {definition[timing.end() :]}"
        altered = with_fact(facts, definition=text)
        yield Alteration(f"fires {other.lower()}", ("definition",), altered)


def _policy(facts: Facts) -> Iterator[Alteration]:
    yield from _dropped(facts)
    for name, words in (
        ("using", "lets all rows be seen"),
        ("with_check", "lets all rows be written"),
    ):
        if facts.get(name, "true") != "true":
            altered = with_fact(facts, **{name: "true"})
            yield Alteration(words, (name,), altered)
    if facts["roles"] != ["public"]:
        for_all = with_fact(facts, roles=["public"])
        yield Alteration("for every role", ("roles",), for_all)
    if facts.get("restrictive"):
        permissive = without(facts, "restrictive")
        yield Alteration("permissive", ("restrictive",), permissive)


def _view(facts: Facts) -> Iterator[Alteration]:
    for option in facts.get("options", ()):
        name, _, setting = option.partition("=")
        if name in ("security_invoker", "security_barrier") and setting == "true":
            left = [other for other in facts["options"] if other != option]
            altered = (
                with_fact(facts, options=left) if left else without(facts, "options")
            )
            yield Alteration(f"{name} off", ("options",), altered)


def _dropped(facts: Facts) -> Iterator[Alteration]:
    if not facts.get("inherited") and "derived_from" not in facts:
        touches = ("definition",) if "definition" in facts else ()
        yield Alteration("dropped", touches, None)


def _event_trigger(facts: Facts) -> Iterator[Alteration]:
    yield from _dropped(facts)
    if facts.get("firing") != "disabled":
        yield Alteration("disabled", (), with_fact(facts, firing="disabled"))


ALTERATIONS: Mapping[str, Alter] = {
    "table": _table,
    "column": _column,
    "domain": _domain,
    "index": _index,
    "constraint": _constraint,
    "statistics": _dropped,
    "rule": _dropped,
    "trigger": _trigger,
    "policy": _policy,
    "view": _view,
    "publication": _dropped,
    "event trigger": _event_trigger,
}
"""By the kind of object, what can be done to one of it."""
