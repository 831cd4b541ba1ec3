"""Let the server write one part of a batch while the next is being made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from psycopg import Connection

from trunkline.backfill.definition import Outcome

#: Fewer rows together cost more as a statement of their own than they keep waiting.
FEWEST = 16

Item = TypeVar("Item")


def in_parts(
    connection: Connection,
    items: Sequence[Item],
    migrate: Callable[[Sequence[Item]], Sequence[Outcome]],
) -> list[Outcome]:
    """Have `migrate` called for the items part by part, and give all its outcomes.

    Each part is as large as all before it: the first is soon sent, and the server is
    busy with one while this process makes the next. So what `migrate` has executed
    must not be asked for an answer; what the server refuses is raised later, at the
    end at the latest.
    """
    ends = [len(items)]
    while ends[0] >= 2 * FEWEST:
        ends.insert(0, ends[0] // 2)
    outcomes: list[Outcome] = []
    with connection.pipeline():
        for end in ends:
            outcomes += migrate(items[len(outcomes) : end])
    return outcomes
