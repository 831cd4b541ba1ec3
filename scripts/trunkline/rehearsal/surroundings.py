"""What a change may alter beside its database's own objects and the server's roles.

These are the comments on what is the system's, what `alter system` has set, where our
role may read that, and what else of a server or a database has no place in a catalog:
tablespaces, replication slots and origins, what somebody made in a schema of the
system's or of trunkline's, and passwords, as digests. Of the thousands
of such comments most stay as they came, so they are read again only where any comment
has been written, and a digest of them is another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from psycopg import Connection

from trunkline.catalog import Difference
from trunkline.catalog.repair.databases import setting_value
from trunkline.catalog.secrets import SECRET
from trunkline.catalog.words import change_in_words, literal, shown

#: Asked by itself: the right to a function in a statement is checked before anything in
#: the statement is decided.
_MAY_READ = "select has_function_privilege('pg_catalog.pg_read_file(text)', 'execute')"
_SETTINGS = "select pg_catalog.pg_read_file('postgresql.auto.conf')"

_DIGEST = """
select coalesce(sum(hashtextextended(description, objoid::bigint)), 0)::text
from pg_catalog.pg_description
where objoid < 16384
"""

_COMMENTS = """
select
    array[classoid, objoid, objsubid::bigint]::bigint[],
    description
from pg_catalog.pg_description
where objoid < 16384
    and classoid not in (
        'pg_catalog.pg_extension'::regclass,
        'pg_catalog.pg_largeobject'::regclass
    )
    and (classoid, objoid) <> ('pg_catalog.pg_namespace'::regclass, 2200)
"""
"""Those on extensions and on the schema public are in the catalog's snapshot, those on
large objects, whatever their numbers, belong to the contents."""

_OTHERS = """
select
    'replication slot' as object,
    slot_name as name,
    concat_ws(' ', slot_type, plugin) as value,
    case slot_type
        when 'physical'
            then format('select pg_create_physical_replication_slot(%%L);', slot_name)
        else format(
            'select pg_create_logical_replication_slot(%%L, %%L);', slot_name, plugin
        )
    end as make,
    format('select pg_drop_replication_slot(%%L);', slot_name) as remove
from pg_catalog.pg_replication_slots
where not temporary and coalesce(database, current_database()) = current_database()
union all
select
    'replication origin',
    roname,
    'an origin',
    format('select pg_replication_origin_create(%%L);', roname),
    format('select pg_replication_origin_drop(%%L);', roname)
from pg_catalog.pg_replication_origin
where not exists (
    select
    from pg_catalog.pg_subscription as s
    where roname = 'pg_' || s.oid
)
union all
select
    'tablespace',
    quote_ident(spcname),
    format('owner %%I', pg_get_userbyid(spcowner)),
    format('alter tablespace %%I owner to %%I;', spcname, pg_get_userbyid(spcowner)),
    format('drop tablespace %%I;', spcname)
from pg_catalog.pg_tablespace
union all
select
    'comment',
    format('on tablespace %%I', spcname),
    c.text,
    format('comment on tablespace %%I is %%L;', spcname, c.text),
    format('comment on tablespace %%I is null;', spcname)
from pg_catalog.pg_tablespace as t
cross join lateral pg_catalog.shobj_description(t.oid, 'pg_tablespace') as c (text)
where c.text is not null
union all
select
    'option',
    format('%%I of tablespace %%I', option_name, spcname),
    option_value,
    format('alter tablespace %%I set (%%I = %%s);', spcname, option_name, option_value),
    format('alter tablespace %%I reset (%%I);', spcname, option_name)
from pg_catalog.pg_tablespace
cross join lateral pg_catalog.pg_options_to_table(spcoptions)
union all
select
    'password',
    format(
        'in option %%I of user mapping for %%s server %%I',
        option_name,
        case when umuser = 0 then 'public' else quote_ident(usename) end,
        srvname
    ),
    md5(option_value),
    '',
    ''
from pg_catalog.pg_user_mappings
cross join lateral pg_catalog.pg_options_to_table(umoptions)
where option_name ~* %s
union all
select
    i.type,
    i.identity,
    o.value,
    o.make,
    format('drop %%s %%s;', i.type, i.identity)
from (
    select
        'pg_class'::regclass as class,
        oid,
        relnamespace as schema,
        'there' as value,
        '' as make
    from pg_catalog.pg_class
    where oid >= 16384 and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    union all
    select
        'pg_proc'::regclass,
        oid,
        pronamespace,
        case when prokind in ('f', 'p') then pg_get_functiondef(oid) else 'there' end,
        case when prokind in ('f', 'p') then pg_get_functiondef(oid) || ';' else '' end
    from pg_catalog.pg_proc
    where oid >= 16384
        and pronamespace in (
            select oid
            from pg_catalog.pg_namespace
            where nspname in ('pg_catalog', 'information_schema', 'trunkline')
        )
) as o
inner join pg_catalog.pg_namespace as n
    on o.schema = n.oid
    and n.nspname in ('pg_catalog', 'information_schema', 'trunkline')
cross join lateral pg_catalog.pg_identify_object(o.class, o.oid, 0) as i
where not exists (
    select
    from pg_catalog.pg_depend as d
    where d.classid = o.class and d.objid = o.oid and d.deptype = 'e'
)
"""
"""Each with the statements that make it what it is, and that take it away. A password
has none: nobody can put back what is not shown; one that is missing is the catalog's
matter. That of a role is left out: the same one is another each time that it is set."""

CATALOGS = ("pg_description",)
"""What the comments are read from."""

_NAMED = """
select
    regexp_replace(i.type, '^.* (column|constraint)$', '\\1') || ' ' || i.identity
from pg_catalog.pg_identify_object(%s::bigint::oid, %s::bigint::oid, %s::int) as i
"""

_SETTING = re.compile(r"^(\S+) = '(.*)'$", re.MULTILINE)

Address = tuple[int, ...]


@dataclass(frozen=True)
class Other:
    """A fact, and the SQL for it."""

    value: str
    make: str = field(compare=False)
    remove: str = field(compare=False)


@dataclass(frozen=True)
class Surroundings:
    """Comments by the address of what they are on, settings of the server by name, and
    others by kind and name.

    `digest` is that of the comments. No settings are known where they are not
    `readable`.
    """

    readable: bool = field(compare=False)
    digest: str = field(compare=False)
    comments: Mapping[Address, str]
    settings: Mapping[str, str]
    others: Mapping[tuple[str, str], Other]


def read(
    connection: Connection, since: Surroundings | None = None, *, commented: bool = True
) -> Surroundings:
    """Read them, as little as one must where `since` is what they were.

    `commented`: some comment may have been written since.
    """
    if since is None:
        [(readable,)] = connection.execute(_MAY_READ).fetchall()
    else:
        readable = since.readable
    settings = _settings(connection) if readable else {}
    rows = connection.execute(_OTHERS, (SECRET.pattern,)).fetchall()
    others = {(object_, name): Other(*facts) for object_, name, *facts in rows}
    if since is not None and not commented:
        return replace(since, settings=settings, others=others)
    [(digest,)] = connection.execute(_DIGEST).fetchall()
    if since is not None and since.digest == digest:
        return Surroundings(readable, digest, since.comments, settings, others)
    comments = {tuple(one): text for one, text in connection.execute(_COMMENTS)}
    return Surroundings(readable, digest, comments, settings, others)


def _settings(connection: Connection) -> dict[str, str]:
    [(file,)] = connection.execute(_SETTINGS).fetchall()
    return {
        name: value.replace("''", "'").replace("\\\\", "\\")
        for name, value in _SETTING.findall(file)
    }


def compare(
    expected: Surroundings, found: Surroundings, eyes: Connection
) -> list[Difference]:
    """What of them is missing, unexpected or differs; `eyes` see what was found."""
    differences = []
    was, now = expected.comments, found.comments
    for address in sorted(was.keys() | now.keys()) if was != now else ():
        if was.get(address) != now.get(address):
            [(name,)] = eyes.execute(_NAMED, address).fetchall()
            if name is None:
                continue  # an extension that was dropped took it along
            text = was.get(address)
            repair = "null" if text is None else literal(text)
            repair = f"comment on {name} is {repair};"
            told = _difference("comment", name, text, now.get(address), repair)
            differences.append(told)
    for name in sorted(expected.settings.keys() | found.settings.keys()):
        value, other = expected.settings.get(name), found.settings.get(name)
        if value != other:
            repair = f"alter system reset {name};"
            if value is not None:
                repair = f"alter system set {name} = {setting_value(name, value)};"
            told = _difference("setting of the server", name, value, other, repair)
            differences.append(told)
    return differences + _of_others(expected.others, found.others)


def _of_others(
    expected: Mapping[tuple[str, str], Other], found: Mapping[tuple[str, str], Other]
) -> list[Difference]:
    differences = []
    for object_, name in sorted(expected.keys() | found.keys()):
        want, have = expected.get((object_, name)), found.get((object_, name))
        if want == have:
            continue
        repair = want.make if want is not None else ""
        if want is None and have is not None:
            repair = have.remove
        if object_ == "replication slot" and want is not None and have is not None:
            repair = f"{have.remove}\n{repair}"
        if object_ != "password":
            was, is_ = want.value if want else None, have.value if have else None
            differences.append(_difference(object_, name, was, is_, repair))
        elif want is not None and have is not None:
            detail = "it is another one than before; neither is shown"
            differences.append(Difference("differs", object_, name, detail, ""))
    return differences


def _difference(
    object_: str, name: str, want: str | None, have: str | None, repair: str
) -> Difference:
    if have is None:
        detail = f"expected {shown(literal(want or ''))}"
        return Difference("missing", object_, name, detail, repair)
    if want is None:
        detail = f"found {shown(literal(have))}"
        return Difference("unexpected", object_, name, detail, repair)
    detail = change_in_words(object_, want, have)
    return Difference("differs", object_, name, detail, repair)
