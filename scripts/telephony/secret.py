"""Bytes that must not be seen: keys, tokens, opened credentials.

A `Secret` shows nothing of itself, not its length either, in repr, str, format,
logging, a traceback with captured locals, or a tool that walks attributes. It refuses
to be compared, hashed, pickled or copied, and no serializer or database driver knows
it. The one way to the bytes is `reveal()`, so that a reader finds every use by name.

It does not wipe memory: Python cannot promise that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn, final


@final
class Secret:
    """Hide `value` until somebody asks for it by name."""

    # The bytes live in a closure: attributes are what inspectors and dumpers walk.
    __slots__ = ("_reveal",)
    _reveal: Final[Callable[[], bytes]]

    def __init__(self, value: bytes) -> None:
        if not isinstance(value, bytes):
            raise TypeError(f"a secret is made of bytes, not {type(value).__name__}")
        self._reveal = lambda: value

    def reveal(self) -> bytes:
        """Give the bytes, to be used at once and kept in no variable."""
        return self._reveal()

    def __repr__(self) -> str:
        return "<secret>"

    def __format__(self, spec: str) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("secrets are not compared")

    __hash__ = None  # type: ignore[assignment]  # as typeshed spells "unhashable"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("secrets are not copied, pickled or serialized")
