"""SQL literals, options and the words for what differs."""

from __future__ import annotations

import pytest

from trunkline.catalog.secrets import without_password, without_secret
from trunkline.catalog.words import (
    change_foreign_options,
    change_in_words,
    here,
    literal,
    reset_options,
    with_options,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain", "'plain'"), ("it's", "'it''s'"), ("a\\b'", "E'a\\\\b'''"), ("", "''")],
)
def test_a_literal_is_safe_whatever_the_setting(text: str, expected: str) -> None:
    assert literal(text) == expected


def test_options_are_set_and_reset_only_where_they_differ() -> None:
    assert reset_options("alter table t", ["a=1", "b=2"], ["b=2", "c=3"]) == [
        "alter table t reset (c);",
        "alter table t set (a = '1');",
    ]
    assert reset_options("alter table t", ["a=1"], ["a=1"]) == []
    assert with_options(None) == ""
    assert with_options(["a=x=y"]) == " with (a = 'x=y')"


def test_options_of_foreign_things_are_added_set_and_dropped() -> None:
    assert change_foreign_options("alter server s", ["a=1", "b=2"], ["b=3", "c=4"]) == [
        'alter server s options (drop "c", add "a" \'1\', set "b" \'2\');'
    ]


@pytest.mark.parametrize(
    ("expected", "found", "words"),
    [
        (None, "now()", "default is now() instead of none"),
        (True, None, "default is off instead of on"),
        (["a", "b"], ["a"], "default is a instead of a, b"),
        ("a\nb\nc", "a\nx\nc", "default differs from line 2 on: x instead of b"),
        ("a\nb", "a", "default lacks from line 2 on: b"),
        ("a", "a\n  b", "default goes on from line 2 on: b"),
        ("a\nb", "a\r\nb", "default differs in its line ends"),
    ],
)
def test_a_change_is_told_in_one_clause(
    expected: object, found: object, words: str
) -> None:
    assert change_in_words("default", expected, found) == words


def test_a_long_fact_is_cut() -> None:
    assert len(change_in_words("body", "x" * 1000, "y" * 1000)) < 400


def test_a_statement_about_the_database_asks_for_its_name() -> None:
    assert here("comment on database %I is 'it''s';") == (
        "do 'begin execute format(''comment on database %I is ''''it''''''''s'''''',"
        " current_database()); end';"
    )


@pytest.mark.parametrize(
    ("conninfo", "expected"),
    [
        ("host=a password=x y=z", "host=a password=*** y=z"),
        ("host=a PASSWORD = 'x \\' y' b=c", "host=a PASSWORD = *** b=c"),
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h/d", "postgresql://h/d"),
        ("host=a sslpassword=x", "host=a sslpassword=***"),
    ],
)
def test_a_connection_string_loses_its_password(conninfo: str, expected: str) -> None:
    assert without_password(conninfo) == expected


def test_only_the_value_of_a_secret_option_is_left_out() -> None:
    assert without_secret("api_token=x") == "api_token=***"
    assert without_secret("host=my-password") == "host=my-password"
