"""Move data in batches while the application runs: resumable, shareable, undoable.

    class Doubled(Backfill):
        name = "doubled"
        source = Source(
            key=("n.id",),
            columns="n.id, n.value",
            tables="public.numbers as n",
            lock="for no key update of n",
        )
        writes = Updates("public.numbers", key=("id",), row="n", columns=("value",))

        def migrate(self, connection, rows):
            ...

A backfill is such a class, offered by an entry point of the group
`trunkline.backfills`. The engine knows nothing of what it moves. It runs on a live
database, in short transactions; it does not order backfills among changes, and a change
that depends on one having run checks that itself.
"""

from trunkline.backfill.book import RowError, RunState
from trunkline.backfill.control import Status, pause, resume, status
from trunkline.backfill.definition import (
    Backfill,
    Failed,
    Inserts,
    Key,
    Migrated,
    Outcome,
    Row,
    Skipped,
    Source,
    Updates,
    Words,
)
from trunkline.backfill.discovery import load, names
from trunkline.backfill.events import (
    BatchDone,
    Counts,
    RowFailed,
    RowKept,
    RunStarted,
    UndoBatchDone,
    WorkerLost,
)
from trunkline.backfill.pace import Pace
from trunkline.backfill.parts import in_parts
from trunkline.backfill.running import Report, run, sweep
from trunkline.backfill.undoing import (
    RunIsOpen,
    Undoable,
    Undone,
    forget,
    undo,
    undoable,
)

__all__ = [
    "Backfill",
    "BatchDone",
    "Counts",
    "Failed",
    "Inserts",
    "Key",
    "Migrated",
    "Outcome",
    "Pace",
    "Report",
    "Row",
    "RowError",
    "RowFailed",
    "RowKept",
    "RunIsOpen",
    "RunStarted",
    "RunState",
    "Skipped",
    "Source",
    "Status",
    "UndoBatchDone",
    "Undoable",
    "Undone",
    "Updates",
    "Words",
    "WorkerLost",
    "forget",
    "in_parts",
    "load",
    "names",
    "pause",
    "resume",
    "run",
    "status",
    "sweep",
    "undo",
    "undoable",
]
