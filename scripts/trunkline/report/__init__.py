"""Reports: what the commands print. They render events and results, nothing else."""

from __future__ import annotations

from trunkline.report.base import Report

__all__ = ["Report", "json_report", "text_report"]


def text_report(*, verbose: bool, explain: bool) -> Report:
    """The transcript for a person; `explain`: with the locks of a rehearsal."""
    from trunkline.report.text import TextReport

    return TextReport(verbose=verbose, explain=explain)


def json_report() -> Report:
    """One JSON document on stdout, and events that matter on stderr."""
    from trunkline.report.document import JsonReport

    return JsonReport()
