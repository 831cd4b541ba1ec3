"""Schemas by chance, for properties of the comparison (hypothesis strategies).

A schema is data, and its SQL follows from it: another schema has other SQL, and all of
them are valid, since a part that is not there is not referred to. Everything is in the
search path's first schema. The names are few, so that two schemas share many of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.database.schema_tables import (
    COMMENTS,
    ROLES,
    SOME,
    Table,
    granted,
    grants,
    quoted,
    tables,
)


@dataclass(frozen=True)
class View:
    """Of a table's columns, or of a view of it; `kept` materializes it."""

    width: int
    condition: bool
    options: tuple[bool, bool]
    grants: dict[tuple[str, str], bool]
    comment: str | None

    def sql(self, name: str, names: list[str], of: str, kept: bool) -> Iterator[str]:
        shown = names[: 1 + self.width % len(names)]
        where = f" where {names[0]} is not null" * self.condition
        names_of = ("security_barrier", "security_invoker")
        options = [n for n, on in zip(names_of, self.options, strict=True) if on]
        text = f" with ({', '.join(options)})" if options and not kept else ""
        kind = "materialized view" if kept else "view"
        query = f"select {', '.join(shown)} from {of}{where}"
        yield f"create {kind} {name}{text} as {query}"
        if kept:
            yield f"create index {name}_by on {name} ({shown[0]})"
        if self.comment is not None:
            yield f"comment on {kind} {name} is {quoted(self.comment)}"
        yield from granted(name, self.grants)


views = st.builds(
    View,
    width=st.integers(0, 3),
    condition=SOME,
    options=st.tuples(SOME, SOME),
    grants=grants,
    comment=COMMENTS,
)


@dataclass(frozen=True)
class Function:
    """A function without arguments if `plain`, as others call it; else with some."""

    body: int
    argument: str
    default: bool
    volatility: str
    strict: bool
    definer: bool
    path: bool
    closed: bool
    comment: str | None

    def sql(self, name: str, plain: bool) -> Iterator[str]:
        given = "" if plain else f"{self.argument} integer"
        given += " default 3" * (self.default and not plain)
        words = [f"create function {name}({given}) returns integer language sql"]
        words.append(self.volatility)
        words += ["strict"] * self.strict + ["security definer"] * self.definer
        words += ["set search_path = ''"] * self.path
        yield " ".join(words) + f" as 'select {self.body}'"
        signature = f"{name}({'' if plain else 'integer'})"
        if self.closed:
            yield f"revoke execute on function {signature} from public"
        if self.comment is not None:
            yield f"comment on function {signature} is {quoted(self.comment)}"


functions = st.builds(
    Function,
    body=st.integers(1, 2),
    argument=st.sampled_from(["x", "y"]),
    default=SOME,
    volatility=st.sampled_from(["volatile", "stable", "immutable"]),
    strict=SOME,
    definer=SOME,
    path=SOME,
    closed=SOME,
    comment=COMMENTS,
)


@dataclass(frozen=True)
class Domain:
    default: str | None
    not_null: bool
    check: str | None
    comment: str | None

    def sql(self) -> Iterator[str]:
        text = "create domain code as text"
        text += f" default {quoted(self.default)}" if self.default else ""
        yield text + " not null" * self.not_null
        if self.check is not None:
            yield f"alter domain code add constraint short {self.check}"
        if self.comment is not None:
            yield f"comment on domain code is {quoted(self.comment)}"


domains = st.builds(
    Domain,
    default=st.sampled_from([None, "x", "y"]),
    not_null=SOME,
    check=st.sampled_from(
        [None, "check (value <> '')", "check (length(value) < 9) not valid"]
    ),
    comment=COMMENTS,
)


@dataclass(frozen=True)
class Sequence:
    type: str
    increment: int
    cycle: bool
    owned: bool
    comment: str | None

    def sql(self, column: str | None, role: str | None) -> Iterator[str]:
        text = f"create sequence counter as {self.type} increment by {self.increment}"
        yield text + " cycle" * self.cycle
        if self.owned and column is not None:
            if role is not None:
                yield f"alter sequence counter owner to {role}"
            yield f"alter sequence counter owned by {column}"
        if self.comment is not None:
            yield f"comment on sequence counter is {quoted(self.comment)}"


sequences = st.builds(
    Sequence,
    type=st.sampled_from(["smallint", "bigint"]),
    increment=st.sampled_from([1, 2, -1]),
    cycle=SOME,
    owned=SOME,
    comment=COMMENTS,
)


@dataclass(frozen=True)
class Partitioned:
    """By list of `n`; each of `parts` may be in it (True) or stand beside it."""

    parts: dict[str, bool]
    key: bool
    index: bool
    trigger: bool
    comment: str | None

    def sql(self) -> Iterator[str]:
        yield "create table parted (n integer not null, w text) partition by list (n)"
        for name, inside in self.parts.items():
            yield f"create table parted_{name} (n integer not null, w text)"
            if inside:
                bound = f"for values in ({name.removeprefix('n')})"
                yield f"alter table parted attach partition parted_{name} {bound}"
        if self.key:
            yield "alter table parted add primary key (n)"
        if self.index:
            yield "create index parted_by_w on parted (w)"
        if self.trigger:
            yield (
                "create trigger touched after insert on parted"
                " for each row execute function touch()"
            )
        if self.comment is not None:
            yield f"comment on table parted is {quoted(self.comment)}"


partitioned = st.builds(
    Partitioned,
    parts=st.dictionaries(st.sampled_from(["n1", "n2"]), SOME),
    key=SOME,
    index=SOME,
    trigger=SOME,
    comment=COMMENTS,
)


@dataclass(frozen=True)
class Schema:
    """All that is there. `mood`: the labels of an enum."""

    mood: tuple[str, ...] | None
    code: Domain | None
    counter: Sequence | None
    f0: Function
    g: Function | None
    t: Table | None
    u: Table | None
    v: View | None
    w: View | None
    m: View | None
    parted: Partitioned | None
    by_default: dict[tuple[str, str], bool]

    def sql(self) -> list[str]:
        return list(self._statements())

    def _statements(self) -> Iterator[str]:
        types = {
            "int": "integer",
            "bigint": "bigint",
            "text": "text",
            "varchar": "varchar(20)",
            "numeric": "numeric(8, 2)",
            "mood": "text",
            "code": "text",
        }
        for (role, privilege), _ in self.by_default.items():
            yield (
                f"alter default privileges in schema by_chance"
                f" grant {privilege} on tables to {role}"
            )
        yield (
            "create function touch() returns trigger language plpgsql"
            " as 'begin return new; end'"
        )
        yield from self.f0.sql("f0", plain=True)
        if self.g is not None:
            yield from self.g.sql("g", plain=False)
        if self.mood is not None:
            types["mood"] = "mood"
            yield f"create type mood as enum ({', '.join(map(quoted, self.mood))})"
        if self.code is not None:
            types["code"] = "code"
            yield from self.code.sql()
        if self.t is not None:
            yield from self.t.sql("t", types, None)
        if self.u is not None:
            first = next(iter(self.t.columns)) if self.t else ""
            keyed = self.t and self.t.key and self.t.columns[first].type == "bigint"
            yield from self.u.sql("u", types, "t" if keyed else None)
        if self.counter is not None:
            column = f"t.{next(iter(self.t.columns))}" if self.t else None
            yield from self.counter.sql(column, self.t.owner if self.t else None)
        if self.t is not None:
            names = list(self.t.columns)
            if self.v is not None:
                yield from self.v.sql("v", names, "t", kept=False)
                shown = names[: 1 + self.v.width % len(names)]
                if self.w is not None:
                    yield from self.w.sql("w", shown, "v", kept=False)
            if self.m is not None:
                yield from self.m.sql("m", names, "t", kept=True)
        if self.parted is not None:
            yield from self.parted.sql()


schemas = st.builds(
    Schema,
    mood=st.none()
    | st.lists(st.sampled_from(["sad", "fine", "glad"]), unique=True)
    .filter(lambda labels: "glad" in labels)
    .map(tuple),
    code=st.none() | domains,
    counter=st.none() | sequences,
    f0=functions,
    g=st.none() | functions,
    t=st.none() | tables,
    u=st.none() | tables,
    v=st.none() | views,
    w=st.none() | views,
    m=st.none() | views,
    parted=st.none() | partitioned,
    by_default=st.dictionaries(
        st.tuples(st.sampled_from(ROLES), st.sampled_from(["select", "insert"])),
        st.just(True),
        max_size=1,
    ),
)

PARTS = ("mood", "code", "counter", "f0", "g", "t", "u", "v", "w", "m", "parted")


@st.composite
def changed(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """A schema, and one that differs from it in a few parts."""
    one, other = draw(schemas), draw(schemas)
    parts = draw(st.sets(st.sampled_from(PARTS), min_size=1, max_size=3))
    return one, replace(one, **{part: getattr(other, part) for part in parts})
