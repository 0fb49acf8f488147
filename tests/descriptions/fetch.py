"""Bring what GitHub and Atlassian publish of their APIs to this machine: tests check against it
what our adapters ask, and what they are answered.

    python tests/descriptions/fetch.py

The packages that carry them are pinned by digest in this folder. Only the descriptions are kept,
in `.venv/descriptions`; they are no part of the repository. To renew: set the version in
`package.json`, run `npm install --package-lock-only --omit-lockfile-registry-resolved=true` here;
for Jira, version and hash in `requirements.txt` (`pip hash`).
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEPT = ROOT / ".venv" / "descriptions"
_PINNED = ("package.json", "package-lock.json", "requirements.txt")
_STAMP = "made-of.txt"
FILES = {
    "github.json": "node_modules/@octokit/openapi/generated/api.github.com.json",
    "github.graphql": "node_modules/@octokit/graphql-schema/schema.graphql",
    "jira.json": "python/jira_as/specs/jira-platform-swagger-v3.json",
    "jira-software.json": "python/jira_as/specs/jira-software-swagger-v3.json",
}
sys.path.insert(0, str(ROOT / "ui"))

import build  # noqa: E402 - lies in a folder that is no package


def fetch() -> None:
    """Fetch them unless they are there. Raises `build.CannotBuild`."""
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in _PINNED)).hexdigest()
    stamp = KEPT / _STAMP
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    with tempfile.TemporaryDirectory(prefix="towpath-descriptions-") as place:
        folder = Path(place)
        for name in _PINNED:
            shutil.copy(HERE / name, folder)
        build.npm("ci", "--no-audit", "--no-fund", "--prefer-offline", folder=folder)
        _pip(folder)
        KEPT.mkdir(exist_ok=True)
        for name, origin in FILES.items():
            shutil.copy(folder / origin, KEPT / name)
    stamp.write_text(wanted, "utf-8")


def _pip(folder: Path) -> None:
    """Without what the package needs to run: it is not run."""
    asked = ("install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps")
    place = ("--target", str(folder / "python"), "-r", str(folder / "requirements.txt"))
    try:
        subprocess.run([sys.executable, "-m", "pip", *asked, *place], check=True, timeout=300)
    except subprocess.SubprocessError as error:
        raise build.CannotBuild(f"pip install: {error}") from error


if __name__ == "__main__":
    try:
        fetch()
    except (build.CannotBuild, OSError) as error:
        print(f"tests/descriptions: could not be fetched: {error}", file=sys.stderr)
        print(
            "The tests that compare with published APIs (tests/contract/integrations) are SKIPPED.",
            file=sys.stderr,
        )
        sys.exit(1 if os.environ.get("CI") == "true" else 0)
