"""Ways up and down as other tools keep them: in one file, parted by a comment, or in
two files side by side.

To any other runner, and so to this one, the comment is a comment and each file a
migration: all would be run, and what is made would be gone again at once.
"""

from __future__ import annotations

import re
from collections.abc import Set

from trunkline.header import Fault
from trunkline.statements import Statement

#: The line above the way down, as each tool writes it.
_DOWN = re.compile(
    r"^\s*--(?:"
    r"\s*migrate:down\b.*"  # dbmate
    r"|\s*\+(?:goose|migrate|micrate)\s+down\b.*"  # goose, sql-migrate, micrate
    r"|\s*rambler\s+down\b.*"
    r"|\s*down\s+migration\b.*"  # node-pg-migrate
    r"|\s*//\s*@undo\b.*"  # MyBatis
    r"|[\s-]*!downs\b.*"  # Play
    r"|--\s*create\s+above\s*/\s*drop\s+below\s*----"  # tern
    r")$",
    re.IGNORECASE | re.MULTILINE,
)

#: How the name of a way down ends, and that of its way up.
_ENDINGS = {".down": ".up", "_down": "_up", ".undo": ".do"}


#: How the name of Flyway's way down begins; that of its way up has a `V`.
_UNDOES = re.compile(r"U([\d._]+__)")


def fault_of_name(name: str, others: Set[str]) -> Fault | None:
    """What is wrong where a migration is the way down of one of the `others`."""
    above = _way_up(name, others)
    if above is None:
        return None
    return Fault(
        "both-ways",
        1,
        f"the name says that it is the way down of {above}; here it would be "
        "run as a migration",
        f"Move it to rollbacks/{above}.sql.",
    )


def _way_up(name: str, others: Set[str]) -> str | None:
    """Which of the `others` the name says to undo."""
    if undone := _UNDOES.match(name):  # whatever words come after the version
        return next((o for o in others if o.startswith(f"V{undone[1]}")), None)
    ups = (
        name.removesuffix(down) + up
        for down, up in _ENDINGS.items()
        if name.endswith(down)
    )
    return next((above for above in ups if above in others), None)


def fault(text: str, statements: tuple[Statement, ...], *, is_up: bool) -> Fault | None:
    """What is wrong where such a line has statements below that would be run.

    In the way down itself the line may stand above everything.
    """
    for match in _DOWN.finditer(text):
        line = text.count("\n", 0, match.start()) + match[0].count("\n") + 1
        above = is_up or any(s.last_line < line for s in statements)
        inside = any(s.line < line <= s.last_line for s in statements)
        if above and not inside and any(s.line > line for s in statements):
            return Fault(
                "both-ways",
                line,
                f"`{match[0].strip()}` parts the file for another tool; "
                "here all of it would be run",
                "Keep the way up in migrations/ID.sql, and move the way down to "
                "rollbacks/ID.sql.",
            )
    return None
