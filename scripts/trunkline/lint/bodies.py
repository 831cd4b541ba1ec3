"""The bodies of functions and `do` blocks: SQL that the parser of a file cannot see.

To the parser a body is a string. Here it is taken out, with its line, and parsed in its
own language. Names are not looked up: only a server can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.header import Fault
from trunkline.statements import DoesNotParse, Statement, split

#: Errors of syntax. libpg_query knows no type of the database, so what it says about
#: types (`has pseudo-type`, `record variable cannot be part of …`) means nothing.
_SYNTAX = re.compile(
    r"^(syntax error|missing |mismatched |unterminated |unexpected |end label )"
    r"|is not a known variable$"
)
_NEAR = re.compile(r"near line (\d+)")


@dataclass(frozen=True)
class Body:
    """A body: its text between the quotes, and the line that the text begins on."""

    language: str
    text: str
    line: int
    statement: Statement


def bodies(statements: tuple[Statement, ...]) -> Iterator[Body]:
    """The bodies in the statements of a file, in order; `begin atomic` has none."""
    import postgast

    for statement in statements:
        if statement.kind not in ("create_function_stmt", "do_stmt"):
            continue
        node = postgast.parse(statement.text).stmts[0].stmt
        if statement.kind == "do_stmt":
            options, language = node.do_stmt.args, "plpgsql"
        else:
            options, language = node.create_function_stmt.options, ""
        text, place = None, 0
        for option in (item.def_elem for item in options):
            if option.defname == "language":
                language = option.arg.string.sval.lower()
            elif option.defname == "as":
                items = option.arg.list.items
                text = items[0].string.sval if items else option.arg.string.sval
                place = option.location
        if text is not None:
            raw = statement.text.encode()
            start = max(raw.find(text.encode(), place), 0)
            line = statement.line + raw.count(b"\n", 0, start)
            yield Body(language, text, line, statement)


def fault(body: Body) -> Fault | None:
    """The syntax error of a body in SQL or plpgsql, at its line or near it."""
    if body.language == "sql":
        try:
            split(body.text)
        except DoesNotParse as error:
            return _fault(body.line + error.line - 1, error.message)
    elif body.language == "plpgsql":
        return _plpgsql_fault(body)
    return None


def _plpgsql_fault(body: Body) -> Fault | None:
    import postgast

    try:
        postgast.parse_plpgsql(body.statement.text)
    except postgast.PgQueryError as error:
        if not _SYNTAX.search(error.message):
            return None
        near = _NEAR.search(error.context or "")
        return _fault(body.line + (int(near[1]) if near else 1) - 1, error.message)
    except json.JSONDecodeError:
        return None  # it parsed; libpg_query writes the tree of a trigger as bad JSON
    return None


def _fault(line: int, message: str) -> Fault:
    return Fault(
        "body-does-not-parse", line, f"in a body: {message}", "Correct the body."
    )
