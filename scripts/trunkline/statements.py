"""One SQL text into its statements, each with its line number.

The splitter is PostgreSQL's own parser (libpg_query, through postgast), so a name, a
string, a comment or a function body never splits a statement. Nothing here runs SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from trunkline.errors import TrunklineError

#: What is wrong with a `copy` that only psql can feed, and what to do.
COPY = "`copy` of rows that stand in the file, or go to a client, is for psql"
COPY_HINT = "Write the rows as `insert into … values`."

_PSQL_COMMAND = re.compile(r"\\[a-z!?]\S*")
_ESCAPES = re.compile(
    r"\bstandard_conforming_strings\s*(?:=|\bto\b)\s*'?(?:off|of|false|no|0)\b",
    re.IGNORECASE,
)
_AFTER_COPY = re.compile(r"\bfrom\s+stdin\b[^;]*;[ \t]*\n\s*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """One statement: its text without the semicolon, and its first line (from 1).

    `kind` is the name of libpg_query's node, `create_stmt` for example;
    `through_client`: a `copy` whose rows would have to come from us, or go to us.
    """

    text: str
    line: int
    kind: str
    through_client: bool = False

    @property
    def last_line(self) -> int:
        return self.line + self.text.count("\n")

    @property
    def sha256(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    @property
    def is_transaction_control(self) -> bool:
        return self.kind == "transaction_stmt"

    @property
    def is_query(self) -> bool:
        return self.kind == "select_stmt"


class DoesNotParse(TrunklineError):
    """the SQL does not parse"""

    exit_code = 2

    def __init__(self, message: str, line: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line


def split(text: str) -> tuple[Statement, ...]:
    """The statements of `text`, in order; none for blanks and comments alone.

    Raises DoesNotParse with the line of the first error.
    """
    import postgast  # takes a third of a second to import, and --help needs none of it

    try:
        tree = postgast.parse(text)
    except postgast.PgQueryError as error:
        raise _not_parsed(text, error.message, max(error.cursorpos - 1, 0)) from None
    raw = text.encode()
    statements = []
    line, counted = 1, 0
    for node in tree.stmts:
        start = node.stmt_location
        end = start + node.stmt_len if node.stmt_len else len(raw)
        start += _leading_blanks(raw[start:end])
        line += raw.count(b"\n", counted, start)
        counted = start
        statements.append(
            Statement(
                text=raw[start:end].decode().rstrip(),
                line=line,
                kind=node.stmt.WhichOneof("node") or "empty",
                through_client=_through_client(node.stmt),
            )
        )
    return tuple(statements)


def line_of(statement: Statement, position: int) -> int:
    """The line in the file of a 1-based character position that the server reported."""
    return statement.line + statement.text.count("\n", 0, position - 1)


def _not_parsed(text: str, message: str, position: int) -> DoesNotParse:
    """Why a text does not parse, where it is psql that would read on from there."""
    line = text.count("\n", 0, position) + 1
    command = _PSQL_COMMAND.match(text, position)
    if command:
        return DoesNotParse(
            f"`{command[0]}` is a command of psql, and no SQL",
            line,
            "Write what it does as SQL: an included file's text, one statement a time.",
        )
    if _AFTER_COPY.search(text, 0, position):
        return DoesNotParse(COPY, line - 1, COPY_HINT)
    if setting := _ESCAPES.search(text, 0, position):
        return DoesNotParse(
            "with `standard_conforming_strings` off, what comes after does not parse",
            text.count("\n", 0, setting.start()) + 1,
            "Leave it away, and write E'…' where a backslash is an escape.",
        )
    return DoesNotParse(message, line)


def _through_client(node: Any) -> bool:
    copy = node.copy_stmt if node.HasField("copy_stmt") else None
    return copy is not None and not copy.filename and not copy.is_program


def _leading_blanks(raw: bytes) -> int:
    return len(raw) - len(raw.lstrip())
