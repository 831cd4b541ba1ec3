"""The commands: each calls one function of the library and hands on what came of it.

A function takes the parsed options and returns the exit status. It prints through a
report and decides nothing itself.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline import config, project
from trunkline.connect import Target, target
from trunkline.errors import UsageError
from trunkline.limits import Limits
from trunkline.project import Project
from trunkline.report import Report, json_report, text_report
from trunkline.throwaway import Request

if TYPE_CHECKING:
    from junitparser import JUnitXml

    from trunkline.copying import Wanted


def status(options: Namespace) -> int:
    """`trunkline status`."""
    from trunkline import status

    loaded = _project(options)
    found = status.read(loaded, database(options, loaded))
    report_of(options).status(found)
    return _exit(found.ok)


def apply(options: Namespace) -> int:
    """`trunkline apply`."""
    from trunkline import apply

    loaded = _project(options)
    report = report_of(options)
    result = apply.run(
        loaded,
        database(options, loaded),
        apply.Options(
            to=options.to,
            dry_run=options.dry_run,
            limits=_limits(options),
            traced=options.explain or options.json,
            allow_unverified=options.allow_unverified,
            require_certificate=options.require_certificate,
        ),
        report.event,
    )
    report.applied(result, dry_run=options.dry_run)
    return _exit(result.ok)


def rollback(options: Namespace) -> int:
    """`trunkline rollback`."""
    from trunkline import rollback

    ways = [bool(options.ids), options.to is not None, options.last is not None]
    if sum(ways) != 1:
        raise UsageError(
            "say what to roll back: IDs, --to ID or --last N",
            hint="`trunkline status` shows what is applied.",
        )
    loaded = _project(options)
    where = database(options, loaded)
    report = report_of(options)
    selection = rollback.Selection(tuple(options.ids), options.to, options.last)
    plan = rollback.plan(loaded, where, selection, options.use)
    report.planned(plan)
    if plan.changes and not options.yes:
        ask("Roll back", where.label)
    result = rollback.run(
        loaded,
        where,
        plan,
        rollback.Options(_limits(options), options.explain or options.json),
        report.event,
    )
    report.rolled_back(result)
    return _exit(result.ok)


def verify(options: Namespace) -> int:
    """`trunkline verify`."""
    from trunkline import verify
    from trunkline.report import junit

    loaded = _project(options)
    junit.require_writable(options.junit)
    report = report_of(options)
    result = verify.run(loaded, database(options, loaded), options.ids, report.event)
    with junit.written(options.junit, lambda: junit.of_checks(result.results)):
        report.verified(result)
    return _exit(result.ok)


def rehearse(options: Namespace) -> int:
    """`trunkline rehearse`."""
    from trunkline import rehearsal
    from trunkline.report import junit

    loaded = _project(options)
    wanted = _wanted(options, loaded)
    junit.require_writable(options.junit)
    report = report_of(options)
    result = rehearsal.run(
        loaded,
        _request(options),
        options.ids,
        allow_unverified=options.allow_unverified,
        emit=report.event,
        parts=rehearsal.Parts(
            traffic=options.traffic,
            mutate=options.mutate,
            crash=options.crash,
            certify=options.certify,
        ),
        wanted=wanted,
        live=target(options.stats_from) if options.stats_from else None,
        jobs=options.jobs,
    )

    def suites() -> JUnitXml:
        return junit.of_rehearsal(result, allow_unverified=options.allow_unverified)

    with junit.written(options.junit, suites):
        report.rehearsed(result)
    return _exit(result.ok)


def sandbox(options: Namespace) -> int:
    """`trunkline sandbox`; the status is the command's own."""
    from trunkline import sandbox

    return sandbox.run(
        _project(options),
        _request(options),
        options.command_words,
        empty=options.empty,
        emit=report_of(options).event,
    )


def adopt(options: Namespace) -> int:
    """`trunkline adopt`."""
    from trunkline import adopt

    loaded = _project(options)
    report = report_of(options)
    result = adopt.run(
        loaded,
        database(options, loaded),
        _request(options),
        to=options.to,
        accept=options.accept,
        wait=options.wait,
        emit=report.event,
    )
    report.adopted(result)
    return _exit(result.ok)


def drift(options: Namespace) -> int:
    """`trunkline drift`."""
    from trunkline import drift

    loaded = _project(options)
    report = report_of(options)
    result = drift.run(
        loaded, database(options, loaded), _request(options), report.event
    )
    report.drifted(result)
    return _exit(result.ok)


def script(options: Namespace) -> int:
    """`trunkline script`."""
    from trunkline import script

    loaded = _project(options)
    text = script.write(
        loaded,
        database(options, loaded),
        to=options.to,
        lock_timeout=options.lock_timeout,
        allow_unverified=options.allow_unverified,
    )
    report_of(options).scripted(text)
    return 0


def backfill(options: Namespace) -> int:
    """`trunkline backfill`."""
    from trunkline.backfill import command

    if options.action != "run":
        for flag in ("dry_run", "limit"):
            if getattr(options, flag):
                raise UsageError(f"--{flag.replace('_', '-')} is for a run only")
    where = database(options, None)
    report = report_of(options)
    if options.name is None:
        return _exit(command.overview(where, report))
    if options.action == "run":
        return _exit(
            command.run(
                where,
                options.name,
                report,
                workers=options.workers,
                limit=options.limit,
                dry_run=options.dry_run,
            )
        )
    plan = command.PLANS.get(options.action)
    if plan is not None and plan(where, options.name, report) and not options.yes:
        ask(f"{options.action.capitalize()} {options.name}", where.label)
    return _exit(command.ACTIONS[options.action](where, options.name, report))


def lint(options: Namespace) -> int:
    """`trunkline lint`."""
    from trunkline import lint

    result = lint.run(_project(options))
    report_of(options).linted(result)
    return _exit(not result.findings)


def new(options: Namespace) -> int:
    """`trunkline new`."""
    from trunkline import new

    written = new.write(_project(options), options.slug)
    report_of(options).written(written)
    return 0


def _project(options: Namespace) -> Project:
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise UsageError("the working directory is gone") from None
    if options.project:
        return project.load((here / options.project).resolve())
    return project.load(config.find(here))


def database(options: Namespace, loaded: Project | None) -> Target:
    """The database that is named; the project is asked last."""
    url = options.database or os.environ.get("TRUNKLINE_DATABASE")
    if not url:
        url = (loaded or _project(options)).config.database
    if not url:
        raise UsageError(
            "no database is named",
            hint="Pass --database URL, set TRUNKLINE_DATABASE, or write `database = "
            "…` in yoyo.ini; the URL postgresql:// is where PGHOST, PGSERVICE and "
            "the like lead.",
        )
    return target(url)


def _request(options: Namespace) -> Request:
    return Request(on=options.on, postgres=options.postgres, image=options.image)


def _wanted(options: Namespace, loaded: Project) -> Wanted | None:
    """What is to be copied for a rehearsal, if anything is."""
    from trunkline import copying

    sampled = options.sample is not None or options.schema_only
    if options.source is None:
        if sampled:
            raise UsageError("--sample and --schema-only say what --from copies")
        return None
    if options.sample is not None and options.schema_only:
        raise UsageError("--sample and --schema-only exclude each other")
    if options.certify:
        raise UsageError(
            "--certify is for a rehearsal without --from",
            hint="A certificate speaks of the project's own files alone.",
        )
    return copying.Wanted(
        origin=copying.read(options.source),
        rows=0 if options.schema_only else options.sample,
        migration_table=loaded.config.migration_table,
    )


def _limits(options: Namespace) -> Limits:
    return Limits(
        wait=options.wait,
        lock_timeout=options.lock_timeout,
        lock_budget=options.lock_budget,
        concurrent_timeout=options.concurrent_timeout,
    )


def report_of(options: Namespace) -> Report:
    """Where results go: text or one JSON document."""
    if options.json:
        return json_report()
    explain = getattr(options, "explain", False)
    return text_report(verbose=options.verbose, explain=explain)


def ask(what: str, label: str) -> None:
    """Ask on the terminal. Raises UsageError for a no, and where nobody is there."""
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody is there to be asked",
            hint="Read the plan above, then pass --yes.",
        )
    if answer(f"{what} on {label}? [y/N]").lower() not in ("y", "yes"):
        raise UsageError("nothing has been done: the answer was no")


def answer(question: str) -> str:
    """What is said on the terminal; its end, or Ctrl-C, ends the question's line."""
    line = ""
    try:
        print(f"{question} ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
    finally:
        if not line.endswith("\n"):
            print(file=sys.stderr)
    return line.strip()


def _exit(ok: bool) -> int:
    return 0 if ok else 1
