"""A secret is shown, compared and copied by nobody who does not ask for it by name."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
from psycopg.adapt import PyFormat
from rich import inspect as rich_inspect
from rich.console import Console

from telephony.sealing import DataKey, LegacyKey
from telephony.secret import Secret

PLANTED = b"planted-secret"


def logged(value: object) -> str:
    stream = io.StringIO()
    logger = logging.Logger("planted")
    logger.addHandler(logging.StreamHandler(stream))
    logger.warning("%s %r", value, value)
    logger.warning(value)
    return stream.getvalue()


def inspected(value: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    rich_inspect(value, console=console, all=True, value=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


SHOWN: dict[str, Callable[[object], object]] = {
    "str": str,
    "repr": repr,
    "f-string": lambda value: f"{value} {value!r} {value!s:>40}",
    "percent": lambda value: "%s %r" % (value, value),  # noqa: UP031
    "logging": logged,
    "pprint": pprint.pformat,
    "JSON with a fallback": lambda value: json.dumps(value, default=str),
    "an inspector of attributes": inspected,
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
@pytest.mark.parametrize(
    "holder",
    [
        Secret(PLANTED),
        LegacyKey(Secret(PLANTED)),
        DataKey(uuid4(), 1, Secret(PLANTED)),
        [Secret(PLANTED)],
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_a_secret_is_not_shown(
    show: Callable[[object], object], holder: object
) -> None:
    assert PLANTED.decode() not in str(show(holder))


REFUSED: dict[str, Callable[[Secret], object]] = {
    "==": lambda secret: secret == Secret(PLANTED),
    "!=": lambda secret: secret != Secret(PLANTED),
    "== to its bytes": lambda secret: secret == PLANTED,
    "in": lambda secret: secret in [Secret(PLANTED)],
    "<": lambda secret: secret < Secret(PLANTED),  # type: ignore[operator]  # refused
    "hash": hash,
    "len": len,  # type: ignore[dict-item]  # refused
    "bytes": bytes,  # type: ignore[dict-item]  # refused
    "vars": vars,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "JSON": json.dumps,
    "asdict": lambda secret: dataclasses.asdict(LegacyKey(secret)),
}


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED)
def test_a_secret_is_not_compared_copied_or_serialized(
    attempt: Callable[[Secret], object],
) -> None:
    with pytest.raises(TypeError) as refusal:
        attempt(Secret(PLANTED))
    assert PLANTED.decode() not in str(refusal.value)


def test_a_secret_is_no_query_parameter() -> None:
    with pytest.raises(psycopg.ProgrammingError, match="cannot adapt"):
        psycopg.adapters.get_dumper(Secret, PyFormat.AUTO)


def test_a_secret_is_made_of_bytes_and_the_refusal_does_not_show_the_text() -> None:
    with pytest.raises(TypeError, match="not str") as refusal:
        Secret(PLANTED.decode())  # type: ignore[arg-type]  # refused
    assert PLANTED.decode() not in str(refusal.value)


def test_a_format_specification_shows_nothing() -> None:
    assert f"{Secret(PLANTED):x>40}" == "<secret>"


def test_reveal_gives_the_bytes() -> None:
    assert Secret(PLANTED).reveal() == PLANTED
