"""What a change may alter beside its database's own objects and the server's roles.

These are the comments on what is the system's, what `alter system` has set, where our
role may read that, and `others`. Of the thousands of such comments most stay as they
came, so they are read again only where any comment has been written, and a digest of
them is another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from psycopg import Connection

from trunkline.catalog import Difference
from trunkline.catalog.repair.databases import setting_value
from trunkline.catalog.words import literal
from trunkline.rehearsal import others
from trunkline.rehearsal.others import Others

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
class Surroundings:
    """Comments by the address of what they are on, settings of the server by name, and
    all others.

    `digest` is that of the comments. No settings are known where they are not
    `readable`.
    """

    readable: bool = field(compare=False)
    digest: str = field(compare=False)
    comments: Mapping[Address, str]
    settings: Mapping[str, str]
    others: Others


def read(
    connection: Connection,
    since: Surroundings | None = None,
    *,
    commented: bool = True,
    written: bool = True,
) -> Surroundings:
    """Read them, as little as one must where `since` is what they were.

    `commented`: some comment may have been written since, `written`: some row of the
    catalogs of `others`.
    """
    if since is None:
        [(readable,)] = connection.execute(_MAY_READ).fetchall()
    else:
        readable = since.readable
    settings = _settings(connection) if readable else {}
    beyond = others.read(connection, since.others if since else None, written=written)
    if since is not None and not commented:
        return replace(since, settings=settings, others=beyond)
    [(digest,)] = connection.execute(_DIGEST).fetchall()
    if since is not None and since.digest == digest:
        return Surroundings(readable, digest, since.comments, settings, beyond)
    comments = {tuple(one): text for one, text in connection.execute(_COMMENTS)}
    return Surroundings(readable, digest, comments, settings, beyond)


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
            told = others.difference("comment", name, text, now.get(address), repair)
            differences.append(told)
    for name in sorted(expected.settings.keys() | found.settings.keys()):
        value, other = expected.settings.get(name), found.settings.get(name)
        if value != other:
            repair = f"alter system reset {name};"
            if value is not None:
                repair = f"alter system set {name} = {setting_value(name, value)};"
            told = others.difference(
                "setting of the server", name, value, other, repair
            )
            differences.append(told)
    return differences + others.compare(expected.others, found.others)
