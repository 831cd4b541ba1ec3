"""A project that nobody here wrote gets a verdict on each change, and a clear word."""

from __future__ import annotations

import pytest

from tests.foreign import CHANGES, write
from tests.line import Line
from trunkline import project, rehearsal
from trunkline.events import Event, Notice, ignore
from trunkline.rehearsal.result import RehearsalReport
from trunkline.report.words import rehearsal_lines
from trunkline.throwaway import Request

pytestmark = pytest.mark.embedded  # it disturbs the whole server


@pytest.fixture(scope="module")
def report(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> RehearsalReport:
    """The rehearsal of the whole project, on a server of its own."""
    root = write(tmp_path_factory.mktemp("foreign"))
    asked = Request(postgres=request.config.getoption("--postgres"))
    loaded = project.load(root)
    return rehearsal.run(loaded, asked, [], allow_unverified=True, emit=ignore)


def test_every_change_is_judged_in_the_order_of_names(report: RehearsalReport) -> None:
    assert [change.id for change in report.changes] == sorted(CHANGES)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_each_change_gets_its_own_verdict(name: str, report: RehearsalReport) -> None:
    expected = CHANGES[name]
    (change,) = (change for change in report.changes if change.id == name)
    said = "\n".join([change.error or "", *rehearsal_lines(change)])
    assert (str(change.verdict), said) == (expected.verdict, said)
    assert expected.says in said


def test_one_change_can_be_rehearsed_alone_whatever_those_before_it_are(
    line: Line,
) -> None:
    line.add("a_bad", "select 1 / 0;")
    line.add("b_bad", "create tabel x;")
    line.add("c_good", "create table c (id int);", "drop table c;")
    told: list[Event] = []
    found = rehearsal.run(
        line.project,
        Request(on=line.server.environment(line.database)["DATABASE_URL"]),
        ["c_good"],
        allow_unverified=True,
        emit=told.append,
    )
    assert [(c.id, str(c.verdict)) for c in found.changes] == [("c_good", "unverified")]
    notices = [event.text for event in told if isinstance(event, Notice)]
    assert [notice.split(",")[0] for notice in notices] == [
        "a_bad cannot be applied",
        "b_bad cannot be applied",
    ]
