"""Tables by chance, with all that belongs to them; a part of `schemas`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
