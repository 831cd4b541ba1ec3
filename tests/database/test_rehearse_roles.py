"""Changes that drop roles, which other databases of the rehearsal depend on as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.projects import change, write
from trunkline import project, rehearsal
from trunkline.connect import of_keywords
from trunkline.copying import Wanted
from trunkline.copying.origin import Live
from trunkline.events import ignore
from trunkline.rehearsal.moves import bring_up
from trunkline.rehearsal.result import ChangeReport
from trunkline.rehearsal.stage import Stage
from trunkline.rehearsal.work import Parts
from trunkline.session import alone
from trunkline.throwaway import Request, Server, open_server

pytestmark = pytest.mark.embedded

INI = {"yoyo.ini": "[DEFAULT]\nsources = %(here)s/migrations\n"}
CLERK = change(
    "20260101_clerk",
    "create role clerk;\ncreate table t (n int);\ninsert into t values (1), (2);\n"
    "grant select on t to clerk;\ncreate table own ();\n"
    "alter table own owner to clerk;\n",
    "drop table own;\ndrop table t;\ndrop role clerk;\n",
)
HAND_OVER = "reassign owned by clerk to current_user;\n"
TAKE_BACK = "grant select on t to clerk;\nalter table own owner to clerk;\n"
GOES = f"{HAND_OVER}drop owned by clerk;\ndrop role clerk;\n"
COMES = f"create role clerk;\n{TAKE_BACK}"
GONE = "20260102_gone"
NEXT = change(
    "20260103_next",
    "do $$ begin\n    assert to_regrole('clerk') is null;\n"
    "    assert (select count(*) from t) = 2;\nend $$;\ncreate table u ();\n",
    "drop table u;\n",
)


@pytest.fixture
def other(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of the test's own: who drops roles has it for himself."""
    asked = Request(postgres=request.config.getoption("--postgres"))
    with open_server(asked) as running:
        yield running


def rehearsed(root: Path, server: Server, up: str, down: str) -> list[ChangeReport]:
    """What becomes of a change, and of the next one."""
    write(root, {**INI, **CLERK, **change(GONE, up, down), **NEXT})
    loaded = project.load(root)
    stage = Stage(server, loaded)
    reports = []
    for one in loaded.changes:
        with stage.rehearse(one) as (report, _):
            reports.append(report)
    stage.close()
    return reports[1:]


@pytest.mark.parametrize(
    "up",
    [GOES, f"{HAND_OVER}revoke select on t from clerk;\ndrop role clerk;\n"],
)
def test_a_role_that_goes_and_comes_back_with_its_rights_is_exact(
    tmp_path: Path, other: Server, up: str
) -> None:
    gone, following = rehearsed(tmp_path, other, up, COMES)
    assert (gone.verdict, gone.error) == ("unverified", None)
    assert (following.verdict, following.error) == ("unverified", None)


@pytest.mark.parametrize(
    ("down", "missing"),
    [
        (
            "create role clerk;\nalter table own owner to clerk;\n",
            "grant select on table public.t to clerk",
        ),
        ("create role clerk;\ngrant select on t to clerk;\n", "owner table public.own"),
        ("select 1;\n", "role clerk"),
    ],
)
def test_what_does_not_come_back_with_the_role_is_told(
    tmp_path: Path, other: Server, down: str, missing: str
) -> None:
    gone, following = rehearsed(tmp_path, other, GOES, down)
    assert gone.verdict == "down_inexact"
    assert missing in {difference.named for difference in gone.differences}
    assert (following.verdict, following.error) == ("unverified", None)


def test_rows_that_are_lost_beside_the_role_are_counted(
    tmp_path: Path, other: Server
) -> None:
    down = f"{COMES}delete from t where n = 2;\n"
    gone, following = rehearsed(tmp_path, other, GOES, down)
    assert gone.verdict == "data_lost"
    assert [(lost.object, lost.count) for lost in gone.lost] == [("public.t", 1)]
    assert (following.verdict, following.error) == ("unverified", None)


def test_a_role_that_the_change_itself_leaves_rights_to_is_in_the_way(
    tmp_path: Path, other: Server
) -> None:
    gone, _ = rehearsed(tmp_path, other, "drop role clerk;\n", COMES)
    assert gone.verdict == "up_failed"
    assert "privileges for table t" in (gone.error or "")
    assert "in database" not in (gone.error or "")


def test_a_rollback_that_drops_the_role_of_another_change_is_inexact(
    tmp_path: Path, other: Server
) -> None:
    gone, following = rehearsed(tmp_path, other, "create table v ();\n", GOES)
    assert gone.verdict == "down_inexact"
    assert "role clerk" in {difference.named for difference in gone.differences}
    assert following.verdict == "up_failed"  # the role is there, as the change left it


def test_a_refusal_that_the_change_does_not_tell_is_noticed(
    tmp_path: Path, other: Server
) -> None:
    quietly = (
        f"{HAND_OVER}drop owned by clerk;\n"
        "do $$ begin\n    drop role clerk;\n"
        "exception when dependent_objects_still_exist then null;\nend $$;\n"
    )
    gone, following = rehearsed(tmp_path, other, quietly, TAKE_BACK)
    assert gone.verdict == "down_failed"
    assert (following.verdict, following.error) == ("unverified", None)


def test_a_server_that_is_not_ours_is_not_copied_and_the_report_says_so(
    tmp_path: Path, other: Server
) -> None:
    url = other.environment("postgres")["DATABASE_URL"]
    with open_server(Request(on=url)) as named:
        gone, _ = rehearsed(tmp_path, named, GOES, COMES)
    assert gone.verdict == "up_failed"
    assert (gone.error or "").endswith(
        "it is the rehearsal that has other databases: "
        "a server on url cannot be copied\nUse --on embedded."
    )


def test_on_a_copy_neither_the_rehearsal_nor_its_crashes_keep_the_role(
    tmp_path: Path, other: Server
) -> None:
    write(tmp_path, {**INI, **CLERK, **change(GONE, GOES, COMES)})
    loaded = project.load(tmp_path)
    target = of_keywords(other.conninfo(other.create()))
    table = loaded.config.migration_table
    with alone(target, table, lock_timeout=2.0, emit=ignore) as session:
        assert bring_up(session, loaded.changes[0]) is None
    report = rehearsal.run(
        loaded,
        Request(postgres=other.version_num // 10000),
        (),
        allow_unverified=True,
        emit=ignore,
        parts=Parts(crash=True),
        wanted=Wanted(Live(target), None, table),
    )
    assert [one.verdict for one in report.changes] == ["unverified"]
    crashed = [(one.error, one.unconverged) for one in report.crashes or ()]
    assert crashed == [(None, ())]
    assert report.ok
