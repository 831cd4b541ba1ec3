"""A verification file into its checks.

A check is a line `-- check: sentence` (or `-- check after: sentence`) and the one query
below it. Nothing here runs a query: `checks` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline import header
from trunkline.header import Directive, Fault
from trunkline.statements import DoesNotParse, Statement, split


@dataclass(frozen=True)
class Check:
    """One named query; every row that it returns (subject, detail) is a violation.

    `after`: it may read many rows, so it runs after commit. `line` is that of the
    query in `source` (relative to the project).
    """

    sentence: str
    after: bool
    query: str
    source: str
    line: int


def checks(text: str, source: str) -> tuple[tuple[Check, ...], tuple[Fault, ...]]:
    """The checks in the text of the file `source`, and what is wrong with it."""
    try:
        statements = split(text)
    except DoesNotParse as error:
        return (), (Fault("sql-does-not-parse", error.line, error.message, ""),)
    directives, _ = header.read(text, "invariant")
    named = [
        directive
        for directive in directives
        if directive.name.startswith("check")
        and not any(s.line < directive.line <= s.last_line for s in statements)
    ]
    found: list[Check] = []
    faults: list[Fault] = []
    first = named[0].line if named else None
    for statement in statements:
        if first is None or statement.line < first:
            faults.append(
                Fault(
                    "check-unnamed",
                    statement.line,
                    "the query has no `-- check:` line above it",
                    "Write `-- check: ` and a sentence that is true when all is well.",
                )
            )
    for directive, following in zip(named, [*named[1:], None], strict=False):
        end = following.line if following else len(text) + 1
        own = [s for s in statements if directive.line < s.line < end]
        fault = _fault(directive, own)
        if fault is not None:
            faults.append(fault)
            continue
        found.append(
            Check(
                sentence=directive.value,
                after=directive.name == "check after",
                query=own[0].text,
                source=source,
                line=own[0].line,
            )
        )
    return tuple(found), tuple(faults)


def _fault(directive: Directive, queries: list[Statement]) -> Fault | None:
    if not directive.value:
        return Fault(
            "check-unnamed",
            directive.line,
            "the check has no sentence",
            "Write a sentence that is true when all is well.",
        )
    if len(queries) != 1:
        return Fault(
            "check-queries",
            directive.line,
            f"the check has {len(queries)} queries, and needs one",
            "Give each query its own `-- check:` line.",
        )
    if not queries[0].is_query:
        return Fault(
            "check-writes",
            queries[0].line,
            "a check must be a query that returns subject, detail",
            "Write one `select` or `with … select`.",
        )
    return None
