"""Whatever goes wrong, no secret is in what people or programs get to see."""

from __future__ import annotations

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager

from tests.installation import (
    ENCRYPTION_KEY,
    KEK,
    PLANTED,
    Installation,
    close_legacy,
)

#: Every spelling of a key and of the mark that stands in each secret.
SPELLINGS = {
    PLANTED,
    PLANTED.encode().hex(),
    b64encode(PLANTED.encode()).decode().rstrip("="),
    ENCRYPTION_KEY,
    KEK.partition(":")[2],
    b64decode(KEK.partition(":")[2]).hex(),
}


def shown(text: str) -> list[str]:
    return [secret for secret in SPELLINGS if secret in text]


@contextmanager
def watched(installation: Installation) -> Iterator[list[str]]:
    """Look at the queries of all sessions, as pg_stat_activity shows them."""
    seen: list[str] = []
    enough = threading.Event()

    def look() -> None:
        with installation.server.connect(installation.database) as watcher:
            while not enough.wait(0.002):
                seen.extend(
                    query
                    for (query,) in watcher.execute(
                        "select query from pg_stat_activity"
                        " where datname = current_database()"
                    )
                )

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield seen
    finally:
        enough.set()
        watching.join()


def told(installation: Installation, program: str, *words: str, **keys: str) -> str:
    """All that a program prints, on both streams."""
    done = installation.program(program, *words, **keys)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_no_secret_is_in_any_output_error_query_or_table(faulty: Installation) -> None:
    organization = faulty.value(
        "select org_id from org_credentials where provider = 'twilio' limit 1"
    )
    faulty.owner.execute(
        "insert into org_credentials (org_id, provider, encrypted_config)"
        " values (%s, 'twilio', %s), (%s, 'twilio', %s)",
        [
            organization,
            close_legacy(json.dumps({"apiKey": PLANTED}), key="0e" * 32),
            organization,
            close_legacy(PLANTED * 5_000),
        ],
    )
    everything = ""
    with watched(faulty) as queries:
        for words in (
            ("managed-credentials", "--dry-run", "--verbose"),
            ("managed-credentials", "--workers=2"),
            ("managed-credentials", "status", "--verbose"),
            ("reseal-credentials", "--json"),
            ("reseal-tokens", "--verbose"),
        ):
            everything += told(faulty, "trunkline", "backfill", *words)
        for variables in (
            {"ENCRYPTION_KEY": PLANTED},
            {"TELEPHONY_KEK": f"first:{PLANTED}"},
            {"TELEPHONY_KEK": f"{KEK} {KEK}"},
            {"TELEPHONY_KEK": f"other:{b64encode(bytes(32)).decode()}"},
        ):
            everything += told(
                faulty, "trunkline", "backfill", "managed-credentials", **variables
            )
            everything += told(
                faulty, "telephony", "keys", "rotate", "--all", "--yes", **variables
            )
        everything += told(faulty, "telephony", "keys", "rotate", "--all", "--yes")
        everything += told(faulty, "telephony", "keys", "shred", str(organization))
        everything += told(faulty, "trunkline", "backfill", "rewrap-keys", "undo")
    assert "does_not_open" in everything
    assert "bad_form" in everything
    assert len(queries) > 100
    assert not shown(everything)
    assert not shown("\n".join(set(queries)))
    for table in ("backfill_run", "backfill_chunk", "backfill_error"):
        assert not shown(
            "\n".join(
                text
                for (text,) in faulty.owner.execute(
                    f"select t::text from trunkline.{table} as t".encode()
                )
            )
        )


def test_the_looking_finds_what_is_there(installation: Installation) -> None:
    with watched(installation) as queries:
        installation.owner.execute(f"select '{PLANTED}', pg_sleep(0.2)".encode())
    assert shown("\n".join(queries)) == [PLANTED]
