"""The comparers, one per kind of object, in the order in which kinds are made."""

from __future__ import annotations

from trunkline.catalog.repair.attached import POLICY, RULE, STATISTICS, TRIGGER
from trunkline.catalog.repair.columns import COLUMN
from trunkline.catalog.repair.constraints import CONSTRAINT
from trunkline.catalog.repair.indexes import INDEX
from trunkline.catalog.repair.kind import Kind
from trunkline.catalog.repair.routines import AGGREGATE, FUNCTION, PROCEDURE
from trunkline.catalog.repair.schemas import SCHEMA
from trunkline.catalog.repair.sequences import SEQUENCE
from trunkline.catalog.repair.tables import FOREIGN_TABLE, TABLE
from trunkline.catalog.repair.types import DOMAIN, TYPE
from trunkline.catalog.repair.views import MATERIALIZED_VIEW, VIEW

KINDS: dict[str, Kind] = {
    "schema": SCHEMA,
    "type": TYPE,
    "domain": DOMAIN,
    "sequence": SEQUENCE,
    "table": TABLE,
    "foreign table": FOREIGN_TABLE,
    "column": COLUMN,
    "constraint": CONSTRAINT,
    "index": INDEX,
    "statistics": STATISTICS,
    "function": FUNCTION,
    "procedure": PROCEDURE,
    "aggregate": AGGREGATE,
    "view": VIEW,
    "materialized view": MATERIALIZED_VIEW,
    "trigger": TRIGGER,
    "rule": RULE,
    "policy": POLICY,
}

__all__ = ["KINDS", "Kind"]
