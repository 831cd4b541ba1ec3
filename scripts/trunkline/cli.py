"""The command line: what may be said, and what an error looks like.

Parses, calls one function of `commands`, and turns what it raises into a message and
an exit code. Imports stay light here; each command imports what it needs.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn, TextIO

from trunkline.errors import Failure, NotWritten, TrunklineError, UsageError
from trunkline.options import COMMANDS, add_global
from trunkline.report.terminal import Terminal

EXIT_CODES = """\
exit codes:
  0  done, all as it should be
  1  it ran, and something is not as it should be (a check, a rehearsal, a finding)
  2  wrong usage or configuration, or refused before anything ran
  3  the work could not be done (no server, no lock, a statement failed)
"""


class _Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP, taken like Ctrl-C: a query is cancelled, all cleaned up"""


class Parser(argparse.ArgumentParser):
    """argparse, with our own way to say what is wrong."""

    def error(self, message: str) -> NoReturn:
        message = re.sub(r"://[^\s']*@", "://…@", message)  # a password, perhaps
        raise UsageError(message, hint=f"See `{self.prog} --help`.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; prints, and never raises."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    own, _, command = _cut(words)

    def work() -> int:
        options = _parse(own, command)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)

    return end_well(work, program="trunkline", as_json="--json" in own)


def end_well(work: Callable[[], int], *, program: str, as_json: bool) -> int:
    """Do the work of a program; whatever it raises becomes a message and a status."""
    _prepare()
    try:
        status = work()
        sys.stdout.flush()
    except TrunklineError as error:
        # Where the report has been made, stdout has its one document.
        said = isinstance(error, NotWritten)
        return _tell(error, program, as_json=as_json and not said)
    except KeyboardInterrupt as error:
        # Who presses Ctrl-C once more is not to be answered with a traceback.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        Terminal(sys.stderr).clear()
        number = error.args[0] if isinstance(error, _Ended) else signal.SIGINT
        print(f"{program}: ended by {signal.Signals(number).name}", file=sys.stderr)
        return 128 + int(number)
    except BrokenPipeError:
        # Whoever read our output has had enough: end as a program in a pipe does.
        _lead_nowhere(sys.stdout)
        return 128 + signal.SIGPIPE
    except OSError as error:
        failure = Failure(f"{_place(error)}{error.strerror or error}")
        return _tell(failure, program, as_json=as_json)
    except Exception as error:
        traceback.print_exc()
        defect = Failure(
            f"{type(error).__name__}: {error}",
            hint=f"This is a defect of {program}; please report it.",
        )
        return _tell(defect, program, as_json=as_json)
    return status


def _place(error: OSError) -> str:
    """What the system would not read or write, as far as that is known.

    It names no stream; but only reports print, and what they print goes to one.
    """
    if error.filename:
        return f"{error.filename}: "
    *_, (last, _) = traceback.walk_tb(error.__traceback__)
    printed = str(last.f_globals["__name__"]).startswith(("trunkline.report", __name__))
    return "standard output: " if printed else ""


def _lead_nowhere(stream: TextIO) -> None:
    """What is still to be written there, also at the very end, is no more trouble."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _prepare() -> None:
    """Take a request to end like Ctrl-C, print on any terminal, tidy up seldom.

    A signal that the caller has us ignore (`nohup`) stays ignored. What the caller has
    closed leads nowhere; a file that is opened later must not take its place.
    """
    for name, mode in (
        ("stdin", os.O_RDONLY),
        ("stdout", os.O_WRONLY),
        ("stderr", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, mode)
            setattr(sys, name, os.fdopen(nowhere, "r" if name == "stdin" else "w"))
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # What is read of a database stays for a while and refers to nothing in circles: to
    # look for those time and again costs a rehearsal a thirtieth of its time.
    gc.set_threshold(50_000, 20, 20)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise _Ended(number)


def _parse(own: list[str], command: list[str]) -> argparse.Namespace:
    options = _parser().parse_args(own)
    if hasattr(options, "command_words"):
        options.command_words = command
    elif command:
        raise UsageError("`--` and a command after it are for `sandbox` only")
    return options


def _cut(words: list[str]) -> tuple[list[str], bool, list[str]]:
    """Our own words, and those of a command after `--`."""
    if "--" not in words:
        return words, False, []
    at = words.index("--")
    return words[:at], True, words[at + 1 :]


def _tell(error: TrunklineError, program: str, *, as_json: bool) -> int:
    """Say what is wrong, where that can be read, and return the exit code of that."""
    document = {
        "message": error.message,
        "detail": error.detail,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }
    try:
        if as_json:
            print(json.dumps({"error": document}, ensure_ascii=False, indent=2))
        sys.stdout.flush()
    except OSError:
        _lead_nowhere(sys.stdout)
        as_json = False
    if as_json:
        return error.exit_code
    try:
        Terminal(sys.stderr).clear()
        print(f"{program}: {error.message}", file=sys.stderr)
        for word, text in (("detail", error.detail), ("hint", error.hint)):
            if text:
                indented = text.replace("\n", "\n        ")
                print(f"{word + ':':<8}{indented}", file=sys.stderr)
    except OSError:
        _lead_nowhere(sys.stderr)
    return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="trunkline",
        description="Apply, verify, roll back and rehearse PostgreSQL migrations "
        "written in plain SQL.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="say which version this is"
    )
    add_global(parser, default=None)
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=Parser
    )
    for name, (summary, example, arguments) in COMMANDS.items():
        sub = subparsers.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=f"example:\n  {example}\n\n{EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add_global(sub, default=argparse.SUPPRESS)
        arguments(sub)
        sub.set_defaults(run=_command(name))
    return parser


class _Version(argparse.Action):
    """What is installed, looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"{parser.prog} {version('trunkline')}")
        parser.exit()


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        from trunkline import commands

        command: Callable[[argparse.Namespace], int] = getattr(commands, name)
        return command(options)

    return run


if __name__ == "__main__":
    sys.exit(main())
