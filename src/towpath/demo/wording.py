"""What developers write: subjects, branch names, messages and the code beneath them.

Pure text out of a random source that the caller seeds; no git, no times.
"""

import re
from dataclasses import dataclass
from random import Random

from towpath.demo.cast import Service

_PATTERNS = (
    ("fix", "keep {thing} {occasion}"),
    ("fix", "do not lose {thing} {occasion}"),
    ("fix", "round {thing} only once {occasion}"),
    ("fix", "handle a missing value in {thing} {occasion}"),
    ("feat", "show {thing} {occasion}"),
    ("feat", "allow changing {thing}"),
    ("feat", "explain {thing} {occasion}"),
    ("perf", "load {thing} in one query"),
    ("refactor", "compute {thing} in one place"),
    ("test", "cover {thing} {occasion}"),
)
_FOLLOW_UPS = (
    "test: cover the reported case",
    "review: name the rule after what it does",
    "review: handle the empty list",
    "docs: describe the new behaviour",
    "test: freeze the clock in the fixture",
    "fix: satisfy the type checker",
)
_CHORES = (
    "docs: fix a typo in the runbook",
    "ci: cache wheels between jobs",
    "chore: update the licence list",
    "ci: run the slow tests on main only",
    "docs: say how to run the service on a laptop",
    "chore: drop an unused feature switch",
)
_LIBRARIES = ("httpx", "pydantic", "sqlalchemy", "uvicorn", "orjson", "structlog", "tenacity")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: its commit subject, the module it touches and the words for a branch."""

    subject: str
    module: str
    slug: str


def task(service: Service, random: Random) -> Task:
    """Work on the service itself, such as `fix(coupons): keep the coupon for guest customers`."""
    kind, pattern = random.choice(_PATTERNS)
    module = random.choice(tuple(service.work))
    text = pattern.format(
        thing=random.choice(service.work[module]), occasion=random.choice(service.occasions)
    )
    return Task(f"{kind}({module}): {text}", module, slug(text))


def chore(service: Service, random: Random) -> Task:
    """Work around the service: libraries, documentation, the build."""
    module = random.choice(tuple(service.work))
    if random.random() < 0.5:
        library, minor = random.choice(_LIBRARIES), random.randint(2, 40)
        text = f"bump {library} from 2.{minor}.{random.randint(0, 3)} to 2.{minor + 1}.0"
        return Task(f"chore(deps): {text}", module, slug(text))
    subject = random.choice(_CHORES)
    return Task(subject, module, slug(subject.partition(": ")[2]))


def follow_ups(random: Random, many: int) -> tuple[str, ...]:
    """The subjects of the second and further commits on a branch."""
    return tuple(random.sample(_FOLLOW_UPS, many))


def slug(text: str) -> str:
    """Words of a branch or function name: `keep-the-coupon-for-guest`."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())[:6])


def branch(login: str, issue: str, todo: Task) -> str:
    """A branch name as developers type it: `mei/SHOP-417-keep-the-coupon`."""
    return f"{login}/{issue}-{todo.slug}" if issue else f"{login}/{todo.slug}"


def merged(number: int, source: str, title: str) -> str:
    """The message of a merge made by a host's button."""
    return f"Merge pull request #{number} from {source}\n\n{title}\n"


def squashed(number: int, title: str, issue: str, parts: tuple[str, ...]) -> str:
    """The message of a squash: title and number, then the commits that went in."""
    body = "".join(f"* {part}\n" for part in parts) if len(parts) > 1 else ""
    reference = f"Refs: {issue}\n" if issue else ""
    between = "\n" if body and reference else ""
    return (
        f"{title} (#{number})\n" + ("\n" if body or reference else "") + body + between + reference
    )


def first_files(service: Service) -> dict[str, str]:
    """The files of a young code repository."""
    files = {
        f"src/{service.name}/{module}.py": f'"""{module.capitalize()} of the {service.name}."""\n'
        for module in service.work
    }
    title = service.name.capitalize()
    return files | {
        "README.md": f"# {title}\n\nThe {service.name} service of {service.product}.\n",
        "Dockerfile": (
            f'FROM python:3.13-slim\nCOPY src /app\nCMD ["python", "-m", "{service.name}"]\n'
        ),
        "pyproject.toml": f'[project]\nname = "{service.product}-{service.name}"\nversion = "0"\n',
        f"src/{service.name}/__init__.py": "",
    }


def code(todo: Task, number: int, part: int) -> str:
    """The lines that a commit adds to its module."""
    name = todo.slug.replace("-", "_")
    suffix = f"_{number}" + (f"_{part}" if part else "")
    sentence = todo.subject.partition(": ")[2].capitalize()
    head = f"\n\ndef {name}{suffix}(order):\n"
    return f'{head}    """{sentence}."""\n    return order.apply("{todo.slug}")\n'
