"""One SQL text into its statements, each with its line number.

The splitter is PostgreSQL's own parser (libpg_query, through postgast), so a name, a
string, a comment or a function body never splits a statement. Nothing here runs SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from trunkline.errors import TrunklineError


@dataclass(frozen=True)
class Statement:
    """One statement: its text without the semicolon, and its first line (from 1).

    `kind` is the name of libpg_query's node, `create_stmt` for example.
    """

    text: str
    line: int
    kind: str

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

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def split(text: str) -> tuple[Statement, ...]:
    """The statements of `text`, in order; none for blanks and comments alone.

    Raises DoesNotParse with the line of the first error.
    """
    import postgast  # takes a third of a second to import, and --help needs none of it

    try:
        tree = postgast.parse(text)
    except postgast.PgQueryError as error:
        line = text.count("\n", 0, max(error.cursorpos - 1, 0)) + 1
        raise DoesNotParse(error.message, line) from None
    raw = text.encode()
    statements = []
    for node in tree.stmts:
        start = node.stmt_location
        end = start + node.stmt_len if node.stmt_len else len(raw)
        start += _leading_blanks(raw[start:end])
        statements.append(
            Statement(
                text=raw[start:end].decode().rstrip(),
                line=raw.count(b"\n", 0, start) + 1,
                kind=node.stmt.WhichOneof("node") or "empty",
            )
        )
    return tuple(statements)


def line_of(statement: Statement, position: int) -> int:
    """The line in the file of a 1-based character position that the server reported."""
    return statement.line + statement.text.count("\n", 0, position - 1)


def _leading_blanks(raw: bytes) -> int:
    return len(raw) - len(raw.lstrip())
