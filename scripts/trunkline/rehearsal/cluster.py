"""The roles of a server: cluster-wide, and so no part of a database's catalog.

A rollback that leaves a role leaves it for every database of the server, so it must
say so (`-- leaves: role NAME — why`). Passwords are neither read nor compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from psycopg import Connection
from psycopg.rows import class_row

from trunkline.catalog import Difference
from trunkline.catalog.repair.databases import setting_value
from trunkline.catalog.words import literal

_ROLES = """
with granted as (
    select
        format('parameter %s', parname) as thing,
        paracl as acl
    from pg_catalog.pg_parameter_acl
    union all
    select
        format('tablespace %I', spcname),
        spcacl
    from pg_catalog.pg_tablespace
),

grants as (
    select
        g.grantee,
        format('%s on %s', lower(g.privilege_type), a.thing) as granted,
        case when g.is_grantable then ' with grant option' else '' end as options
    from granted as a
    cross join aclexplode(a.acl) as g
    where g.grantee <> 10
)

select
    r.oid,
    r.rolname as name,
    quote_ident(r.rolname) as quoted,
    array[
        case when r.rolsuper then 'superuser' else 'nosuperuser' end,
        case when r.rolinherit then 'inherit' else 'noinherit' end,
        case when r.rolcreaterole then 'createrole' else 'nocreaterole' end,
        case when r.rolcreatedb then 'createdb' else 'nocreatedb' end,
        case when r.rolcanlogin then 'login' else 'nologin' end,
        case when r.rolreplication then 'replication' else 'noreplication' end,
        case when r.rolbypassrls then 'bypassrls' else 'nobypassrls' end,
        'connection limit ' || r.rolconnlimit,
        format(
            'valid until %L',
            case
                when isfinite(r.rolvaliduntil)
                    then to_jsonb(r.rolvaliduntil at time zone 'UTC') #>> '{}' || '+00'
                else coalesce(r.rolvaliduntil::text, 'infinity')
            end
        )
    ] as attributes,
    array(
        select distinct array[
            quote_ident(g.rolname),
            case
                when to_jsonb(m) ? 'set_option' then format(
                    ' with admin %s, inherit %s, set %s',
                    m.admin_option::text,
                    to_jsonb(m) ->> 'inherit_option',
                    to_jsonb(m) ->> 'set_option'
                )
                when m.admin_option then ' with admin option'
                else ''
            end,
            case
                when to_jsonb(m) ? 'set_option' and m.grantor <> 10
                    then format(' granted by %I', pg_get_userbyid(m.grantor))
                else ''
            end
        ]
        from pg_catalog.pg_auth_members as m
        inner join pg_catalog.pg_roles as g on m.roleid = g.oid
        where m.member = r.oid
    ) as memberships,
    array(
        select setting
        from pg_catalog.pg_db_role_setting as s
        cross join unnest(s.setconfig) as setting
        where s.setrole = r.oid and s.setdatabase = 0
        order by 1
    ) as settings,
    array(
        select array[g.granted, g.options, '']
        from grants as g
        where g.grantee = r.oid
        order by 1
    ) as grants,
    pg_catalog.shobj_description(r.oid, 'pg_authid') as comment
from pg_catalog.pg_roles as r
union all
select
    0,
    'all',
    'all',
    '{}',
    '{}',
    array(
        select setting
        from pg_catalog.pg_db_role_setting as s
        cross join unnest(s.setconfig) as setting
        where s.setrole = 0 and s.setdatabase = 0
        order by 1
    ),
    array(
        select array[g.granted, g.options, '']
        from grants as g
        where g.grantee = 0
        order by 1
    ),
    null
"""
"""The last are the settings of `alter role all`. Who has granted a membership counts
from PostgreSQL 16 on, but for the first superuser (10), who does when any other does.
"""

CATALOGS = (
    *("pg_authid", "pg_auth_members", "pg_db_role_setting", "pg_parameter_acl"),
    *("pg_shdescription", "pg_tablespace"),
)
"""What roles are read from."""

_USUAL = frozenset(
    {
        *("nosuperuser", "inherit", "nocreaterole", "nocreatedb", "nologin"),
        *("noreplication", "nobypassrls", "connection limit -1"),
        "valid until 'infinity'",
    }
)
"""What `create role` gives when it is told nothing."""


@dataclass(frozen=True)
class Role:
    """What a role may do, in the words of `create role`.

    `memberships` are (group, options of the grant, who granted it), `grants` the same
    with what it may do to a parameter or a tablespace, and `settings` `name=value`.
    """

    oid: int = field(compare=False)
    name: str
    quoted: str
    attributes: list[str]
    memberships: list[list[str]]
    settings: list[str]
    grants: list[list[str]]
    comment: str | None


def roles(connection: Connection) -> dict[str, Role]:
    """Each role by name, the predefined ones too; `all` has what all are set."""
    with connection.cursor(row_factory=class_row(Role)) as cursor:
        return {role.name: role for role in cursor.execute(_ROLES).fetchall()}


def renamed(expected: dict[str, Role], found: dict[str, Role]) -> list[Difference]:
    """Roles that have another name now."""
    missing = {r.oid: r for name, r in expected.items() if name not in found}
    return [
        _difference(
            "differs",
            was,
            f"name is {name} instead of {was.name}",
            [f"alter role {now.quoted} rename to {was.quoted};"],
        )
        for name, now in found.items()
        if name not in expected and (was := missing.get(now.oid)) is not None
    ]


def compare(expected: dict[str, Role], found: dict[str, Role]) -> list[Difference]:
    """Roles that are missing, unexpected, or that differ in what they may do.

    None may have another name (see `renamed`).
    """
    differences = []
    for name in sorted(expected.keys() | found.keys()):
        was, now = expected.get(name), found.get(name)
        if was is None and now is not None:
            repair = [*_granted([], now.grants, now.quoted), f"drop role {now.quoted};"]
            differences.append(_difference("unexpected", now, _told(now), repair))
        elif was is not None and now is None:
            bare = Role(was.oid, name, was.quoted, [], [], [], [], None)
            repair = [f"create role {was.quoted};", *_altered(was, bare)]
            differences.append(_difference("missing", was, _told(was), repair))
        elif was is not None and now is not None and was != now:
            detail = f"{_told(now)} instead of {_told(was)}"
            differences.append(_difference("differs", was, detail, _altered(was, now)))
    return differences


def _difference(
    kind: Literal["missing", "unexpected", "differs"],
    role: Role,
    detail: str,
    repair: list[str],
) -> Difference:
    return Difference(kind, "role", role.name, detail, "\n".join(repair))


def _altered(was: Role, now: Role) -> list[str]:
    """The statements that make of the role `now` what it was."""
    statements = []
    attributes = [word for word in was.attributes if word not in now.attributes]
    if attributes:
        statements.append(f"alter role {was.quoted} {' '.join(attributes)};")
    statements += _granted(was.memberships, now.memberships, was.quoted)
    before = dict(setting.split("=", 1) for setting in was.settings)
    after = dict(setting.split("=", 1) for setting in now.settings)
    statements += [
        f"alter role {was.quoted} reset {name};"
        for name in after.keys() - before.keys()
    ]
    statements += [
        f"alter role {was.quoted} set {name} = {setting_value(name, value)};"
        for name, value in before.items()
        if after.get(name) != value
    ]
    grantee = "public" if was.quoted == "all" else was.quoted
    statements += _granted(was.grants, now.grants, grantee)
    if was.comment != now.comment:
        text = "null" if was.comment is None else literal(was.comment)
        statements.append(f"comment on role {was.quoted} is {text};")
    return statements


def _granted(was: list[list[str]], now: list[list[str]], grantee: str) -> list[str]:
    """What makes of the grants `now` what they were."""
    return [
        *(f"revoke {g[0]} from {grantee}{g[2]};" for g in now if g not in was),
        *(f"grant {g[0]} to {grantee}{g[1]}{g[2]};" for g in was if g not in now),
    ]


def _told(role: Role) -> str:
    words = [word for word in role.attributes if word not in _USUAL]
    words += ["in " + "".join(membership) for membership in role.memberships]
    words += [f"set {setting}" for setting in role.settings]
    words += ["".join(grant) for grant in role.grants]
    words += [f"comment {literal(role.comment)}"] if role.comment is not None else []
    return ", ".join(words) or "nothing special"
