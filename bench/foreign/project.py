"""A project that nobody here wrote: 150 pairs of all sorts, half of them broken.

The pairs are in the `.sql` files beside this one, each once, with the verdict that is
right for it. They work on 24 families of tables and more, whose number stands in the
place of `{n}`; `{t}` is a family's main table, and `{k}` a number of the pair's own.
Nothing is random: the same project is written every time. It has no fixtures and no
verification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

FAMILIES = 24
BROKEN = 75
HERE = Path(__file__).parent

_PAIR = re.compile(r"^-- pair: (\w+) \| (\w+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Pair:
    """Two files, and the verdict that a rehearsal of them must come to.

    `down` is None where there is no rollback file. `number` is its place, from 1.
    """

    name: str
    up: str
    down: str | None
    verdict: str
    number: int = 0

    @property
    def id(self) -> str:
        return f"2026{self.number:04}_{self.name}"


def pairs(
    families: int = FAMILIES, broken: int | None = BROKEN, whole: int | None = None
) -> tuple[Pair, ...]:
    """The pairs of a project, in order; so many of each sort (None: all there are)."""
    first, rest = _read("whole.sql")[:5], _read("whole.sql")[5:]
    chosen, rest = _some(_read("broken.sql"), broken), _some(rest, whole)
    (family,) = _read("family.sql")
    ordered = [
        *((pair, 0) for pair in first),
        *((replace(family, name=f"family_{n}"), n) for n in range(1, families + 1)),
        *_mixed(chosen, rest, families),
    ]
    return tuple(
        _of_family(pair, n, number) for number, (pair, n) in enumerate(ordered, start=1)
    )


def write(root: Path, chosen: tuple[Pair, ...]) -> Path:
    """Write the pairs as a project into the directory `root`, and return it."""
    for directory in ("migrations", "rollbacks"):
        (root / directory).mkdir(parents=True)
    (root / "yoyo.ini").write_text("[DEFAULT]\nsources = %(here)s/migrations\n")
    for pair in chosen:
        (root / "migrations" / f"{pair.id}.sql").write_text(pair.up)
        if pair.down is not None:
            (root / "rollbacks" / f"{pair.id}.sql").write_text(pair.down)
            link = root / "migrations" / f"{pair.id}.rollback.sql"
            link.symlink_to(Path("..", "rollbacks", f"{pair.id}.sql"))
    return root


def _read(name: str) -> list[Pair]:
    _, *parts = _PAIR.split((HERE / name).read_text(encoding="utf-8"))
    found = []
    for title, verdict, text in zip(*[iter(parts)] * 3, strict=True):
        up, _, down = text.partition("-- down")
        missing = down.startswith(" missing")
        found.append(Pair(title, up, None if missing else down.lstrip("\n"), verdict))
    return found


def _some(all_of_them: list[Pair], wanted: int | None) -> list[Pair]:
    """So many of them, from the whole length of the list."""
    if wanted is None:
        return all_of_them
    return [all_of_them[i * len(all_of_them) // wanted] for i in range(wanted)]


def _mixed(
    broken: list[Pair], whole: list[Pair], families: int
) -> Iterator[tuple[Pair, int]]:
    """One broken, one whole, and so on; each sort goes round the families."""
    for number, both in enumerate(zip_longest(broken, whole)):
        for pair in both:
            if pair is not None:
                yield pair, 1 + number % families


def _of_family(pair: Pair, n: int, number: int) -> Pair:
    many = "\n".join(
        [
            "create table many_{k} (id int, note text);",
            *(
                f"insert into many_{{k}} values ({i}, $$a; b {i}$$);"
                for i in range(1, 400)
            ),
        ]
    )

    def fill(text: str) -> str:
        text = text.replace("{many}", many).replace("{t}", "stock_{n}")
        return text.replace("{n}", str(n)).replace("{k}", str(number))

    return replace(
        pair,
        up=fill(pair.up),
        down=None if pair.down is None else fill(pair.down),
        number=number,
    )
