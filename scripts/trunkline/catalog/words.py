"""SQL text and human words for facts; nothing here knows a kind of object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Facts = Mapping[str, Any]

_SHOWN = 160


def literal(text: str) -> str:
    """Return text as an SQL string literal, whatever standard_conforming_strings is."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def parts_of(name: str) -> tuple[str, str]:
    """Split a qualified name into its schema and the rest, each as SQL quotes it."""
    at = name.rfind('."') if name.endswith('"') else name.rfind(".")
    return name[: max(at, 0)], name[at + 1 :]


def aside(name: str) -> tuple[str, str]:
    """Return a name for what is put aside: bare as `rename to` takes it, and whole."""
    schema, last = parts_of(name)
    bare = last.removesuffix('"') + ("_replaced" + '"' * last.endswith('"'))
    return bare, f"{schema}.{bare}" if schema else bare


def here(statement: str) -> str:
    """Return a statement that names the database `%I` so that it runs on any."""
    call = f"execute format({literal(statement.rstrip(';'))}, current_database());"
    return f"do {literal(f'begin {call} end')};"


def setting_pairs(options: Iterable[str] | None) -> dict[str, str]:
    """Split the catalog's `name=value` items."""
    return dict(item.split("=", 1) for item in options or ())


def with_options(options: Iterable[str] | None) -> str:
    """Return ` with (name = 'value', ...)`, or nothing for no options."""
    pairs = setting_pairs(options)
    return f" with ({_assignments(pairs)})" if pairs else ""


def reset_options(
    target: str, expected: Iterable[str] | None, found: Iterable[str] | None
) -> list[str]:
    """Return `TARGET set (...)` and `TARGET reset (...)` from found to expected."""
    want, have = setting_pairs(expected), setting_pairs(found)
    gone = [name for name in have if name not in want]
    new = {name: value for name, value in want.items() if have.get(name) != value}
    statements = []
    if gone:
        statements.append(f"{target} reset ({', '.join(gone)});")
    if new:
        statements.append(f"{target} set ({_assignments(new)});")
    return statements


def _assignments(pairs: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {literal(value)}" for name, value in pairs.items())


def foreign_options(options: Iterable[str] | None) -> str:
    """Return ` options (name 'value', ...)` of a foreign object, or nothing."""
    pairs = setting_pairs(options)
    listed = ", ".join(f'"{name}" {literal(value)}' for name, value in pairs.items())
    return f" options ({listed})" if pairs else ""


def change_foreign_options(
    target: str, expected: Iterable[str] | None, found: Iterable[str] | None
) -> list[str]:
    """Return `TARGET options (add ..., set ..., drop ...)` from found to expected."""
    want, have = setting_pairs(expected), setting_pairs(found)
    steps = [f'drop "{name}"' for name in have if name not in want]
    for name, value in want.items():
        if name not in have:
            steps.append(f'add "{name}" {literal(value)}')
        elif have[name] != value:
            steps.append(f'set "{name}" {literal(value)}')
    return [f"{target} options ({', '.join(steps)});"] if steps else []


def change_in_words(label: str, expected: Any, found: Any) -> str:
    """Say in one clause how a fact was found and how it was expected."""
    if isinstance(expected, bool) or isinstance(found, bool):
        on, off = ("on", "off")
        return f"{label} is {on if found else off} instead of {on if expected else off}"
    if isinstance(expected, str) and isinstance(found, str):
        before, after = expected.splitlines(), found.splitlines()
        if max(len(before), len(after)) > 1:
            return _first_line_that_differs(label, before, after)
    return f"{label} is {shown(found)} instead of {shown(expected)}"


def _first_line_that_differs(label: str, want: list[str], have: list[str]) -> str:
    for number, (one, other) in enumerate(zip(want, have, strict=False), start=1):
        if one != other:
            return (
                f"{label} differs from line {number} on: "
                f"{shown(other.strip())} instead of {shown(one.strip())}"
            )
    if len(want) == len(have):
        return f"{label} differs in its line ends"
    longer, words = (have, "goes on") if len(have) > len(want) else (want, "lacks")
    line = longer[min(len(want), len(have))].strip()
    return (
        f"{label} {words} from line {min(len(want), len(have)) + 1} on: {shown(line)}"
    )


def shown(value: Any) -> str:
    """Return a fact as a reader sees it: short, on one line, `none` for nothing."""
    if value is None:
        return "none"
    if isinstance(value, list):
        text = ", ".join(
            " ".join(item) if isinstance(item, list) else str(item) for item in value
        )
    else:
        text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
