"""150 changes that nobody here wrote: `trunkline rehearse` beside psql and pg_dump.

Half of the pairs are broken, each in its own way. The engine is a whole process, its
server's start and end included; the yardstick finds a server running. They are held
against each other pair by pair, and against the verdict written beside each pair.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreign.project import Pair, pairs, write
from foreign.yardstick import Yardstick

from trunkline.throwaway import open_server

TRUNKLINE = Path(sys.executable).with_name("trunkline")

GOALS: dict[str, tuple[str, float]] = {
    "seconds_a_change": ("<=", 0.1),
    "times_faster": (">=", 10.0),
    "agreement": (">=", 1.0),
    "as_expected": (">=", 1.0),
}

UNSEEN = ("data_lost",)
"""Verdicts on what no dump of a schema can show."""


@dataclass(frozen=True)
class Judged:
    """A pair, what the engine says of it, and what the yardstick says."""

    pair: Pair
    engine: str
    yardstick: str

    @property
    def seen_by_the_engine_alone(self) -> bool:
        return self.engine in UNSEEN and self.yardstick in ("exact", "column_order")


def rehearsed(root: Path) -> tuple[dict[str, str], float]:
    """The engine's verdicts by ID, and the seconds of the whole process."""
    started = time.perf_counter()
    done = subprocess.run(
        [TRUNKLINE, "--project", root, "--json", "rehearse", "--allow-unverified"],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    document = json.loads(done.stdout)
    return {change["id"]: verdict(change) for change in document["changes"]}, seconds


def verdict(change: Mapping[str, Any]) -> str:
    """The engine's verdict in the words of the pairs, which have no verification."""
    if change["verdict"] != "unverified":
        return str(change["verdict"])
    return "column_order" if change["differences"] else "exact"


def measured(root: Path, chosen: tuple[Pair, ...]) -> tuple[dict[str, str], float]:
    """The yardstick's verdicts by ID, and its seconds, on a server that is running."""
    with open_server() as server:
        assert server.binaries is not None
        yardstick = Yardstick(server.binaries, server.environment("postgres"))
        yardstick.begin()
        started = time.perf_counter()
        found = {pair.id: yardstick.judge(*files(root, pair)) for pair in chosen}
        return found, time.perf_counter() - started


def files(root: Path, pair: Pair) -> tuple[Path, Path | None]:
    down = root / "rollbacks" / f"{pair.id}.sql"
    return root / "migrations" / f"{pair.id}.sql", down if down.exists() else None


def told(judged: list[Judged]) -> Iterator[str]:
    """The table: how often each verdict, then every pair that asks for a look."""
    yield f"{'verdict':<16}{'engine':>8}{'yardstick':>11}{'expected':>10}"
    for name in sorted({j.pair.verdict for j in judged} | {j.engine for j in judged}):
        counts = (
            sum(j.engine == name for j in judged),
            sum(j.yardstick == name for j in judged),
            sum(j.pair.verdict == name for j in judged),
        )
        yield f"{name:<16}{counts[0]:>8}{counts[1]:>11}{counts[2]:>10}"
    for j in judged:
        line = f"{j.pair.id}: engine {j.engine}, yardstick {j.yardstick}"
        if j.seen_by_the_engine_alone:
            yield f"seen by the engine alone: {line}"
        elif j.engine != j.yardstick:
            yield f"disagreement: {line}"
        if j.engine != j.pair.verdict:
            yield f"not as expected: {line}, expected {j.pair.verdict}"


def main() -> None:
    quick = "--quick" in sys.argv
    chosen = pairs(families=4, broken=12, whole=8) if quick else pairs()
    with tempfile.TemporaryDirectory() as directory:
        root = write(Path(directory) / "foreign", chosen)
        engine, first = rehearsed(root)
        yardstick, by_hand = measured(root, chosen)
        again, second = rehearsed(root)  # what else runs here meets both ways alike
    if engine != again:
        raise SystemExit("two rehearsals of the same project differ")
    judged = [Judged(p, engine[p.id], yardstick[p.id]) for p in chosen]
    comparable = [j for j in judged if not j.seen_by_the_engine_alone]
    seconds = (first + second) / 2
    figures = {
        "changes": len(chosen),
        "broken": sum(pair.verdict != "exact" for pair in chosen),
        "seconds_a_change": seconds / len(chosen),
        "yardstick_seconds_a_change": by_hand / len(chosen),
        "times_faster": by_hand / seconds,
        "agreement": sum(j.engine == j.yardstick for j in comparable) / len(comparable),
        "seen_by_the_engine_alone": len(judged) - len(comparable),
        "as_expected": sum(j.engine == j.pair.verdict for j in judged) / len(judged),
    }
    print("\n".join(told(judged)), end="\n\n")
    for name, value in figures.items():
        print(f"{name:<28}{value:9.3f}")
    met = (
        figures[name] <= goal if sign == "<=" else figures[name] >= goal
        for name, (sign, goal) in GOALS.items()
    )
    document = {
        "bench": "foreign_project",
        "figures": {name: round(value, 4) for name, value in figures.items()},
        "goals": GOALS,
        "met": all(met),
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
