"""Access lists: what of them is said anew, and what is said twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.catalog.privileges import departures

OWNER = "boss=arwdDxt/boss"


def test_an_explicit_default_says_nothing() -> None:
    assert departures([OWNER], [OWNER], "boss", {}) == ({}, {})


def test_items_in_another_order_are_the_same() -> None:
    one = departures([OWNER, "a=r/boss", "b=w/boss"], [OWNER], "boss", {})
    other = departures(["b=w/boss", "a=r/boss", OWNER], [OWNER], "boss", {})
    assert one == other == ({"a": "r", "b": "w"}, {})


def test_a_privilege_that_everybody_had_and_lost_is_revoked() -> None:
    assert departures(["boss=X/boss"], ["=X/boss", "boss=X/boss"], "boss", {}) == (
        {},
        {"public": "X"},
    )


def test_a_grant_option_is_kept_with_its_letter() -> None:
    assert departures(["a=r*w/boss"], [], "boss", {}) == ({"a": "r*w"}, {})


def test_a_granter_who_is_not_the_owner_is_kept() -> None:
    granted, _ = departures(["a=r/boss", "b=r/a"], [], "boss", {})
    assert granted == {"a": "r", "b/a": "r"}


def test_names_are_quoted_as_sql_wants_them() -> None:
    quoted = {'odd "name"': '"odd ""name"""', "Boss": '"Boss"', "user": '"user"'}
    items = ['"odd ""name"""=r/Boss', "user=w/Boss"]
    granted, _ = departures(items, [], '"Boss"', quoted)
    assert granted == {'"odd ""name"""': "r", '"user"': "w"}


def test_what_is_no_access_item_is_refused() -> None:
    with pytest.raises(ValueError, match="not an access item: 'nonsense'"):
        departures(["nonsense"], [], "boss", {})


letters = st.sets(st.sampled_from("arwdDxt"), min_size=1).map("".join)
lists = st.dictionaries(st.sampled_from(["a", "b", ""]), letters)


@given(lists, lists)
def test_what_is_granted_and_revoked_leads_from_the_default_to_the_list(
    acl: dict[str, str], default: dict[str, str]
) -> None:
    def items(grants: dict[str, str]) -> list[str]:
        return [f"{grantee}={text}/boss" for grantee, text in grants.items()]

    granted, revoked = departures(items(acl), items(default), "boss", {})
    for grantee in ("a", "b", ""):
        word = grantee or "public"
        reached = set(default.get(grantee, "")) - set(revoked.get(word, ""))
        assert reached | set(granted.get(word, "")) == set(acl.get(grantee, ""))
