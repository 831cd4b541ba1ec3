"""What is not copied, and what is said of it: no copy is better than half a copy."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString

import pytest

from trunkline import copying
from trunkline.connect import of_keywords
from trunkline.copying import Wanted, programs
from trunkline.copying.origin import Live, Origin
from trunkline.errors import Failure, UsageError
from trunkline.events import ignore
from trunkline.throwaway import Request, Server, open_server
from trunkline.throwaway.binaries import client_programs

pytestmark = pytest.mark.embedded  # its client programs are at hand

TAIL = "--\n-- PostgreSQL database dump complete\n--\n"
HEAD = "--\n-- PostgreSQL database dump\n--\n-- Dumped from database version 16.1\n"


@pytest.fixture
def live(server: Server, database: str) -> Live:
    return Live(of_keywords(server.conninfo(database)))


@pytest.fixture
def clerk(server: Server, database: str) -> Iterator[Live]:
    """The database as a role sees it that owns nothing."""
    with server.connect(database) as connection:
        connection.execute("create role copying_clerk login password 'copying'")
        connection.execute(
            "create table public.seen (id int); create table public.hidden (id int);"
            " grant select on public.seen to copying_clerk"
        )
    asked = server.conninfo(database) | {"user": "copying_clerk", "password": "copying"}
    yield Live(of_keywords(asked))
    with server.connect(database) as connection:
        connection.execute("drop owned by copying_clerk; drop role copying_clerk")


def execute(server: Server, database: str, text: LiteralString) -> None:
    with server.connect(database) as connection:
        connection.execute(text)


def copy(server: Server, origin: Any, rows: int | None = None) -> None:
    copying.copy(server, Wanted(origin, rows, "_yoyo_migration"), ignore)


def written(path: Path, text: str) -> Origin:
    path.write_text(HEAD + text + TAIL)
    return copying.read(str(path))


@pytest.mark.parametrize("rows", [None, 0, 5])
def test_a_table_that_may_not_be_read_is_named(
    rows: int | None, server: Server, database: str, clerk: Live
) -> None:
    with pytest.raises(Failure, match=r"copying_clerk may not read public\.hidden"):
        copy(server, clerk, rows)


@pytest.mark.parametrize("rows", [None, 5])
def test_rows_that_row_level_security_hides_are_not_left_out_silently(
    rows: int | None, server: Server, database: str, clerk: Live
) -> None:
    execute(
        server,
        database,
        "drop table public.hidden; alter table public.seen enable row level security;"
        " create policy small on public.seen using (id < 5)",
    )
    with pytest.raises(Failure, match=r"security hides rows .* in public\.seen"):
        copy(server, clerk, rows)


def test_who_may_not_make_what_another_role_owns_is_told_what_to_grant(
    server: Server, database: str, live: Live
) -> None:
    execute(
        server,
        database,
        "create role copying_owner; create table public.owned (id int);"
        " alter table public.owned owner to copying_owner;"
        " create role copying_maker login createdb password 'copying'",
    )
    url = server.environment("postgres")["DATABASE_URL"]
    as_maker = re.sub("//.*@", "//copying_maker:copying@", url)
    try:
        with (
            open_server(Request(on=as_maker)) as scratch,
            pytest.raises(Failure, match="has failed") as failure,
        ):
            copy(scratch, live)
    finally:
        execute(
            server,
            database,
            "drop owned by copying_owner; drop role copying_owner, copying_maker",
        )
    assert "grant copying_owner to copying_maker" in (failure.value.hint or "")


def test_row_level_security_hinders_no_copy_without_rows(
    server: Server, database: str, clerk: Live
) -> None:
    execute(
        server,
        database,
        "drop table public.hidden; alter table public.seen enable row level security",
    )
    before = scratches(server)
    copy(server, clerk, 0)
    (made,) = scratches(server) - before
    server.drop(made)


def scratches(server: Server) -> set[str]:
    with server.connect("postgres") as connection:
        rows = connection.execute("select datname from pg_database").fetchall()
    return {str(row[0]) for row in rows}


def test_an_extension_that_the_throwaway_lacks_is_named(
    server: Server, tmp_path: Path
) -> None:
    text = (
        "CREATE EXTENSION IF NOT EXISTS plpgsql;\n"
        "CREATE EXTENSION IF NOT EXISTS no_such_one WITH SCHEMA public;\n"
    )
    with pytest.raises(Failure, match=r"extension that .* lacks: no_such_one$"):
        copy(server, written(tmp_path / "dump.sql", text))


def test_roles_are_not_left_behind_on_a_server_that_stays(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "on", "url")
    text = (
        'CREATE TABLE public.t (id int);\nALTER TABLE public.t OWNER TO "Some one";\n'
    )
    with pytest.raises(Failure, match="lacks: Some one") as refused:
        copy(server, written(tmp_path / "dump.sql", text))
    assert refused.value.detail == 'create role "Some one";'


def test_a_throwaway_gets_the_roles_that_a_dump_names(
    server: Server, tmp_path: Path
) -> None:
    text = (
        "CREATE TABLE public.t (note text);\n"
        "ALTER TABLE public.t OWNER TO copying_owner;\n"
        "GRANT SELECT ON TABLE public.t TO copying_reader;\n"
        "COPY public.t (note) FROM stdin;\nALTER TABLE t OWNER TO x;\n\\.\n"
    )
    before = scratches(server)
    copy(server, written(tmp_path / "dump.sql", text))
    (made,) = scratches(server) - before
    with server.connect(made) as connection:
        logins = connection.execute(
            "select rolname, rolcanlogin from pg_roles where rolname like 'copying%'"
            " order by 1"
        ).fetchall()
        assert logins == [("copying_owner", False), ("copying_reader", False)]
        connection.execute("drop owned by copying_owner, copying_reader")
        connection.execute("drop role copying_owner, copying_reader")
    server.drop(made)


def test_a_source_that_is_newer_than_the_throwaway_is_refused(
    server: Server, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "version_num", 150000)
    with pytest.raises(UsageError, match="and the throwaway is 15"):
        copy(server, live)


def test_programs_that_are_too_old_are_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = client_programs(160000)
    monkeypatch.setenv("PATH", str(old))
    monkeypatch.setattr(server, "binaries", old)
    assert programs.find("pg_dump", 160004, server).parent == old
    with pytest.raises(
        Failure, match="no pg_dump is new enough for PostgreSQL 99"
    ) as f:
        programs.find("pg_dump", 990000, server)
    assert f"{old}/pg_dump is of version 16." in (f.value.detail or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\\connect other\n", r"dump.sql:5: .* a command of psql, `\\connect`"),
        ("\\! true\n", r"dump.sql:5: .* a command of psql, `\\!`"),
        ("create tabel x;\n", "the dump cannot be read"),
    ],
)
def test_a_plain_dump_that_leads_elsewhere_is_refused(
    text: str, message: str, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        copy(server, written(tmp_path / "dump.sql", text))


def test_a_dump_that_fails_tells_the_server_s_words(
    server: Server, tmp_path: Path
) -> None:
    with pytest.raises(Failure, match="psql has failed") as failed:
        copy(server, written(tmp_path / "dump.sql", "SELECT 1/0;\n"))
    assert "division by zero" in (failed.value.detail or "")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no", None, "no such dump"),
        ("empty", b"", "no dump of pg_dump"),
        ("notes.txt", b"some notes", "no dump of pg_dump"),
        ("dump.gz", gzip.compress(HEAD.encode(), mtime=0), "the dump is compressed"),
        ("all.sql", b"-- PostgreSQL database cluster dump", "a whole cluster"),
        ("cut.sql", f"{HEAD}COPY public.t (id) FROM stdin;\n1\n".encode(), "cut off"),
    ],
)
def test_what_is_no_dump_is_refused(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        copying.read(str(path))


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20000])


def from_the_future(path: Path) -> None:
    found = path.read_bytes()
    path.write_bytes(found[:6] + b"\x63" + found[7:])  # the minor version


@pytest.mark.parametrize(
    ("form", "damage", "hint"),
    [
        ("custom", damaged, "damaged or cut off"),
        ("custom", from_the_future, "newer"),
        ("tar", damaged, "copy it again"),
    ],
)
def test_an_archive_that_cannot_be_read_is_named(
    form: str,
    damage: Callable[[Path], None],
    hint: str,
    server: Server,
    database: str,
    tmp_path: Path,
) -> None:
    with server.connect(database) as connection:
        connection.execute(
            "create table t as select md5(n::text) from generate_series(1, 2000) as n"
        )
    path = tmp_path / "app.dump"
    subprocess.run(
        [
            programs.find("pg_dump", server.version_num, server),
            f"--format={form}",
            f"--file={path}",
        ],
        env=programs.towards_copy(server, database),
        check=True,
    )
    damage(path)
    with pytest.raises(UsageError, match=r"app\.dump: the dump") as error:
        copy(server, copying.read(str(path)))
    assert hint in (error.value.hint or "")


def test_a_directory_that_is_no_dump_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no dump in this directory"):
        copying.read(str(tmp_path))


def test_every_program_is_told_to_read_only_and_no_argument_has_the_password(
    live: Live, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    run = programs.run

    def listening(words: Any, environment: Any, **rest: Any) -> None:
        said.extend(words)
        if environment.get("PGDATABASE") == database:
            assert "default_transaction_read_only=on" in environment["PGOPTIONS"]
        run(words, environment, **rest)

    monkeypatch.setattr(programs, "run", listening)
    before = scratches(server)
    copy(server, live, 1)
    (made,) = scratches(server) - before
    server.drop(made)
    assert "--schema-only" in said
    assert not [w for w in said if str(live.target.keywords["password"]) in w]


def test_a_password_in_what_a_program_says_is_not_told() -> None:
    with pytest.raises(Failure) as failed:
        programs.run(
            ["sh", "-c", 'echo "error: it is $PGPASSWORD" >&2; exit 1'],
            {"PGPASSWORD": "swordfish", "PATH": "/bin:/usr/bin"},
        )
    assert failed.value.detail == "error: it is …"
