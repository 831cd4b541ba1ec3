"""Find backfills that installed packages offer, by their entry points.

    [project.entry-points."trunkline.backfills"]
    managed-credentials = "telephony.managed_credentials:ManagedCredentials"

The engine imports the one that is asked for and knows of no other package.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from trunkline.backfill.definition import Backfill
from trunkline.errors import UsageError

GROUP = "trunkline.backfills"


def names() -> tuple[str, ...]:
    """The names of all backfills at hand, without importing any."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load(name: str) -> type[Backfill]:
    """The backfill of this name.

    Raises UsageError when there is none, or when its entry point names something else.
    """
    points = tuple(entry_points(group=GROUP, name=name))
    if not points:
        known = ", ".join(names())
        raise UsageError(
            f"there is no backfill {name}",
            hint=f"There are: {known}." if known else "No package offers any.",
        )
    kind = points[0].load()
    if not (isinstance(kind, type) and issubclass(kind, Backfill)):
        raise UsageError(f"{points[0].value} is no backfill")
    if kind.name != name:
        raise UsageError(f"{points[0].value} calls itself {kind.name}, not {name}")
    return kind
