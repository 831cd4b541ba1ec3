"""Our changes on a live database, beside the original SQL and beside yoyo.

2,000,000 credentials, and an application that reads and writes them at a fixed rate on
8 connections while the database is changed:

    floor      nothing is changed
    naive      the original SQL, by psql: a column, two plain indexes, the check after
    trunkline  our changes of 2026-02-10, by `trunkline apply`
    yoyo       the same files, by the stock `yoyo apply`
    later      all our later changes, by `trunkline apply`

and the same for the rollbacks. Each way has a copy of its own of the same database. A
transaction's time counts from when it was due, so whoever has to wait is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from application import Felt, felt

from trunkline.throwaway import Request, Server, open_server

BIN = Path(sys.executable).parent
PROJECT = Path(__file__).parents[1]
BASELINE = "20260209_telephony_baseline"
UNIFIED = "20260210_managed_credentials_unification"
CLIENTS, RATE = 8, 400
ROOM = 2500
"""Bytes for each credential: two copies with their indexes, and the WAL."""

ROWS = """
insert into public.organizations (id, name)
select md5('org' || n)::uuid, 'Organization ' || n
from generate_series(1, {organizations}) as n;

insert into public.org_credentials (
    id, org_id, provider, encrypted_config, is_active, metadata
)
select
    md5('credential' || n)::uuid,
    md5('org' || (n + 1) / 2)::uuid,
    case when n % 2 = 0 then 'twilio' else 'google_calendar' end,
    concat_ws(':', left(md5('iv' || n), 24), md5('tag' || n), repeat(md5('c' || n), 4)),
    case when n % 10000 = 0 then null when n % 20 = 0 then false else true end,
    jsonb_build_object('label', 'credential ' || n)
from generate_series(1, {credentials}) as n;

vacuum analyze;
"""

#: What the application does, in every state of the schema.
READ = r"""\set n random(1, {organizations})
select id, provider, encrypted_config from public.org_credentials
where org_id = md5('org' || :n)::uuid and provider = 'twilio' and is_active = true;
"""
WRITE = r"""\set n random(1, {organizations})
update public.org_credentials set last_verified_at = now(), verification_error = null
where org_id = md5('org' || :n)::uuid and provider = 'google_calendar';
"""

NAIVE_UP = """
alter table org_credentials add column is_managed boolean default false;
create index idx_org_credentials_managed
on org_credentials (org_id, provider, is_managed) where is_active = true;
create unique index idx_org_credentials_one_managed_per_org
on org_credentials (org_id, provider)
where is_managed = true and is_active = true and provider = 'twilio';
comment on column org_credentials.is_managed is 'true: managed, false: BYOC';
comment on index idx_org_credentials_managed is 'lookup';
comment on index idx_org_credentials_one_managed_per_org is 'one managed number';
do $$
begin
    if exists (
        select from org_credentials
        where is_managed = true and is_active = true and provider = 'twilio'
        group by org_id having count(*) > 1
    ) then
        raise exception 'conflicting rows exist';
    end if;
end
$$;
"""
NAIVE_DOWN = """
drop index idx_org_credentials_one_managed_per_org;
drop index idx_org_credentials_managed;
delete from org_credentials where is_managed = true;
alter table org_credentials drop column is_managed;
"""


Said = list[tuple[float, str]]
"""The lines of a program, each with the time at which it came."""
Work = Callable[[], Said]


def main() -> None:
    """Measure every way, print a table and the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--credentials", type=int, default=2_000_000, metavar="N")
    parser.add_argument("--quick", action="store_true", help="20,000 credentials")
    options = parser.parse_args()
    credentials = 20_000 if options.quick else options.credentials
    print(f"{credentials} credentials, {RATE} transactions/s on {CLIENTS} connections")
    found: dict[str, Felt] = {}
    request = Request(room=credentials * ROOM)
    with tempfile.TemporaryDirectory() as directory, open_server(request) as server:
        print(f"{'':<18}{'seconds':>9}{'p99 ms':>9}{'longest ms':>12}{'failed':>8}")
        bench = Bench(server, Path(directory), credentials)
        for name, (one, during) in bench.measured():
            print(
                f"{name:<18}{one.seconds:>9.1f}{one.p99:>9.2f}{one.longest:>12.1f}"
                f"{one.failed:>8}  {during}",
                flush=True,
            )
            found[name] = one
    conclude(found)


def conclude(found: dict[str, Felt]) -> None:
    """Print the last line: the figures, and whether they are what they should be."""
    floor = found["floor"]
    figures: dict[str, float] = {}
    goals: dict[str, tuple[str, float]] = {}
    for name, one in found.items():
        key = name.replace(" ", "_")
        figures[f"{key}_seconds"] = one.seconds
        figures[f"{key}_longest_ms"] = one.longest
        figures[f"{key}_p99_to_floor"] = one.p99 / floor.p99
        figures[f"{key}_failed"] = one.failed
        if name.startswith(("trunkline", "later")):
            goals[f"{key}_longest_ms"] = ("<=", 100)
            goals[f"{key}_p99_to_floor"] = ("<=", 1.5)
            goals[f"{key}_failed"] = ("<=", 0)
    document = {
        "bench": "live_apply",
        "figures": {name: round(value, 3) for name, value in figures.items()},
        "goals": goals,
        "met": all(figures[name] <= goal for name, (_, goal) in goals.items()),
    }
    print(json.dumps(document))


class Bench:
    """A database with rows, and copies of it for each way."""

    def __init__(self, server: Server, directory: Path, credentials: int) -> None:
        self._server = server
        self._directory = directory
        self._numbers = {
            "credentials": credentials,
            "organizations": credentials // 2,
        }
        self._scripts = []
        for name, text, weight in (("read", READ, 4), ("write", WRITE, 1)):
            path = directory / f"{name}.sql"
            path.write_text(text.format(**self._numbers))
            self._scripts.append(f"{path}@{weight}")
        self._unified = self._excerpt()
        self._loaded = self._load()

    def measured(self) -> Iterator[tuple[str, tuple[Felt, str]]]:
        """Each way up and down, by name."""
        with self._copy() as database:
            yield "floor", self._felt(database, nothing)
        with self._copy() as database:
            yield "naive up", self._felt(database, self._psql(database, NAIVE_UP))
            yield "naive down", self._felt(database, self._psql(database, NAIVE_DOWN))
        with self._copy() as database:
            apply = self._yoyo(database, "apply")
            yield "yoyo up", self._felt(database, apply)
            back = self._yoyo(database, "rollback", "--revision", next_after(BASELINE))
            yield "yoyo down", self._felt(database, back)
        with self._copy() as database:
            apply = self._trunkline(database, self._unified, "apply")
            yield "trunkline up", self._felt(database, apply)
            rest = self._trunkline(database, PROJECT, "apply")
            yield "later up", self._felt(database, rest)
            back = self._trunkline(
                database, PROJECT, "rollback", "--yes", "--to", UNIFIED
            )
            yield "later down", self._felt(database, back)
            back = self._trunkline(
                database, self._unified, "rollback", "--yes", "--to", BASELINE
            )
            yield "trunkline down", self._felt(database, back)

    def _excerpt(self) -> Path:
        """A project of the changes up to 2026-02-10."""
        root = self._directory / "unified"
        for part in ("migrations", "rollbacks", "verification"):
            (root / part).mkdir(parents=True)
            for path in (PROJECT / part).glob("*.sql"):
                if path.name.split(".")[0] <= UNIFIED:
                    shutil.copy(path, root / part, follow_symlinks=False)
        (root / "yoyo.ini").write_text("[DEFAULT]\nsources = %(here)s/migrations\n")
        return root

    def _load(self) -> str:
        """A database at the baseline, with rows, that is only copied."""
        database = self._server.create()
        self._trunkline(database, self._unified, "apply", "--to", BASELINE)()
        self._psql(database, ROWS.format(**self._numbers))()
        return database

    @contextmanager
    def _copy(self) -> Iterator[str]:
        database = self._server.create(template=self._loaded)
        with self._server.connect(database) as connection:
            # As warm as a database is that has been at work for a while.
            connection.execute("select count(*) from public.org_credentials")
        yield database
        self._server.drop(database)

    def _felt(self, database: str, work: Work) -> tuple[Felt, str]:
        """What was felt, and what was at work when the longest began, if known."""
        said: Said = []
        found = felt(
            self._server,
            database,
            self._scripts,
            clients=CLIENTS,
            rate=RATE,
            work=lambda: said.extend(work()),
        )
        # A line that begins with a direction tells that a change is done.
        done = [(at, line.split()[1]) for at, line in said if line[:2] in ("+ ", "- ")]
        return found, next((name for at, name in done if at >= found.due), "")

    def _psql(self, database: str, text: str) -> Work:
        path = Path(tempfile.mkstemp(suffix=".sql", dir=self._directory)[1])
        path.write_text(text)
        words = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(path)]
        return self._command(database, [self._program("psql"), *words])

    def _trunkline(self, database: str, root: Path, *words: str) -> Work:
        program = str(BIN / "trunkline")
        url = self._server.environment(database)["DATABASE_URL"]
        return self._command(
            database, [program, "--project", str(root), *words], TRUNKLINE_DATABASE=url
        )

    def _yoyo(self, database: str, *words: str) -> Work:
        url = self._server.environment(database)["DATABASE_URL"]
        driven = url.replace("://", "+psycopg://", 1)
        sources = str(self._unified / "migrations")
        return self._command(
            database,
            [str(BIN / "yoyo"), *words, "--batch", "--database", driven, sources],
        )

    def _command(self, database: str, words: Sequence[str], **more: str) -> Work:
        def run() -> Said:
            with subprocess.Popen(
                words,
                env={**self._environment(database), **more},
                cwd=self._directory,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                # Linux shares its processors out by session, and whoever changes a
                # database does not sit in that of the application.
                start_new_session=True,
            ) as process:
                said = [(time.time(), line) for line in process.stdout or ()]
            if process.returncode:
                raise SystemExit("".join(line for _, line in said))
            return said

        return run

    def _environment(self, database: str) -> dict[str, str]:
        return {**os.environ, **self._server.environment(database)}

    def _program(self, name: str) -> str:
        assert self._server.binaries is not None
        return str(self._server.binaries / name)


def nothing() -> Said:
    """No migration."""
    time.sleep(10)
    return []


def next_after(change: str) -> str:
    """The change that follows: yoyo rolls back what is named, and all after it."""
    names = sorted(path.stem for path in (PROJECT / "migrations").glob("*.sql"))
    plain = [name for name in names if not name.endswith(".rollback")]
    return plain[plain.index(change) + 1]


if __name__ == "__main__":
    main()
