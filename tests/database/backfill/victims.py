"""Begins a backfill in a process of its own for each line of input, to be killed.

The first line says where the database is. A process is forked from this one, which has
all modules loaded already and no connection open.
"""

from __future__ import annotations

import json
import os
import sys

from tests.toys import SlowCopies
from trunkline import backfill
from trunkline.backfill import Pace
from trunkline.connect import of_keywords

target = of_keywords(json.loads(sys.stdin.readline()))
while sys.stdin.readline():
    child = os.fork()
    if child == 0:
        print(os.getpid(), flush=True)
        backfill.run(
            target,
            SlowCopies,
            pace=Pace(first_batch=7, largest_batch=12, chunk_rows=40),
            emit=lambda event: print(type(event).__name__, flush=True),
        )
        os._exit(0)
    os.waitpid(child, 0)
    print("gone", flush=True)
