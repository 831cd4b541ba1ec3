"""Several workers on this machine, each a process with a connection of its own.

They share nothing but the database, as workers on several machines do. This process
only passes on what they tell, and sees them to their end.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import cast

from trunkline.backfill.book import Run
from trunkline.backfill.definition import Backfill
from trunkline.backfill.events import WorkerLost
from trunkline.backfill.pace import Pace
from trunkline.backfill.rows import fault
from trunkline.backfill.session import session
from trunkline.backfill.worker import work
from trunkline.connect import Target
from trunkline.errors import TrunklineError
from trunkline.events import Emit, Event

#: What asks a process to end.
ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def work_together(
    target: Target,
    kind: type[Backfill],
    run: Run,
    *,
    workers: int,
    pace: Pace,
    emit: Emit,
) -> list[TrunklineError]:
    """Have `workers` processes go on with `run`, and wait until the last has ended.

    One that fails or is killed leaves its work to the others, so what they raised is
    returned, and only the state of the run says whether it matters.
    """
    # Not forked: a connection or a thread of this process must not reach them.
    context = get_context("spawn")
    resource_tracker.ensure_running()  # else a first start would end `_undisturbed`
    processes: dict[Pipe, tuple[int, SpawnProcess]] = {}
    raised: list[TrunklineError] = []
    try:
        for number in range(1, workers + 1):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=_worker,
                args=(theirs, number, target, kind, run, pace),
                daemon=True,  # at our exit it is ended, and not waited for
            )
            with _undisturbed():
                process.start()
                processes[ours] = number, process
            theirs.close()
        while processes:
            for pipe in cast(list[Pipe], wait(list(processes))):
                for told in messages(pipe):
                    if isinstance(told, TrunklineError):
                        raised.append(told)
                    else:
                        emit(told)
                if pipe.closed:
                    number, process = processes.pop(pipe)
                    process.join()
                    if process.exitcode:
                        emit(WorkerLost(number, process.exitcode))
    finally:
        with _undisturbed():
            for _, process in processes.values():
                process.terminate()
            for pipe, (_, process) in processes.items():
                process.join()
                pipe.close()
    return raised


def messages(pipe: Pipe) -> Iterator[Event | TrunklineError]:
    """What a worker has told; closes the pipe when it has ended."""
    try:
        yield pipe.recv()
        while pipe.poll():
            yield pipe.recv()
    except (EOFError, OSError):  # the latter of one that was killed as it told
        pipe.close()


def _worker(
    pipe: Pipe,
    number: int,
    target: Target,
    kind: type[Backfill],
    run: Run,
    pace: Pace,
) -> None:
    # Ctrl-C, which we have been started without, is for the process that was started
    # from the terminal; it ends us.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING - {signal.SIGINT})
    try:
        with session(target, kind.name, pace) as connection:
            work(connection, kind(), run, number=number, pace=pace, emit=pipe.send)
    except BrokenPipeError:
        return  # the process that started us is gone, and nobody would see us go on
    except TrunklineError as error:
        pipe.send(error)
    except Exception as error:
        pipe.send(fault(kind.name, error))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Be asked to end after the block only.

    A worker inherits that: one that is asked as it starts would say so in a traceback,
    and one that is half started in another.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
