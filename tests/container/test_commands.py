"""The commands on a server that is not ours: in a container, and named by its URL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trunkline.throwaway import Server

pytestmark = pytest.mark.container

PROJECT = Path(__file__).parents[2]
TRUNKLINE = Path(sys.executable).with_name("trunkline")


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this project, as its user does."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return subprocess.run(
        [TRUNKLINE, "--project", PROJECT, *words],
        env={**plain, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_this_project_rehearses_in_a_container(image: str) -> None:
    done = run("--json", "rehearse", "--on", "container", "--image", image)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["on"] == "container"
    assert {change["verdict"] for change in report["changes"]} == {"exact"}


def test_this_project_rehearses_on_a_server_that_its_url_names(server: Server) -> None:
    where = server.conninfo("postgres")
    url = f"postgresql://{where['user']}@{where['host']}:{where['port']}/postgres"
    secret = {"PGPASSWORD": str(where["password"])}
    done = run("--json", "rehearse", "--on", url, **secret)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["ok"]
    assert secret["PGPASSWORD"] not in done.stdout + done.stderr


def test_psql_opens_in_a_sandbox(image: str) -> None:
    query = "select count(*) > 0 from org_credentials"
    where = ("--on", "container", "--image", image)
    done = run("sandbox", *where, "--", "psql", "-X", "-A", "-t", "-c", query)
    assert (done.returncode, done.stdout) == (0, "t\n"), done.stderr
