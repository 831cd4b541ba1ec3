"""`TELEPHONY_KEK_FILE` names something that is no file with keys."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
KEY = b64encode(b"planted-kek-0123456789abcdefghij").decode()
ENTRY = f"planted:{KEY}".encode()


def holding(content: bytes, mode: int = 0o600) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)
        path.chmod(mode)

    return write


UNFIT: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (lambda _: None, "cannot be read: No such file or directory"),
    "directory": (Path.mkdir, "cannot be read: Is a directory"),
    "pipe": (os.mkfifo, "is not a regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
    "read by all": (holding(ENTRY, 0o644), "is open to everybody"),
    "written by all": (holding(ENTRY, 0o602), "is open to everybody"),
    "huge": (holding(ENTRY + b"\n" * 65536), "is larger than key-encryption keys can"),
    "empty": (holding(b""), "there is no key-encryption key"),
    "UTF-8's mark": (holding(b"\xef\xbb\xbf" + ENTRY), "with a byte order mark"),
    "UTF-16": (holding(ENTRY.decode().encode("utf-16")), "with a byte order mark"),
    "one id twice": (holding(ENTRY + b"\r\n" + ENTRY), "have the same id"),
    "no text": (holding(ENTRY + b"\0"), "1 is not ID:KEY"),
}


def rotated(path: Path) -> subprocess.CompletedProcess[str]:
    """A rotation with the keys of this file, on a server that is not there."""
    words = ("keys", "rotate", "--all", "--yes", "--database", NOWHERE)
    without = {k: v for k, v in os.environ.items() if k != "TELEPHONY_KEK"}
    return subprocess.run(
        [sys.executable, "-m", "telephony", *words],
        env={**without, "TELEPHONY_KEK_FILE": str(path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize(("make", "complaint"), UNFIT.values(), ids=UNFIT)
def test_what_is_no_file_with_keys_is_refused_in_a_sentence_without_a_key(
    make: Callable[[Path], None], complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "keks"
    make(path)
    done = rotated(path)
    assert (done.returncode, done.stdout) == (2, "")
    first, *rest = done.stderr.splitlines()
    assert first.startswith("telephony: ")
    assert complaint in first
    assert all(line.startswith("hint:") for line in rest)
    assert KEY not in done.stderr
    assert str(path) not in done.stderr


@pytest.mark.parametrize("mode", [0o400, 0o640])
def test_lines_may_end_as_on_windows_and_the_group_may_read(
    mode: int, tmp_path: Path
) -> None:
    path = tmp_path / "keks"
    holding(ENTRY + b"\r\n", mode)(path)
    assert "cannot connect" in rotated(path).stderr
