"""The sessions of a backfill, and what of the server's errors a user gets to see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection

from trunkline.backfill.pace import APPLICATION, Pace
from trunkline.connect import Target, connect, writing
from trunkline.errors import Failure, StatementFailed, Unreachable

#: A statement that comes with every batch is planned once.
PREPARE = 3
#: Fingerprints are of text, so text must look the same in every session.
_TEXT = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
}
#: A batch is a few rows in the order of the key. A merge would read what is joined to
#: them from its beginning, for each batch anew.
_PLANS = {"enable_mergejoin": "off"}


#: Before PostgreSQL 16, a member could take on any role of his.
_MAY_TAKE_ON = (
    "select current_user, format('grant %%I to %%I', rolname, current_user),"
    " pg_has_role(oid, case when current_setting('server_version_num')::int < 160000"
    " then 'member' else 'set' end)"
    " from pg_catalog.pg_roles where rolname = %s"
)


@contextmanager
def session(
    target: Target,
    name: str,
    pace: Pace,
    *,
    role: str | None = None,
    read_only: bool = False,
) -> Iterator[Connection]:
    """A connection in autocommit mode for the backfill `name`, which is to act as
    `role`.

    Raises UsageError where it must write and cannot, Failure where it may not take on
    the role, Unreachable, also when the connection is lost, and StatementFailed for
    what the server refuses: with its message, and never with its detail, which quotes
    rows.
    """
    keywords = target.keywords | {"application_name": f"{APPLICATION} {name}"}
    own = Target(keywords, target.label)
    try:
        with (
            connect(own, lock_timeout=pace.lock_timeout, read_only=True)
            if read_only
            else writing(own, lock_timeout=pace.lock_timeout)
        ) as connection:
            connection.prepare_threshold = PREPARE
            for setting, value in (_TEXT | _PLANS).items():
                connection.execute("select set_config(%s, %s, false)", [setting, value])
            if role is not None:
                _refuse_role(connection, role)
            yield connection
    except psycopg.Error as error:
        if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
            raise Unreachable(
                f"the connection to {target.label} was lost",
                hint="Nothing that was committed is lost. Run it again to go on.",
            ) from None
        raise StatementFailed(
            error.diag.message_primary or "a statement failed", sqlstate=error.sqlstate
        ) from None


def _refuse_role(connection: Connection, role: str) -> None:
    """Raise Failure where who has connected may not take on `role`, if there is one."""
    row = connection.execute(_MAY_TAKE_ON, [role]).fetchone()
    if row is None or row[2]:
        return
    user, grant, _ = row
    if connection.info.server_version >= 160000:
        # Who made the role is a member without this option, and stays so without it.
        grant += " with set true"
    raise Failure(f"{user} may not act as {role}", hint=f"Run `{grant};` first.")
