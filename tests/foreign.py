"""A project that nobody here wrote: what people put into migrations, good and bad.

Each change says which verdict it gets, and what the report says of it. Those that come
after a bad one are there to show that it has not spoilt theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

INI = "[DEFAULT]\nsources = %(here)s/migrations\n"


@dataclass(frozen=True)
class Foreign:
    """A change as stock yoyo has it: its rollback beside it, no verification."""

    up: str | bytes
    down: str | None
    verdict: str = "unverified"
    says: str = ""


def table(name: str) -> Foreign:
    """A change that makes a table, to stand behind another."""
    return Foreign(f"create table {name} (id int);", f"drop table {name};")


QUOTING = r"""
create function f1() returns int language plpgsql as $$ begin return 1; end; $$;
create function f2() returns text language plpgsql as $body$
begin
    execute $x$ select 'a;b' $x$;
    return $$nested;$$;
end;
$body$;
create function f3() returns text language sql as 'select ''it''''s; fine''';
create function f4() returns text language sql as E'select \'back\\\\slash;\'';
create function f5(n int) returns int language sql
begin atomic; select n + 1; select n + 2; end;
create function f6() returns text language sql return 'x;y';
create procedure p1() language plpgsql as $p$
begin /* c; /* nested; */ */ perform 1; -- x;
end $p$;
create table kw ("begin" int, "declare" text, "end" int, commit int, begin_at date);
insert into kw ("begin", "declare") values
    (1, 'c:\'), (2, E'it\'s; \\'), (3, U&'\0441;'), (4, '%s %(x)s 100%');
do $$ declare begin perform 1; end $$;
comment on table kw is 'ends in a backslash \';
"""
UNQUOTING = (
    "drop table kw; drop procedure p1; drop function f6(), f5(int), f4(), f3(), f2(),"
    " f1();"
)
SEVERAL_HUNDRED = range(300)
PARTITIONS = """
create table part (id int, day date) partition by range (day);
create table part_1 partition of part for values from ('2026-01-01') to ('2027-01-01');
create table part_other partition of part default;
create index on part (id);
insert into part values (1, '2026-05-05'), (2, '1999-01-01');
"""
SETTINGS = """
set transaction isolation level serializable;
set search_path = pg_catalog;
set session_replication_role = replica;
set local lock_timeout = '1s';
create table public.settled (id int);
"""
CLIENT = "`copy` of rows that stand in the file"

CHANGES: dict[str, Foreign] = {
    "0001": Foreign("create table a (id int primary key, v text);", "drop table a;"),
    "0002 with spaces": table('"b c"'),
    "0003-Größe-ÄÖ": table('"Größe"'),
    "0004.UPPER.dots": table("d"),
    "20260101": table("numbers_only"),
    "a_empty": Foreign("", ""),
    "a_only_comments": Foreign("-- a\n/* b /* c */ */\n", "-- nothing"),
    "b_several_hundred": Foreign(
        "".join(f"create type many_{n} as (id int);\n" for n in SEVERAL_HUNDRED),
        "".join(f"drop type many_{n};\n" for n in SEVERAL_HUNDRED),
    ),
    "b_very_long_line": Foreign(
        f"create table long as select length('{'x' * 1_000_000}') as n;",
        "drop table long;",
    ),
    "c_quoting": Foreign(QUOTING, UNQUOTING),
    "c_crlf": Foreign(
        b"create table crlf (id int);\r\ninsert into crlf\r\nvalues (1);\r\n",
        "drop table crlf;\r\n",
    ),
    "d_enum": Foreign("create type mood as enum ('sad', 'ok');", "drop type mood;"),
    "d_enum_value": Foreign(
        "alter type mood add value 'happy';",
        "-- it cannot be taken away\n",
        "down_inexact",
        "unexpected enum label public.mood 'happy'",
    ),
    "d_enum_value_used": Foreign(
        "alter type mood add value 'glad';\n"
        "create table moods (m mood default 'glad');",
        "drop table moods;",
        "up_failed",
        "migrations/d_enum_value_used.sql:2: unsafe use of new value",
    ),
    "d_enum_value_used_later": Foreign(
        "create table moods (m mood default 'happy');", "drop table moods;"
    ),
    "e_partitions": Foreign(PARTITIONS, "drop table part;"),
    "f_extension": Foreign(
        "create table before_it (id int);\n\ncreate extension postgis;",
        "drop extension postgis; drop table before_it;",
        "up_failed",
        'migrations/f_extension.sql:3: extension "postgis" is not available',
    ),
    "f_extension_next": table("before_it"),
    "g_not_transactional": Foreign(
        "-- transactional: false\n"
        "create index concurrently a_v on a (v);\nvacuum a;\n"
        "alter system set work_mem = '8MB';",
        "drop index concurrently a_v; alter system reset work_mem;",
    ),
    "g_vacuum": Foreign(
        "vacuum a;", "", "up_failed", "Write `-- transactional: false` in the header"
    ),
    "g_commits_by_itself": Foreign(
        "create procedure p() language plpgsql as $$ begin commit; end $$;\ncall p();",
        "drop procedure p;",
        "up_failed",
        "What commits by itself needs `-- transactional: false`",
    ),
    "g_create_database": Foreign(
        "create database other;",
        "drop database other;",
        "up_failed",
        "CREATE DATABASE cannot run inside a transaction block",
    ),
    "h_byte_order_mark": Foreign(
        b"\xef\xbb\xbfcreate table bom (id int);",
        "drop table bom;",
        "up_failed",
        "h_byte_order_mark.sql:1: the file starts with a byte order mark",
    ),
    "h_latin_1": Foreign(
        "create table latin (v text default 'ä');".encode("latin-1"),
        "drop table latin;",
        "up_failed",
        "h_latin_1.sql:1: the file is not UTF-8",
    ),
    "h_next": table("after_encodings"),
    "i_psql_include": Foreign(
        "create table included (id int);\n\\i other.sql\n",
        "drop table included;",
        "up_failed",
        "i_psql_include.sql:2: `\\i` is a command of psql, and no SQL",
    ),
    "i_psql_connect": Foreign(
        "\\c other\ncreate table elsewhere (id int);\n",
        "drop table elsewhere;",
        "up_failed",
        "i_psql_connect.sql:1: `\\c` is a command of psql, and no SQL",
    ),
    "i_rows_for_copy": Foreign(
        "create table copied (id int, t text);\n"
        "copy copied (id, t) from stdin;\n1\tone\n2\ttwo\n\\.\n",
        "drop table copied;",
        "up_failed",
        f"i_rows_for_copy.sql:2: {CLIENT}",
    ),
    "i_no_rows_for_copy": Foreign(
        "\ncopy a from stdin with (format csv);",
        "",
        "up_failed",
        f"i_no_rows_for_copy.sql:2: {CLIENT}",
    ),
    "i_copy_out": Foreign(
        "copy a to stdout;", "", "up_failed", f"i_copy_out.sql:1: {CLIENT}"
    ),
    "j_set_role": Foreign(
        "create role foreign_role; grant create on schema public to foreign_role;"
        " set role foreign_role; create table of_role (id int);",
        "drop table of_role; revoke create on schema public from foreign_role;"
        " drop role foreign_role;",
    ),
    "j_settings": Foreign(SETTINGS, "drop table public.settled;"),
    "j_settings_next": table("settled_next"),
    "j_temporary": Foreign(
        "create temp table tt as select 1 as n;"
        " create table of_tt as select * from tt;",
        "drop table of_tt;",
    ),
    "j_locks": Foreign(
        "select pg_advisory_lock(42); select pg_advisory_xact_lock(43);"
        " create table locked (id int);",
        "drop table locked;",
    ),
    "j_locks_next": Foreign(
        "set local lock_timeout = '100ms'; select pg_advisory_xact_lock(42);", ""
    ),
    "j_timeout": Foreign(
        "set statement_timeout = '10ms'; select pg_sleep(10);",
        "",
        "up_failed",
        "canceling statement due to statement timeout",
    ),
    "j_begin": Foreign(
        "begin;\ncreate table begun (id int);\ncommit;",
        "drop table begun;",
        "up_failed",
        "j_begin.sql:1: `begin` in a change that is one transaction",
    ),
    "j_session": Foreign(
        "listen somebody; notify somebody, 'x'; prepare q as select 1;"
        " declare c cursor with hold for select 1; create table heard (id int);",
        "drop table heard;",
    ),
    "k_deferred": Foreign(
        "create table parents (id int primary key); create table children ("
        " id int references parents deferrable initially deferred);"
        " insert into children values (1); insert into parents values (1);",
        "drop table children; drop table parents;",
    ),
    "k_deferred_bad": Foreign(
        "insert into children values (99);",
        "",
        "up_failed",
        "k_deferred_bad.sql: at commit: insert or update on table",
    ),
    "l_ledger_dropped": Foreign(
        "create table ld (id int);",
        "drop table ld; drop schema trunkline cascade;",
        "down_failed",
        'not recorded: relation "trunkline.progress" does not exist',
    ),
    "l_yoyo_dropped": Foreign(
        "create table yd (id int);",
        "drop table yd; drop table _yoyo_migration, _yoyo_log cascade;",
        "down_failed",
        'not recorded: relation "public._yoyo_migration" does not exist',
    ),
    "l_public_dropped": Foreign(
        "drop schema public cascade; create schema public;",
        "",
        "up_failed",
        "not recorded: relation",
    ),
    "l_next": table("after_drops"),
    "m_others_ended": Foreign(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname is not null;",
        "",
        "up_failed",
        "the sessions beside the change have ended",
    ),
    "m_itself_ended": Foreign(
        "select pg_terminate_backend(pg_backend_pid());",
        "",
        "up_failed",
        "nothing has happened",
    ),
    "m_read_only": Foreign(
        "alter database postgres set default_transaction_read_only = on;"
        " alter role postgres set default_transaction_read_only = on;",
        "alter database postgres reset default_transaction_read_only;"
        " alter role postgres reset default_transaction_read_only;",
    ),
    "m_writable": Foreign(
        "alter database postgres reset default_transaction_read_only;"
        " alter role postgres reset default_transaction_read_only;",
        "alter database postgres set default_transaction_read_only = on;"
        " alter role postgres set default_transaction_read_only = on;",
    ),
    "n_without_rollback": Foreign(
        "create table stays (id int);", None, "down_missing", "n_without_rollback.sql"
    ),
    "n_syntax": Foreign(
        "\ncreate tabel x (id int);",
        "drop table x;",
        "up_failed",
        'n_syntax.sql:2: syntax error at or near "tabel"',
    ),
    "n_wrong_rollback": Foreign(
        "create table left_over (id int);",
        "select 1;",
        "down_inexact",
        "add to migrations/n_wrong_rollback.rollback.sql:",
    ),
    "z_last": table("z_last"),
}


def write(root: Path) -> Path:
    """Write the project as stock yoyo knows it, without any of our directories."""
    directory = root / "migrations"
    directory.mkdir(parents=True)
    (root / "yoyo.ini").write_text(INI)
    for name, change in CHANGES.items():
        up = change.up.encode() if isinstance(change.up, str) else change.up
        (directory / f"{name}.sql").write_bytes(up)
        if change.down is not None:
            (directory / f"{name}.rollback.sql").write_text(change.down, newline="")
    return root
