"""What every call and every page asks, beside the select of one row by its key.

`worker.route_inbound_call`, `api.agent_phone_options` and `api.validate_can_provision`,
each as the role that really calls it and under row-level security, on 1,000,000
organizations with 2,000,000 credentials and on 10,000. pgbench, with prepared
statements, plays each and the yardstick in one session and in random turns: the speed
of a machine drifts within seconds, and a query that is played alone has the processor's
caches for itself, as it has nowhere else. What a user asks is asked as another user: a
transaction in between changes the claims, and is not in the time.
`--organizations N` for another size, `--quick` for a small one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from trunkline import checks, project
from trunkline.events import ignore
from trunkline.rehearsal.stage import Stage
from trunkline.throwaway import Request, Server, open_server

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(__file__).with_suffix("")
SMALL = 10_000
YARDSTICK = "primary_key"
CLAIMS = "claims"
#: What is measured, and as whom.
CALLERS = {
    "route_inbound_call": "telephony_worker",
    "agent_phone_options": "authenticated",
    "validate_can_provision": "authenticated",
}
BYTES_EACH = 8_000
"""Room that an organization needs while it is loaded."""


def fill(connection: psycopg.Connection, organizations: int) -> None:
    """Write so many organizations; see rows.sql."""
    connection.execute("set session_replication_role = replica")
    audited = connection.execute(
        "select tgrelid::regclass::text, tgname from pg_trigger"
        " where tgname in ('audited', 'audited_inserts')"
    ).fetchall()
    for table, trigger in audited:
        connection.execute(f"alter table {table} disable trigger {trigger}".encode())
    rows = (SCRIPTS / "rows.sql").read_text()
    connection.execute(rows.replace(":organizations", str(organizations)).encode())
    for table, trigger in audited:
        connection.execute(
            f"alter table {table} enable always trigger {trigger}".encode()
        )
    connection.execute("set session_replication_role = origin")


@contextmanager
def in_bulk(connection: psycopg.Connection) -> Iterator[None]:
    """Let rows in without checks, and build each index once at the end.

    Only the catalog says whether an index is kept up and a check is made; a superuser
    may say otherwise for a while. That the rows are sound, the small database shows.
    """
    ours = "relnamespace = 'public'::regnamespace and relkind = 'r'"
    checked = connection.execute(
        f"select oid, relchecks from pg_class where {ours} and relchecks > 0".encode()
    ).fetchall()
    ready = "update pg_index set indisready = {0}, indisvalid = {0} where indrelid in"
    tables = f"(select oid from pg_class where {ours})"
    connection.execute(f"update pg_class set relchecks = 0 where {ours}".encode())
    connection.execute(f"{ready.format('false')} {tables}".encode())
    yield
    connection.execute(f"{ready.format('true')} {tables}".encode())
    for oid, count in checked:
        connection.execute(
            "update pg_class set relchecks = %s where oid = %s", (count, oid)
        )
    connection.execute("set maintenance_work_mem = '512MB'")
    connection.execute("reindex schema public")


def sound(connection: psycopg.Connection, ours: project.Project) -> None:
    """Raise AssertionError when the rows break a rule of the database."""
    for invariant in ours.invariants:
        for result in checks.run(connection, invariant.name, invariant.checks, ignore):
            assert result.error is None, result
            assert not result.violations, (result.sentence, result.violations[:3])


@dataclass(frozen=True)
class Played:
    """A database of so many organizations, and for how many seconds scripts play."""

    server: Server
    database: str
    organizations: int
    seconds: int

    def medians_us(self, name: str, role: str) -> tuple[float, float]:
        """The median latencies of the yardstick and of a path, in microseconds."""
        assert self.server.binaries is not None
        scripts = [YARDSTICK, name, *([CLAIMS] if role == "authenticated" else [])]
        taken: dict[int, list[int]] = {0: [], 1: [], 2: []}
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(
                [
                    str(self.server.binaries / "pgbench"),
                    "--no-vacuum",
                    "--protocol=prepared",
                    f"--time={self.seconds}",
                    f"--define=organizations={self.organizations}",
                    "--random-seed=1",
                    "--log",
                    f"--log-prefix={directory}/log",
                    *(f"--file={SCRIPTS / script}.pgbench" for script in scripts),
                ],
                env={
                    **os.environ,
                    **self.server.environment(self.database),
                    "PGOPTIONS": f"-c role={role}",
                },
                check=True,
                capture_output=True,
            )
            for log in Path(directory).iterdir():
                for line in log.read_text().splitlines():
                    fields = line.split()
                    taken[int(fields[3])].append(int(fields[2]))
        # The first tenth fills the caches.
        key, path = (
            statistics.median(taken[script][len(taken[script]) // 10 :])
            for script in (0, 1)
        )
        return key, path

    def figures(self, rounds: int) -> dict[str, float]:
        """For each path the median over the rounds of its ratio to the yardstick."""
        ratios: dict[str, list[float]] = {name: [] for name in CALLERS}
        yardsticks = []
        for _ in range(rounds):
            for name, role in CALLERS.items():
                key, path = self.medians_us(name, role)
                yardsticks.append(key)
                ratios[name].append(path / key)
        figures = {f"{name}_ratio": statistics.median(r) for name, r in ratios.items()}
        return {"primary_key_us": statistics.median(yardsticks), **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organizations", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    many = SMALL if asked.quick else asked.organizations
    few = 1_000 if asked.quick else min(SMALL, many)
    rounds, seconds = (1, 1) if asked.quick else (9, 2)
    ours = project.load(ROOT)
    figures: dict[str, float] = {}
    with open_server(Request(room=many * BYTES_EACH)) as server:
        stage = Stage(server, ours)
        for change in ours.changes:
            stage.apply(replace(change, fixture=None))
        for size, label in ((few, "few"), (many, "many")):
            database = server.create(template=stage.database)
            with server.connect(database) as connection:
                if label == "few":
                    fill(connection, size)
                    sound(connection, ours)
                else:
                    with in_bulk(connection):
                        fill(connection, size)
                connection.execute((SCRIPTS / "yardstick.sql").read_bytes())
                connection.execute("vacuum analyze")
            found = Played(server, database, size, seconds).figures(rounds)
            figures |= {f"{name}_{label}": value for name, value in found.items()}
            server.drop(database)
    print(f"{'':<28} {few:>12,} {many:>12,} organizations")
    for name in ("primary_key_us", *(f"{path}_ratio" for path in CALLERS)):
        print(f"{name:<28} {figures[name + '_few']:>12.2f} ", end="")
        print(f"{figures[name + '_many']:>12.2f}")
    goals = {name: ("<=", 1.5) for name in figures if "_ratio_" in name}
    document = {
        "bench": "hot_paths",
        "figures": {name: round(value, 3) for name, value in figures.items()},
        "goals": goals,
        "met": all(figures[name] <= goal for name, (_, goal) in goals.items()),
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
