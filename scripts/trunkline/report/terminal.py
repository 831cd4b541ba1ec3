"""What a stream can show to a person: colours, and lines that the next one replaces."""

from __future__ import annotations

import os
from typing import TextIO

GREEN, RED = "\x1b[32m", "\x1b[31m"
_PLAIN, _REST_OF_LINE = "\x1b[0m", "\x1b[K"


class Terminal:
    """A stream: `moves` when it is a terminal on which a line can be replaced."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.moves = stream.isatty() and os.environ.get("TERM") != "dumb"
        # https://no-color.org
        self._coloured = self.moves and not os.environ.get("NO_COLOR")

    def coloured(self, word: str, colour: str) -> str:
        """The word in that colour, where there are colours."""
        return f"{colour}{word}{_PLAIN}" if self._coloured else word

    def passing(self, line: str) -> None:
        """Show a line until the next; what would not fit is cut, lest it stay."""
        if self.moves:
            # Some pseudo-terminals say that they are of no width.
            width = os.get_terminal_size(self._stream.fileno()).columns or 80
            self._write(f"{line[: width - 1]}{_REST_OF_LINE}\r")

    def clear(self) -> None:
        """Take the passing line away."""
        if self.moves:
            self._write(_REST_OF_LINE)

    def _write(self, text: str) -> None:
        print(end=text, file=self._stream, flush=True)
