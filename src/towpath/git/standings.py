"""Whether a folder holds promoted content at a commit, remembered by the folder's tree."""

import pygit2

from towpath.domain import content
from towpath.git import comparing, contents, documents, problems, recent, trees
from towpath.ports import git as port

_REMEMBERED = 20_000


class Standings:
    """Answers for any repository."""

    def __init__(self) -> None:
        self._holding: recent.Recent[bool] = recent.Recent(_REMEMBERED)
        self._differing: recent.Recent[port.Standing] = recent.Recent(_REMEMBERED)

    def at(
        self,
        repository: pygit2.Repository,
        address: str,
        commit: str,
        path: str,
        files: tuple[content.FileContent, ...],
    ) -> port.Standing:
        """Whether the folder at `path` holds the files at a known commit, else what differs."""
        if not files:
            return port.Standing(holds=True)
        try:
            real, folder = contents.folder_at(repository, commit, path, address)
        except problems.Problem as problem:
            return _unreadable(path, problem.reason.sentence)
        if self._holding.get((real, folder, files)):
            return port.Standing(holds=True)
        return self._differing.of(
            (commit, path, files), lambda: self._look(repository, commit, real, folder, files)
        )

    def _look(
        self,
        repository: pygit2.Repository,
        commit: str,
        real: str,
        folder: pygit2.Oid,
        files: tuple[content.FileContent, ...],
    ) -> port.Standing:

        def at(file: str) -> trees.Entry | None:
            return trees.entry(repository, folder, file)

        try:
            found = tuple(comparing.differences(repository, at, files, real))
        except documents.DocumentError as error:
            return _unreadable(error.path, problems.of_document(error).reason.sentence)
        if not found:
            self._holding.keep((real, folder, files), answer=True)
            return port.Standing(holds=True)
        return port.Standing(False, comparing.named(repository, commit, real, found))


def _unreadable(path: str, sentence: str) -> port.Standing:
    return port.Standing(False, (port.Drift(path, "*", "", sentence),))
