"""The rows of a database as digests, and what a rollback took of them.

A digest does not depend on the order of rows or columns: for each table the number of
rows, the sum of the hashes of whole rows, and that of each column. Two equal digests
are two equal contents (64-bit hashes); where they differ, `explain` reads both
databases and says which rows. What cannot have been written to need not be read again.
It knows catalogs and migrations by no more than names.
"""

from trunkline.contents.digests import (
    Contents,
    Position,
    TableDigest,
    differing,
    digest,
    moved,
    read,
)
from trunkline.contents.rows import Row, TableChange, explain, keys_where
from trunkline.contents.written import Versions, touched, touched_since, versions

__all__ = [
    "Contents",
    "Position",
    "Row",
    "TableChange",
    "TableDigest",
    "Versions",
    "differing",
    "digest",
    "explain",
    "keys_where",
    "moved",
    "read",
    "touched",
    "touched_since",
    "versions",
]
