"""SQL written so that psql hands on what stands there.

psql puts the value of a variable wherever `:name` stands outside of quotes, in a slice
of an array too, and has no parser: it finds the end of a function by the words that it
counts. How it reads: src/fe_utils/psqlscan.l.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trunkline.statements import Statement


def verbatim(text: str) -> str:
    """The same SQL, where psql finds no variable: a blank stands behind each colon."""
    raw = text.encode()
    parts, copied = [], 0
    for token, end in _tokens(raw):
        if token == b":":
            parts.append(raw[copied:end])
            copied = end
    return b" ".join([*parts, raw[copied:]]).decode()


def terminated(text: str) -> str:
    """The same, and a semicolon behind it: where one is missing, on a line of its own.

    What looks like one may stand in a comment, and one behind a comment belongs to it.
    """
    *_, last = (b"", *(token for token, _ in _tokens(text.encode())))
    return verbatim(text.rstrip()) + ("\n" if last == b";" else "\n;\n")


def loses_the_end_of(statement: Statement) -> bool:
    """Whether psql would find the end of a function elsewhere than the server does."""
    if statement.kind != "create_function_stmt":
        return False
    parentheses = begun = 0
    for token, _ in _tokens(statement.text.encode()):
        match token.lower():
            case b"(":
                parentheses += 1
            case b")":
                parentheses -= 1
            case _ if parentheses:
                pass
            case b"begin":
                begun += 1
            case b"case" if begun:
                begun += 1
            case b"end" if begun:
                begun -= 1
            case b";" if not begun:
                return True
    return begun > 0


def _tokens(raw: bytes) -> Iterator[tuple[bytes, int]]:
    """What is no comment, and where it ends, in bytes."""
    from postgast import scan

    for token in scan(raw.decode()).tokens:
        text = raw[token.start : token.end]
        if not text.startswith((b"--", b"/*")):
            yield text, token.end
