"""What can be broken of a function or procedure: its body, and the rights it runs with.

A body is made to return at once. That is done for PL/pgSQL and for SQL; what is written
in another language keeps its body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.catalog.words import Facts
from trunkline.rehearsal.mutants.alteration import Alteration, with_fact, without

_BODY = re.compile(
    r"^AS (?P<tag>\$[^$]*\$)(?P<text>.*)(?P=tag)\s*$", re.MULTILINE | re.DOTALL
)
_BEGIN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"""
    r"|\b(?P<begin>begin)\b",
    re.IGNORECASE | re.DOTALL,
)
_LANGUAGE = re.compile(r"^ LANGUAGE \S+\n", re.MULTILINE)
_DEFINER = re.compile(r" SECURITY DEFINER\b")
_SEARCH_PATH = re.compile(r"^ SET search_path TO .*\n", re.MULTILINE)
_RESULTLESS = re.compile(r"void$|event_trigger$|SETOF |TABLE\(")


def routine(facts: Facts) -> Iterator[Alteration]:
    """What can be done to a function or procedure."""
    definition = facts["definition"]
    early = _returning_early(facts)
    if early is not None:
        yield _defined("returns early", facts, early)
    head, body = _split(definition)
    if facts.get("security_definer"):
        altered = without(facts, "security_definer")
        text = _DEFINER.sub("", head, count=1) + body
        yield _defined("not security definer", altered, text)
    else:
        language = _LANGUAGE.search(head)
        if language is not None:
            altered = with_fact(facts, security_definer=True)
            text = (
                f"{head[: language.end()]} SECURITY DEFINER\n{head[language.end() :]}"
            )
            yield _defined("security definer", altered, text + body)
    settings = facts.get("settings", [])
    others = [item for item in settings if not item.startswith("search_path=")]
    if len(others) < len(settings):
        altered = (
            with_fact(facts, settings=others) if others else without(facts, "settings")
        )
        text = _SEARCH_PATH.sub("", head, count=1) + body
        yield _defined("search_path not set", altered, text)


def _defined(what: str, facts: Facts, definition: str) -> Alteration:
    altered = with_fact(facts, definition=definition)
    return Alteration(what, ("definition",), altered)


def _split(definition: str) -> tuple[str, str]:
    """A definition before and from its body, in which nothing is looked for."""
    body = re.search(r"^(AS |BEGIN ATOMIC|RETURN )", definition, re.MULTILINE)
    return (
        (definition[: body.start()], definition[body.start() :])
        if body
        else (definition, "")
    )


def _returning_early(facts: Facts) -> str | None:
    definition: str = facts["definition"]
    body = _BODY.search(definition)
    if body is None:
        head, returned = _split(definition)
        if not returned.startswith("RETURN "):
            return None
        return f"{head}RETURN NULL::{facts['result']}\n"
    if facts["language"] == "plpgsql":
        text = _plpgsql(body["text"], facts)
    elif facts["language"] == "sql":
        text = _sql(body["text"], facts)
    else:
        text = None
    if text is None:
        return None
    return f"{definition[: body.start('text')]}{text}{definition[body.end('text') :]}"


def _plpgsql(text: str, facts: Facts) -> str | None:
    begin = next((m for m in _BEGIN.finditer(text) if m["begin"]), None)
    if begin is None:
        return None
    result, arguments = facts.get("result", "void"), facts.get("arguments", "")
    if result == "trigger":
        statement = "return coalesce(new, old);"
    elif _RESULTLESS.match(result) or re.search(r"\b(IN)?OUT ", arguments):
        statement = "return;"
    else:
        statement = "return null;"
    return f"{text[: begin.end()]}\n    {statement}{text[begin.end() :]}"


def _sql(text: str, facts: Facts) -> str | None:
    """A query that finds nothing; what is no single query is left alone."""
    from trunkline.statements import DoesNotParse, split

    if facts.get("result", "void") == "void":
        return "select null"
    try:
        statements = split(text)
    except DoesNotParse:
        return None
    if len(statements) != 1 or not statements[0].is_query:
        return None
    return f"select early.* from (\n{statements[0].text}\n) as early where false"
