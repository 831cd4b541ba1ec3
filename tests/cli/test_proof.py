"""`rehearse` with more than the plain rehearsal, and what `apply` makes of it."""

from __future__ import annotations

import json

from tests.cli.conftest import Cli
from tests.projects import ROOMS, change, write

CERTIFICATE = f"verification/certificates/{ROOMS}.json"


def test_apply_takes_what_is_certified_and_nothing_else(rooms: Cli) -> None:
    refused = rooms("apply", "--require-certificate")
    assert refused.status == 2
    assert f"{CERTIFICATE}:1: there is no certificate" in refused.err
    done = rooms("rehearse", "--certify")
    assert done.status == 0
    assert "certificates: 1 written, 0 unchanged, 0 withdrawn\n" in done.out
    assert "0 written, 1 unchanged" in rooms("rehearse", "--certify").out

    migration = rooms.root / "migrations" / f"{ROOMS}.sql"
    text = migration.read_text()
    write(rooms.root, {f"migrations/{ROOMS}.sql": f"{text}-- edited\n"})
    stale = rooms("apply", "--require-certificate", "--dry-run")
    assert stale.status == 2
    assert f"migrations/{ROOMS}.sql changed since" in stale.err
    assert "[certificate-stale]" in rooms("lint").out

    migration.write_text(text)
    assert rooms("apply", "--require-certificate").status == 0


def test_yoyo_ini_requires_certificates_of_every_apply(rooms: Cli) -> None:
    with (rooms.root / "yoyo.ini").open("a") as ini:
        ini.write("require_certificate = on\n")
    assert rooms("apply").status == 2
    assert rooms("rehearse", "--certify").status == 0
    assert rooms("apply").status == 0


def test_mutants_that_nobody_noticed_are_named_and_fail_the_rehearsal(
    rooms: Cli,
) -> None:
    done = rooms("rehearse", "--mutate", "--certify")
    assert done.status == 1
    assert "survived: constraint rooms_pkey on public.rooms: dropped\n" in done.out
    assert not (rooms.root / CERTIFICATE).exists()

    verification = rooms.root / "verification" / f"{ROOMS}.sql"
    checks = verification.read_text()
    verification.write_text(
        f"-- survives: * — this test is about the score\n{checks}"
        "-- check: rooms have a key\nselect 'rooms' as subject, 'no key' as detail\n"
        "where not exists (select from pg_constraint where conname = 'rooms_pkey');\n"
        "-- check: rooms are for nobody else\n"
        "select 'rooms' as subject, 'public may read them' as detail\nwhere exists (\n"
        "    select from pg_class\n    where relname = 'rooms' and relacl is not null\n"
        ");\n"
    )
    done = rooms("rehearse", "--mutate", "--certify", "--json")
    assert done.status == 0, done.out
    assert done.json["mutation"]["score"] == 1
    proved = json.loads((rooms.root / CERTIFICATE).read_text())["servers"]["18"]
    assert proved["mutants"]["noticed"] == proved["mutants"]["made"] > 0


def test_traffic_is_played_and_told(rooms: Cli) -> None:
    write(
        rooms.root,
        {
            "verification/traffic/enter.sql": f"-- since: {ROOMS}\n"
            "insert into rooms values (gen_random_uuid());\n"
        },
    )
    done = rooms("rehearse", "--traffic")
    assert done.status == 0, done.out
    assert "    traffic: " in done.out
    (felt,) = rooms("rehearse", "--traffic", "--json").json["traffic"]
    assert [lost["text"] for lost in felt["declared"] if lost["count"]]
    assert felt["lost"] == []


def test_crashes_are_tried_and_told(rooms: Cli) -> None:
    done = rooms("rehearse", "--crash")
    assert done.status == 0, done.out
    assert "! 20260101_rooms" in done.out
    assert " of 1 change: all converged\n" in done.out
    write(
        rooms.root,
        change(
            "20260102_twice",
            "-- transactional: false\ncreate procedure fill() language plpgsql as\n"
            "$$ begin insert into rooms values (gen_random_uuid()); commit; end $$;\n"
            "call fill();\n",
            "drop procedure fill;\ndelete from rooms;\n",
        ),
    )
    done = rooms("rehearse", "--crash", "--allow-unverified", "--json")
    assert done.status == 1, done.out
    first, second = done.json["crashes"]
    assert not first["unconverged"]
    assert "public.rooms has " in str(second["unconverged"][0]["found"])
