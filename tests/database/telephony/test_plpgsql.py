"""plpgsql_check reports nothing on any function (the image has the extension)."""

from __future__ import annotations

import pytest

from tests.database.telephony.office import Office

#: Function, or trigger function with its table, and every kind of finding.
FINDINGS = """
    select
        pcf.functionid::regprocedure::text,
        coalesce(pcf.lineno, 0),
        pcf.level,
        pcf.message
    from pg_proc as p
    left join pg_trigger as t
        on
            p.oid = t.tgfoid
            and not t.tgisinternal
    cross join lateral plpgsql_check_function_tb(
        p.oid,
        coalesce(t.tgrelid, 0),
        oldtable => t.tgoldtable,
        newtable => t.tgnewtable,
        other_warnings => true,
        performance_warnings => true,
        extra_warnings => true,
        security_warnings => true,
        compatibility_warnings => true
    ) as pcf
    where
        p.pronamespace = any (
            '{public,api,worker,private,audit}'::regnamespace[]
        )
        and p.prolang = (select l.oid from pg_language as l where l.lanname = 'plpgsql')
    order by 1, 2
"""


@pytest.mark.container
def test_plpgsql_check_reports_nothing(office: Office) -> None:
    office.owner.execute("create extension plpgsql_check")
    found = office.rows(FINDINGS)
    assert found == [], "\n".join(map(str, found))


@pytest.mark.container
def test_plpgsql_check_would_report_something(office: Office) -> None:
    office.owner.execute("create extension plpgsql_check")
    office.owner.execute(
        "create function private.wrong() returns void language plpgsql"
        " set search_path = '' as $$ declare unused int; begin"
        " perform missing from public.agents; end $$"
    )
    assert {row[0] for row in office.rows(FINDINGS)} == {"private.wrong()"}
