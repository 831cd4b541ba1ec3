"""Schemas."""

from __future__ import annotations

from trunkline.catalog.repair.aspects import finish
from trunkline.catalog.repair.kind import Kind, Statements, plain_drop
from trunkline.catalog.snapshot import Snapshot
from trunkline.catalog.words import Facts


def _create(_: Snapshot, name: str, facts: Facts) -> Statements:
    return [f"create schema {name};", *finish("schema", name, facts)]


SCHEMA = Kind(
    create=_create,
    drop=plain_drop("schema"),
    describe=lambda facts: f"owner {facts['owner']}",
    replaceable=False,
)
