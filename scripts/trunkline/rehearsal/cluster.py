"""The roles of a server: cluster-wide, and so no part of a database's catalog.

A rollback that leaves a role leaves it for every database of the server, so it must
say so (`-- leaves: role NAME — why`).
"""

from __future__ import annotations

from psycopg import Connection, sql

from trunkline.catalog import Difference


def roles(connection: Connection) -> dict[str, str]:
    """Each role by name, with its attributes and memberships in one text."""
    return dict(
        connection.execute(
            "select r.rolname, concat_ws(' ',"
            " case when r.rolsuper then 'superuser' end,"
            " case when r.rolcreaterole then 'createrole' end,"
            " case when r.rolcreatedb then 'createdb' end,"
            " case when r.rolcanlogin then 'login' else 'nologin' end,"
            " case when r.rolreplication then 'replication' end,"
            " case when r.rolbypassrls then 'bypassrls' end,"
            " case when not r.rolinherit then 'noinherit' end,"
            " 'connection limit ' || r.rolconnlimit,"
            " (select 'member of ' || string_agg(g.rolname, ', ' order by g.rolname)"
            "  from pg_auth_members as m join pg_roles as g on g.oid = m.roleid"
            "  where m.member = r.oid),"
            " (select string_agg(c, ' ' order by c) from pg_db_role_setting as s,"
            "  unnest(s.setconfig) as c where s.setrole = r.oid and s.setdatabase = 0))"
            " from pg_roles as r where r.rolname not like 'pg\\_%'"
        )
    )


def compare(expected: dict[str, str], found: dict[str, str]) -> list[Difference]:
    """Roles that are missing, unexpected, or that differ in what they may do."""
    differences = []
    for name in sorted(expected.keys() | found.keys()):
        quoted = sql.Identifier(name).as_string(None)
        was, now = expected.get(name), found.get(name)
        if was is None:
            differences.append(
                Difference(
                    "unexpected", "role", name, f"it is {now}", f"drop role {quoted};"
                )
            )
        elif now is None:
            differences.append(
                Difference(
                    "missing", "role", name, f"it was {was}", f"create role {quoted};"
                )
            )
        elif was != now:
            detail = f"expected {was}, found {now}"
            differences.append(Difference("differs", "role", name, detail, ""))
    return differences
