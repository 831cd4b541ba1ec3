"""The backfill managed-credentials, beside the two other ways to get the same rows.

On a database with every change, so with all constraints, triggers and the audit on, and
a sealed legacy token and a data key for each number:

    insert-select   the finished rows from another table, in one statement
    row by row      the way of before: the row, its key, the insert, a round trip each
                    and a commit for each row
    backfill        `backfill.run`, with one worker and with two

Then once more while pgbench plays calls that are routed and credentials that are
checked, and for as long without the backfill. Each way has a database of its own, on a
server that is given memory, and room for WAL, as one for so many rows is.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from application import felt
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telephony import datakeys
from telephony.keyring import load_keks
from telephony.managed_credentials import ManagedCredentials
from trunkline import apply, backfill, project
from trunkline.backfill import BatchDone
from trunkline.connect import of_keywords
from trunkline.events import Event, ignore
from trunkline.throwaway import Server, open_server
from trunkline.throwaway.embedded import Embedded

ROOT = Path(__file__).parents[1]
QUICK, SIZES = (1_000, 3_000), (10_000, 100_000, 1_000_000)
ONE_BY_ONE = 2_000
"""So many rows are enough to know the pace of one row at a time."""
CLIENTS, RATE = 8, 200
LEGACY = os.urandom(32)
CALLS = """\
\\set n random(1, {size})
select org_id from worker.route_inbound_call((select '+1415' || 1000000 + :n));
select can_provision from managed_phone_numbers as n
cross join lateral (select n.status = 'active' as can_provision) as c
where n.org_id = md5('org ' || :n)::uuid;
update organizations set telephony_mode = 'managed'
where id = md5('org ' || :n)::uuid;
"""
COLUMNS = (
    "id, org_id, provider, encrypted_config, is_managed, phone_number, can_inbound,"
    " can_outbound, created_at"
)


@dataclass
class Watch:
    """What the batches of a run took, in seconds."""

    batches: list[float] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        if isinstance(event, BatchDone):
            self.batches.append(event.seconds)


@dataclass(frozen=True)
class Bench:
    """A server, and the database that every way gets a copy of."""

    server: Server
    template: str
    size: int

    @contextmanager
    def copy(self) -> Iterator[tuple[str, psycopg.Connection]]:
        """A copy of the database, gone after the block."""
        name = self.server.create(template=self.template)
        with self.server.connect(name) as connection:
            connection.execute("checkpoint")
            yield name, connection
        self.server.drop(name)

    def backfill(self, workers: int, keep: Path | None = None) -> tuple[float, Watch]:
        """Rows in a second, and the batches; the rows that came of it into `keep`."""
        watch = Watch()
        with self.copy() as (name, connection):
            rate = self.run(name, workers, watch)
            if keep is not None:
                query = f"copy (select {COLUMNS} from org_credentials) to stdout"
                with (
                    keep.open("wb") as file,
                    connection.cursor().copy(query.encode()) as rows,
                ):
                    for part in rows:
                        file.write(part)
        return rate, watch

    def run(self, database: str, workers: int, watch: Watch) -> float:
        target = of_keywords(self.server.conninfo(database))
        report = backfill.run(target, ManagedCredentials, workers=workers, emit=watch)
        assert report.counts == backfill.Counts(self.size, self.size), report.counts
        return self.size / report.seconds

    def insert_select(self, kept: Path) -> float:
        """Rows in a second when they only have to be copied."""
        with self.copy() as (_, connection):
            connection.execute(
                f"create unlogged table kept as select {COLUMNS}"
                " from org_credentials limit 0".encode()
            )
            with connection.cursor().copy("copy kept from stdin") as rows:
                rows.write(kept.read_bytes())
            connection.execute("analyze kept")
            started = time.perf_counter()
            connection.execute(
                f"insert into org_credentials ({COLUMNS}) select * from kept".encode()
            )
            return self.size / (time.perf_counter() - started)

    def one_by_one(self) -> float:
        """Rows in a second with a round trip for each step of each row."""
        keks = load_keks()
        source = ManagedCredentials.source
        instance = ManagedCredentials()
        with self.copy() as (name, _), self.server.connect(name) as connection:
            keys = connection.execute(
                "select org_id, id from managed_phone_numbers order by 1, 2 limit %s",
                [ONE_BY_ONE],
            ).fetchall()
            query = (
                f"select {source.columns} from {source.tables}"
                " where n.org_id = %s and n.id = %s"
            ).encode()
            started = time.perf_counter()
            for key in keys:
                cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
                row = cursor.execute(query, key).fetchone()
                assert row is not None
                ring = datakeys.ring(connection, [row["org_id"]], keks)
                written = instance.written(row, ring)
                connection.execute(
                    f"insert into org_credentials ({COLUMNS}) values"
                    " (%s, %s, 'twilio', %s, true, %s, %s, %s, %s)".encode(),
                    [*written[:5], *written[4:]],
                )
            return len(keys) / (time.perf_counter() - started)

    def felt(self) -> tuple[float, float]:
        """The application's p99 in milliseconds, without a backfill and with one."""
        with self.copy() as (name, _), tempfile.TemporaryDirectory() as directory:
            calls = Path(directory, "calls.sql")
            calls.write_text(CALLS.format(size=self.size))
            url = self.server.environment(name)["DATABASE_URL"]
            program = str(Path(sys.executable).parent / "trunkline")
            words = ["--project", str(ROOT), "backfill", ManagedCredentials.name]

            def run() -> None:
                subprocess.run(
                    [program, *words],
                    env={**os.environ, "TRUNKLINE_DATABASE": url},
                    stdout=subprocess.DEVNULL,
                    check=True,
                    # As whoever runs it: not in the session of the application.
                    start_new_session=True,
                )

            quiet, busy = (
                felt(
                    self.server,
                    name,
                    [str(calls)],
                    clients=CLIENTS,
                    rate=RATE,
                    work=work,
                )
                for work in (lambda: time.sleep(min(self.size / 2_000, 20)), run)
            )
        assert not quiet.failed + busy.failed
        return quiet.p99, busy.p99


@contextmanager
def roomy_server() -> Iterator[Server]:
    """A server that neither reads its pages again nor ends in checkpoints."""
    with open_server() as server:
        assert isinstance(server, Embedded)
        with server.connect("postgres") as connection:
            connection.execute("alter system set shared_buffers = '4GB'")
            connection.execute("alter system set max_wal_size = '8GB'")
        server.crash()
        server.start()
        yield server


def prepared(server: Server, size: int) -> Bench:
    """A database with every change, and so many numbers that wait for a credential."""
    name = server.create()
    changes = project.load(ROOT)
    target = of_keywords(server.conninfo(name))
    assert apply.run(changes, target, apply.Options(), ignore).ok
    with server.connect(name) as owner:
        # As it was before the pairs were asked for; the audit would only cost time.
        owner.execute(
            "set session_replication_role = replica;"
            "alter table org_data_keys disable trigger audited_inserts;"
            "alter table twilio_subaccounts disable trigger audited_inserts;"
            "alter table managed_phone_numbers disable trigger audited_inserts"
        )
        owner.execute(
            "insert into organizations (id, name) select md5('org ' || n)::uuid,"
            " 'Organization ' || n from generate_series(1, %s) as n",
            [size],
        )
        organizations = [id for (id,) in owner.execute("select id from organizations")]
        keks = load_keks()
        for start in range(0, size, 10_000):
            part = organizations[start : start + 10_000]
            datakeys.insert(owner, [(id, 1) for id in part], keks)
        with owner.cursor().copy(
            "copy twilio_subaccounts (id, org_id, twilio_account_sid, friendly_name,"
            " twilio_auth_token_encrypted) from stdin"
        ) as rows:
            for id in organizations:
                rows.write_row(subaccount(id))
        owner.execute(
            "insert into managed_phone_numbers (org_id, subaccount_id, phone_number,"
            " twilio_phone_sid, vapi_phone_id, vapi_credential_id, status)"
            " select s.org_id, s.id, '+1415' || 1000000 + row_number() over (),"
            " 'PN' || md5(s.id::text), gen_random_uuid(), gen_random_uuid(), 'active'"
            " from twilio_subaccounts as s"
        )
        owner.execute(
            "alter table org_data_keys enable always trigger audited_inserts;"
            "alter table twilio_subaccounts enable always trigger audited_inserts;"
            "alter table managed_phone_numbers enable always trigger audited_inserts"
        )
        # Not what is empty: a plan made for a table that is known to be empty scans it,
        # and is kept while it grows. Nobody's autovacuum looks at an empty table.
        owner.execute(
            "vacuum analyze organizations, org_data_keys, twilio_subaccounts,"
            " managed_phone_numbers"
        )
    return Bench(server, name, size)


def subaccount(org_id: UUID) -> tuple[object, ...]:
    iv = os.urandom(12)
    sealed = AESGCM(LEGACY).encrypt(iv, os.urandom(16).hex().encode(), None)
    token = ":".join(part.hex() for part in (iv, sealed[-16:], sealed[:-16]))
    id = uuid4()
    return id, org_id, f"AC{id.hex}", "Organization", token


def measured(bench: Bench) -> dict[str, Any]:
    """Each way once, in turn."""
    with tempfile.TemporaryDirectory() as directory:
        kept = Path(directory, "rows")
        one, watch = bench.backfill(1, keep=kept)
        two, other = bench.backfill(2)
        copied = bench.insert_select(kept)
    one_by_one = bench.one_by_one()
    quiet, busy = bench.felt()
    return {
        "rows_s": one,
        "rows_s_two_workers": two,
        "insert_select_rows_s": copied,
        "one_by_one_rows_s": one_by_one,
        "to_insert_select": one / copied,
        "to_one_by_one": one / one_by_one,
        "two_workers_to_one": two / one,
        "two_workers_to_insert_select": two / copied,
        "two_workers_to_one_by_one": two / one_by_one,
        "worst_batch_ms": max(watch.batches + other.batches) * 1e3,
        "median_batch_ms": statistics.median(watch.batches) * 1e3,
        "p99_ms": quiet,
        "p99_ms_during": busy,
        "p99_during_to_without": busy / quiet,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, for CI")
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of numbers")
    options = parser.parse_args()
    sizes = options.sizes or (QUICK if options.quick else SIZES)
    os.environ["ENCRYPTION_KEY"] = LEGACY.hex()
    os.environ["TELEPHONY_KEK"] = f"bench:{b64encode(os.urandom(32)).decode()}"
    figures: dict[str, float] = {}
    by_size: dict[int, dict[str, Any]] = {}
    for size in sizes:
        with roomy_server() as server:
            found = by_size[size] = measured(prepared(server, size))
        for name, value in found.items():
            print(f"{name + ' at ' + format(size, ','):<40} {value:12,.2f}", flush=True)
            figures[f"{name}_{size}"] = round(value, 4)
    goals: dict[str, tuple[str, float]] = {}
    for size in sizes:
        goals |= {
            f"to_insert_select_{size}": (">=", 0.5),
            f"to_one_by_one_{size}": (">=", 10),
            f"worst_batch_ms_{size}": ("<=", 250),
            f"p99_during_to_without_{size}": ("<=", 2),
        }
    largest, before = max(sizes), sorted(sizes)[-2] if len(sizes) > 1 else max(sizes)
    figures["largest_to_one_before"] = round(
        by_size[largest]["rows_s"] / by_size[before]["rows_s"], 4
    )
    goals["largest_to_one_before"] = (">=", 0.9)
    met = all(
        figures[name] >= goal if sign == ">=" else figures[name] <= goal
        for name, (sign, goal) in goals.items()
    )
    print(
        json.dumps(
            {"bench": "backfill", "figures": figures, "goals": goals, "met": met}
        )
    )


if __name__ == "__main__":
    main()
