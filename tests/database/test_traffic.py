"""The application goes on working while a change goes up and comes down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.line import INI
from tests.projects import change, write
from trunkline import project, rehearsal
from trunkline.errors import Failure, UsageError
from trunkline.events import ignore
from trunkline.rehearsal import traffic
from trunkline.rehearsal.scene import Scene
from trunkline.rehearsal.stage import Stage
from trunkline.rehearsal.traffic import scripts
from trunkline.rehearsal.traffic.figures import ChangeTraffic
from trunkline.throwaway import Request, Server

FIRST, SECOND = "20260101_room", "20260102_colour"
ROOM = change(
    FIRST,
    "create table room (id int primary key generated always as identity, name text);\n",
    "drop table room;\n",
    "-- check: it stands\n"
    "select 'room' as subject, 'gone' as detail where to_regclass('room') is null;\n",
)
ENTER = "insert into room (name) values ('blue');\n"
"""What the application does with the first change."""


@dataclass(frozen=True)
class House:
    """A project whose first change makes the table room; its second is the test's."""

    root: Path
    server: Server

    def play(
        self,
        up: str,
        down: str,
        application: dict[str, str] | None = None,
        rows: str = "select 1",
    ) -> ChangeTraffic:
        write(
            self.root,
            {
                "yoyo.ini": INI,
                **ROOM,
                **change(SECOND, f"{up};\n", f"{down};\n", "-- check: x\nselect 1;"),
                **{
                    f"verification/traffic/{name}.sql": text
                    for name, text in (application or {"enter": ENTER}).items()
                },
            },
        )
        loaded = project.load(self.root)
        first, second = loaded.changes
        stage = Stage(self.server, loaded)
        stage.apply(first)
        with self.server.connect(stage.database) as connection:
            connection.execute(rows.encode())
        scene = Scene(
            self.server,
            loaded,
            stage.database,
            frozenset({FIRST}),
        )
        found = traffic.play(scene, second, scripts.load(loaded), quiet=0.15)
        self.server.drop(stage.database)
        assert found is not None
        return found


@pytest.fixture
def house(tmp_path: Path, server: Server) -> House:
    return House(tmp_path / "house", server)


def test_the_application_is_measured_before_during_and_after(house: House) -> None:
    found = house.play(
        "create table other (id int); select pg_sleep(0.2)",
        "select pg_sleep(0.2); drop table other",
    )
    assert [phase.name for phase in found.phases] == [
        "before",
        "up",
        "after up",
        "down",
        "after down",
    ]
    for phase in found.phases:
        assert phase.transactions > 0
        assert 0 < phase.p50 <= phase.p99 <= phase.longest
    assert found.ok


def test_a_lock_is_felt_by_whoever_waits_for_it(house: House) -> None:
    found = house.play(
        "lock table room in access exclusive mode; select pg_sleep(0.7)", "select 1"
    )
    longest = {phase.name: phase.longest for phase in found.phases}
    assert longest["up"] > 0.6
    assert longest["up"] > longest["before"]


def test_what_the_change_breaks_fails_with_its_sqlstate_and_is_not_well(
    house: House,
) -> None:
    found = house.play(
        "alter table room rename name to title", "alter table room rename title to name"
    )
    (phase,) = (p for p in found.phases if p.failures and p.name == "after up")
    (failure,) = phase.failures
    assert (failure.script, failure.sqlstate) == ("enter", "42703")
    assert failure.message == 'column "name" of relation "room" does not exist'
    assert failure.count > 1
    assert not found.ok


def test_an_application_of_before_is_not_played_once_it_must_be_gone(
    house: House,
) -> None:
    found = house.play(
        "alter table room rename name to title",
        "alter table room rename title to name",
        {
            "old": f"-- until: {SECOND}\n{ENTER}",
            "other": "select count(*) from room;\n",
        },
    )
    assert found.ok


def test_a_new_application_may_fail_only_while_its_shape_is_taken_away(
    house: House,
) -> None:
    found = house.play(
        "create table colour (name text)",
        "select pg_sleep(0.3); drop table colour",
        {"paint": f"-- since: {SECOND}\ninsert into colour values ('red');\n"},
    )
    assert [p.name for p in found.phases if p.transactions] == ["after up", "down"]
    failed = {(p.name, f.script, f.expected) for p in found.phases for f in p.failures}
    assert failed <= {("down", "paint", True)}
    assert [(lost.object, lost.what) for lost in found.lost] == [
        ("public.colour", "rows")
    ]


PAINT = f"-- since: {SECOND}\nupdate room set colour = 'red' where id % 7 = 0;\n{ENTER}"


def test_values_of_a_dropped_column_are_lost_where_the_application_wrote_them(
    house: House,
) -> None:
    found = house.play(
        "alter table room add column colour text not null default 'white'",
        "alter table room drop column colour",
        {"enter": ENTER, "paint": PAINT},
    )
    (lost,) = found.lost
    assert (lost.object, lost.what) == ("public.room.colour", "values")
    assert lost.count > 0
    assert lost.remedy.startswith("-- loses: public.room values of colour — ")
    assert not found.ok


def test_a_default_that_nobody_changed_is_no_loss(house: House) -> None:
    found = house.play(
        "alter table room add column colour text not null default 'white'",
        "alter table room drop column colour",
    )
    assert found.ok


@pytest.mark.parametrize(
    "line",
    [
        "-- loses: public.room values of colour — the application paints again",
        "-- loses: public.room values of colour where colour = 'red' — painted again",
    ],
)
def test_what_is_declared_is_counted_and_well(house: House, line: str) -> None:
    found = house.play(
        "alter table room add column colour text",
        f"{line}\nalter table room drop column colour",
        {"enter": ENTER, "paint": PAINT},
    )
    assert found.ok
    (declared,) = found.declared
    assert declared.count > 0


def test_rows_that_the_rollback_deletes_are_lost_where_the_application_wrote_them(
    house: House,
) -> None:
    found = house.play(
        "insert into room (name) values ('ours'), ('theirs')",
        "delete from room where name in ('ours', 'blue')",
    )
    (lost,) = found.lost
    assert (lost.object, lost.what) == ("public.room", "rows")
    assert lost.count > 1


def test_values_that_the_rollback_overwrites_are_lost(house: House) -> None:
    found = house.play(
        "create table other (id int)",
        "drop table other; update room set name = null where name = 'blue'",
    )
    assert [(lost.object, lost.what) for lost in found.lost] == [
        ("public.room.name", "values")
    ]


def test_a_rollback_that_fails_under_traffic_is_told(house: House) -> None:
    found = house.play(
        "create table other (id int)", "drop table other; drop table missing"
    )
    assert 'table "missing" does not exist' in (found.error or "")
    assert not found.ok


def test_a_query_that_finds_no_row_for_its_variable_is_a_failed_transaction(
    house: House,
) -> None:
    """pgbench then ends the client, in other words than for an error of the server."""
    found = house.play(
        "delete from room",
        "insert into room (name) values ('again')",
        {"look": "select id from room limit 1 \\gset\n"},
        rows="insert into room (name) values ('first')",
    )
    (phase,) = (p for p in found.phases if p.failures and p.name == "after up")
    (failure,) = phase.failures
    assert failure.script == "look"
    assert failure.message == "expected one row, got 0"
    assert not found.ok


def test_only_traffic_shows_a_rollback_that_loses_what_the_application_writes(
    tmp_path: Path, server: Server
) -> None:
    write(
        tmp_path,
        {
            "yoyo.ini": INI,
            **ROOM,
            **change(
                SECOND,
                "alter table room add column colour text;\n",
                "alter table room drop column colour;\n",
                "-- check: it stands\n"
                "select 'colour' as subject, 'gone' as detail where not exists (\n"
                "    select from pg_attribute where attrelid = 'room'::regclass\n"
                "    and attname = 'colour' and not attisdropped);\n",
            ),
            "verification/traffic/paint.sql": PAINT,
        },
    )
    found = rehearsal.run(
        project.load(tmp_path),
        Request(postgres=int(server.version.split(".")[0])),
        [],
        allow_unverified=False,
        emit=ignore,
        parts=rehearsal.Parts(traffic=True),
    )
    assert [str(report.verdict) for report in found.changes] == ["exact", "exact"]
    (played,) = found.traffic or ()
    assert [lost.object for lost in played.lost] == ["public.room.colour"]
    assert not found.ok


def test_a_script_that_pgbench_cannot_read_is_told(house: House) -> None:
    with pytest.raises(Failure, match="pgbench cannot play the traffic") as raised:
        house.play("select 1", "select 1", {"bad": "\\nonsense\n"})
    assert "nonsense" in (raised.value.detail or "")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("-- since: 2026_nothing\n", "-- since: 2026_nothing` cannot be read"),
        ("-- weight: 0\n", "-- weight: 0` cannot be read"),
        ("-- weight: 1\n-- weight: 2\n", "a second `-- weight:`"),
        ("-- wieght: 1\n", "`-- wieght:` is no directive"),
    ],
)
def test_a_head_that_cannot_be_read_is_refused_with_its_line(
    house: House, head: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        house.play("select 1", "select 1", {"enter": f"{head}{ENTER}"})
