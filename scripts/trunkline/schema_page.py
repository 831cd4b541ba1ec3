"""docs/schema.md, from the catalog that a project's changes make.

`python -m trunkline.schema_page` prints it. What a name means is the comment on it in
the database; this page adds nothing and hides nothing but owners and function bodies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trunkline import config, project
from trunkline.catalog import Snapshot
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Request, open_server

_HEAD = """\
# The schema

<!-- Made by `make docs` from the catalog of a throwaway with all changes. -->

What stands behind a name is its comment in the database. A column is not null unless
it says so."""

#: Abbreviations of privileges (PostgreSQL manual, "Privileges", table 5.1).
_PRIVILEGES = {
    "r": "select",
    "a": "insert",
    "w": "update",
    "d": "delete",
    "D": "truncate",
    "x": "references",
    "t": "trigger",
    "X": "execute",
    "U": "usage",
    "C": "create",
    "m": "maintain",
}

Facts = Mapping[str, Any]


def page(catalog: Snapshot) -> str:
    """The page, in Markdown."""
    return "\n".join((_HEAD, *_schemas(catalog))) + "\n"


def _schemas(catalog: Snapshot) -> Iterator[str]:
    for schema, facts in sorted(catalog.of("schema").items()):
        yield f"\n## {schema}"
        yield from _about(facts)
        for kind in ("domain", "table", "view"):
            for name, own in _in(catalog, kind, schema):
                yield f"\n### {kind} {name}"
                yield from _about(own)
                yield from _relation(catalog, name)
        yield from _functions(catalog, schema)


def _in(catalog: Snapshot, kind: str, schema: str) -> Iterator[tuple[str, Facts]]:
    for name, facts in sorted(catalog.of(kind).items()):
        if name.startswith(f"{schema}."):
            yield name, facts


def _about(facts: Facts) -> Iterator[str]:
    if "comment" in facts:
        yield f"\n{_cell(facts['comment'])}"
    if granted := _granted(facts):
        yield f"\nGranted: {granted}."
    if facts.get("row_security"):
        forced = ", forced" if facts.get("row_security_forced") else ""
        yield f"\nRow-level security: on{forced}."


def _relation(catalog: Snapshot, name: str) -> Iterator[str]:
    if catalog.has(("table", name)):
        yield from _table(
            ("column", "type", "default", "meaning"),
            (
                (
                    facts["called"],
                    facts["type"] + ("" if facts.get("not_null") else ", null"),
                    _code(facts.get("default")),
                    _cell(facts.get("comment")),
                )
                for _, facts in catalog.parts("column", name)
            ),
        )
    elif catalog.has(("view", name)):
        named = catalog.of("column")
        columns = (
            output.partition(" ") for output in catalog.of("view")[name]["output"]
        )
        yield from _table(
            ("column", "type", "meaning"),
            (
                (called, kind, _cell(named.get(f"{name}.{called}", {}).get("comment")))
                for called, _, kind in columns
            ),
        )
    rules = [
        (facts["called"], _code(_rule(kind, facts)), _cell(facts.get("comment")))
        for kind in ("constraint", "index", "trigger", "policy")
        for _, facts in sorted(catalog.parts(kind, name))
    ]
    if rules:
        yield from _table(("rule", "what holds it", "reason"), rules)


def _rule(kind: str, facts: Facts) -> str:
    if kind == "policy":
        words = [
            f"policy for {facts.get('command', 'all')}",
            f"to {', '.join(facts.get('roles', ['public']))}",
        ]
        words += [f"using ({facts['using']})"] if "using" in facts else []
        words += [f"check ({facts['with_check']})"] if "with_check" in facts else []
        return " ".join(words)
    definition: str = facts["definition"]
    return definition


def _functions(catalog: Snapshot, schema: str) -> Iterator[str]:
    rows = [
        (
            _code(name.removeprefix(f"{schema}.")),
            _code(facts.get("result")),
            "definer" if facts.get("security_definer") else "invoker",
            _granted(facts),
            _cell(facts.get("comment")),
        )
        for kind in ("function", "procedure")
        for name, facts in _in(catalog, kind, schema)
    ]
    if rows:
        yield f"\n### functions of {schema}"
        head = ("function", "returns", "runs as", "granted", "what it does")
        yield from _table(head, rows)


def _granted(facts: Facts) -> str:
    return "; ".join(
        f"{', '.join(_PRIVILEGES.get(letter, letter) for letter in letters)} to {role}"
        for role, letters in sorted(facts.get("granted", {}).items())
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = tuple(head)
    yield ""
    yield _row(titles)
    yield _row("---" for _ in titles)
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str | None) -> str:
    return f"`{_cell(text)}`" if text else ""


def _cell(text: str | None) -> str:
    """One line, with no bar in it: that would begin another cell."""
    return " ".join((text or "").split()).replace("|", "\\|")


def main() -> None:
    """Print the page of the project that the working directory is in."""
    loaded = project.load(config.find(Path.cwd()))
    with open_server(Request()) as server:
        stage = Stage(server, loaded)
        for change in loaded.changes:
            stage.apply(change)
        print(page(stage.catalog), end="")


if __name__ == "__main__":
    main()
