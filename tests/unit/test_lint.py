"""What `lint` finds, and what it lets pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.projects import change, sound, write
from trunkline import lint, project
from trunkline.errors import UsageError
from trunkline.lint import layout
from trunkline.lint.page import page
from trunkline.lint.rules import Rule, rules
from trunkline.project import Problem

REPOSITORY = Path(__file__).parents[2]
STYLE = (REPOSITORY / ".sqlfluff").read_text(encoding="utf-8")
SUBJECT = "select\n    'a' as subject,\n    'b' as detail\n"


def own_findings(root: Path) -> list[str]:
    return [problem.fault.rule for problem in layout.problems(project.load(root))]


def findings(root: Path) -> dict[str, int]:
    """All findings of a change called 20260102_more: rule and line."""
    report = lint.run(project.load(root))
    return {p.fault.rule: p.fault.line for p in report.findings if _is_more(p)}


def _is_more(problem: Problem) -> bool:
    return problem.path == "migrations/20260102_more.sql"


def more(root: Path, up: str) -> Path:
    """The house style, the sound project, and one more change that says `up`."""
    check = f"-- check: all is well\n{SUBJECT}where false;\n"
    files = change("20260102_more", up, "drop table public.more;\n", check)
    return sound(root, files | {".sqlfluff": STYLE})


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_the_bad_example_of_a_rule_is_found_and_the_good_one_is_not(
    rule: Rule, tmp_path: Path
) -> None:
    assert rule.id in own_findings(sound(tmp_path / "bad", rule.bad))
    assert own_findings(sound(tmp_path / "good", rule.good)) == []


def test_every_rule_that_the_engine_can_name_is_described() -> None:
    sources = (REPOSITORY / "scripts" / "trunkline").rglob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    named = set(re.findall(r'(?:Fault|_problem)\(\s*(?:path,\s*)?"([a-z-]+)"', text))
    assert named
    assert named <= {rule.id for rule in rules()}


def test_the_page_of_rules_is_the_one_made_from_the_rules() -> None:
    written = (REPOSITORY / "docs" / "lint-rules.md").read_text(encoding="utf-8")
    assert written == page(), "run `make docs`"


def test_a_sound_project_has_no_findings(tmp_path: Path) -> None:
    report = lint.run(project.load(sound(tmp_path, {".sqlfluff": STYLE})))
    assert report.findings == ()
    assert report.ok
    assert report.files == 3


@pytest.mark.parametrize("name", ["20261301_a", "20260230_a", "20260101_A", "20260101"])
def test_a_name_needs_a_date_that_exists_and_snake_case(name: str) -> None:
    assert not layout.named_well(name)


@pytest.mark.parametrize(
    "body",
    [
        "declare r public.t%rowtype; begin select * into r from public.t; end",
        "declare a public.mood[]; begin a := '{}'; end",
        "declare n public.e164; m text; begin select a, b into n, m from t; end",
    ],
)
def test_a_plpgsql_body_with_types_of_the_database_is_no_finding(
    body: str, tmp_path: Path
) -> None:
    sql = f"create function public.f() returns void language plpgsql as $$ {body} $$;"
    assert own_findings(sound(tmp_path, change("20260102_f", sql, "-- x"))) == [
        "verification-missing",
        "file-empty",
    ]


def test_the_body_of_a_trigger_function_is_read_and_an_error_in_it_is_found(
    tmp_path: Path,
) -> None:
    function = (
        "create function public.f()\nreturns trigger\nlanguage plpgsql\nas $$\nbegin\n"
        "    if true {then}\n        return new;\n    end if;\nend\n$$;\n"
    )
    path = "migrations/20260101_rooms.sql"
    good = sound(tmp_path / "good", {path: function.format(then="then")})
    assert own_findings(good) == []
    bad = sound(tmp_path / "bad", {path: function.format(then="than")})
    (found,) = layout.problems(project.load(bad))
    assert found.fault.rule == "body-does-not-parse"
    assert found.fault.line in range(4, 7)  # libpg_query says `near line`


def test_a_file_over_sqlfluffs_limit_of_20000_bytes_is_read_to_its_end(
    tmp_path: Path,
) -> None:
    up = "create table public.more (id uuid primary key);\n"
    up += f"-- {'x' * 80}\n" * 300 + "comment on table public.more IS 'x';\n"
    assert len(up) > 20_000
    root = more(tmp_path, up)
    limited = STYLE.replace("byte_limit = 0", "byte_limit = 20000")
    assert limited != STYLE
    write(root, {".sqlfluff": limited})
    assert findings(root) == {"sqlfluff:capitalisation.keywords": 302}


def test_the_style_of_a_sql_function_is_looked_at_in_its_body(tmp_path: Path) -> None:
    up = (
        "create function public.more()\nreturns integer\nlanguage sql\nas $$\n"
        "    select 1\n    WHERE true\n$$;\n"
    )
    assert findings(more(tmp_path, up)) == {"sqlfluff:capitalisation.keywords": 6}


def test_what_would_block_a_live_table_is_found_by_squawk(tmp_path: Path) -> None:
    up = "create index idx_rooms_id\non public.rooms (id);\n"
    assert findings(more(tmp_path, up)) == {
        "squawk:require-concurrent-index-creation": 1
    }


def test_a_finding_of_squawk_is_silenced_by_naming_its_rule(tmp_path: Path) -> None:
    up = (
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create index idx_rooms_id\non public.rooms (id);\n"
    )
    assert findings(more(tmp_path, up)) == {}


def test_a_file_that_does_not_parse_has_that_one_finding(tmp_path: Path) -> None:
    assert findings(more(tmp_path, "select 1;\nCREATE tabel x;\n")) == {
        "sql-does-not-parse": 2
    }


@pytest.mark.parametrize("name", [".sqlfluff", ".squawk.toml"])
def test_a_configuration_that_cannot_be_read_is_refused(
    name: str, tmp_path: Path
) -> None:
    root = write(sound(tmp_path), {name: "[nonsense"})
    with pytest.raises(UsageError, match="cannot be run"):
        lint.run(project.load(root))
