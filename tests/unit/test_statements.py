"""A file into statements: whole, in order, each with its line."""

from __future__ import annotations

import pytest

from trunkline.statements import COPY, DoesNotParse, line_of, split


def _texts(text: str) -> list[str]:
    return [statement.text for statement in split(text)]


@pytest.mark.parametrize(
    "statement",
    [
        "select 'a;b', 'it''s; so', E'it\\'s; so', U&'d\\0061t;'",
        "select $$a;b$$, $x$ $$;$$ ' \" ; $x$",
        'create table "odd;name" ("begin" int, "declare" text)',
        "create table t (begin int, declare int)",
        "select 'ends in a backslash\\'",
        "select 1 /* nested /* ; */ ; */ + 2 -- ; tail",
        "create function f() returns int language sql begin atomic select 1; "
        "select 2; end",
        "create function f() returns int language sql return 1",
        "create function f() returns void language plpgsql as $body$\n"
        "begin\n  execute 'select 1;'; -- $$\n  perform 1;\nend;\n$body$",
        "create function f() returns int language sql as 'select 1; select 2;'",
        "create rule r as on insert to t do also (delete from a; delete from b)",
        "do $$ begin null; end; $$",
        "select '×;', \"ö;ö\" from t",
        "begin",
        "copy t from stdin",
    ],
)
def test_a_statement_is_one_whatever_is_quoted_in_it(statement: str) -> None:
    assert _texts(f"select 0;\n{statement}\n;\nselect 9;") == [
        "select 0",
        statement,
        "select 9",
    ]


def test_a_statement_has_the_line_of_its_first_word() -> None:
    text = (
        "-- ä title\n\n/* two\nlines */ select 1;\nselect 2; select\n3;;\n\n-- end\n"
        "select $$\n\n$$;\nselect 5"
    )
    assert [s.line for s in split(text)] == [4, 5, 5, 9, 12]


@pytest.mark.parametrize("text", ["", "\n", "-- only a comment", "/* one */ ;\n;", ";"])
def test_blanks_and_comments_are_no_statements(text: str) -> None:
    assert split(text) == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("selekt 1", 1),
        ("-- äöü €\nselect 1;\n\nselect from from;\n", 4),
        ("select 1;\nselect 'open;\n\n", 2),
        ("select 1;\nselect $$open;\n\n", 2),
        ("select 1;\n/* open\n\n", 2),
        ("create table t (\n    id int,\n    name,\n);\n", 3),
        ("select 1;\n\\connect other\nselect 2;\n", 2),
        ("select (1;\n", 1),
    ],
)
def test_text_that_does_not_parse_is_refused_with_its_line(
    text: str, line: int
) -> None:
    with pytest.raises(DoesNotParse) as caught:
        split(text)
    assert caught.value.line == line
    assert caught.value.message


def test_a_position_in_a_statement_is_told_as_a_line_of_the_file() -> None:
    (_, statement) = split("-- ä\nselect 1;\nselect\n    'ö',\n    oops\nfrom t;\n")
    assert statement.line == 3
    position = statement.text.index("oops") + 1
    assert line_of(statement, position) == 5
    assert line_of(statement, 1) == 3


@pytest.mark.parametrize(
    ("text", "control", "query"),
    [
        ("begin", True, False),
        ("start transaction", True, False),
        ("savepoint a", True, False),
        ("rollback to a", True, False),
        ("prepare transaction 'x'", True, False),
        ("select 1", False, True),
        ("with a as (select 1) select * from a", False, True),
        ("(values (1, 2))", False, True),
        (
            "with a as (insert into t values (1) returning 1) select * from a",
            False,
            True,
        ),
        ("set local role x", False, False),
        ("delete from t returning 1", False, False),
        ("explain select 1", False, False),
    ],
)
def test_a_statement_knows_what_it_is(text: str, control: bool, query: bool) -> None:
    (statement,) = split(text)
    assert (statement.is_transaction_control, statement.is_query) == (control, query)


def test_several_hundred_statements_keep_their_lines() -> None:
    text = "\n".join(f"insert into t values ({n}, 'ü;');" for n in range(1, 801))
    statements = split(text)
    assert [s.line for s in statements] == list(range(1, 801))
    assert statements[-1].text == "insert into t values (800, 'ü;')"
    assert len({s.sha256 for s in statements}) == 800


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("select 1;\n\\i other.sql\n", 2, "`\\i` is a command of psql, and no SQL"),
        ("copy a from stdin;\n1\t2\n\\.\n", 1, COPY),
        ("select 1;\nselect '\\i' frm x y;", 2, 'syntax error at or near "x"'),
    ],
)
def test_what_only_psql_can_read_is_told_as_that(
    text: str, line: int, message: str
) -> None:
    with pytest.raises(DoesNotParse) as refused:
        split(text)
    assert (refused.value.line, refused.value.message) == (line, message)


@pytest.mark.parametrize("value", ["= off", "TO 'false'", "=0"])
def test_a_backslash_that_was_made_an_escape_is_told_by_its_setting(value: str) -> None:
    setting = f"standard_conforming_strings {value}"
    with pytest.raises(DoesNotParse) as refused:
        split(f"select 1;\nset {setting};\n\nselect 'it\\'s', 'b';\n")
    assert refused.value.line == 2
    assert "`standard_conforming_strings`" in refused.value.message
    split(f"set {setting}; select 'a'")
    with pytest.raises(DoesNotParse, match="syntax error"):
        split("set standard_conforming_strings = on; select from from")


def test_a_copy_knows_whether_its_rows_come_through_the_client() -> None:
    text = (
        "copy a from stdin; copy a to stdout; copy (select 'from stdin') to '/tmp/x';"
        " copy a from program 'cat'; select 'copy a from stdin'"
    )
    found = [statement.through_client for statement in split(text)]
    assert found == [True, True, False, False, False]
