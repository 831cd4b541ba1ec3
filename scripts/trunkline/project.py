"""The changes of a project as they stand on disk: files, headers, hashes, order.

Reads files and connects to nothing. What is wrong with one file is a `Problem` of that
file, so that one bad change never hides the others; only what makes an order impossible
(an unknown dependency, a cycle) is an error.
"""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from trunkline import both_ways, config, header
from trunkline.config import Config
from trunkline.errors import UsageError
from trunkline.header import Fault, FileKind, Leftover, Loss, Survival
from trunkline.statements import COPY, COPY_HINT, DoesNotParse, Statement, split
from trunkline.verification import Check, checks


@dataclass(frozen=True)
class Problem:
    """A fault at its place; `path` is relative to the project."""

    path: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.path}:{self.fault.line}: {self.fault.message}"


@dataclass(frozen=True)
class Script:
    """One SQL file: path relative to the project, text, and sha256 of its bytes."""

    path: str
    text: str
    sha256: str
    faults: tuple[Fault, ...] = ()

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Its statements. Raises DoesNotParse."""
        return split(self.text)

    def with_faults(self, *faults: Fault) -> Script:
        """The same, with more that is wrong with it."""
        return replace(self, faults=self.faults + faults)


@dataclass(frozen=True)
class Change:
    """One name in three places. A file that is not there is None."""

    id: str
    migration: Script
    rollback: Script | None
    verification: Script | None
    fixture: Script | None
    depends: tuple[str, ...]
    transactional: bool
    losses: tuple[Loss, ...]
    leaves: tuple[Leftover, ...]
    survives: tuple[Survival, ...]
    link: Fault | None

    @property
    def scripts(self) -> tuple[Script, ...]:
        every = (self.migration, self.rollback, self.verification, self.fixture)
        return tuple(script for script in every if script is not None)

    @cached_property
    def _verification(self) -> tuple[tuple[Check, ...], tuple[Fault, ...]]:
        own = self.verification
        return ((), ()) if own is None else checks(own.text, own.path)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of its verification file; none where there is no such file."""
        return self._verification[0]

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong with its files, read closely (every statement parsed)."""
        found = [Problem(s.path, fault) for s in self.scripts for fault in s.faults]
        if self.verification is not None and not self.verification.faults:
            found += [Problem(self.verification.path, f) for f in self._verification[1]]
        for script in (self.migration, self.rollback, self.fixture):
            if script is not None and not script.faults:
                found += [Problem(script.path, f) for f in self._sql_faults(script)]
        return tuple(found)

    def problems_of(self, script: Script | None) -> tuple[Problem, ...]:
        """Those of one of its files; none of a file that is not there."""
        if script is None:
            return ()
        return tuple(p for p in self.problems if p.path == script.path)

    def _sql_faults(self, script: Script) -> list[Fault]:
        try:
            statements = script.statements
        except DoesNotParse as error:
            hint = error.hint or ""
            return [Fault("sql-does-not-parse", error.line, error.message, hint)]
        faults = [
            Fault("copy-through-client", statement.line, COPY, COPY_HINT)
            for statement in statements
            if statement.through_client
        ]
        both = both_ways.fault(
            script.text, statements, is_up=script is not self.rollback
        )
        faults += [both] if both else []
        if not self.transactional and script is not self.fixture:
            return faults
        return faults + [
            Fault(
                "transaction-control",
                statement.line,
                f"`{statement.text.split()[0].lower()}` in a change that is one "
                "transaction",
                "Remove it; or write `-- transactional: false` in the header of the "
                "migration.",
            )
            for statement in statements
            if statement.is_transaction_control
        ]


@dataclass(frozen=True)
class Invariant:
    """A file of checks that hold from the change `since` on; None: from the first."""

    name: str
    script: Script
    since: str | None

    @cached_property
    def read(self) -> tuple[tuple[Check, ...], tuple[Fault, ...]]:
        return checks(self.script.text, self.script.path)

    @property
    def checks(self) -> tuple[Check, ...]:
        return self.read[0]

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(
            Problem(self.script.path, f) for f in (*self.script.faults, *self.read[1])
        )


@dataclass(frozen=True)
class Project:
    """A directory with a `yoyo.ini`, and its changes in the order of application."""

    config: Config
    changes: tuple[Change, ...]
    invariants: tuple[Invariant, ...]

    @property
    def root(self) -> Path:
        return self.config.root

    def change(self, change_id: str) -> Change:
        """The change of that ID. Raises UsageError where the project has none."""
        found = self.find(change_id)
        if found is None:
            meant = [c.id for c in self.changes if change_id and change_id in c.id]
            raise UsageError(
                f"no change is called {change_id}",
                hint=f"There is {meant[0]}."
                if len(meant) == 1
                else "See `trunkline status` for the names.",
            )
        return found

    def find(self, change_id: str) -> Change | None:
        """The change of that ID, or None."""
        return next((change for change in self.changes if change.id == change_id), None)

    @cached_property
    def is_counted(self) -> bool:
        """Whether no file that is run can keep the server from counting writes, or let
        it forget them."""
        return not any(
            word in script.text.casefold()
            for change in self.changes
            for script in change.scripts
            for word in ("track_counts", "pg_stat_reset")
        )

    def holding(self, applied: Set[str]) -> tuple[Invariant, ...]:
        """The invariants that hold on a database with these changes applied."""
        return tuple(
            i for i in self.invariants if i.since is None or i.since in applied
        )


def load(root: Path) -> Project:
    """Read the project in `root`.

    Raises UsageError for a bad `yoyo.ini`, an unknown dependency, a cycle, a file that
    no reader of SQL can take (a Python migration, a post-apply hook), or where no file
    of SQL is a change.
    """
    settings = config.read(root)
    changes = [
        _change(settings, path)
        for path in sorted(settings.migrations.iterdir())
        if _is_migration(path, root)
    ]
    if not changes:
        _expect_nothing_below(root, settings.migrations)
    ordered = _in_order(_told_apart(_ways_apart(changes)))
    known = {change.id for change in ordered}
    invariants = tuple(
        _invariant(root, path, known)
        for path in sorted((root / "verification" / "invariants").glob("*.sql"))
    )
    return Project(settings, ordered, invariants)


def _ways_apart(changes: list[Change]) -> list[Change]:
    """The changes, with a fault in each that is the way down of another."""
    names = {change.id for change in changes}
    faults = [both_ways.fault_of_name(change.id, names) for change in changes]
    return [
        replace(change, migration=change.migration.with_faults(fault))
        if fault
        else change
        for change, fault in zip(changes, faults, strict=True)
    ]


def _told_apart(changes: list[Change]) -> list[Change]:
    """The changes, with a fault in each whose ID is another's but for the case."""
    told = []
    first: dict[str, str] = {}
    for change in changes:
        other = first.setdefault(change.id.casefold(), change.id)
        if other == change.id:
            told.append(change)
            continue
        fault = Fault(
            "change-name-case",
            1,
            f"the name differs from {other} only in case",
            "Rename one of the two: where file systems do not tell case, they are the "
            "same file.",
        )
        told.append(replace(change, migration=change.migration.with_faults(fault)))
    return told


def _is_migration(path: Path, root: Path) -> bool:
    if path.name.startswith("post-apply"):
        raise UsageError(
            f"{path.relative_to(root)}: post-apply hooks are not run",
            hint="Make it a change, or a check in verification/invariants/.",
        )
    if path.suffix == ".py" and path.name != "__init__.py":
        raise UsageError(
            f"{path.relative_to(root)}: a migration in Python",
            hint="Only plain SQL can be split, traced and rehearsed; write it as SQL.",
        )
    if path.suffix != ".sql" and path.suffix.lower() == ".sql":
        raise UsageError(
            f"{path.relative_to(root)}: would never be run, for its name",
            hint=f"Rename it to {path.stem}.sql.",
        )
    if path.suffix != ".sql" or path.name.endswith(".rollback.sql"):
        return False
    if not path.name.isprintable():
        raise UsageError(
            f"{path.relative_to(root).as_posix()!a}: a name that cannot be read",
            hint="Rename it; or use a UTF-8 locale, if that is what it is written in.",
        )
    if not path.is_file():
        raise _no_file(root, path)
    return True


def _expect_nothing_below(root: Path, migrations: Path) -> None:
    """Raise UsageError where all SQL is in directories in which nobody looks."""
    below = next(iter(sorted(migrations.glob("*/*.sql"))), None)
    if below is not None:
        raise UsageError(
            f"{below.relative_to(root)}: would never be run, in a directory of its own",
            hint="A change is migrations/ID.sql, and its way down rollbacks/ID.sql.",
        )


def _no_file(root: Path, path: Path) -> UsageError:
    return UsageError(
        f"{path.relative_to(root)}: is no file that can be read",
        hint="Remove it, or put a file of SQL in its place.",
    )


def _change(settings: Config, path: Path) -> Change:
    root, name = settings.root, path.stem
    migration = _script(root, path, "migration")
    rollback = _rollback(root, path)
    directives, _ = header.read(migration.text, "migration")
    transactional, faults = header.transactional(directives)
    migration = migration.with_faults(*faults)
    losses: tuple[Loss, ...] = ()
    leaves: tuple[Leftover, ...] = ()
    if rollback is not None:
        declared, _ = header.read(rollback.text, "rollback")
        losses, leaves, faults = header.losses(declared)
        rollback = rollback.with_faults(*faults)
    checked = root / "verification" / path.name
    verification = _optional(root, checked, "verification")
    survives: tuple[Survival, ...] = ()
    if verification is not None:
        accepted, _ = header.read(verification.text, "verification")
        survives, faults = header.survivals(accepted)
        verification = verification.with_faults(*faults)
    return Change(
        id=name,
        migration=migration,
        rollback=rollback,
        verification=verification,
        fixture=_optional(root, checked.parent / "fixtures" / path.name, None),
        depends=header.depends(directives),
        transactional=transactional,
        losses=losses,
        leaves=leaves,
        survives=survives,
        link=_link_fault(root, path),
    )


def _rollback(root: Path, path: Path) -> Script | None:
    """The rollback of a migration: ours, else the file beside it, as stock yoyo has it.

    A link is no file: it shows the way to ours, or to nothing.
    """
    own = _optional(root, root / "rollbacks" / path.name, "rollback")
    beside = _beside(path)
    if own is None and not beside.is_symlink():
        return _optional(root, beside, "rollback")
    return own


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}.rollback.sql")


def _link_fault(root: Path, path: Path) -> Fault | None:
    """What is wrong with the link that lets stock yoyo find the rollback."""
    link = _beside(path)
    target = root / "rollbacks" / path.name
    relative = Path("..") / "rollbacks" / path.name
    with suppress(OSError):  # most are as they should be, and that is quickly seen
        if path.parent.parent == root and link.readlink() == relative:
            link.stat()
            return None
    name = link.relative_to(root)
    hint = f"Run `ln -sfn {relative} {name}`."
    if link.is_file() and not link.is_symlink() and not target.exists():
        hint = f"Move it to {target.relative_to(root)}, then `ln -s {relative} {name}`."
    if not link.is_symlink():
        what = "is no link" if link.exists() else "is missing"
    elif not link.exists():
        what = "is a dangling link"
    elif link.resolve() != target.resolve() or link.readlink().is_absolute():
        what = f"links to {link.readlink()}"
    else:
        return None
    return Fault(
        "rollback-link", 1, f"{what}; stock yoyo would skip or mistake it", hint
    )


def _optional(root: Path, path: Path, kind: FileKind | None) -> Script | None:
    if path.is_file():
        return _script(root, path, kind)
    if path.exists():
        raise _no_file(root, path)
    return None


def _script(root: Path, path: Path, kind: FileKind | None) -> Script:
    raw = path.read_bytes()
    name = path.relative_to(root).as_posix()
    digest = sha256(raw).hexdigest()
    fault = _encoding_fault(raw)
    if fault is not None:
        return Script(name, "", digest, (fault,))
    text = raw.decode("utf-8").replace("\r\n", "\n")
    faults = () if kind is None else header.read(text, kind)[1]
    return Script(name, text, digest, faults)


def _encoding_fault(raw: bytes) -> Fault | None:
    hint = "Save it as UTF-8 without a byte order mark."
    if raw.startswith(b"\xef\xbb\xbf"):
        return Fault("file-encoding", 1, "the file starts with a byte order mark", hint)
    if (nul := raw.find(b"\x00")) >= 0:
        line = raw.count(b"\n", 0, nul) + 1
        return Fault("file-encoding", line, "the file holds a zero byte", hint)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Fault("file-encoding", line, "the file is not UTF-8", hint)
    return None


def _invariant(root: Path, path: Path, known: set[str]) -> Invariant:
    script = _script(root, path, "invariant")
    directives, _ = header.read(script.text, "invariant")
    since = next((d for d in directives if d.name == "since"), None)
    if since is not None and since.value not in known:
        fault = Fault(
            "directive-value",
            since.line,
            f"no change is called {since.value}",
            "Name the change from which on the invariant holds.",
        )
        script = script.with_faults(fault)
    return Invariant(path.stem, script, since.value if since else None)


def _in_order(changes: list[Change]) -> tuple[Change, ...]:
    """yoyo's order: dependencies first, else by name.

    Where the names already are such an order, yoyo's sort would return it unchanged;
    its import, slow, is then spared.
    """
    position = {change.id: number for number, change in enumerate(changes)}
    for change in changes:
        for name in change.depends:
            if name not in position:
                raise UsageError(
                    f"{change.migration.path}: depends on {name}, which does not exist",
                    hint="Correct the `-- depends:` line.",
                )
    if all(position[d] < position[c.id] for c in changes for d in c.depends):
        return tuple(changes)
    from yoyo.topologicalsort import CycleError, topological_sort

    graph = {change.id: set(change.depends) for change in changes}
    try:
        ordered = list(topological_sort([c.id for c in changes], graph))
    except CycleError as error:
        first, *others = error.args[1]
        cycle = ", ".join((first, *others))
        what = f"the changes {cycle} depend on each other"
        raise UsageError(
            what if others else f"the change {first} depends on itself",
            hint="Remove one of their `-- depends:` lines.",
        ) from None
    return tuple(changes[position[name]] for name in ordered)
