"""The changes of a rehearsal shared out among processes, and told in order again.

Each takes the next stretch of changes when it has done with one, the later the shorter,
so that all end at about the same time.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from typing import cast

from trunkline.errors import Failure, TrunklineError, UsageError
from trunkline.events import Event
from trunkline.rehearsal.crash import playing as crash
from trunkline.rehearsal.result import Rehearsed
from trunkline.rehearsal.work import Ended, Order, Stretch, alone, work
from trunkline.throwaway import open_server
from trunkline.throwaway.signals import ending_cleanly

#: A stretch costs a copy of the database and a new reading of all that is in it.
SHORTEST = 4
#: More than one machine's worth of throwaways is of no use.
MOST = 4

Hear = Callable[[Event], None]


def count(order: Order, asked: int | None) -> int:
    """How many processes there are to be: as many as are asked for, or as serve best.

    One where the others would be felt: roles belong to the server that the user has
    named, there is one copy of a real database, mutants are made of what all changes
    have built, and traffic is measured. Raises UsageError where more are asked for than
    can be.
    """
    one = "://" in order.request.on or order.copy is not None or order.parts.mutate
    if asked is not None:
        if asked > 1 and one:
            raise UsageError(
                "this cannot be rehearsed by several processes",
                detail="Each has a server of its own, but a URL, --from and --mutate "
                "mean one for all changes.",
                hint="Leave --jobs away.",
            )
        return asked
    if one or order.request.on != "embedded" or order.parts.traffic:
        return 1
    free = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    return max(1, min(free or 1, MOST, len(order.wanted) // (2 * SHORTEST)))


def stretches(order: Order, jobs: int) -> list[Stretch]:
    """The changes that are wanted, and those between them, in stretches."""
    changes = order.project.changes
    places = [n for n, change in enumerate(changes) if change.id in order.wanted]
    found = []
    while places:
        size = max(SHORTEST, round(len(places) / (1.2 * jobs)))
        own, places = places[:size], places[size:]
        found.append(Stretch(own[0], own[-1] + 1))
    return found


def together(order: Order, jobs: int | None, hear: Hear) -> Ended:
    """Rehearse with `jobs` processes; `hear` is called in the project's order.

    Raises what `work` raises in one of them, once the others have been ended; and
    UsageError as `count` does.
    """
    jobs = count(order, jobs)
    parts = stretches(order, jobs)
    if jobs == 1 or len(parts) < 2:
        return alone(order, hear)
    inbox = _Inbox(parts, hear)
    processes: dict[Pipe, BaseProcess] = {}
    with ending_cleanly():
        try:
            _start(processes, order, parts, min(jobs, len(parts)))
            while processes:
                for pipe in cast(list[Pipe], wait(list(processes))):
                    try:
                        inbox.take(pipe.recv())
                    except EOFError:
                        _end(pipe, processes.pop(pipe))
        finally:
            for process in processes.values():
                process.terminate()
            for pipe, process in processes.items():
                process.join()
                pipe.close()
    if not order.parts.crash:
        return inbox.ended()
    with open_server(order.request) as server:
        whole_way = inbox.went_the_whole_way
        crashes = crash.play(server, order.project, whole_way, hear)
    return replace(inbox.ended(), crashes=crashes)


def _start(
    processes: dict[Pipe, BaseProcess], order: Order, parts: list[Stretch], count: int
) -> None:
    # Forked where that is safe: all is imported, and nothing is open yet.
    context: ForkContext | SpawnContext = (
        get_context("fork") if sys.platform == "linux" else get_context("spawn")
    )
    taken = context.Value("i", 0)
    for _ in range(count):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_process, args=(theirs, order, parts, taken))
        process.start()
        theirs.close()
        processes[ours] = process


def _end(pipe: Pipe, process: BaseProcess) -> None:
    """See a process off that says no more; raises Failure if it did not end well."""
    process.join()
    pipe.close()
    if process.exitcode:
        raise Failure(f"a process of the rehearsal ended with {process.exitcode}")


class _Inbox:
    """What the processes tell, held back until its turn has come."""

    def __init__(self, parts: list[Stretch], hear: Hear) -> None:
        self._waiting: dict[Stretch, list[Event | None]] = {p: [] for p in parts}
        self._hear = hear
        self._ended: list[Ended] = []
        self.went_the_whole_way: list[str] = []

    def take(self, told: _Told) -> None:
        """Take one message; raises it, if it is an error."""
        if isinstance(told, TrunklineError):
            raise told
        if isinstance(told, Ended):
            self._ended.append(told)
            return
        stretch, found = told
        self._waiting[stretch].append(found)
        while self._waiting:
            stretch, ready = next(iter(self._waiting.items()))
            while ready:
                item = ready.pop(0)
                if item is None:
                    del self._waiting[stretch]
                    break
                if isinstance(item, Rehearsed) and item.report.down is not None:
                    self.went_the_whole_way.append(item.report.id)
                self._hear(item)
            else:
                return

    def ended(self) -> Ended:
        """Where they have worked."""
        return self._ended[0]


_Told = tuple[Stretch, Event | None] | Ended | TrunklineError


def _process(
    pipe: Pipe, order: Order, parts: list[Stretch], taken: Synchronized[int]
) -> None:
    # Ctrl-C is for the process that was started from the terminal; it ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def next_ones() -> Iterator[Stretch]:
        while True:
            with taken.get_lock():
                number, taken.value = taken.value, taken.value + 1
            if number >= len(parts):
                return
            yield parts[number]
            pipe.send((parts[number], None))

    def tell(part: Stretch, found: Event) -> None:
        pipe.send((part, found))

    try:
        pipe.send(work(order, next_ones(), tell))
    except KeyboardInterrupt:
        sys.exit(1)  # the process that started us asks us to go, and tells why itself
    except BrokenPipeError:
        return  # the process that started us is gone, and nobody would hear us
    except TrunklineError as error:
        pipe.send(error)
