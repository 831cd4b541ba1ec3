"""Who sees and changes what: every table, view and function, by role and claim.

The objects come from the catalog, so that a new one is in the matrix by itself. What a
role gets on purpose stands in `ON_PURPOSE` and `SEES_ALL`, and nowhere else.
"""

from __future__ import annotations

import json
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql

from tests.database.telephony import steps
from tests.database.telephony.office import (
    REFERENCE,
    Office,
    Organization,
    claims,
    refused,
)

SCHEMAS = ["public", "api", "worker", "private", "audit"]
OUTSIDERS = ["anon", "telephony_worker", "telephony_auditor"]
SEES_ALL = {
    "service_role": "the backend serves every organization",
    "telephony_backfill": "backfills seal the credentials of every organization",
}
ROLES = ["authenticated", *OUTSIDERS, *SEES_ALL]

#: Who executes the functions of a schema, and the functions that differ from it.
ON_PURPOSE = {
    "api": {"authenticated"},
    "worker": {"telephony_worker"},
    "private": set[str](),
    "audit": {"telephony_auditor"},
    # Policies and views call these as the user, who reads his own claims by them.
    "private.current_org_id": {"authenticated"},
    "private.rollout_bucket": {"authenticated"},
}

#: Who may do what with a relation; whatever is in the catalog and not here
#: fails. Columns stand in brackets.
TENANT = {"service_role": "select insert update delete"}
LOOKED_AT = {"service_role": "select"}
DOOR = {"authenticated": "insert"}
RELATIONS: dict[str, dict[str, str]] = {
    "public.organizations": TENANT | {"telephony_backfill": "select(id)"},
    "public.user_org_roles": TENANT,
    "public.agents": TENANT,
    "public.org_credentials": TENANT
    | {
        "telephony_backfill": "select insert delete"
        " update(account_sid,encrypted_config,phone_number)"
    },
    "public.twilio_subaccounts": TENANT
    | {
        "telephony_backfill": "select update(twilio_auth_token_encrypted)",
        "authenticated": "select(org_id,status)",
    },
    "public.managed_phone_numbers": TENANT | {"telephony_backfill": "select"},
    "public.feature_flags": TENANT
    | {"authenticated": "select(enabled_globally,flag_key,rollout_percentage)"},
    "public.org_feature_flags": TENANT
    | {"authenticated": "select(enabled,flag_key,org_id)"},
    "public.number_markets": TENANT,
    "public.org_limits": TENANT,
    "public.telephony_reasons": {
        "service_role": "select insert update(hint,message)",
        "authenticated": "select(message,reason_code)",
    },
    "public.org_data_keys": LOOKED_AT
    | {"telephony_backfill": "select insert update(state,wrapped)"},
    "public.provisioning_transitions": LOOKED_AT,
    "public.phone_numbers_held": LOOKED_AT,
    "public.agent_phone_assignments": LOOKED_AT,
    "public.number_routes": LOOKED_AT
    | {
        "authenticated": "select(account_status,can_inbound,can_outbound,"
        "credential_id,is_managed,org_id,phone_number)"
    },
    "public.provisioning_requests": LOOKED_AT
    | {
        "authenticated": "select(area_code,country_code,created_at,id,"
        "idempotency_key,number_type,org_id,pinned_number,reason_code,state,"
        "updated_at,user_message)"
    },
    "public.provider_operations": LOOKED_AT,
    "public.outbox": {
        "service_role": "select update(attempts,available_at,dead)",
    },
    "private.missing_active_flags": {},
    "private.asking_for_a_number": {"authenticated": "select insert"},
    "private.connecting_a_number": {"authenticated": "select insert"},
    "private.assigning_a_number": DOOR,
    "private.unassigning_a_number": DOOR,
    "private.disconnecting_a_number": DOOR,
    "private.giving_a_number_back": DOOR,
    "api.agent_phone_options": {"authenticated": "select"},
    "api.features": {"authenticated": "select"},
    "api.managed_number": {"authenticated": "select"},
    "api.provisioning_permission": {"authenticated": "select"},
    "api.provisioning_status": {"authenticated": "select"},
    "audit.events": {"telephony_auditor": "select"},
    "audit.heads": {"telephony_auditor": "select"},
}

FORGED = [
    "",
    "{",
    "null",
    "[]",
    '{"app_metadata": "x"}',
    '{"app_metadata": {"org_id": ""}}',
    '{"app_metadata": {"org_id": "x"}}',
    '{"app_metadata": {"org_id": null}}',
    '{"app_metadata": {"org_id": "\\u0000"}}',
    json.dumps({"org_id": str(REFERENCE)}),
    json.dumps({"app_metadata": {"org_id": [str(REFERENCE)]}}),
    claims(uuid4(), uuid4()),
]


def relations(office: Office) -> list[str]:
    return [
        name
        for (name,) in office.rows(
            "select c.relnamespace::regnamespace || '.' || c.relname"
            " from pg_class as c"
            " where c.relnamespace = any (%s::regnamespace[])"
            " and c.relkind in ('r', 'p', 'v', 'm') and c.relname !~ 'yoyo'"
            " order by 1",
            SCHEMAS,
        )
    ]


def tenant_tables(office: Office) -> dict[str, str]:
    """The tables with rows of organizations, and the column that says whose."""
    found = office.rows(
        "select c.relnamespace::regnamespace || '.' || c.relname, min(a.attname)"
        " from pg_class as c inner join pg_attribute as a on a.attrelid = c.oid"
        " where c.relnamespace = any (%s::regnamespace[]) and c.relkind in ('r', 'p')"
        " and (a.attname = 'org_id'"
        " or (c.relname, a.attname) = ('organizations', 'id'))"
        " and c.relname <> 'missing_active_flags'"
        " group by 1 order by 1",
        SCHEMAS,
    )
    return dict(found)


def traces(office: Office, organization: Organization) -> set[str]:
    """What would give the organization away: every id, number and SID of its rows."""
    values: set[str] = set()
    for table, column in tenant_tables(office).items():
        rows = office.owner.execute(
            sql.SQL("select to_jsonb(t) from {} as t where {} = %s").format(
                named(table), sql.Identifier(column)
            ),
            (organization.id,),
        ).fetchall()
        assert rows, f"{table} has no row of the tenant: give it one in tenant()"
        for (row,) in rows:
            values |= {
                value
                for key, value in row.items()
                if isinstance(value, str) and key.endswith(("id", "sid", "number"))
            }
    return values


def named(relation: str) -> sql.Composable:
    return sql.Identifier(*relation.split("."))


def readable(office: Office, role: str) -> dict[str, list[str]]:
    """The relations of which the role may select columns, and these columns."""
    columns = office.rows(
        "select relation, array_agg(attname::text)"
        " from unnest(%s::text[]) as r (relation)"
        " inner join pg_attribute on attrelid = relation::regclass"
        " where attnum > 0 and not attisdropped"
        " and has_column_privilege(%s, attrelid, attnum, 'select')"
        " group by 1",
        relations(office),
        role,
    )
    return dict(columns)


def seen(
    session: psycopg.Connection, columns: dict[str, list[str]], needles: set[str]
) -> set[str]:
    """The relations in which this session finds a needle."""
    with_needle = set()
    for relation, names in columns.items():
        query = sql.SQL("select concat_ws(',', {}) from {}").format(
            sql.SQL(", ").join(sql.Identifier(name) for name in names),
            named(relation),
        )
        try:
            text = str(session.execute(query).fetchall())
        except (errors.InsufficientPrivilege, errors.DataError):
            continue
        if any(needle in text for needle in needles):
            with_needle.add(relation)
    return with_needle


def let_in(office: Office, role: str) -> None:
    """Give the role every privilege, so that row-level security stands alone."""
    for schema in SCHEMAS:
        office.owner.execute(
            sql.SQL(
                "grant usage on schema {0} to {1};"
                "grant select, insert, update, delete on all tables in schema {0}"
                " to {1}"
            ).format(sql.Identifier(schema), sql.Identifier(role))
        )


def test_a_user_reads_his_own_organization_and_no_other(office: Office) -> None:
    mine, theirs = steps.tenant(office, "0100"), steps.tenant(office, "0101")
    columns = readable(office, "authenticated")
    with office.acting("authenticated", mine.claims) as user:
        assert seen(user, columns, traces(office, theirs)) == set()
        assert {"api.agent_phone_options", "api.provisioning_status"} <= seen(
            user, columns, traces(office, mine)
        )


def test_without_true_claims_a_user_reads_nothing(office: Office) -> None:
    needles = traces(office, steps.tenant(office, "0100")) | {str(REFERENCE)}
    columns = readable(office, "authenticated")
    for claimed in FORGED:
        with office.acting("authenticated", claimed) as user:
            assert seen(user, columns, needles) == set(), claimed


def test_with_every_privilege_a_user_still_reads_no_other_organization(
    office: Office,
) -> None:
    mine, theirs = steps.tenant(office, "0100"), steps.tenant(office, "0101")
    let_in(office, "authenticated")
    columns = readable(office, "authenticated")
    assert {name: names for name, names in columns.items() if not names} == {}
    with office.acting("authenticated", mine.claims) as user:
        assert seen(user, columns, traces(office, theirs)) == set()
        assert "public.org_credentials" in seen(user, columns, traces(office, mine))
    for claimed in FORGED:
        with office.acting("authenticated", claimed) as user:
            assert seen(user, columns, traces(office, mine)) == set(), claimed


@pytest.mark.parametrize("role", OUTSIDERS)
def test_an_outsider_reads_no_table_whatever_the_claims(
    office: Office, role: str
) -> None:
    someone = steps.tenant(office, "0100")
    needles = traces(office, someone)
    # What happened to whom is the auditor's to read, redacted, and nothing else.
    meant = {"audit.events", "audit.heads"} if role == "telephony_auditor" else set()
    with office.acting(role, someone.claims) as outsider:
        assert seen(outsider, readable(office, role), needles) == meant


@pytest.mark.parametrize("privileged", [False, True], ids=["", "with privileges"])
@pytest.mark.parametrize("role", ["authenticated", *OUTSIDERS])
def test_nobody_changes_a_row_of_another_organization(
    office: Office, role: str, privileged: bool
) -> None:
    mine, theirs = office.organization(), steps.tenant(office, "0101")
    if privileged:
        let_in(office, role)
    with office.acting(role, mine.claims) as session:
        for table, column in tenant_tables(office).items():
            whose = sql.Identifier(column)
            update = sql.SQL("update {0} set {1} = {1} where {1} = %s")
            delete = sql.SQL("delete from {0} where {1} = %s")
            for statement in (update, delete):
                try:
                    done = session.execute(
                        statement.format(named(table), whose), (theirs.id,)
                    )
                except errors.InsufficientPrivilege:
                    continue
                assert done.rowcount == 0, (table, statement)
            with pytest.raises(psycopg.Error) as caught:
                session.execute(
                    sql.SQL("insert into {} ({}) values (%s)").format(
                        named(table), whose
                    ),
                    (theirs.id,),
                )
            # Row-level security, a missing privilege, or one of our refusals; never a
            # null or a duplicate, which come after those have let the row through.
            state = caught.value.sqlstate or ""
            assert state == "42501" or state.startswith("TP"), (table, caught.value)


def granted(office: Office) -> dict[str, dict[str, str]]:
    """Relation → role → what it may do: whole, or with the columns in brackets."""
    found: dict[str, dict[str, str]] = {name: {} for name in relations(office)}
    for name, role, rights in office.rows(
        "select r.name, role.rolname, string_agg(case when whole then privilege"
        " else privilege || '(' || columns || ')' end, ' ' order by place)"
        " from unnest(%s::text[]) as r (name)"
        " cross join (select rolname from pg_roles where rolname = any (%s)) as role"
        " cross join unnest('{select,insert,update,delete}'::text[])"
        " with ordinality as p (privilege, place)"
        " cross join lateral (select has_table_privilege(role.rolname, r.name,"
        " privilege) as whole, string_agg(attname, ',' order by attname)"
        " filter (where privilege <> 'delete' and has_column_privilege(role.rolname,"
        " attrelid, attnum, case privilege when 'delete' then 'select'"
        " else privilege end)) as columns from pg_attribute"
        " where attrelid = r.name::regclass and attnum > 0 and not attisdropped) as c"
        " where whole or columns is not null group by 1, 2",
        relations(office),
        ROLES,
    ):
        found[name][role] = rights
    return found


def test_no_relation_is_granted_but_on_purpose(office: Office) -> None:
    def in_one_order(rights: dict[str, str]) -> dict[str, list[str]]:
        return {role: sorted(words.split()) for role, words in rights.items()}

    found = {name: in_one_order(rights) for name, rights in granted(office).items()}
    meant = {name: in_one_order(rights) for name, rights in RELATIONS.items()}
    assert found == meant


def test_no_function_is_executed_but_on_purpose(office: Office) -> None:
    granted: dict[str, set[str]] = {}
    for name, role in office.rows(
        "select format('%%s.%%s', n.nspname, p.proname), r.rolname"
        " from pg_proc as p inner join pg_namespace as n on p.pronamespace = n.oid"
        " cross join pg_roles as r"
        " where n.nspname = any (%s) and r.rolname = any (%s)"
        " and has_function_privilege(r.oid, p.oid, 'execute')",
        SCHEMAS,
        ROLES,
    ):
        granted.setdefault(name, set()).add(role)
    intended = {
        name: ON_PURPOSE.get(name, ON_PURPOSE.get(name.split(".")[0], set()))
        for name in granted
    }
    assert {n: r - intended[n] for n, r in granted.items() if r - intended[n]} == {}


def test_nobody_who_signs_in_executes_a_function_with_the_owners_rights(
    office: Office,
) -> None:
    assert (
        office.rows(
            "select p.oid::regprocedure::text, r.rolname from pg_proc as p"
            " cross join pg_roles as r"
            " where p.pronamespace = any (%s::regnamespace[]) and p.prosecdef"
            " and r.rolname in ('anon', 'authenticated')"
            " and has_function_privilege(r.oid, p.oid, 'execute')",
            SCHEMAS,
        )
        == []
    )


def test_every_table_has_row_level_security_forced(office: Office) -> None:
    assert (
        office.rows(
            "select c.oid::regclass::text from pg_class as c"
            " where c.relnamespace = any (%s::regnamespace[])"
            " and c.relkind in ('r', 'p') and c.relname !~ 'yoyo'"
            " and not (c.relrowsecurity and c.relforcerowsecurity)"
            # Nobody has a privilege on it.
            " and c.relname <> 'missing_active_flags'",
            SCHEMAS,
        )
        == []
    )


WRITES = [
    "select api.request_managed_number('key', 'US', 'local', '415')",
    "select api.release_managed_number('+16505550100')",
    "select api.connect_byoc_number('+16505550102', '', '')",
    "select api.disconnect_byoc_number(gen_random_uuid())",
    "select api.assign_phone_number(gen_random_uuid(), 'inbound', gen_random_uuid())",
    "select api.unassign_phone_number(gen_random_uuid(), 'inbound')",
]


@pytest.mark.parametrize("write", WRITES)
def test_a_write_asks_who_is_a_member_now(office: Office, write: str) -> None:
    organization, other = office.organization(), office.organization()
    statement = write.encode()
    with (
        office.acting("authenticated", "") as user,
        refused("TP002", "no_organization"),
    ):
        user.execute(statement)
    with (
        office.acting("authenticated", claims(other.admin, organization.id)) as user,
        refused("TP003", "not_a_member"),
    ):
        user.execute(statement)
    with office.acting("authenticated", organization.claims) as user:
        office.owner.execute(
            "update user_org_roles set role = 'viewer' where user_id = %s",
            (organization.admin,),
        )
        with refused("TP004", "role_may_not_write"):
            user.execute(statement)
        office.owner.execute(
            "delete from user_org_roles where user_id = %s", (organization.admin,)
        )
        with refused("TP003", "not_a_member"):
            user.execute(statement)


def test_every_function_that_writes_for_a_user_is_asked_for_membership(
    office: Office,
) -> None:
    tried = {write.split("api.")[1].split("(")[0] for write in WRITES}
    assert tried == {
        name
        for (name,) in office.rows(
            "select proname from pg_proc"
            " where pronamespace = 'api'::regnamespace and provolatile = 'v'"
        )
    }
