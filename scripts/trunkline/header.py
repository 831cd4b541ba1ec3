"""The directives in the leading `--` lines of a SQL file.

Only what yoyo-migrations 9.0.0 would read counts as leading: blank lines and `--`
comments before the first other line (`parse_metadata_from_sql_comments`). A directive
that is misspelt, misplaced or has a bad value is a problem with its line, since yoyo
would ignore it without a word. Nothing here knows what a directive does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

FileKind = Literal["migration", "rollback", "verification", "invariant", "traffic"]

#: Which directives a kind of file may have.
KNOWN: dict[FileKind, frozenset[str]] = {
    "migration": frozenset({"depends", "transactional"}),
    "rollback": frozenset({"loses", "leaves"}),
    "verification": frozenset({"check", "check after", "survives"}),
    "invariant": frozenset({"since", "check", "check after"}),
    "traffic": frozenset({"since", "until", "weight"}),
}

_DIRECTIVE = re.compile(r"^\s*--\s*([A-Za-z][A-Za-z ]*?)\s*:\s*(.*?)\s*$")
_BLANK_OR_COMMENT = re.compile(r"^\s*(--.*)?$")
_NAME = r"""(?:"(?:[^"]|"")+"|[^\s."]+)"""
_LOSS = re.compile(
    rf"(?P<object>{_NAME}\.{_NAME})\s+"
    r"(?:(?P<rows>rows)|(?P<position>position)|values\s+of\s+(?P<columns>.+?))"
    r"(?:\s+where\s+(?P<where>.+))?"
)
_LEFTOVER = re.compile(r"[a-z]\S*\s+\S.*")
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")


@dataclass(frozen=True)
class Directive:
    """One `-- name: value` line."""

    name: str
    value: str
    line: int


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file, and what to do; `line` counts from 1."""

    rule: str
    line: int
    message: str
    hint: str


@dataclass(frozen=True)
class Loss:
    """`-- loses:`: rows, values of columns, or a sequence's position that go for good.

    `object` is `schema.table` or `schema.sequence`; `where` is an SQL condition over
    the rows as they are before the rollback, None for all.
    """

    text: str
    object: str
    what: Literal["rows", "values", "position"]
    columns: tuple[str, ...]
    where: str | None
    reason: str
    line: int


@dataclass(frozen=True)
class Leftover:
    """`-- leaves:`: an object that the rollback does not drop, and why.

    `object` is its kind and name as a difference tells them: `role authenticated`.
    """

    text: str
    object: str
    reason: str
    line: int


@dataclass(frozen=True)
class Survival:
    """`-- survives:`: mutants, by name (`*` for any part), that no check notices."""

    text: str
    mutant: str
    reason: str


def read(text: str, kind: FileKind) -> tuple[tuple[Directive, ...], tuple[Fault, ...]]:
    """The leading directives of a file, and what is wrong with the `--` lines.

    A check line is a directive wherever it stands; all others only in the lead.
    """
    known = KNOWN[kind]
    directives: list[Directive] = []
    faults: list[Fault] = []
    leading = True
    for number, line in enumerate(text.split("\n"), start=1):
        leading = leading and _BLANK_OR_COMMENT.match(line) is not None
        match = _DIRECTIVE.match(line)
        if match is None:
            continue
        name, value = match.groups()
        if name in known and (leading or name.startswith("check")):
            directives.append(Directive(name, value, number))
        elif name in known:
            faults.append(
                Fault(
                    "directive-misplaced",
                    number,
                    f"`-- {name}:` counts only in the leading comment lines",
                    "Move it above the first statement.",
                )
            )
        elif leading:
            faults += _misspelt(name, number, kind)
    return tuple(directives), tuple(faults)


def _misspelt(name: str, line: int, kind: FileKind) -> list[Fault]:
    known = KNOWN[kind]
    elsewhere = [other for other, names in KNOWN.items() if name in names]
    if elsewhere and kind in ("migration", "rollback"):
        return [
            Fault(
                "directive-misplaced",
                line,
                f"`-- {name}:` is not read in a {kind} file",
                f"It belongs into the {elsewhere[0]} file.",
            )
        ]
    similar = [word for word in known if word[0] == name[0].lower()]
    close = get_close_matches(name.lower(), similar, n=1, cutoff=0.8)
    if not close:
        return []
    return [
        Fault(
            "directive-misspelt",
            line,
            f"`-- {name}:` is no directive",
            f"Write `-- {close[0]}:`, in lower case.",
        )
    ]


def transactional(
    directives: tuple[Directive, ...],
) -> tuple[bool, tuple[Fault, ...]]:
    """Whether the change is one transaction; yoyo knows `true` and `false` only."""
    named = [d for d in directives if d.name == "transactional"]
    if not named:
        return True, ()
    last = named[-1]
    value = {"true": True, "false": False}.get(last.value.lower())
    if value is None or len(named) > 1:
        fault = Fault(
            "directive-value",
            last.line,
            f"`-- transactional: {last.value}` must be one `true` or `false`",
            "Write `-- transactional: false`, once, for a change that cannot run "
            "in a transaction.",
        )
        return True, (fault,)
    return value, ()


def depends(directives: tuple[Directive, ...]) -> tuple[str, ...]:
    """The IDs that `-- depends:` lines name, in their order."""
    return tuple(
        name for d in directives if d.name == "depends" for name in d.value.split()
    )


def losses(
    directives: tuple[Directive, ...],
) -> tuple[tuple[Loss, ...], tuple[Leftover, ...], tuple[Fault, ...]]:
    """The declared losses and leftovers of a rollback file."""
    lost: list[Loss] = []
    left: list[Leftover] = []
    faults: list[Fault] = []
    for directive in directives:
        what, reason = _without_reason(directive.value)
        if directive.name == "loses" and reason and (match := _LOSS.fullmatch(what)):
            lost.append(_loss(directive, match, reason))
        elif directive.name == "leaves" and reason and _LEFTOVER.fullmatch(what):
            left.append(Leftover(directive.value, what, reason, directive.line))
        elif directive.name in ("loses", "leaves"):
            faults.append(
                Fault(
                    "directive-value",
                    directive.line,
                    f"`-- {directive.name}:` cannot be read",
                    "Write `-- loses: schema.table rows where … — why`, `-- loses: "
                    "schema.table values of column — why`, `-- loses: "
                    "schema.sequence position — why` or `-- leaves: role name — why`.",
                )
            )
    return tuple(lost), tuple(left), tuple(faults)


def _without_reason(value: str) -> tuple[str, str]:
    """A declaration and the reason behind its dash, which is empty where there is none.

    The dash is the first long one that is not quoted. Where there is none it is the
    last `-` between blanks: one before that may be the minus of a condition.
    """
    bare = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), value)
    dashes = list(re.finditer(r"\s(?:—|–|--)\s", bare))[:1]
    dashes = dashes or list(re.finditer(r"\s-\s", bare))[-1:]
    if not dashes:
        return value, ""
    return value[: dashes[0].start()].strip(), value[dashes[0].end() :].strip()


def survivals(
    directives: tuple[Directive, ...],
) -> tuple[tuple[Survival, ...], tuple[Fault, ...]]:
    """The accepted survivors of a verification file."""
    accepted: list[Survival] = []
    faults: list[Fault] = []
    for directive in directives:
        if directive.name != "survives":
            continue
        mutant, reason = _without_reason(directive.value)
        if mutant and reason:
            accepted.append(Survival(directive.value, mutant, reason))
        else:
            faults.append(
                Fault(
                    "directive-value",
                    directive.line,
                    "`-- survives:` cannot be read",
                    "Write `-- survives: the mutant's name — why`.",
                )
            )
    return tuple(accepted), tuple(faults)


def _loss(directive: Directive, match: re.Match[str], reason: str) -> Loss:
    what: Literal["rows", "values", "position"] = (
        "rows" if match["rows"] else "position" if match["position"] else "values"
    )
    columns = tuple(c.strip() for c in (match["columns"] or "").split(",") if c.strip())
    return Loss(
        text=directive.value,
        object=match["object"],
        what=what,
        columns=columns,
        where=match["where"],
        reason=reason,
        line=directive.line,
    )
