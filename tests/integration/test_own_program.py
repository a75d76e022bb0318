"""The program in docs/architecture.md that crawls by itself, as it stands there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.process import FixtureServer

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("backend", ["queue", "process-queue"])
def test_the_program_of_the_documentation_crawls(backend: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    with FixtureServer(pages=20) as server:
        program = program.replace("https://example.com/", server.url).replace('"queue"', f'"{backend}"')
        (tmp_path / "program.py").write_text(program, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "program.py"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "crawls" / "example" / "items.jsonl").read_text(encoding="utf-8").splitlines()
    assert done.stdout.splitlines()[-1] == f"{len(lines)} items in crawls/example/items.jsonl"
    assert sum("/item/" in json.loads(line)["url"] for line in lines) == 20
