"""Schemas by chance, for properties of the comparison (hypothesis strategies).

A schema is data, and its SQL follows from it: another schema has other SQL, and all of
them are valid, since a part that is not there is not referred to. Everything is in the
search path's first schema. The names are few, so that two schemas share many of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

ROLES = ("by_chance_a", "by_chance_b")
COMMENTS = st.sampled_from([None, "why", "it's \\ so; $$ -- %s"])
SOME = st.booleans()


def quoted(text: str | None) -> str:
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Column:
    """`counts`: as an identity or a serial, where the type is a number."""

    type: str
    not_null: bool
    default: bool
    counts: str | None
    collated: bool
    storage: str | None
    statistics: int | None
    comment: str | None

    def definition(self, name: str, types: dict[str, str]) -> str:
        kind = types[self.type]
        words = [name, kind]
        if self.collated and self.type in ("text", "varchar"):
            words.append('collate "C"')
        number = self.type in ("int", "bigint")
        if number and self.counts is not None:
            if self.counts == "serial":
                words[1] = {"integer": "serial", "bigint": "bigserial"}[kind]
            else:
                words.append(f"generated {self.counts} as identity")
        else:
            if self.default:
                value = {"int": "7", "bigint": "f0()", "numeric": "1.5"}.get(self.type)
                words.append(f"default {value or quoted('glad')}")
            if self.not_null:
                words.append("not null")
        return " ".join(words)

    def settings(self, table: str, name: str) -> Iterator[str]:
        target = f"alter table {table} alter column {name}"
        if self.storage and self.type in ("text", "varchar"):
            yield f"{target} set storage {self.storage}"
        if self.statistics is not None:
            yield f"{target} set statistics {self.statistics}"
        if self.comment is not None:
            yield f"comment on column {table}.{name} is {quoted(self.comment)}"


columns = st.builds(
    Column,
    type=st.sampled_from(
        ["int", "bigint", "text", "varchar", "numeric", "mood", "code"]
    ),
    not_null=SOME,
    default=SOME,
    counts=st.sampled_from([None, None, "always", "by default", "serial"]),
    collated=SOME,
    storage=st.sampled_from([None, None, "external", "main"]),
    statistics=st.sampled_from([None, None, 50]),
    comment=COMMENTS,
)


@dataclass(frozen=True)
class Index:
    column: int
    unique: bool
    descending: bool
    partial: bool
    expression: bool
    include: bool
    comment: str | None

    def sql(self, table: str, columns: dict[str, Column], name: str) -> Iterator[str]:
        names = list(columns)
        column = names[self.column % len(names)]
        # An enum's text may change with its labels, so no index can be on that.
        plain = not self.expression or columns[column].type == "mood"
        what = column if plain else f"({column}::text)"
        text = f"create {'unique ' * self.unique}index {name} on {table} ({what}"
        text += f"{' desc nulls last' * self.descending})"
        if self.include:
            text += f" include ({names[0]})"
        if self.partial:
            text += f" where {names[-1]} is not null"
        yield text
        if self.comment is not None:
            yield f"comment on index {name} is {quoted(self.comment)}"


indexes = st.builds(
    Index,
    column=st.integers(0, 3),
    unique=SOME,
    descending=SOME,
    partial=SOME,
    expression=SOME,
    include=SOME,
    comment=COMMENTS,
)


@dataclass(frozen=True)
class Rule:
    """A constraint; a `foreign key` is on a column `ref` of its own."""

    sort: str
    column: int
    deferrable: str
    not_valid: bool
    action: str
    comment: str | None

    def sql(
        self, table: str, names: list[str], name: str, target: str | None
    ) -> Iterator[str]:
        column = names[self.column % len(names)]
        text = {
            "check": f"check ({column} is not null or {names[0]} is not null)",
            "check text": f"check ({column}::text <> '')",
            "unique": f"unique ({column}) {self.deferrable}",
            "exclude": f"exclude ({column} with =) {self.deferrable}",
            "foreign key": f"foreign key (ref) references {target}"
            f" {self.action} {self.deferrable}",
        }[self.sort]
        if self.sort == "foreign key" and target is None:
            return
        if self.not_valid and self.sort in ("check", "check text", "foreign key"):
            text += " not valid"
        yield f"alter table {table} add constraint {name} {text}"
        if self.comment is not None:
            yield f"comment on constraint {name} on {table} is {quoted(self.comment)}"


rules = st.builds(
    Rule,
    sort=st.sampled_from(["check", "check text", "unique", "exclude", "foreign key"]),
    column=st.integers(0, 3),
    deferrable=st.sampled_from(["", "deferrable", "deferrable initially deferred"]),
    not_valid=SOME,
    action=st.sampled_from(["", "on delete cascade", "on update set null"]),
    comment=COMMENTS,
)


@dataclass(frozen=True)
class Policy:
    command: str
    restrictive: bool
    role: str
    calls: bool
    comment: str | None

    def sql(self, table: str, names: list[str], name: str) -> Iterator[str]:
        says = "f0() > 0" if self.calls else f"{names[0]} is not null"
        text = f"create policy {name} on {table}{' as restrictive' * self.restrictive}"
        text += f" for {self.command} to {self.role}"
        if self.command != "insert":
            text += f" using ({says})"
        if self.command in ("insert", "update"):
            text += f" with check ({names[-1]} is not null)"
        yield text
        if self.comment is not None:
            yield f"comment on policy {name} on {table} is {quoted(self.comment)}"


policies = st.builds(
    Policy,
    command=st.sampled_from(["all", "select", "insert", "update", "delete"]),
    restrictive=SOME,
    role=st.sampled_from(["public", *ROLES]),
    calls=SOME,
    comment=COMMENTS,
)


@dataclass(frozen=True)
class Trigger:
    timing: str
    events: str
    condition: bool
    firing: str
    comment: str | None

    def sql(self, table: str, names: list[str], name: str) -> Iterator[str]:
        text = f"create trigger {name} {self.timing} {self.events} on {table}"
        text += " for each row"
        if self.condition:
            row = "old" if self.events == "delete" else "new"
            text += f" when ({row}.{names[0]} is not null)"
        yield f"{text} execute function touch()"
        if self.firing:
            yield f"alter table {table} {self.firing} trigger {name}"
        if self.comment is not None:
            yield f"comment on trigger {name} on {table} is {quoted(self.comment)}"


triggers = st.builds(
    Trigger,
    timing=st.sampled_from(["before", "after"]),
    events=st.sampled_from(["insert", "update", "delete", "insert or update"]),
    condition=SOME,
    firing=st.sampled_from(["", "", "disable", "enable always", "enable replica"]),
    comment=COMMENTS,
)

grants = st.dictionaries(
    st.tuples(
        st.sampled_from(["public", *ROLES]),
        st.sampled_from(["select", "insert", "update", "delete", "truncate"]),
    ),
    SOME,
    max_size=3,
)


def granted(noun: str, what: dict[tuple[str, str], bool]) -> Iterator[str]:
    for (role, privilege), passed_on in what.items():
        option = " with grant option" if passed_on and role != "public" else ""
        yield f"grant {privilege} on {noun} to {role}{option}"


@dataclass(frozen=True)
class Table:
    """Its columns by name, in order; `key`: the first of them is its primary key."""

    columns: dict[str, Column]
    key: bool
    indexes: dict[str, Index]
    rules: dict[str, Rule]
    policies: dict[str, Policy]
    triggers: dict[str, Trigger]
    grants: dict[tuple[str, str], bool]
    security: tuple[bool, bool]
    fillfactor: int | None
    identity: str | None
    owner: str | None
    statistics: bool
    comment: str | None

    def sql(
        self, name: str, types: dict[str, str], target: str | None
    ) -> Iterator[str]:
        names = list(self.columns)
        listed = [c.definition(n, types) for n, c in self.columns.items()]
        if any(rule.sort == "foreign key" for rule in self.rules.values()):
            listed.append("ref bigint")
        options = f" with (fillfactor = {self.fillfactor})" * bool(self.fillfactor)
        yield f"create table {name} ({', '.join(listed)}){options}"
        if self.key:
            yield f"alter table {name} add primary key ({names[0]})"
        for column, facts in self.columns.items():
            yield from facts.settings(name, column)
        for part, rule in self.rules.items():
            yield from rule.sql(name, names, f"{name}_{part}", target)
        for part, index in self.indexes.items():
            yield from index.sql(name, self.columns, f"{name}_{part}")
        for part, policy in self.policies.items():
            yield from policy.sql(name, names, part)
        for part, trigger in self.triggers.items():
            yield from trigger.sql(name, names, part)
        if self.statistics and len(names) > 1:
            yield f"create statistics {name}_stat on {names[0]}, {names[1]} from {name}"
        if self.security[0]:
            yield f"alter table {name} enable row level security"
        if self.security[1]:
            yield f"alter table {name} force row level security"
        if self.identity is not None:
            yield f"alter table {name} replica identity {self.identity}"
        if self.comment is not None:
            yield f"comment on table {name} is {quoted(self.comment)}"
        yield from granted(name, self.grants)
        if self.owner is not None:
            yield f"alter table {name} owner to {self.owner}"


def named(
    names: str, strategy: st.SearchStrategy[T], least: int = 0
) -> st.SearchStrategy[dict[str, T]]:
    return st.dictionaries(
        st.sampled_from(names.split()), strategy, min_size=least, max_size=3
    )


tables = st.builds(
    Table,
    columns=named("a b c d", columns, least=1),
    key=SOME,
    indexes=named("i j", indexes),
    rules=named("r q", rules),
    policies=named("p o", policies),
    triggers=named("x y", triggers),
    grants=grants,
    security=st.tuples(SOME, SOME),
    fillfactor=st.sampled_from([None, 70]),
    identity=st.sampled_from([None, None, "full", "nothing"]),
    owner=st.sampled_from([None, None, ROLES[0]]),
    statistics=SOME,
    comment=COMMENTS,
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
