"""What may be said to each command: its options, their help and their defaults.

Only argparse is imported, and the limits and versions that are shown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from trunkline.limits import Limits
from trunkline.versions import EMBEDDED

DATABASE_HELP = (
    "the database (else TRUNKLINE_DATABASE, else `database` in yoyo.ini); leave the "
    "password to PGPASSWORD or a password file, since others can see a command line"
)


def add_global(parser: argparse.ArgumentParser, default: Any) -> None:
    """Global options stand before the command or after it."""
    flag = False if default is None else default
    group = parser.add_argument_group("global options")
    group.add_argument(
        "--project",
        type=_said,
        metavar="DIR",
        default=default,
        help="the project (else the nearest directory upwards with a yoyo.ini)",
    )
    group.add_argument(
        "--database", type=_said, metavar="URL", default=default, help=DATABASE_HELP
    )
    group.add_argument(
        "--json",
        action="store_true",
        default=flag,
        help="one JSON document on stdout; everything else goes to stderr",
    )
    group.add_argument(
        "-v", "--verbose", action="store_true", default=flag, help="show every check"
    )


def _nothing(parser: argparse.ArgumentParser) -> None:
    del parser


def _ids(parser: argparse.ArgumentParser, summary: str) -> None:
    parser.add_argument("ids", nargs="*", type=_said, metavar="ID", help=summary)


def _to(
    parser: argparse.ArgumentParser, summary: str, *, required: bool = False
) -> None:
    parser.add_argument(
        "--to", type=_said, metavar="ID", required=required, help=summary
    )


def _locks(parser: argparse.ArgumentParser) -> None:
    for name, default, kind, summary in (
        ("wait", Limits.wait, _seconds, "wait so long for another runner"),
        (
            "lock-timeout",
            Limits.lock_timeout,
            _positive_seconds,
            "an attempt waits at most so long for locks, and the application behind it",
        ),
        (
            "lock-budget",
            Limits.lock_budget,
            _positive_seconds,
            "all attempts at a change, and the pauses between them, may last so long",
        ),
        (
            "concurrent-timeout",
            Limits.concurrent_timeout,
            _positive_seconds,
            "a concurrent statement may wait so long for older transactions",
        ),
    ):
        parser.add_argument(
            f"--{name}",
            type=kind,
            default=default,
            metavar="SECONDS",
            help=f"{summary} (default: {default:g})",
        )
    _explain(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--explain",
        action="store_true",
        help="show what each statement locks, rewrites and reads",
    )


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--on",
        type=_place,
        default="embedded",
        metavar="WHERE",
        help="embedded (default), container, or the URL of a server to make scratch "
        "databases on",
    )
    parser.add_argument(
        "--postgres",
        type=int,
        choices=EMBEDDED,
        help=f"the embedded server's version (default: {max(EMBEDDED)}; beside a "
        "database, the one next to its version)",
    )
    parser.add_argument(
        "--image",
        default="postgres:17",
        help="the container's image (default: postgres:17)",
    )


def _apply(parser: argparse.ArgumentParser) -> None:
    _to(parser, "stop after this change")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be applied, and stop"
    )
    parser.add_argument(
        "--allow-unverified",
        action="store_true",
        help="also apply changes that have no verification",
    )
    parser.add_argument(
        "--require-certificate",
        action="store_true",
        help="refuse what no certificate proves (`rehearse --certify` writes them)",
    )
    _locks(parser)


def _rollback(parser: argparse.ArgumentParser) -> None:
    _ids(parser, "the changes")
    _to(parser, "all applied after this one")
    parser.add_argument("--last", type=count, metavar="N", help="the last N applied")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--use",
        choices=("file", "ledger"),
        help="which rollback, where the file differs from what the ledger keeps",
    )
    _locks(parser)


def _junit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--junit", type=_said, metavar="FILE", help="also write the result as JUnit XML"
    )


def _verify(parser: argparse.ArgumentParser) -> None:
    _ids(parser, "only these changes, no invariants")
    _junit(parser)


def _rehearse(parser: argparse.ArgumentParser) -> None:
    _ids(parser, "only these changes")
    parser.add_argument(
        "--from",
        dest="source",
        type=_said,
        metavar="URL|DUMP",
        help="rehearse what is pending there on a copy: a database, which is only "
        "read, or a file or directory of pg_dump",
    )
    parser.add_argument(
        "--sample",
        type=count,
        metavar="N",
        help="copy so many rows of each table, and what they refer to",
    )
    parser.add_argument(
        "--schema-only", action="store_true", help="copy no rows but the ledger's"
    )
    parser.add_argument(
        "--stats-from",
        type=_said,
        metavar="URL",
        help="estimate who would wait behind each lock on that live database, which is "
        "only read",
    )
    parser.add_argument(
        "--allow-unverified",
        action="store_true",
        help="a change without a verification may be good",
    )
    for name, summary in (
        ("traffic", "play verification/traffic/ while each change goes up and down"),
        ("mutate", "break what each change built; some check must notice"),
        ("crash", "end its runs at every statement and commit; run again must do"),
        ("certify", "write verification/certificates/ for what was proved"),
    ):
        parser.add_argument(f"--{name}", action="store_true", help=summary)
    _explain(parser)
    parser.add_argument(
        "--jobs",
        type=count,
        metavar="N",
        help="rehearse with N processes, each on a throwaway of its own (default: as "
        "many as there are processors, at most 4; one with --traffic, --mutate, "
        "--from, a container or a URL)",
    )
    _where(parser)
    _junit(parser)


def _sandbox(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--empty", action="store_true", help="without any change or fixture"
    )
    parser.set_defaults(command_words=[])
    parser.usage = "trunkline sandbox [options] [-- COMMAND ...]"
    _where(parser)


def _adopt(parser: argparse.ArgumentParser) -> None:
    _to(parser, "the last to mark", required=True)
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="DIFFERENCE",
        help="leave this difference, named as it is listed (may be given again)",
    )
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="wait so long for another runner (default: 60)",
    )
    _where(parser)


def _script(parser: argparse.ArgumentParser) -> None:
    _to(parser, "stop after this change")
    parser.add_argument(
        "--allow-unverified",
        action="store_true",
        help="also changes that have no verification",
    )
    parser.add_argument(
        "--lock-timeout",
        type=_positive_seconds,
        default=2.0,
        metavar="SECONDS",
        help="each lock may be waited for so long (default: 2)",
    )


def _new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("slug", help="what the change is, in snake_case")


def _backfill(parser: argparse.ArgumentParser) -> None:
    parser.usage = (
        "trunkline backfill [NAME [run|status|pause|resume|undo|forget]] [options]"
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="which one; without it: all there are"
    )
    parser.add_argument(
        "action",
        nargs="?",
        default="run",
        choices=("run", "status", "pause", "resume", "undo", "forget"),
        metavar="ACTION",
        help="run: begin, or go on where it was left (default); status: how it stands; "
        "pause: no further batch, on any machine; resume: lift the pause; undo: put "
        "back what it wrote and nobody has changed since; forget: keep nothing for an "
        "undo",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="take every batch back, and keep nothing"
    )
    parser.add_argument(
        "--limit", type=count, metavar="N", help="at most so many rows this time"
    )
    parser.add_argument(
        "--workers",
        type=count,
        default=1,
        metavar="N",
        help="so many processes on this machine (default: 1)",
    )
    parser.add_argument(
        "--yes", action="store_true", help="do not ask before an undo or forget"
    )


#: name: (what it does, an example, its own arguments)
COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "status": (
        "show what is applied, pending, changed since, and unknown",
        "trunkline --database postgresql://dba@db.example/app status",
        _nothing,
    ),
    "apply": (
        "apply what is pending, each change verified before it commits",
        "trunkline apply --to 20260210_managed_credentials_expand",
        _apply,
    ),
    "rollback": (
        "show what is lost, ask, roll back, and prove it",
        "trunkline rollback --last 1",
        _rollback,
    ),
    "verify": (
        "run the checks of applied changes and the invariants, read-only",
        "trunkline verify --junit verify.xml",
        _verify,
    ),
    "rehearse": (
        "prove on a throwaway that every change goes up, comes down and leaves nothing",
        "trunkline rehearse --on container --image postgres:17",
        _rehearse,
    ),
    "sandbox": (
        "open psql, or run a command, on a throwaway with all changes and fixtures",
        'trunkline sandbox -- psql -c "select count(*) from org_credentials"',
        _sandbox,
    ),
    "adopt": (
        "mark a database that already has the schema, after comparing its catalog",
        "trunkline adopt --to 20260209_telephony_baseline",
        _adopt,
    ),
    "drift": (
        "compare a database with what its applied changes produce",
        "trunkline drift --json",
        _where,
    ),
    "script": (
        "write the pending work as one psql file, ledger rows included",
        "trunkline script --to 20260210_managed_credentials_expand > review.sql",
        _script,
    ),
    "backfill": (
        "move data in batches while the application runs: resumable, undoable",
        "trunkline backfill managed-credentials --workers 2",
        _backfill,
    ),
    "lint": (
        "check layout, headers, names and SQL of the project",
        "trunkline lint",
        _nothing,
    ),
    "new": (
        "write the files of a new change from templates",
        "trunkline new agents_remember_their_number",
        _new,
    ),
}


def _place(text: str) -> str:
    if text in ("embedded", "container") or "://" in text:
        return text
    # What was meant for a URL may hold a password, so it is not repeated.
    raise argparse.ArgumentTypeError(
        "neither embedded, container nor a postgresql:// URL"
    )


def _said(text: str) -> str:
    """What is said must be said: an empty variable must not mean another database."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty")
    return text


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds")
    return value


def _positive_seconds(text: str) -> float:
    value = _seconds(text)
    if value < 0.001:
        raise argparse.ArgumentTypeError("a lock time-out of zero would wait for ever")
    return value


def count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)
