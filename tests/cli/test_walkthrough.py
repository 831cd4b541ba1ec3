"""The README's walk-through runs in a sandbox as it stands, and shows what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRUNKLINE = Path(sys.executable).with_name("trunkline")


def test_the_three_scenarios_of_the_readme_run_in_a_sandbox(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    text = "".join(re.findall(r"```sql\n(.*?)```", readme, re.DOTALL))
    promised = re.findall(r"^-- => (.*)$", text, re.MULTILINE)
    script = tmp_path / "walkthrough.sql"
    script.write_text(text)
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" --project "$1" sandbox -- psql -X -q -f "$2" 2>&1']
        + [str(word) for word in (TRUNKLINE, ROOT, script)],
        env={k: v for k, v in os.environ.items() if not k.startswith("PG")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    shown = iter(
        line.removeprefix(f"psql:{script}:").split(": ", 1)[-1]
        if line.startswith("psql:")
        else line
        for line in done.stdout.splitlines()
    )
    assert len(promised) > 10
    for line in promised:
        assert any(line == seen for seen in shown), (line, done.stdout)
    # The refusal that it shows is the only one.
    assert done.stdout.count("ERROR:") == 1, done.stdout
