"""The comparison of two catalogs: snapshot, compare, and the SQL that repairs.

`snapshot` reads one database, `compare` says in what a found catalog is not the
expected one, and in what order the repairs can be run. Contents are another room's.
"""

from trunkline.catalog.compare import compare
from trunkline.catalog.difference import Difference
from trunkline.catalog.reading import snapshot
from trunkline.catalog.snapshot import Snapshot

__all__ = ["Difference", "Snapshot", "compare", "snapshot"]
