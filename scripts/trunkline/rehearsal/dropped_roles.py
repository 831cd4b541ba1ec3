"""Roles that cannot be dropped in a rehearsal alone.

A server keeps a role for what any of its databases has granted to it, and a rehearsal
has several databases with the same grants, where production has one.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import replace

from trunkline.errors import Failure
from trunkline.project import Change
from trunkline.rehearsal.moves import told
from trunkline.rehearsal.result import ChangeReport

_DEPENDED_ON = "SQLSTATE 2BP01"
_DROPS = re.compile(r"\bdrop\s+(role|user|group)\b", re.IGNORECASE)
_CATCHES = re.compile(r"\bexception\s+when\b", re.IGNORECASE)


def is_kept(error: str | None, others: Set[str]) -> bool:
    """Whether a statement failed for what other databases grant to a role; the server
    names them in its detail."""
    return (
        error is not None
        and _DEPENDED_ON in error
        and any(name in error for name in others)
    )


def would_be_silent(change: Change) -> bool:
    """Whether the change may catch the error itself, and go on without a word."""
    return any(
        _DROPS.search(script.text) and _CATCHES.search(script.text)
        for script in (change.migration, change.rollback)
        if script is not None
    )


def explained(report: ChangeReport, failure: Failure) -> ChangeReport:
    """The report on a change that failed so, where no server of its own could be had
    for `failure`."""
    if report.error is None:
        return report
    why = f"it is the rehearsal that has other databases: {told(failure)}"
    return replace(report, error=f"{report.error}\n{why}")
