"""The page that shows a schema: every name with its comment, on one line each."""

from __future__ import annotations

from trunkline.catalog import Snapshot
from trunkline.schema_page import page


def test_a_table_shows_its_columns_and_what_holds_its_rules() -> None:
    text = page(
        Snapshot(
            {
                "schema": {"public": {"comment": "Everything."}},
                "table": {"public.rooms": {"row_security": True}},
                "column": {
                    "public.rooms.doors": {
                        "on": "public.rooms",
                        "called": "doors",
                        "type": "integer",
                        "default": "1",
                        "comment": "How many;\nnull: a tent | a cave.",
                    }
                },
                "policy": {
                    "all_may on public.rooms": {
                        "on": "public.rooms",
                        "called": "all_may",
                        "using": "true",
                    }
                },
            }
        )
    )
    assert "\n## public\n\nEverything.\n" in text
    assert "### table public.rooms\n\nRow-level security: on.\n" in text
    column = "| doors | integer, null | `1` | How many; null: a tent \\| a cave. |"
    assert f"\n{column}\n" in text
    assert "\n| all_may | `policy for all to public using (true)` |  |\n" in text


def test_a_view_shows_what_it_gives_out_and_to_whom() -> None:
    text = page(
        Snapshot(
            {
                "schema": {"api": {}},
                "view": {
                    "api.doors": {"output": ["id bigint"], "granted": {"guest": "ra"}}
                },
                "function": {
                    "api.knock(text)": {"result": "void", "security_definer": True}
                },
            }
        )
    )
    assert "\nGranted: select, insert to guest.\n" in text
    assert "\n| id | bigint |  |\n" in text
    assert "\n| `knock(text)` | `void` | definer |  |  |\n" in text


def test_what_is_in_no_schema_of_that_name_is_not_shown_there() -> None:
    catalog = Snapshot({"schema": {"a": {}}, "table": {"ab.rooms": {}}})
    assert "rooms" not in page(catalog)
