"""The rules of `lint` as data: read from `rules.toml`, checked against no project."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

ABSENT = "(none)"
LINK = "-> "


@dataclass(frozen=True)
class Rule:
    """What a rule asks, why, and what to do; examples are files over `base()`."""

    id: str
    condition: str
    effect: str
    workaround: str
    bad: Mapping[str, str]
    good: Mapping[str, str]


@cache
def _data() -> dict[str, Any]:
    text = files("trunkline.lint").joinpath("rules.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def rules() -> tuple[Rule, ...]:
    """The engine's own rules, in the order of the page."""
    return tuple(Rule(**rule) for rule in _data()["rule"])


def base() -> dict[str, str]:
    """The sound project that the examples are laid over."""
    return dict(_data()["base"])


def not_asked_of_squawk() -> dict[str, str]:
    """Rules of squawk that others answer for, and who does."""
    return dict(_data()["squawk"])
