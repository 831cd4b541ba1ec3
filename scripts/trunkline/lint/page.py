"""docs/lint-rules.md, from the rules: `python -m trunkline.lint.page` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trunkline.lint.rules import ABSENT, LINK, base, not_asked_of_squawk, rules

_HEAD = """\
# The rules of `trunkline lint`

<!-- Made by `make docs` from scripts/trunkline/lint/rules.toml. -->

A finding is one line, `path:line: what is wrong [rule]`, and makes the exit code 1. The
examples below are laid over this project:"""

_OTHERS = """
## sqlfluff:RULE

Style, by [sqlfluff](https://docs.sqlfluff.com/en/stable/reference/rules.html): of every
file, and of the bodies of `language sql` functions. Which rules, the project's
`.sqlfluff` says; no file is skipped by its size. The style inside plpgsql bodies is not
looked at. An exception is written where it stands, with its rule: `-- noqa: LT05`.

## squawk:RULE

Migrations that stop or break a live application, by
[squawk](https://squawkhq.com/docs/rules). The project's `.squawk.toml` may exclude
more; an exception in a file names the rule on the line above the statement:
`-- squawk-ignore ban-drop-column`. Not asked:
"""


def page() -> str:
    """docs/lint-rules.md."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield _HEAD
    yield from _files(base())
    for rule in rules():
        yield f"\n## {rule.id}\n"
        yield f"{rule.condition} {rule.effect}\n"
        yield f"{rule.workaround}\n"
        yield "Bad:"
        yield from _files(rule.bad)
        yield "\nGood:"
        yield from _files(rule.good)
    yield _OTHERS
    for name, reason in not_asked_of_squawk().items():
        yield f"- `{name}`: {reason}"


def _files(named: Mapping[str, str]) -> Iterator[str]:
    for path, text in named.items():
        yield ""
        if text == ABSENT:
            yield f"`{path}` does not exist."
        elif text.startswith(LINK):
            yield f"`{path}` links to `{text.removeprefix(LINK)}`."
        else:
            yield f"`{path}`"
            yield ""
            yield f"```{path.rpartition('.')[2]}"
            yield text.strip("\n").replace("\ufeff", "<U+FEFF>")
            yield "```"


if __name__ == "__main__":
    print(page(), end="")
