"""`telephony keys`: how data keys stand, and what is done with them.

Shows a plan before whatever cannot be taken back, and asks; decides nothing itself.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID

from trunkline.cli import EXIT_CODES, Parser, end_well
from trunkline.errors import UsageError
from trunkline.options import add_global, count

if TYPE_CHECKING:
    from trunkline.connect import Target

COMMANDS = {
    "status": "how data keys stand, and what is sealed under them",
    "rotate": "new data keys, and every value moved under them",
    "rewrap": "every data key under the current key-encryption key",
    "shred": "destroy an organization's data keys: what they seal opens never again",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; prints, and never raises."""
    words = list(sys.argv[1:] if arguments is None else arguments)

    def work() -> int:
        options = _parser().parse_args(words)
        command: Callable[[argparse.Namespace], int] = options.run
        return command(options)

    return end_well(work, program="telephony", as_json="--json" in words)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="telephony",
        description="The keys that seal the credentials of the telephony database.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_global(parser, default=None)
    keys = parser.add_subparsers(
        dest="room", metavar="keys", required=True, parser_class=Parser
    ).add_parser("keys", help="data keys of organizations", allow_abbrev=False)
    commands = keys.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=Parser
    )
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"example:\n  telephony keys {_EXAMPLES[name]}\n\n{EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add_global(sub, default=argparse.SUPPRESS)
        _ARGUMENTS[name](sub)
        sub.set_defaults(run=_RUN[name])
    return parser


def _status_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("org", nargs="?", type=UUID, metavar="ORG", help="only of this")


def _rotate_arguments(parser: argparse.ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("org", nargs="?", type=UUID, metavar="ORG", help="of this one")
    who.add_argument("--all", action="store_true", help="of every organization")
    _work_arguments(parser)


def _work_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--workers", type=count, default=1, metavar="N", help="processes (default: 1)"
    )


def _shred_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("org", type=UUID, metavar="ORG", help="the organization")
    parser.add_argument(
        "--confirm",
        type=UUID,
        action="append",
        default=[],
        metavar="ORG",
        help="its id, to be given twice where nobody can be asked",
    )


def _status(options: argparse.Namespace) -> int:
    from telephony.standing import standing
    from telephony.told import standing_lines
    from trunkline.commands import database

    target = database(options, None)
    found = standing(target, options.org, read_only=True)
    configured = _configured(target)
    ok = set(found.wrapped_by) <= set(configured) and "wrong" not in configured.values()
    if options.json:
        _print({**asdict(found), "configured": configured, "ok": ok})
    else:
        for line in standing_lines(found, options.org, configured):
            print(line)
    return 0 if ok else 1


def _rotate(options: argparse.Namespace) -> int:
    from telephony import rotation
    from telephony.keyring import load_keks
    from telephony.standing import movable, refuse_destroyed, standing
    from telephony.told import rotate_plan, rotated_lines
    from trunkline.commands import database, report_of

    if options.org is not None and options.workers > 1:
        raise UsageError(
            "--workers is for --all",
            hint="The values of one organization are moved by one process.",
        )
    target = database(options, None)
    keks = load_keks()
    at_work = rotation.refuse_open_runs(target, but=rotation.MOVES)
    rotation.refuse_unfit_keks(target, options.org, keks)
    found = standing(target, options.org)
    refuse_destroyed(found, options.org)
    values = movable(target, options.org)
    plan = rotate_plan(found, options.org, values, at_work, keks)
    _plan(plan, options, "Rotate", target.label)
    report = report_of(options)
    result = rotation.rotate(
        target, options.org, workers=options.workers, emit=report.event
    )
    if options.json:
        _print({"plan": plan, **asdict(result), "ok": result.ok})
    else:
        for line in rotated_lines(result):
            print(line)
    return 0 if result.ok else 1


def _rewrap(options: argparse.Namespace) -> int:
    from telephony import rotation
    from telephony.keyring import load_keks
    from telephony.rewrapping import RewrapKeys
    from telephony.standing import standing
    from telephony.told import rewrap_plan
    from trunkline.commands import database, report_of

    target = database(options, None)
    keks = load_keks()
    found = standing(target, None)
    rotation.refuse_wrong_keks(target, keks)
    plan = rewrap_plan(found, keks)
    _plan(plan, options, "Rewrap", target.label)
    report = report_of(options)
    result = rotation.rewrap(target, workers=options.workers, emit=report.event)
    report.backfilled(result, RewrapKeys.words)
    return 1 if result.errors else 0


def _shred(options: argparse.Namespace) -> int:
    from telephony import rotation
    from telephony.standing import refuse_living, standing
    from telephony.told import shred_plan
    from trunkline.commands import database, report_of
    from trunkline.report.words import counted

    target = database(options, None)
    rotation.refuse_open_runs(target)
    found = standing(target, options.org)
    refuse_living(found)
    plan = shred_plan(found, options.org)
    for line in plan:
        print(line, file=sys.stderr if options.json else sys.stdout)
    sys.stdout.flush()
    _confirm(options)
    report = report_of(options)
    destroyed = rotation.shred(target, options.org, emit=report.event)
    if options.json:
        _print({"plan": plan, "destroyed": destroyed, "ok": True})
    else:
        print(f"{counted(destroyed, 'data key')} of {options.org} destroyed")
    return 0


def _plan(
    plan: Sequence[str], options: argparse.Namespace, what: str, label: str
) -> None:
    """Show what would be done, and ask."""
    from trunkline.commands import ask

    for line in plan:
        print(line, file=sys.stderr if options.json else sys.stdout)
    sys.stdout.flush()
    if not options.yes:
        ask(what, label)


def _confirm(options: argparse.Namespace) -> None:
    """Have the organization's id said twice. Raises UsageError."""
    from trunkline.commands import answer

    said = list(options.confirm)
    if not said and not sys.stdin.isatty():
        raise UsageError(
            "nobody is there to be asked",
            hint=f"Read the plan above, then pass --confirm {options.org} twice.",
        )
    if not said:
        for words in ("The organization's id", "Once more, to destroy its keys"):
            said.append(answer(f"{words}:"))
            if said[-1] != str(options.org):
                break
    if [str(one) for one in said] != [str(options.org)] * 2:
        raise UsageError("nothing has been done: the id was not said twice")


def _configured(target: Target) -> dict[str, str]:
    """The ids of the key-encryption keys at hand; {} where none is configured."""
    from telephony import rotation
    from telephony.keyring import load_keks

    if not {"TELEPHONY_KEK", "TELEPHONY_KEK_FILE"} & set(os.environ):
        return {}
    keks = load_keks()
    return {
        **dict.fromkeys(keks.known, "known"),
        keks.current.id: "current",
        **dict.fromkeys(rotation.wrong_keks(target, keks), "wrong"),
    }


def _print(document: object) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))


_ARGUMENTS = {
    "status": _status_arguments,
    "rotate": _rotate_arguments,
    "rewrap": _work_arguments,
    "shred": _shred_arguments,
}
_RUN = {"status": _status, "rotate": _rotate, "rewrap": _rewrap, "shred": _shred}
_EXAMPLES = {
    "status": "status",
    "rotate": "rotate 46cf2995-2bee-44e3-838b-24151486fe4e",
    "rewrap": "rewrap --workers 2",
    "shred": "shred 46cf2995-2bee-44e3-838b-24151486fe4e",
}
