"""What a rollback took: undeclared, or as its header says. Shared by what weighs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lost:
    """Data that the rollback took or changed.

    `what` is `rows` (gone, changed or come), `values` of one column, or `position` of a
    sequence; `count` how many; `detail` a sentence with an example; `remedy` the SQL
    that puts it back or the header line that declares it, empty where there is none.
    """

    object: str
    what: str
    count: int
    detail: str
    remedy: str


@dataclass(frozen=True)
class Declared:
    """A `-- loses:` or `-- leaves:` line, and how many rows it covered."""

    text: str
    count: int
