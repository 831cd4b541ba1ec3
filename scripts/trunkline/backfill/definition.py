"""What a backfill says of itself, and what it answers for each row.

A backfill is a class without arguments. Each worker makes an instance of its own, in a
process of its own, so what it needs (keys, a lookup table) it reads in `__init__`.
It decides about rows and writes them; batches, transactions, progress, pauses and undo
are the engine's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from psycopg import Connection

Key = tuple[str, ...]
"""The key of a row: each of its values as text."""
Row = Mapping[str, Any]
"""A source row, by the names of its columns."""


@dataclass(frozen=True)
class Source:
    """The rows to go through, as the parts of one SELECT.

        select {columns} from {tables} where {where} order by {key} {lock}

    `key` is unique and not null, and has an index in its order. `lock` is a locking
    clause, `for no key update of c`: what a row said when it was read then still holds
    when the batch commits. Rows that appear behind the point that a run has reached
    are left to the next run.
    """

    key: tuple[str, ...]
    columns: str
    tables: str
    where: str = "true"
    lock: str = ""


@dataclass(frozen=True)
class Inserts:
    """The backfill inserts rows into `table`; undo deletes them again.

    `table` is qualified by its schema; `key` are the columns of a unique key.
    """

    table: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Updates:
    """The backfill sets `columns` of the rows that it reads; undo sets them back.

    `row` is the alias under which the source names `table`. The key of the source is
    the key of the table, in `key` by the names of its columns. What the columns held
    is kept until `undo` or `forget`.
    """

    table: str
    key: tuple[str, ...]
    row: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Migrated:
    """The row has been written; `key` is that of the row in the written table."""

    key: Sequence[object]


@dataclass(frozen=True)
class Skipped:
    """There is nothing to do for this row."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The row cannot be migrated: a stable reason code, and a sentence of facts.

    Both are kept in the database and shown to people, so they hold no secret.
    """

    reason: str
    detail: str = ""


Outcome = Migrated | Skipped | Failed


@dataclass(frozen=True)
class Words:
    """What people call the four counts of a backfill."""

    total: str = "Total rows"
    migrated: str = "Migrated"
    skipped: str = "Skipped"
    errors: str = "Errors"


class Backfill(ABC):
    """Rows of a source, each written, skipped or failed."""

    name: ClassVar[str]
    source: ClassVar[Source]
    writes: ClassVar[Inserts | Updates]
    role: ClassVar[str | None] = None
    """The role that reads the source and writes; None: the one that connects."""
    words: ClassVar[Words] = Words()

    @abstractmethod
    def migrate(self, connection: Connection, rows: Sequence[Row]) -> Sequence[Outcome]:
        """Write what these rows need, in the open transaction; one outcome for each.

        A row must come out as `Skipped` when it has been migrated before. When the
        server refuses the data, everything that this call wrote is taken back and it
        is called again with halves of the rows, until the one that is refused stands
        alone. `connection` is in a transaction that is not to be ended here. What takes
        long to make, `in_parts` makes while the server writes.
        """
