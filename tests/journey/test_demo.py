"""`towpath demo --once`, as scripts/demo runs it: a server, a change, and its way to production."""

import os
import subprocess
import sys
from pathlib import Path

TOWPATH = str(Path(sys.executable).with_name("towpath"))
DEADLINE_S = 300


def test_a_change_reaches_production_though_its_load_test_fails_first(tmp_path: Path) -> None:
    done = subprocess.run(
        [TOWPATH, "demo", "--once", "--dir", str(tmp_path / "demo")],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "load-test failed for cart-staging" in done.stdout
    assert "Jonas Weber frees the lab and retries webshop-1" in done.stdout
    assert "Jonas Weber approves webshop-1 for prod-eu" in done.stdout
    announced = (tmp_path / "demo" / "announcements.txt").read_text().splitlines()
    assert announced[0].startswith("webshop-1 did not get through: load-test failed")
    assert announced[1].startswith("webshop-1 is in production")
