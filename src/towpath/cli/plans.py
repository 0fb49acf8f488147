"""What a promotion or rollback would do: every file's diff, and the policy with its origins."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from towpath.cli import client, look, settled

Part = Mapping[str, Any]


def draw(out: Console, plan: client.Document) -> None:
    """The whole plan, the diffs first."""
    back = f" back to {plan['goes_back_to']}" if plan["goes_back_to"] else ""
    way = " in " if back else " to "
    head = Text.assemble((plan["product"], "bold"), way, (plan["environment"], "bold"), back)
    head.append(f"  {plan['version']}")
    head.append(f"  {', '.join(plan['components'])}", look.SECONDARY)
    out.print(head)
    for warning in plan["warnings"]:
        out.print(Text(f"warning: {warning['sentence']}", look.style("suspended")))
    for repository in plan["repositories"]:
        _repository(out, repository)
    out.print()
    settled.draw(out, plan["policy"])


def can_be_made(plan: client.Document) -> bool:
    """Whether nothing stands in the way of the plan."""
    return not any(repository["reason"] for repository in plan["repositories"])


def _repository(out: Console, repository: Part) -> None:
    out.print()
    place = f"{repository['repository']}  {repository['branch']} at {repository['base'][:7]}"
    out.print(Text(place, look.SECONDARY), soft_wrap=True)
    if repository["reason"]:
        _refusal(out, repository["reason"])
    elif not repository["files"]:
        out.print("Nothing differs: no commit would be made.")
    for file in repository["files"]:
        _patch(out, file)
    _drift(out, repository["drift"])


def _refusal(out: Console, reason: Part) -> None:
    out.print(Text(f"✕ {reason['sentence']}", look.style("failed")))
    if reason["advice"]:
        out.print(Text(reason["advice"]))


def _patch(out: Console, file: Part) -> None:
    moved = f"  (was {file['old_path']})" if file["old_path"] not in ("", file["path"]) else ""
    out.print(Text(file["path"] + moved, "bold"), soft_wrap=True)
    for line in file["patch"].splitlines():
        if not line.startswith(("diff --git ", "index ", "--- ", "+++ ")):
            out.print(Text(line, _style(line)), soft_wrap=True)


def _style(line: str) -> str:
    styles = {"+": look.ADDED, "-": look.REMOVED, "@": look.PLACE}
    return styles.get(line[:1], look.SECONDARY)


def _drift(out: Console, drifts: list[Part]) -> None:
    for one in drifts:
        by = f" by {one['author']} in {one['commit'][:7]}" if one["author"] else ""
        changed = f"{one['file']} {one['place']}: {one['landed']} was changed to {one['found']}{by}"
        out.print(Text(f"changed by hand: {changed}", look.style("suspended")))
