"""500 one-table changes: `trunkline apply` beside the stock `yoyo apply`.

Both are whole processes on the same embedded server, each on an empty database of its
own, in turn. Then `trunkline --help` and `trunkline status`, as whole processes too.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from trunkline.throwaway import Server, open_server

BIN = Path(sys.executable).parent
GOALS: dict[str, tuple[str, float]] = {
    "apply_to_yoyo": ("<=", 0.5),
    "help_seconds": ("<=", 0.2),
    "status_seconds": ("<=", 0.5),
}


def project(root: Path, changes: int) -> None:
    """Write a project of so many changes, each with rollback, check and link."""
    for name in ("migrations", "rollbacks", "verification"):
        (root / name).mkdir()
    (root / "yoyo.ini").write_text("[DEFAULT]\nsources = %(here)s/migrations\n")
    for number in range(changes):
        name, table = f"20260101_table_{number:04}", f"table_{number:04}"
        up = f"create table {table} (id bigint primary key, word text);\n"
        check = (
            f"-- check: {table} stands\n"
            f"select '{table}' as subject, 'missing' as detail\n"
            f"where to_regclass('{table}') is null;\n"
        )
        (root / "migrations" / f"{name}.sql").write_text(up)
        (root / "rollbacks" / f"{name}.sql").write_text(f"drop table {table};\n")
        (root / "verification" / f"{name}.sql").write_text(check)
        link = root / "migrations" / f"{name}.rollback.sql"
        link.symlink_to(f"../rollbacks/{name}.sql")


def seconds(command: Sequence[str], root: Path) -> float:
    """The wall time of a whole process, which must succeed."""
    started = time.perf_counter()
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    return time.perf_counter() - started


def commands(server: Server) -> tuple[list[str], list[str], list[str]]:
    """The two ways to apply, on a new database each, and a status of the first."""
    ours, yoyo = (server.environment(server.create())["DATABASE_URL"] for _ in range(2))
    trunkline = [str(BIN / "trunkline"), "--database", ours]
    driven = yoyo.replace("://", "+psycopg://", 1)
    return (
        [*trunkline, "apply"],
        [str(BIN / "yoyo"), "apply", "--batch", "--database", driven],
        [*trunkline, "status"],
    )


def main() -> None:
    quick = "--quick" in sys.argv
    changes, rounds = (50, 2) if quick else (500, 5)
    taken: dict[str, list[float]] = {"trunkline": [], "yoyo": [], "status": []}
    with tempfile.TemporaryDirectory() as directory, open_server() as server:
        root = Path(directory)
        project(root, changes)
        helps = [seconds([str(BIN / "trunkline"), "--help"], root) for _ in range(9)]
        for _ in range(rounds):
            ours, yoyo, status = commands(server)
            taken["trunkline"].append(seconds(ours, root))
            taken["yoyo"].append(seconds(yoyo, root))
            taken["status"].append(seconds(status, root))
    ratios = [a / b for a, b in zip(taken["trunkline"], taken["yoyo"], strict=True)]
    figures = {
        "apply_to_yoyo": statistics.median(ratios),
        "trunkline_ms_a_change": statistics.median(taken["trunkline"]) / changes * 1e3,
        "yoyo_ms_a_change": statistics.median(taken["yoyo"]) / changes * 1e3,
        "help_seconds": statistics.median(helps),
        "status_seconds": statistics.median(taken["status"]),
    }
    for name, value in figures.items():
        print(f"{name:<24} {value:8.3f}")
    document = {
        "bench": "many_changes",
        "figures": {name: round(value, 4) for name, value in figures.items()},
        "goals": GOALS,
        "met": all(figures[name] <= goal for name, (_, goal) in GOALS.items()),
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
