"""The comparers, one per kind of object, in the order in which kinds are made."""

from __future__ import annotations

from trunkline.catalog.repair.attached import POLICY, RULE, STATISTICS, TRIGGER
from trunkline.catalog.repair.columns import COLUMN
from trunkline.catalog.repair.constraints import CONSTRAINT
from trunkline.catalog.repair.databases import DATABASE, DATABASE_SETTING
from trunkline.catalog.repair.extensions import (
    ACCESS_METHOD,
    EVENT_TRIGGER,
    EXTENSION,
    LANGUAGE,
)
from trunkline.catalog.repair.foreign import FOREIGN_DATA_WRAPPER, SERVER, USER_MAPPING
from trunkline.catalog.repair.indexes import INDEX
from trunkline.catalog.repair.kind import Kind
from trunkline.catalog.repair.operators import (
    CAST,
    OPERATOR,
    OPERATOR_CLASS,
    OPERATOR_FAMILY,
    TRANSFORM,
)
from trunkline.catalog.repair.replication import PUBLICATION, SUBSCRIPTION
from trunkline.catalog.repair.routines import AGGREGATE, FUNCTION, PROCEDURE
from trunkline.catalog.repair.schemas import SCHEMA
from trunkline.catalog.repair.sequences import SEQUENCE
from trunkline.catalog.repair.tables import FOREIGN_TABLE, TABLE
from trunkline.catalog.repair.text import (
    COLLATION,
    CONVERSION,
    TEXT_SEARCH_CONFIGURATION,
    TEXT_SEARCH_DICTIONARY,
    TEXT_SEARCH_PARSER,
    TEXT_SEARCH_TEMPLATE,
)
from trunkline.catalog.repair.types import DOMAIN, TYPE
from trunkline.catalog.repair.views import MATERIALIZED_VIEW, VIEW

KINDS: dict[str, Kind] = {
    "database": DATABASE,
    "database setting": DATABASE_SETTING,
    "schema": SCHEMA,
    "extension": EXTENSION,
    "language": LANGUAGE,
    "access method": ACCESS_METHOD,
    "collation": COLLATION,
    "type": TYPE,
    "domain": DOMAIN,
    "foreign data wrapper": FOREIGN_DATA_WRAPPER,
    "server": SERVER,
    "user mapping": USER_MAPPING,
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
    "operator": OPERATOR,
    "operator family": OPERATOR_FAMILY,
    "operator class": OPERATOR_CLASS,
    "cast": CAST,
    "transform": TRANSFORM,
    "conversion": CONVERSION,
    "text search parser": TEXT_SEARCH_PARSER,
    "text search template": TEXT_SEARCH_TEMPLATE,
    "text search dictionary": TEXT_SEARCH_DICTIONARY,
    "text search configuration": TEXT_SEARCH_CONFIGURATION,
    "view": VIEW,
    "materialized view": MATERIALIZED_VIEW,
    "trigger": TRIGGER,
    "rule": RULE,
    "policy": POLICY,
    "publication": PUBLICATION,
    "subscription": SUBSCRIPTION,
    "event trigger": EVENT_TRIGGER,
}

__all__ = ["KINDS", "Kind"]
