"""One thing in which a database is not what it should be.

Sourcegraph's three words (missing, unexpected, differs), and a fourth for what no SQL
can put right. A difference holds facts and the SQL that removes them; how they are
shown is for reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sort = Literal["missing", "unexpected", "differs", "column_order"]


@dataclass(frozen=True)
class Difference:
    """One difference between an expected and a found catalog.

    `object` is the kind of thing in SQL's words (`table`, `materialized view`,
    `grant`, `comment`, `owner` ...) and `name` its identity as a DBA writes it
    (`public.org_credentials.is_managed`, `one_per_org on public.org_credentials`).
    `repair` makes the found database equal to the expected one in this point: SQL
    statements, each ended by a semicolon. It is empty only where no SQL can, and then
    `detail` says why.
    """

    kind: Sort
    object: str
    name: str
    detail: str
    repair: str

    @property
    def named(self) -> str:
        """Return `object name`, as a person says which difference is meant."""
        return f"{self.object} {self.name}"
