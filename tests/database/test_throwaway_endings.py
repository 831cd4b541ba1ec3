"""An embedded server leaves nothing behind, and sweeps nothing that has an owner."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.owners import Own, Owner, OwnMany
from trunkline.throwaway import Request, binaries, open_server, sweep
from trunkline.throwaway.account import Account, server_account

NOBODY = pwd.getpwnam("nobody")
pytestmark = pytest.mark.embedded


def segments_of(pids: set[int]) -> list[str]:
    """The System V segments that one of the processes has made."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return [line for line in lines if int(line.split()[4]) in pids]


def servers(run: Path) -> set[int]:
    return {process.pid for process in sweep._server_processes(run)}


def users_of(run: Path) -> set[int]:
    """Who runs the server's processes; a backend may end while it is looked at."""
    users = set()
    for process in sweep._server_processes(run):
        with suppress(psutil.NoSuchProcess):
            users.add(process.uids().real)
    return users


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + 10
    while any(map(runs, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answers(owner: Owner) -> bool:
    try:
        with psycopg.connect(**owner.facts["conninfo"]):
            return True
    except psycopg.OperationalError:
        return False


@pytest.fixture
def ordinary(memory: Path) -> dict[str, str]:
    """The variables with which an owner is an ordinary user, whoever we are."""
    if os.geteuid() != 0:
        return {}
    os.chown(memory, NOBODY.pw_uid, NOBODY.pw_gid)
    account = Account(NOBODY.pw_uid, NOBODY.pw_gid)
    programs = binaries.reachable_by(account, binaries.embedded_programs(18))
    return {
        "OWNER_USER": str(NOBODY.pw_uid),
        "OWNER_WHEEL": str(programs.parent.parent),
        "HOME": str(memory),
        "XDG_CACHE_HOME": str(memory / "cache"),
    }


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
    ],
)
def test_a_signal_that_asks_to_end_leaves_nothing(
    own: Own, number: signal.Signals, status: int
) -> None:
    owner = own()
    pids = servers(owner.run)
    assert len(pids) > 3
    assert segments_of(pids)

    assert owner.end(number) == status

    assert not owner.run.exists()
    assert not any(psutil.pid_exists(pid) for pid in (*pids, owner.facts["watcher"]))
    assert not segments_of(pids)


@pytest.mark.parametrize(("way", "status"), [("return", 0), ("raise", 1)])
def test_the_end_of_the_block_leaves_nothing(own: Own, way: str, status: int) -> None:
    owner = own(OWNER_END=way)

    assert owner.process.wait(30) == status
    assert not owner.run.exists()
    assert not servers(owner.run)


def test_an_ordinary_user_gets_a_server_and_leaves_nothing(
    own: Own, ordinary: dict[str, str]
) -> None:
    owner = own(**ordinary)
    pids = servers(owner.run)
    assert answers(owner)
    assert users_of(owner.run) == {owner.facts["user"]}
    assert owner.facts["user"] != 0
    assert owner.run.stat().st_mode & 0o777 == 0o700

    owner.end(signal.SIGTERM)

    assert not owner.run.exists()
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.root
def test_root_runs_the_server_as_another_and_lets_it_write_only_its_data(
    own: Own,
) -> None:
    owner = own()
    assert answers(owner)
    users = users_of(owner.run)
    assert users
    assert 0 not in users
    assert owner.run.stat().st_uid == 0
    assert owner.run.stat().st_mode & 0o777 == 0o711
    assert (owner.run / "data").stat().st_mode & 0o777 == 0o700
    assert (owner.run / "socket").stat().st_mode & 0o777 == 0o700


def test_a_server_whose_owner_is_killed_ends_and_is_swept_by_the_next(
    own: Own,
) -> None:
    owner = own()
    pids = servers(owner.run)

    owner.end(signal.SIGKILL)
    wait_until_gone(pids)
    assert owner.run.exists()

    own()
    assert not owner.run.exists()


@pytest.mark.parametrize("user", ["ourselves", "ordinary"])
def test_a_server_that_outlived_its_owner_is_ended_by_the_next(
    own: Own, ordinary: dict[str, str], user: str
) -> None:
    who = ordinary if user == "ordinary" else {}
    owner = own(**who)
    pids = servers(owner.run)
    psutil.Process(owner.facts["watcher"]).kill()
    owner.end(signal.SIGKILL)
    assert answers(owner)

    own(**who)

    wait_until_gone(pids)
    assert not owner.run.exists()
    assert not segments_of(pids)


def test_what_a_crashed_server_of_a_killed_owner_left_is_swept(own: Own) -> None:
    owner = own()
    pids = servers(owner.run)
    psutil.Process(owner.facts["watcher"]).kill()
    sweep.kill_server(owner.run)
    owner.end(signal.SIGKILL)
    assert segments_of(pids)

    own()

    assert not segments_of(pids)
    assert not owner.run.exists()


def test_a_server_whose_owner_lives_is_not_touched(own: Own) -> None:
    first = own()
    second = own()
    assert answers(first)
    assert answers(second)

    second.end(signal.SIGTERM)
    assert answers(first)


def test_a_process_that_merely_names_the_data_directory_is_not_ended(
    own: Own,
) -> None:
    owner = own()
    data = owner.run / "data"
    with subprocess.Popen(
        ["/bin/sh", "-c", "read _", "sh", data],
        stdin=subprocess.PIPE,
        user=data.stat().st_uid,
    ) as bystander:
        owner.end(signal.SIGTERM)
        assert not owner.run.exists()
        assert bystander.poll() is None
        bystander.kill()


def test_many_cold_starts_at_once_make_one_cluster(
    own_many: OwnMany, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    owners = own_many(3, XDG_CACHE_HOME=str(tmp_path))
    assert all(answers(owner) for owner in owners)
    clusters = tmp_path / "trunkline" / "clusters"
    assert len([path for path in clusters.iterdir() if path.is_dir()]) == 1


@pytest.mark.root
def test_programs_that_the_server_account_cannot_reach_are_copied(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = binaries._wheel()
    closed = memory / "closed" / wheel.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(wheel / "pginstall18" / part, closed / "pginstall18" / part)
    libraries = f"{wheel.name}.libs"
    shutil.copytree(wheel.with_name(libraries), closed.with_name(libraries))
    closed.parent.chmod(0o700)
    monkeypatch.setattr(binaries, "_wheel", lambda: closed)
    account = server_account()
    assert account is not None
    reached = binaries.reachable_by(account, closed / "pginstall18" / "bin")
    try:
        assert not account.can_reach(closed)
        assert account.can_reach(reached)
        with open_server(Request()) as server:
            assert server.binaries == closed / "pginstall18" / "bin"
    finally:
        shutil.rmtree(reached.parents[2])
