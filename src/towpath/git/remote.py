"""What is said to a repository's server, through the git program: list, fetch, push.

Knows how git spells its answers; must not know what is in a repository.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from towpath.domain import reasons
from towpath.domain.reasons import Code
from towpath.git import credentials, locks, mirrors, process, refusals
from towpath.git.process import Finished
from towpath.ports import errors
from towpath.ports.git import Heads

_HEADS = "refs/heads/"
_PEELED = "^{}"
_PARTIAL = "origin"
_SYMBOLIC = "ref: "
FETCHED = (
    f"+{_HEADS}*:{mirrors.BRANCHES}*",
    f"+{mirrors.TAGS}*:{mirrors.TAGS}*",
)
_PUSHED = re.compile(r"^(?P<flag>[ +*!=-])\t[^\t]*\t(?P<summary>[^\n]*)$", re.MULTILINE)
_ELSEWHERE = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to (update|lock) ref|"
    r"incorrect old value|reference already exists|remote ref updated since checkout|"
    r"atomic|unable to (lock|create)",
    re.IGNORECASE,
)
_SHALLOW = "because shallow roots are not allowed to be updated"
_BACKWARDS = "non-fast-forward"
_NO_ROOM = re.compile(r"no space left|disk quota", re.IGNORECASE)


class Elsewhere(Exception):  # noqa: N818
    """A push was refused, as it seems because the branch is not where we thought.

    `refusal` is the trouble to tell of if it is there after all.
    """

    def __init__(self, refusal: errors.OutsideError) -> None:
        super().__init__(refusal.reason.sentence)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Remote:
    """The server's side of one repository. `timeout` is in seconds, for each question.

    Without `contents_too` no file's content is fetched, from servers that can leave it out.
    """

    address: str
    program: process.Program
    mine: credentials.Credentials | None
    timeout: float
    contents_too: bool = True

    async def heads(self, folder: Path) -> Heads:
        """Branches, peeled tags and the default branch, as the remote says now."""
        finished = await self._git(
            ["ls-remote", "--symref", "--", self.address, "HEAD", f"{_HEADS}*", f"{mirrors.TAGS}*"],
            folder,
            "list its branches",
        )
        self._check(finished)
        if finished.truncated:
            raise self._too_many_references()
        return _heads(finished.output.decode("utf-8", "replace"))

    async def fetch(self, mirror: Path, extra: Sequence[str] = ()) -> None:
        """Bring everything that branches and tags reach into a mirror; refs that went, go."""
        where, whole = self.address, ["fetch"]
        if not self.contents_too:
            # Git notes who left contents out, and takes no path as a name for that.
            where = _PARTIAL
            whole = ["-c", f"remote.{_PARTIAL}.url={self.address}", "fetch", "--filter=blob:none"]
        arguments = [*whole, "--quiet", "--prune", "--no-tags", "--no-write-fetch-head"]
        arguments += [
            "--no-show-forced-updates",
            "--no-auto-maintenance",
            "--no-recurse-submodules",
            "--",
            where,
        ]
        finished = await self._git([*arguments, *FETCHED, *extra], mirror, "send its commits")
        if finished.code != 0 and (locked := locks.named_in(finished.complaint)):
            raise locked
        if finished.code != 0 and mirrors.is_damage(finished.complaint):
            raise mirrors.Damaged(refusals.shown(finished.complaint, self._secret))
        self._check(finished)
        if _SHALLOW in finished.complaint:  # git says so, leaves its branches out, and succeeds
            raise self._shallow()

    async def ask(
        self, mirror: Path, arguments: Sequence[str], feed: process.Feed | None = None
    ) -> bytes:
        """What git says of the mirror itself, if `feed` does not take it.

        Raises `Permanent` when it says too much.
        """
        finished = await self._git(arguments, mirror, "be read", feed)
        if finished.code != 0 and mirrors.is_damage(finished.complaint):
            raise mirrors.Damaged(refusals.shown(finished.complaint, self._secret))
        self._check(finished)
        if finished.truncated:
            raise self._too_much(arguments[0])
        return finished.output

    async def push(self, mirror: Path, branch: str, old: str, new: str) -> None:
        """Move a branch from `old` to `new` (`old` empty: make it), or not at all.

        Raises `Temporary` when the outcome is not known, `Permanent` when it is refused, and
        `Elsewhere`.
        """
        reference = f"{_HEADS}{branch}"
        finished = await self._git(
            [
                "push",
                "--porcelain",
                "--no-verify",
                "--no-follow-tags",
                f"--force-with-lease={reference}:{old}",
                "--",
                self.address,
                f"{new}:{reference}",
            ],
            mirror,
            f"take a push to {branch}",
        )
        self._judge(finished, branch)

    def _judge(self, finished: Finished, branch: str) -> None:
        match = _PUSHED.search(finished.output.decode("utf-8", "replace"))
        if finished.code == 0 and match and match["flag"] != "!":
            return
        unsent = match is None or "remote failure" in match["summary"]
        if unsent and mirrors.is_damage(finished.complaint):
            raise mirrors.Damaged(refusals.shown(finished.complaint, self._secret))
        if match is None or match["flag"] != "!":
            raise refusals.meaning(finished.complaint, self.address, self._secret)
        everything = f"{match['summary']}\n{finished.complaint}"
        if _NO_ROOM.search(everything):
            raise refusals.meaning(
                f"remote: no space left: {everything}", self.address, self._secret
            )
        refusal = self._refused(branch, match["summary"], finished.complaint)
        if _ELSEWHERE.search(match["summary"]):
            raise Elsewhere(refusal)
        raise refusal

    def _refused(self, branch: str, summary: str, complaint: str) -> errors.OutsideError:
        passing = "remote failure" in summary or _ELSEWHERE.search(summary)
        lasting = _BACKWARDS in summary or not passing
        family = errors.Permanent if lasting else errors.Temporary
        said = refusals.said_by_server(complaint, self._secret)
        why = refusals.clean(summary, self._secret).strip()
        return family(
            reasons.Reason(
                Code.PUSH_REJECTED,
                f"{refusals.clean(self.address)} refuses the push to {branch}: "
                + (f"{said} ({why})" if said else why),
                {"repository": refusals.clean(self.address), "branch": branch, "said": said},
                advice="Allow these credentials to push to the branch, mend what its hook asks "
                "for, or promote by pull request (`action: pr`). Then retry.",
            )
        )

    async def _git(
        self, arguments: Sequence[str], folder: Path, doing: str, feed: process.Feed | None = None
    ) -> Finished:
        try:
            return await self.program.run(
                arguments,
                folder=folder,
                environment=self._environment(folder),
                deadline=self.timeout,
                feed=feed,
            )
        except process.Overdue:
            raise refusals.overdue(self.address, self.timeout, doing) from None
        except FileNotFoundError as problem:
            if problem.filename == str(folder):
                raise mirrors.Damaged(f"there is no folder {folder}") from None
            raise refusals.no_program(problem) from problem
        except OSError as problem:
            raise refusals.no_program(problem) from problem

    def _environment(self, folder: Path) -> Mapping[str, str]:
        return credentials.environment(self.mine, self.address, folder)

    def _check(self, finished: Finished) -> None:
        if finished.code != 0:
            raise refusals.meaning(finished.complaint, self.address, self._secret)

    @property
    def _secret(self) -> str:
        return self.mine.token if self.mine else ""

    def _shallow(self) -> errors.Permanent:
        return errors.Permanent(
            reasons.Reason(
                Code.UNSUPPORTED,
                f"{refusals.clean(self.address)} is a shallow clone: its history is cut off, so "
                "it cannot be mirrored",
                {"repository": refusals.clean(self.address)},
                advice="Run `git fetch --unshallow` in it, or give the repository that it is a "
                "clone of.",
            )
        )

    def _too_much(self, command: str) -> errors.Permanent:
        return errors.Permanent(
            reasons.Reason(
                Code.UNSUPPORTED,
                f"git {command} says more of {refusals.clean(self.address)} than is read "
                f"({process.MAX_OUTPUT:,} bytes)",
                advice="Ask for a shorter range.",
            )
        )

    def _too_many_references(self) -> errors.Permanent:
        return errors.Permanent(
            reasons.Reason(
                Code.UNSUPPORTED,
                f"{refusals.clean(self.address)} has more branches and tags than can be read "
                f"({process.MAX_OUTPUT:,} bytes of names)",
                advice="Delete branches and tags that nobody needs.",
            )
        )


def _heads(listed: str) -> Heads:
    branches: dict[str, str] = {}
    tags: dict[str, str] = {}
    default = ""
    for value, name in _lines(listed):
        if value.startswith(_SYMBOLIC) and name == "HEAD":
            default = value.removeprefix(_SYMBOLIC).removeprefix(_HEADS)
        elif name.startswith(_HEADS):
            branches[name.removeprefix(_HEADS)] = value
        elif name.startswith(mirrors.TAGS):
            # The peeled line comes after the tag's own, and takes its place.
            tags[name.removeprefix(mirrors.TAGS).removesuffix(_PEELED)] = value
    return Heads(default, branches, tags)


def _lines(listed: str) -> Iterator[tuple[str, str]]:
    for line in listed.splitlines():
        value, tab, name = line.partition("\t")
        if tab:
            yield value, name
